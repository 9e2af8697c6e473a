package engine

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// soaking asks for the long forms of tests (make soak).
var soaking = os.Getenv("UNOPENED_SOAK") != ""

// long is the size of a test: short in make test, long in make soak.
func long[T any](short, long T) T {
	if soaking {
		return long
	}
	return short
}

// files are the files of the partition, oldest first.
func files(t *testing.T, f *Folder) (names []string) {
	t.Helper()
	for _, name := range listed(t, f) {
		names = append(names, filepath.Join(f.Dir, "score", "t-3", name))
	}
	return names
}

// listed are their names in a vault.
func listed(t *testing.T, v Vault) []string {
	t.Helper()
	names, err := v.List(t.Context(), "score/t-3")
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	return names
}

// TestChainOfCheckpoints seals and starts again at random places: the state is always that of the log, files go when a
// sweep has made them needless, and a start reads few.
func TestChainOfCheckpoints(t *testing.T) { testChain(t, &Folder{Dir: t.TempDir()}, 600) }

func testChain(t *testing.T, f Vault, seals int) {
	rng := rand.New(rand.NewPCG(1, 2))
	h, offset := hold(t, f), int64(0)
	most, swept, starts := 0, 0, 0
	for range seals {
		offset += rng.Int64N(12)
		if err := h.sealAt(t, offset); err != nil {
			t.Fatal(err)
		}
		if h.head.Of > 1 && h.head.Step == h.head.Of {
			swept++
		}
		most = max(most, len(listed(t, f)))
		if rng.IntN(20) == 0 {
			h.read(offset + rng.Int64N(20)) // lost with the process
			h = hold(t, f)
			starts++
			if h.next != offset && offset > 0 || !slices.Equal(h.journal.values, stateAt(offset)) {
				t.Fatalf("started at %d: the checkpoint stands at %d with another state", offset, h.next)
			}
		}
	}
	t.Logf("%d starts, %d sweeps of several files, at most %d files", starts, swept, most)
	if starts < seals/60 || swept < seals/100 || most > 80 {
		t.Error("the test shows nothing of starts or sweeps, or files are not removed")
	}
}

// TestSealWithoutNewsWritesNothing: a partition where nothing happens costs nothing.
func TestSealWithoutNewsWritesNothing(t *testing.T) {
	f := &Folder{Dir: t.TempDir()}
	h := hold(t, f)
	for range 3 {
		if err := h.sealAt(t, 10); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(files(t, f)); n != 2 {
		t.Errorf("%d files, want the claim and one", n)
	}
}

// TestCrashAtEveryStepOfASeal stops a seal before each of its steps, as a crash does, with the file torn at each 512
// bytes where it was not synced yet, and longer by a hole: what is found is the generation before or the new one, whole.
// The short form has a file of 3 KB and 21 crashes, the long one 180 KB and 721.
func TestCrashAtEveryStepOfASeal(t *testing.T) {
	crash := errors.New("crash")
	first, second := int64(200), long(int64(1400), 80_000)
	recovered := map[bool]int{}
	whole := &Folder{Dir: t.TempDir()}
	h := hold(t, whole)
	for _, at := range []int64{first, second} {
		if err := h.sealAt(t, at); err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.Stat(slices.Max(files(t, whole)))
	if err != nil {
		t.Fatal(err)
	}
	size := int(info.Size())
	for steps := range 5 {
		for torn := 0; torn == 0 || steps < 2 && torn < size+1024; torn += 512 {
			f := &Folder{Dir: t.TempDir()}
			h := hold(t, f)
			if err := h.sealAt(t, first); err != nil {
				t.Fatal(err)
			}
			left := steps
			f.step = func(_, path string) error {
				if left--; left >= 0 {
					return nil
				}
				if torn > 0 {
					_ = os.Truncate(path, int64(torn)) // shorter or, with a hole, longer than what was written
				}
				return errors.Join(ErrBroken, crash)
			}
			err := h.sealAt(t, second)
			if (err == nil) != (steps == 4) || err != nil && !errors.Is(err, crash) {
				t.Fatalf("crash before step %d: %v", steps, err)
			}
			f.step = nil
			h = hold(t, f)
			if h.next != first && h.next != second || !slices.Equal(h.journal.values, stateAt(h.next)) {
				t.Fatalf("crash before step %d, torn at %d: the state stands at %d", steps, torn, h.next)
			}
			recovered[h.next == second]++
			if err := h.sealAt(t, second+100); err != nil {
				t.Fatal(err)
			}
			if h = hold(t, f); !slices.Equal(h.journal.values, stateAt(second+100)) {
				t.Fatalf("crash before step %d: sealing goes on wrongly", steps)
			}
		}
	}
	if recovered[true] == 0 || recovered[false] == 0 {
		t.Errorf("generations found: %v; want both the new one and the one before", recovered)
	}
	t.Logf("a file of %d bytes; %d crashes, of which %d left the new generation", size, recovered[true]+recovered[false], recovered[true])
}

// TestStorageAwayIsWaitedFor: what cannot be stored is tried again while the role goes on, and failures are counted; a
// failed sync ends it at once.
func TestStorageAwayIsWaitedFor(t *testing.T) {
	f := &Folder{Dir: t.TempDir()}
	h := hold(t, f)
	away := make(chan struct{})
	full := errors.New("no space left on device")
	f.step = func(string, string) error {
		select {
		case <-away:
			return nil
		default:
			return full
		}
	}
	h.read(100)
	if err := h.start(durable()); err != nil {
		t.Fatal(err)
	}
	for h.counts.failures.Load() < 2 {
		time.Sleep(time.Millisecond)
	}
	if err := h.poll(); err != nil || h.flight == nil {
		t.Fatalf("a full disk ended the seal: %v", err)
	}
	h.read(200) // goes on
	close(away)
	if err := h.seal(t.Context(), durable()); err != nil {
		t.Fatal(err)
	}
	if got := hold(t, f); got.next != 200 || !slices.Equal(got.journal.values, stateAt(200)) {
		t.Errorf("stands at %d", got.next)
	}
	f.step = func(what, _ string) error {
		if what == "sync" {
			return errors.New("input/output error")
		}
		return nil
	}
	if err := hold2(t, f); !errors.Is(err, ErrBroken) {
		t.Errorf("a failed sync: %v, want an end", err)
	}
}

func hold2(t *testing.T, f *Folder) error {
	_, err := holding(t, f)
	return err
}

// TestSealWaitsForWhatWasSentOut: a checkpoint must not say that rows are stored which are not.
func TestSealWaitsForWhatWasSentOut(t *testing.T) {
	f := &Folder{Dir: t.TempDir()}
	h := hold(t, f)
	h.read(50)
	rows := make(chan struct{})
	wait := func(context.Context) error { <-rows; return nil }
	if err := h.start(wait); err != nil {
		t.Fatal(err)
	}
	h.read(90)
	if got := len(files(t, f)); got != 1 {
		t.Errorf("%d files before the rows were stored, want the claim alone", got)
	}
	close(rows)
	if err := h.wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := hold(t, f); got.next != 50 || !slices.Equal(got.journal.values, stateAt(50)) {
		t.Errorf("stands at %d, want where the snapshot was taken", got.next)
	}
}
