package store

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"github.com/unopened/unopened/alerts"
	"github.com/unopened/unopened/features"
	"github.com/unopened/unopened/ingest"
	"github.com/unopened/unopened/models"
	"github.com/unopened/unopened/store/local"
)

// TestMain makes the test binary the engine's child where its arguments say so.
func TestMain(m *testing.M) {
	if local.Child(os.Args) {
		return
	}
	os.Exit(m.Run())
}

// forever keeps rows whatever their event time.
func forever() Config {
	cfg := DefaultConfig()
	cfg.KeepEvents, cfg.KeepVerdicts, cfg.KeepAlerts = longest, longest, longest
	return cfg
}

// open opens a store on the embedded engine and makes its tables. Without the library it skips, and fails in CI.
func open(t *testing.T, dir string, cfg Config) *Store {
	t.Helper()
	s, err := Open(t.Context(), cfg, dir, slog.New(slog.NewTextHandler(t.Output(), nil)))
	if errors.Is(err, local.ErrNoLibrary) && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error("Close:", err)
		}
	})
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

// enginePid finds this process's child that is the engine on dir.
func enginePid(t *testing.T, dir string) int {
	t.Helper()
	lists, _ := filepath.Glob("/proc/self/task/*/children")
	for _, list := range lists {
		text, _ := os.ReadFile(list)
		for pid := range strings.FieldsSeq(string(text)) {
			args, _ := os.ReadFile("/proc/" + pid + "/cmdline")
			if strings.Contains(string(args), dir) {
				n, _ := strconv.Atoi(pid)
				return n
			}
		}
	}
	t.Fatal("the engine's process was not found")
	return 0
}

const start = 1_795_000_000_000 // 2026-11-18

func subject(n int) (id ingest.SubjectID) {
	copy(id[:], fmt.Sprintf("account %08d", n))
	return id
}

// event is the n-th of a made-up run of events: a message each second over 50 accounts.
func event(n int) (ingest.Event, ingest.Position) {
	ev := ingest.Event{
		Subject: subject(n % 50), Peer: subject(n%50 + 1 + n%7), At: start + int64(n)*1000, Type: ingest.Message,
		Side: ingest.SideActed, Kind: ingest.Direct, Size: 9, Age: ingest.Age35to49, Country: [2]byte{'N', 'L'}, Created: 20_000,
		Device: 0xabc, Has: ingest.FieldKind | ingest.FieldActor | ingest.FieldTarget | ingest.FieldSize | ingest.FieldActorAge |
			ingest.FieldCountry | ingest.FieldActorCreated | ingest.FieldDevice | ingest.FieldSessionNew, True: ingest.FieldSessionNew,
	}
	copy(ev.ID[:], fmt.Sprintf("event %010d", n))
	if n%2 == 1 {
		ev.Side = ingest.SideReceived
	}
	return ev, ingest.Position{Partition: int32(n % 3), Offset: int64(n)}
}

// finding is the finding after the n-th event, of a vector whose i-th value is n + i/100, the second one unknown.
func finding(n int, h models.Harm) *alerts.Finding {
	ev, at := event(n)
	v := &models.Verdict{Account: ev.Subject, Event: ev.ID, At: ev.At, Where: at, Vector: features.NewVector()}
	for i := range v.Vector.X {
		v.Vector.X[i] = float32(n) + float32(i)/100
	}
	v.Vector.X[1] = float32(math.NaN())
	v.Vector.Seen, v.Vector.Events = ingest.FieldActor|ingest.FieldCountry, uint32(n)
	v.Scores[h] = models.Score{Margin: float64(n%100)/10 + 1.0/3, Value: float64(n%100) / 100, Assessable: true}
	return &alerts.Finding{
		Verdict: v, Harm: h, Model: "card@1", Severity: alerts.High,
		Reasons: []models.Reason{
			{Kind: models.KindTerm, Name: "sent_1m", Value: float32(n), Contribution: 1.5},
			{Kind: models.KindGate, Name: "reaches_out", Value: float32(math.NaN()), Contribution: -0.25},
		},
	}
}

// record records events from..to-1, and for each tenth a verdict of two harms.
func record(w *Writer, from, to int) {
	for n := from; n < to; n++ {
		ev, at := event(n)
		w.Event(&ev, at)
		if n%10 == 0 {
			w.Finding(finding(n, models.Spam))
			w.Finding(finding(n, models.Grooming))
		}
	}
}

// flush fails the test if the rows do not arrive.
func flush(t *testing.T, w *Writer) {
	t.Helper()
	if err := w.Flush()(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// one reads one value as the writer.
func one[T any](t *testing.T, s *Store, query string) (v T) {
	t.Helper()
	ctx := clickhouse.Context(t.Context(), clickhouse.WithSettings(clickhouse.Settings{}))
	if err := s.writer.QueryRow(ctx, query).Scan(&v); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return v
}

// content is a digest of all that analysts see, whatever the order of rows.
func content(t *testing.T, s *Store) string {
	t.Helper()
	var out strings.Builder
	for _, name := range []string{"events", "verdicts", "features"} {
		fmt.Fprintf(&out, "%s %d %d\n", name, one[uint64](t, s, "SELECT count() FROM unopened."+name),
			one[uint64](t, s, "SELECT sum(cityHash64(toString(tuple(*)))) FROM unopened."+name))
	}
	return out.String()
}

func TestSameRowsTwiceCountOnce(t *testing.T) {
	s := open(t, t.TempDir(), forever())
	w := s.Writer()
	record(w, 0, 1000)
	flush(t, w)
	want := content(t, s)
	again := s.Writer() // as after a crash, in other batches
	record(again, 400, 700)
	flush(t, again)
	record(again, 700, 1000)
	flush(t, again)
	if got := content(t, s); got != want {
		t.Errorf("after repeats\n%s, want\n%s", got, want)
	}
	events, verdicts, alerts, err := s.Counts(t.Context())
	if events != 1000 || verdicts != 200 || alerts != 0 || err != nil {
		t.Errorf("counts are %d %d %d, %v; want 1000 200 0", events, verdicts, alerts, err)
	}
	if rows := one[uint64](t, s, "SELECT count() FROM unopened.features"); rows != 100 {
		t.Errorf("%d feature rows for 100 moments", rows)
	}
	if rows := one[uint64](t, s, "SELECT count() FROM unopened.stored_events"); rows <= 1000 {
		t.Errorf("control: only %d rows are stored, so no row was there twice", rows)
	}
}

func TestKillDuringInserts(t *testing.T) {
	const rows = 20_000
	reference := open(t, t.TempDir(), forever())
	w := reference.Writer()
	record(w, 0, rows)
	flush(t, w)

	dir, cfg := t.TempDir(), forever()
	cfg.BatchRows = 500
	s := open(t, dir, cfg)
	w = s.Writer()
	for n := 0; n < rows; n += 4000 {
		record(w, n, n+2000) // some of it is on its way
		if err := syscall.Kill(enginePid(t, dir), syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		record(w, n+2000, n+4000)
		flush(t, w)
	}
	if got, want := content(t, s), content(t, reference); got != want {
		t.Errorf("after kills\n%s, want\n%s", got, want)
	}
	if s.failures.Load() == 0 {
		t.Error("control: no insert failed")
	}
}

func TestFrozenEngine(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, forever())
	w := s.Writer()
	pid := enginePid(t, dir)
	syscall.Kill(pid, syscall.SIGSTOP)
	record(w, 0, 100)
	time.AfterFunc(500*time.Millisecond, func() { syscall.Kill(pid, syscall.SIGCONT) })
	flush(t, w)
	if events, _, _, err := s.Counts(t.Context()); events != 100 || err != nil {
		t.Errorf("%d events, %v; want 100", events, err)
	}
}

func TestManyDaysInOneInsert(t *testing.T) {
	s := open(t, t.TempDir(), forever())
	w := s.Writer()
	for n := range 400 {
		ev, at := event(n)
		ev.At = start - int64(n)*86_400_000
		w.Event(&ev, at)
	}
	flush(t, w)
	if events, _, _, err := s.Counts(t.Context()); events != 400 || err != nil {
		t.Errorf("%d events, %v; want 400", events, err)
	}
	if got := s.failures.Load(); got != 0 {
		t.Errorf("%d inserts failed", got)
	}
}

func TestEventsAreNotKept(t *testing.T) {
	cfg := forever()
	cfg.KeepEvents = 0
	s := open(t, t.TempDir(), cfg)
	w := s.Writer()
	record(w, 0, 100)
	flush(t, w)
	if events, verdicts, _, err := s.Counts(t.Context()); events != 0 || verdicts != 20 || err != nil {
		t.Errorf("%d events and %d verdicts, %v; want 0 and 20", events, verdicts, err)
	}
}

func TestLatestVector(t *testing.T) {
	s := open(t, t.TempDir(), forever())
	w := s.Writer()
	record(w, 0, 1000)
	flush(t, w)
	v, at, err := s.LatestVector(t.Context(), subject(0))
	want := finding(950, models.Spam).Verdict
	if err != nil || at != want.At || v.Events != 950 || v.Seen != want.Vector.Seen {
		t.Fatalf("at %d, events %d, seen %v, %v", at, v.Events, v.Seen, err)
	}
	for i := range v.X {
		if math.Float32bits(v.X[i]) != math.Float32bits(want.Vector.X[i]) {
			t.Errorf("%s is %v, want %v", features.Catalogue[i].Name, v.X[i], want.Vector.X[i])
		}
	}
	if _, _, err := s.LatestVector(t.Context(), subject(7777)); !errors.Is(err, ErrNotFound) {
		t.Errorf("an unknown account: %v, want ErrNotFound", err)
	}
}

func TestVersion(t *testing.T) {
	s := open(t, t.TempDir(), forever())
	if v, err := s.Version(t.Context()); err != nil || !strings.HasPrefix(v, "26.") {
		t.Errorf("version %q, %v", v, err)
	}
}
