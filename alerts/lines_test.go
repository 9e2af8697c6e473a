package alerts

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// send sends deliveries of these ids.
func send(t *testing.T, s Sink, ids ...string) error {
	t.Helper()
	var batch []Delivery
	for _, id := range ids {
		batch = append(batch, delivery(id, "x"))
	}
	return s.Send(t.Context(), batch)
}

// lineIDs returns the ids of a file's lines, a torn one as "?".
func lineIDs(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for line := range strings.Lines(string(text)) {
		id, ok := strings.CutPrefix(line, `{"id":"`)
		if !ok || !strings.HasSuffix(line, "}\n") {
			ids = append(ids, "?")
			continue
		}
		ids = append(ids, id[:strings.IndexByte(id, '"')])
	}
	return strings.Join(ids, " ")
}

func TestLinesAreAppended(t *testing.T) {
	path := filepath.Join(t.TempDir(), "alerts.jsonl")
	for _, batch := range [][]string{{"a", "b"}, {"c"}} {
		l := &Lines{Path: path}
		if err := send(t, l, batch...); err != nil {
			t.Fatal(err)
		}
		if err := send(t, l, "again"); err != nil {
			t.Fatal(err)
		}
	}
	if got := lineIDs(t, path); got != "a b again c again" {
		t.Errorf("lines %s", got)
	}
}

func TestATornLineIsCutOff(t *testing.T) {
	for name, torn := range map[string]string{"short": `{"id":"torn`, "long": strings.Repeat("x", 3*maxBody), "none": ""} {
		path := filepath.Join(t.TempDir(), "alerts.jsonl")
		if err := send(t, &Lines{Path: path}, "a", "b"); err != nil {
			t.Fatal(err)
		}
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, append(whole, torn...), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := send(t, &Lines{Path: path}, "c"); err != nil {
			t.Fatal(err)
		}
		if got := lineIDs(t, path); got != "a b c" {
			t.Errorf("%s: lines %s", name, got)
		}
	}
}

// A failed attempt may have written a part; the next writes over it.
func TestLinesAfterAFailedAttempt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "alerts.jsonl")
	l := &Lines{Path: path}
	if err := send(t, l, "a"); err != nil {
		t.Fatal(err)
	}
	whole := l.file
	readOnly, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	l.file = readOnly
	if err := send(t, l, "b"); err == nil || errors.Is(err, ErrBroken) {
		t.Errorf("a write that was not possible: %v", err)
	}
	if _, err := whole.WriteAt([]byte(`{"id":"b`), l.end); err != nil {
		t.Fatal(err)
	}
	l.file = whole
	if err := send(t, l, "b", "c"); err != nil {
		t.Fatal(err)
	}
	if got := lineIDs(t, path); got != "a b c" {
		t.Errorf("lines %s", got)
	}
}

func TestLinesStopOnAFileThatCannotBe(t *testing.T) {
	for _, path := range []string{filepath.Join(t.TempDir(), "no", "such"), t.TempDir()} {
		if err := send(t, &Lines{Path: path}, "a"); !errors.Is(err, ErrBroken) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestLinesStopOnASyncError(t *testing.T) {
	r, w, err := os.Pipe() // cannot be written at an offset, so WriteAt is what fails here, before fsync
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	l := &Lines{Path: "pipe"}
	l.file = w
	if err := send(t, l, "a"); err == nil || l.end != 0 {
		t.Errorf("%v, end %d", err, l.end)
	}
	// /dev/full takes no byte; /dev/null takes all and cannot be synced.
	sink, err := os.OpenFile("/dev/null", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer sink.Close()
	l.file = sink
	if err := send(t, l, "a"); !errors.Is(err, ErrBroken) || l.end != 0 {
		t.Errorf("fsync: %v, end %d", err, l.end)
	}
}
