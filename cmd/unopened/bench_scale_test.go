package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"
	"time"

	"github.com/unopened/unopened/features"
	"github.com/unopened/unopened/ingest"
	"github.com/unopened/unopened/models"
)

const (
	scaleUpdates = 1_000_000
	scaleGarbage = 512 // bytes that the rest of a process leaves behind for each update
	scaleLargest = 10_000_000
)

// scaled is what was measured of a world of one size.
type scaled struct {
	Accounts                  float64
	Zipf, Uniform             float64 // ns for a side
	Pointers, PointersWall    float64 // of a map of pointers: times the CPU of ours; ms of a full collection
	Bytes, State              float64 // an account: of heap, and by Table.Bytes
	Collector                 float64 // percent of CPU
	Pause, Wall               float64 // ms of a full collection
	Discarded, Filed, Restore float64 // million accounts a second
}

// scaleSizes are the worlds that are always measured. 50 million quiet accounts want 14 GB: only where UNOPENED_BENCH_50M is set.
func scaleSizes() []int {
	sizes := []int{100_000, 1_000_000, 10_000_000, 20_000_000}
	if os.Getenv("UNOPENED_BENCH_50M") != "" {
		sizes = append(sizes, 50_000_000)
	}
	return sizes
}

// TestBenchScale measures the parts of the table that tell of growth alone, and draws them (make cost).
func TestBenchScale(t *testing.T) {
	if os.Getenv("UNOPENED_BENCH_PLOT") == "" {
		t.Skip("measures only where UNOPENED_BENCH_PLOT names a file (make cost)")
	}
	for _, measure := range []func(*testing.T) []measured{benchScale, benchChosen} {
		for _, row := range measure(t) {
			row.print()
		}
	}
}

// benchScale measures worlds of growing size, each in a process of its own.
func benchScale(t *testing.T) (rows []measured) {
	var quiet []scaled
	for _, n := range scaleSizes() {
		quiet = append(quiet, child(t, task{Build: "quiet", Events: int64(n), Folder: t.TempDir()}).Scale)
		t.Logf("%+v", quiet[len(quiet)-1]) // the sizes take minutes
	}
	for i := range quiet {
		rows = append(rows, quiet[i].rows("quiet accounts")...)
	}
	reaching := child(t, task{Build: "reaching", Events: 2_000_000, Folder: t.TempDir()}).Scale
	rows = append(rows, reaching.rows("accounts that reach out")...)
	for i := range quiet {
		if quiet[i].Accounts == scaleLargest {
			rows = append(rows, atMost(1.5, "side at 10 M accounts / at 100 k, Zipf", quiet[i].Zipf/quiet[0].Zipf, "x", ""),
				plain("side at 10 M accounts / at 100 k, uniform", quiet[i].Uniform/quiet[0].Uniform, "x", "no account is met twice soon: memory's own speed"))
		}
	}
	if name := os.Getenv("UNOPENED_BENCH_PLOT"); name != "" {
		if err := plotScale(name, quiet, &reaching); err != nil {
			t.Fatal(err)
		}
	}
	return rows
}

// rows are what a size has to tell.
func (s *scaled) rows(what string) []measured {
	of := fmt.Sprintf("%s %s: ", shortly(s.Accounts), what)
	rows := []measured{
		plain(of+"side, Zipf", s.Zipf, "ns", "a side folded in and its vector read"),
		plain(of+"side, uniform", s.Uniform, "ns", ""),
		plain(of+"memory", s.Bytes, "B/account", fmt.Sprintf("heap after a collection, index included; %.0f by the table's account", s.State)),
		atMost(2, of+"collector's share of CPU", s.Collector, "%", fmt.Sprintf("over %s updates that leave %d bytes each, two full ones included", thousands(scaleUpdates), scaleGarbage)),
		atMost(20, of+"full collection", s.Wall, "ms", fmt.Sprintf("longest of 3; the world stands still for %.2f ms at most", s.Pause)),
		plain(of+"snapshot, discarded", s.Discarded, "M/s", ""),
		plain(of+"snapshot, to a file", s.Filed, "M/s", "buffered, not synced"),
		plain(of+"snapshot restored", s.Restore, "M/s", "from that file"),
	}
	if what == "quiet accounts" {
		rows[2] = atMost(300, rows[2].Name, s.Bytes, rows[2].Unit, rows[2].Note)
	}
	if s.Pointers > 0 {
		rows = append(rows, atLeast(2, of+"map of pointers / ours", s.Pointers, "x",
			fmt.Sprintf("CPU, Zipf, middle of 3; a full collection takes %.0f ms there", s.PointersWall)))
	}
	return rows
}

// shortly writes a number of accounts.
func shortly(n float64) string {
	if n < 1e6 {
		return fmt.Sprintf("%.0f k", n/1e3)
	}
	return fmt.Sprintf("%.0f M", n/1e6)
}

// measureQuiet and measureReaching are the children's work.
func measureQuiet(job *task, _ *models.Set) (outcome, error)    { return measureScale(job, false) }
func measureReaching(job *task, _ *models.Set) (outcome, error) { return measureScale(job, true) }

func measureScale(job *task, reaching bool) (o outcome, err error) {
	debug.SetGCPercent(25) // while it is filled, so that the process stays small
	n := int(job.Events)
	zipf, uniform := drawn(n, scaleUpdates)
	before := heapNow()
	w := newScaleWorld(n, reaching)
	s := &o.Scale
	s.Accounts = float64(n)
	s.Bytes, s.State = float64(heapNow()-before)/float64(n), float64(w.table.Bytes())/float64(n)
	debug.SetGCPercent(100)
	s.Wall, s.Pause = fullCollection()
	if err := s.snapshots(w, filepath.Join(job.Folder, "snapshot")); err != nil {
		return o, err
	}
	s.Collector = collectorShare(func() { w.littering(zipf) })
	if reaching {
		zipf, uniform = zipf[:scaleUpdates/3], uniform[:scaleUpdates/3] // each makes three sides
	}
	sides := 0
	runs := []func(){func() { sides = w.update(zipf) }, func() { w.update(uniform) }}
	if !reaching && n <= scaleLargest {
		debug.SetGCPercent(25)
		p := newPointers(n)
		debug.SetGCPercent(100)
		s.PointersWall, _ = fullCollection()
		runs = append(runs, func() { p.update(zipf) })
	}
	took := beside(3, runs...)
	s.Zipf, s.Uniform = took[0].per(sides), took[1].per(sides)
	if len(took) > 2 {
		s.Pointers = took[2].over(took[0])
	}
	return o, nil
}

// heapNow is what is reachable.
func heapNow() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// fullCollection returns the longest of three full collections, and of their pauses, in milliseconds.
func fullCollection() (wall, pause float64) {
	for range 3 {
		begin := time.Now()
		runtime.GC()
		wall = max(wall, time.Since(begin).Seconds()*1000)
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		pause = max(pause, float64(m.PauseNs[(m.NumGC+255)%256])/1e6)
	}
	return wall, pause
}

// snapshots writes and restores the table, which is another one afterwards: there is never room for two.
func (s *scaled) snapshots(w *scaleWorld, name string) error {
	speed := func(run func() error) (float64, error) {
		begin := time.Now()
		err := run()
		return s.Accounts / time.Since(begin).Seconds() / 1e6, err
	}
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	defer os.Remove(name)
	defer file.Close()
	var errs [3]error
	s.Discarded, errs[0] = speed(func() error { return w.table.Snapshot(io.Discard, 1, 1) })
	s.Filed, errs[1] = speed(func() error {
		out := bufio.NewWriterSize(file, 1<<20)
		return errors.Join(w.table.Snapshot(out, 1, 1), out.Flush())
	})
	had := w.table.Len()
	w.table = nil
	runtime.GC()
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	w.table = features.New(features.Config{Accounts: w.accounts})
	s.Restore, errs[2] = speed(func() error { return w.table.Restore(bufio.NewReaderSize(file, 1<<20), true, true) })
	if w.table.Len() != had {
		errs[2] = errors.Join(errs[2], fmt.Errorf("%d accounts restored of %d", w.table.Len(), had))
	}
	return errors.Join(errs[:]...)
}

// litter is the latest garbage.
var litter []byte

// littering updates as in a process whose other parts allocate.
func (w *scaleWorld) littering(list []uint32) {
	for n, i := range list {
		litter = make([]byte, scaleGarbage)
		w.at += 2
		w.act(int(i), n&3)
	}
}

// collectorShare is the collector's part of the CPU that work takes, in percent. The runtime counts at collections, so one comes
// before and one after, and counts.
func collectorShare(work func()) float64 {
	read := func() (gc, user float64) {
		runtime.GC()
		samples := []metrics.Sample{{Name: "/cpu/classes/gc/total:cpu-seconds"}, {Name: "/cpu/classes/user:cpu-seconds"}}
		metrics.Read(samples)
		return samples[0].Value.Float64(), samples[1].Value.Float64()
	}
	gc, user := read()
	work()
	gcAfter, userAfter := read()
	return 100 * (gcAfter - gc) / (gcAfter - gc + userAfter - user)
}

// benchChosen compares a table of chosen pseudonyms with one of random ones: somebody who knows the code and not the seed may
// choose what is slow under an unkeyed hash.
func benchChosen(*testing.T) []measured {
	const n = 100_000
	worst, name := 100.0, "none"
	for _, c := range []struct {
		name string
		id   func(i int) ingest.SubjectID
	}{
		{"sequential", func(i int) ingest.SubjectID {
			return ingest.SubjectID{0: 1, 13: byte(i >> 16), 14: byte(i >> 8), 15: byte(i)}
		}},
		{"sequential in the first half", func(i int) ingest.SubjectID {
			return ingest.SubjectID{0: byte(i), 1: byte(i >> 8), 2: byte(i >> 16), 15: 1}
		}},
		{"high bits alone", func(i int) ingest.SubjectID {
			return ingest.SubjectID{5: byte(i), 6: byte(i >> 8), 7: byte(i >> 16), 15: 1}
		}},
		{"products of zero", func(i int) ingest.SubjectID {
			return ingest.SubjectID{8: byte(i), 9: byte(i >> 8), 10: byte(i >> 16), 15: 1}
		}},
	} {
		took := beside(3, func() { logins(n, bigAccount) }, func() { logins(n, c.id) })
		if speed := 100 / took[1].over(took[0]); speed < worst {
			worst, name = speed, c.name
		}
	}
	return []measured{atLeast(80, "state update, chosen pseudonyms", worst, "%", "of the speed on random ones; the slowest kind: "+name)}
}

// logins has n accounts log in to a fresh table three times.
func logins(n int, id func(int) ingest.SubjectID) {
	table, v := features.New(features.Config{Accounts: n}), features.NewVector()
	for i := range 3 * n {
		ev := ingest.Event{Type: ingest.Login, Side: ingest.SideActed, Subject: id(i * 7919 % n), At: scaleStart + int64(i), Has: ingest.FieldActor}
		table.Observe(&ev, &v)
	}
}
