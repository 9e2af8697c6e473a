package file

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/unopened/unopened/ingest"
)

// seen is a handler that writes down what it gets: offset:value for each record, | after each batch.
type seen struct {
	from   int64
	text   strings.Builder
	sizes  []int
	next   int64
	caught int
	closed int
	fail   error
}

func (s *seen) Resume() int64               { return s.from }
func (s *seen) Close(context.Context) error { s.closed++; return nil }

func (s *seen) Handle(_ context.Context, b ingest.Batch) error {
	for _, r := range b.Records {
		fmt.Fprintf(&s.text, "%d:%s ", r.Offset, r.Value)
		s.sizes = append(s.sizes, r.Size)
	}
	s.text.WriteString("| ")
	s.next = b.Next
	if b.CaughtUp {
		s.caught++
	}
	return s.fail
}

// write writes text to a new file of the given name, packed as the name says.
func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	w, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// run reads the files with a handler.
func run(h *seen, batch int, paths ...string) error {
	s := Source{Paths: paths, Batch: batch}
	return s.Run(context.Background(), func(context.Context, ingest.Partition) (ingest.Handler, error) { return h, nil })
}

func TestSource(t *testing.T) {
	for _, test := range []struct {
		text  string
		batch int
		from  int64
		want  string
	}{
		{"", 2, -1, "| "},
		{"\n", 2, -1, "| "},
		{"a\nb\nc\n", 2, -1, "0:a 1:b | 2:c | "},
		{"a\nb\nc", 3, 0, "0:a 1:b 2:c | | "},
		{"a\r\nb\r\n", 0, -1, "0:a 1:b | "},
		{"a\n\n\nb\n\n\n", 2, -1, "0:a 1: | 2: 3:b | | "},
		{"a\nb\nc\n", 9, 2, "2:c | "},
		{"a\n\nb\n", 9, 1, "1: 2:b | "},
		{"a\n\n\nb\n", 9, 2, "2: 3:b | "},
		{"a\nb\n", 9, 2, "| "},
	} {
		h := &seen{from: test.from}
		if err := run(h, test.batch, write(t, "e.jsonl", test.text)); err != nil {
			t.Fatal(err)
		}
		if got := h.text.String(); got != test.want || h.caught != 1 || h.closed != 1 {
			t.Errorf("%q from %d: %q, want %q; caught up %d, closed %d", test.text, test.from, got, test.want, h.caught, h.closed)
		}
	}
}

// Several files, packed or not and whatever they are called, are one log.
func TestSourceOfFiles(t *testing.T) {
	packed := write(t, "b.jsonl.gz", "c\nd\n")
	odd := filepath.Join(t.TempDir(), "no-ending")
	if err := os.Rename(packed, odd); err != nil {
		t.Fatal(err)
	}
	h := &seen{from: 1}
	if err := run(h, 10, write(t, "a.jsonl", "a\nb\n"), odd, write(t, "c.jsonl.zst", "e")); err != nil {
		t.Fatal(err)
	}
	if got, want := h.text.String(), "1:b 2:c 3:d 4:e | "; got != want || h.next != 5 {
		t.Errorf("%q, want %q; next %d", got, want, h.next)
	}
}

func TestSourcePartition(t *testing.T) {
	s := Source{Paths: []string{"/x/y/events.jsonl.gz", "z"}}
	if got, want := s.Partition(), (ingest.Partition{Topic: "events.jsonl.gz", Count: 1}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// A line of any length costs no more memory than a record may have, and is seen to be too long.
func TestLongLines(t *testing.T) {
	for size, want := range map[int]int{
		ingest.MaxRecord: ingest.MaxRecord, ingest.MaxRecord + 1: kept, ingest.MaxRecord + 2: kept, 3 * bufferSize: kept, bufferSize: kept,
	} {
		for _, end := range []string{"\n", "\r\n"} {
			var d ingest.Decoder
			var ev ingest.Event
			checked := false
			h := handle(func(b ingest.Batch) error {
				for _, r := range b.Records {
					checked = true
					if len(r.Value) != want || r.Size != size {
						t.Errorf("a line of %d: %d bytes kept, size %d", size, len(r.Value), r.Size)
					}
					if got := d.Decode(&ev, r.Value); (got == ingest.RefusedTooLarge) != (size > ingest.MaxRecord) {
						t.Errorf("a line of %d: %s", size, got)
					}
				}
				return nil
			})
			s := Source{Paths: []string{write(t, "long", strings.Repeat("x", size)+end)}}
			if err := s.Run(context.Background(), func(context.Context, ingest.Partition) (ingest.Handler, error) { return h, nil }); err != nil || !checked {
				t.Error(err, checked)
			}
		}
	}
}

// handle is a handler of one function.
type handle func(ingest.Batch) error

func (h handle) Resume() int64                                  { return -1 }
func (h handle) Close(context.Context) error                    { return nil }
func (h handle) Handle(_ context.Context, b ingest.Batch) error { return h(b) }

func TestSourceFails(t *testing.T) {
	good := write(t, "a.jsonl", "a\nb\n")
	broken := write(t, "b.gz", strings.Repeat("abc\n", 1000))
	if err := os.Truncate(broken, 20); err != nil {
		t.Fatal(err)
	}
	stop := errors.New("stop")
	for name, test := range map[string]struct {
		handler *seen
		paths   []string
		want    string
	}{
		"none":     {&seen{}, nil, "no file to read"},
		"missing":  {&seen{}, []string{good + "x"}, "no such file"},
		"cut":      {&seen{}, []string{broken}, "reading " + broken},
		"shorter":  {&seen{from: 3}, []string{good}, "ends at line 2, but the checkpoint is at line 3"},
		"handler":  {&seen{fail: stop}, []string{good}, "stop"},
		"a folder": {&seen{}, []string{filepath.Dir(good)}, "is a directory"},
	} {
		err := run(test.handler, 1, test.paths...)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
		if err != nil && strings.Count(err.Error(), "unexpected EOF") > 1 {
			t.Errorf("%s: said twice: %v", name, err)
		}
		if len(test.paths) > 0 && test.handler.closed != 1 {
			t.Errorf("%s: closed %d times", name, test.handler.closed)
		}
	}
}

// The end of the context ends the source without an error, and the handler is closed.
func TestSourceIsStopped(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	n := 0
	h := handle(func(ingest.Batch) error {
		if n++; n == 2 {
			cancel()
		}
		return nil
	})
	s := Source{Paths: []string{write(t, "a", strings.Repeat("a\n", 100))}, Batch: 1}
	if err := s.Run(ctx, func(context.Context, ingest.Partition) (ingest.Handler, error) { return h, nil }); err != nil || n != 2 {
		t.Errorf("%v after %d batches", err, n)
	}
}

func TestStandardInput(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	before := os.Stdin
	os.Stdin = r
	defer func() { os.Stdin = before }()
	if _, err := w.WriteString("a\nb\n"); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	h := &seen{}
	if err := run(h, 10, Stdio); err != nil || h.text.String() != "0:a 1:b | | " && h.text.String() != "0:a | 1:b | | " {
		t.Errorf("%v: %q", err, h.text.String())
	}
}

// The end of the context ends a read of standard input that would otherwise block for ever, even where closing what is
// read does not, as with a terminal or an inherited pipe.
func TestStandardInputIsStopped(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close() // nothing depends on it
	if err := syscall.SetNonblock(int(r.Fd()), false); err != nil {
		t.Fatal(err)
	}
	before := os.Stdin
	os.Stdin = os.NewFile(r.Fd(), "stdin") // blocking, as the one that a process starts with
	defer func() { os.Stdin = before }()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if _, err := w.WriteString("a\nb\nin"); err != nil {
		t.Fatal(err)
	}
	h := &stopper{stop: cancel}
	s := Source{Paths: []string{Stdio}, Batch: 2}
	done := make(chan error, 1)
	go func() {
		done <- s.Run(ctx, func(context.Context, ingest.Partition) (ingest.Handler, error) { return h, nil })
	}()
	select {
	case err := <-done:
		if err != nil || h.closed != 1 || h.text.String() != "0:a 1:b | " {
			t.Errorf("%v: closed %d times, %q", err, h.closed, h.text.String())
		}
	case <-time.After(20 * time.Second):
		t.Error("still reading")
	}
}

// stopper is a handler that stops its source some time after it has returned.
type stopper struct {
	seen
	stop func()
}

func (s *stopper) Handle(ctx context.Context, b ingest.Batch) error {
	time.AfterFunc(50*time.Millisecond, s.stop)
	return s.seen.Handle(ctx, b)
}
