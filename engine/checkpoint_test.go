package engine

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
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

// journal is a state of numbers at places, which writes what changed, and sweeps.
type journal struct {
	values []int64
	dirty  map[int]bool
	limit  int
}

// apply makes the change that the entry at an offset of the log stands for: the state follows from the log alone.
func (j *journal) apply(offset int64) {
	rng := rand.New(rand.NewPCG(uint64(offset), 5))
	at := rng.IntN(len(j.values) + 1)
	if at == len(j.values) || rng.IntN(4) == 0 {
		at = len(j.values)
		j.values = append(j.values, 0)
	}
	j.values[at] += offset + 1
	j.mark(at)
}

func (j *journal) mark(at int) {
	if j.dirty == nil {
		j.dirty = make(map[int]bool)
	}
	j.dirty[at] = true
}

func (j *journal) Changed() int64 { return int64(len(j.dirty)) * 16 }

func (j *journal) Snapshot(w io.Writer, step, of int) error {
	if step == 1 {
		j.limit = len(j.values)
	}
	if of > 0 {
		for at := j.limit * (step - 1) / of; at < j.limit*step/of; at++ {
			j.mark(at)
		}
	}
	for _, at := range slices.Sorted(maps.Keys(j.dirty)) {
		if err := binary.Write(w, binary.LittleEndian, [2]int64{int64(at), j.values[at]}); err != nil {
			return err
		}
	}
	clear(j.dirty)
	return nil
}

func (j *journal) Restore(r io.Reader, first, _ bool) error {
	if first {
		*j = journal{}
	}
	for {
		var row [2]int64
		if err := binary.Read(r, binary.LittleEndian, &row); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if row[0] < 0 || row[0] > 1<<16 {
			return errors.New("no such place")
		}
		for int64(len(j.values)) <= row[0] {
			j.values = append(j.values, 0)
		}
		j.values[row[0]] = row[1]
	}
}

// holder is a process that holds a partition: a journal with its checkpoint.
type holder struct {
	sealed
	journal journal
}

// holding opens the partition as a process does that starts.
func holding(t *testing.T, v Vault) (*holder, error) {
	t.Helper()
	h := &holder{}
	h.sealed = sealed{
		vault: v, every: time.Hour, log: slog.New(slog.DiscardHandler), counts: new(sealCounts), sweeps: sweeps{least: 2000, most: 12, share: 3000},
		head: Head{Role: "score", Topic: "t", Partition: 3, Partitions: 8}, sections: []Section{{"journal", &h.journal}},
	}
	err := h.load(t.Context())
	return h, err
}

func hold(t *testing.T, v Vault) *holder {
	t.Helper()
	h, err := holding(t, v)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// read applies the log up to an offset.
func (h *holder) read(to int64) {
	for h.next = max(0, h.next); h.next < to; h.next++ {
		h.journal.apply(h.next)
	}
}

// sealAt reads up to an offset and seals there.
func (h *holder) sealAt(t *testing.T, to int64) error {
	t.Helper()
	h.read(to)
	return h.seal(t.Context(), durable())
}

// stateAt is the state that the log gives at an offset.
func stateAt(to int64) []int64 {
	var j journal
	for at := range to {
		j.apply(at)
	}
	return j.values
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

// damagedChain makes a chain with sweeps in it, and tells at which offset each generation stands.
func damagedChain(t *testing.T) (*Folder, map[string]int64, int64) {
	t.Helper()
	f := &Folder{Dir: t.TempDir()}
	h, stands := hold(t, f), map[string]int64{}
	offset := int64(0)
	for range 66 {
		offset += 7
		if err := h.sealAt(t, offset); err != nil {
			t.Fatal(err)
		}
		stands[filepath.Base(h.head.file())] = offset
	}
	return f, stands, offset
}

// TestDamageIsFoundAndFallsBack flips bits and cuts files of a chain anywhere: the damage is always found, the state is
// that of the newest generation which does not need the damaged file, and reading the log from there gives the same
// state as ever. 1,000 flips and every cut of one file; the long form has 10,000, and every cut of three.
func TestDamageIsFoundAndFallsBack(t *testing.T) {
	f, stands, end := damagedChain(t)
	names := files(t, f)
	rng := rand.New(rand.NewPCG(3, 4))
	fell := 0
	check := func(name string, sound, spoilt []byte) {
		t.Helper()
		if err := os.WriteFile(name, spoilt, 0o600); err != nil {
			t.Fatal(err)
		}
		h := hold(t, f)
		if err := os.Remove(filepath.Join(f.Dir, filepath.FromSlash(h.head.file()))); err != nil { // what it claimed
			t.Fatal(err)
		}
		if want := stateAt(h.next); !slices.Equal(h.journal.values, want) && len(want) > 0 {
			t.Fatalf("%s spoilt: the state at %d is another", filepath.Base(name), h.next)
		}
		if h.next < end {
			fell++
			if stands[filepath.Base(name)] <= h.next {
				t.Fatalf("%s spoilt, and yet the state stands at %d", filepath.Base(name), h.next)
			}
		}
		h.read(end)
		if !slices.Equal(h.journal.values, stateAt(end)) {
			t.Fatalf("%s spoilt: reading on gives another state", filepath.Base(name))
		}
		if err := os.WriteFile(name, sound, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	flips, cut := 1000, names[len(names)-1:]
	if soaking {
		flips, cut = 10_000, names[len(names)-3:]
	}
	load := func(name string) []byte {
		t.Helper()
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	for range flips {
		name := names[rng.IntN(len(names))]
		sound := load(name)
		spoilt := bytes.Clone(sound)
		spoilt[rng.IntN(len(spoilt))] ^= 1 << rng.IntN(8)
		check(name, sound, spoilt)
	}
	flipped := fell
	if flipped < flips/4 || flipped == flips {
		t.Errorf("%d of %d flips cost a generation: some files are needed and some are not", flipped, flips)
	}
	for _, name := range cut {
		sound := load(name)
		for n := range sound {
			check(name, sound, sound[:n])
		}
		check(name, sound, append(bytes.Clone(sound), 0))
	}
	t.Logf("%d files; %d flips, of which %d in files that are needed; %d cuts", len(names), flips, flipped, fell-flipped)
}

// TestBlindReadingTakesDamage is the control: without the sums, most flips would be taken for states.
func TestBlindReadingTakesDamage(t *testing.T) {
	f, _, _ := damagedChain(t)
	names := files(t, f)
	sound, err := os.ReadFile(names[len(names)-1])
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(5, 6))
	taken := 0
	for range 300 {
		spoilt := bytes.Clone(sound)
		spoilt[rng.IntN(len(spoilt))] ^= 1 << rng.IntN(8)
		spoilt = summed(spoilt)
		r := newChunkReader(bytes.NewReader(spoilt))
		if _, err := r.readHead(); err == nil && r.restore([]Section{{"journal", &journal{}}}, true, true) == nil {
			taken++
		}
	}
	if taken < 50 {
		t.Errorf("%d of 300 flips were taken without sums: the sums prove little", taken)
	}
}

func TestNoSoundCheckpointIsAnError(t *testing.T) {
	f, _, _ := damagedChain(t)
	for _, name := range files(t, f) {
		if err := os.WriteFile(name, []byte("nothing"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := holding(t, f); !errors.Is(err, ErrDamaged) {
		t.Errorf("%v; want an error rather than a silent start from nothing", err)
	}
}

// TestCheckpointOfAnotherPartitionCount must not be used: keys lie elsewhere.
func TestCheckpointOfAnotherPartitionCount(t *testing.T) {
	f := &Folder{Dir: t.TempDir()}
	hold(t, f)
	h := &holder{}
	h.sealed = sealed{vault: f, log: slog.New(slog.DiscardHandler), counts: new(sealCounts), head: Head{Role: "score", Topic: "t", Partition: 3, Partitions: 9},
		sections: []Section{{"journal", &h.journal}}}
	if err := h.load(t.Context()); err == nil || errors.Is(err, ErrDamaged) {
		t.Errorf("%v; want an error that says so", err)
	}
}

// TestCheckpointOfAnotherLife refuses an offset of a topic that was created again; a log without such ids stops nothing,
// and what it sealed is of the life in which it is opened.
func TestCheckpointOfAnotherLife(t *testing.T) {
	f := &Folder{Dir: t.TempDir()}
	for i, step := range []struct {
		id   string
		fits bool
	}{{"", true}, {"aa", true}, {"aa", true}, {"", true}, {"bb", false}} {
		h := &holder{}
		h.sealed = sealed{vault: f, log: slog.New(slog.DiscardHandler), counts: new(sealCounts), sweeps: usualSweeps,
			head: Head{Role: "score", Topic: "t", TopicID: step.id, Partition: 3, Partitions: 8}, sections: []Section{{"journal", &h.journal}}}
		err := h.load(t.Context())
		if (err == nil) != step.fits || err != nil && !strings.Contains(err.Error(), "created again") {
			t.Errorf("opened as of life %q: %v", step.id, err)
		}
		if err == nil {
			err = h.sealAt(t, int64(10+i))
		}
		if (err == nil) != step.fits {
			t.Errorf("sealed as of life %q: %v", step.id, err)
		}
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

// TestFrozenOwnerCannotSeal: one that held the partition and was frozen finds itself fenced, also where it seals at the
// moment between the other's reading and claiming.
func TestFrozenOwnerCannotSeal(t *testing.T) { testFrozenOwner(t, &Folder{Dir: t.TempDir()}) }

func testFrozenOwner(t *testing.T, f Vault) {
	frozen := hold(t, f)
	if err := frozen.sealAt(t, 100); err != nil {
		t.Fatal(err)
	}
	owner := hold(t, f)
	if err := frozen.sealAt(t, 300); !errors.Is(err, ErrFenced) {
		t.Fatalf("the frozen one sealed: %v", err)
	}
	if err := owner.sealAt(t, 200); err != nil {
		t.Fatalf("the owner cannot seal: %v", err)
	}
	between := &between{Vault: f}
	between.meanwhile = func() {
		if err := owner.sealAt(t, 400); err != nil {
			t.Fatal(err)
		}
	}
	late := hold(t, between)
	if late.next != 400 || !slices.Equal(late.journal.values, stateAt(400)) {
		t.Errorf("taken over at %d, want what was sealed meanwhile", late.next)
	}
	if err := owner.sealAt(t, 500); !errors.Is(err, ErrFenced) {
		t.Errorf("the owner before sealed: %v", err)
	}
	if err := late.sealAt(t, 600); err != nil {
		t.Error(err)
	}
}

// between is a vault in which somebody else acts just before the first file is put.
type between struct {
	Vault
	meanwhile func()
}

func (b *between) Put(ctx context.Context, name string, data []byte) error {
	if do := b.meanwhile; do != nil {
		b.meanwhile = nil
		do()
	}
	return b.Vault.Put(ctx, name, data)
}

// TestWithoutFenceTheFrozenOneSeals is the control: where a name can be overwritten, the frozen owner's state becomes
// the newest.
func TestWithoutFenceTheFrozenOneSeals(t *testing.T) {
	f := &overwriting{Folder{Dir: t.TempDir()}}
	frozen := hold(t, f)
	if err := frozen.sealAt(t, 100); err != nil {
		t.Fatal(err)
	}
	hold(t, f)
	if err := frozen.sealAt(t, 300); err != nil {
		t.Fatal(err)
	}
	if next := hold(t, f).next; next != 300 {
		t.Errorf("the state stands at %d: nothing needed the fence", next)
	}
}

type overwriting struct{ Folder }

func (o *overwriting) Put(ctx context.Context, name string, data []byte) error {
	if err := o.Remove(ctx, name); err != nil {
		return err
	}
	return o.Folder.Put(ctx, name, data)
}

// TestLostAnswerIsNoFence: a file that is there already with the same bytes is ours, put by an attempt whose answer did
// not come.
func TestLostAnswerIsNoFence(t *testing.T) {
	f := &forgetful{Folder{Dir: t.TempDir()}}
	h := hold(t, f)
	if err := h.sealAt(t, 100); err != nil {
		t.Fatal(err)
	}
	if hold(t, f).next != 100 {
		t.Error("nothing was sealed")
	}
}

// forgetful stores and says that it could not.
type forgetful struct{ Folder }

func (f *forgetful) Put(ctx context.Context, name string, data []byte) error {
	if err := f.Folder.Put(ctx, name, data); err != nil {
		return err
	}
	return errors.New("the answer was lost")
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
