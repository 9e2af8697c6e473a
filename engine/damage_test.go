package engine

import (
	"bytes"
	"errors"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

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
