package engine

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/unopened/unopened/ingest"
)

// at makes an event with a number for an id.
func numbered(id uint64, at int64) *ingest.Event {
	ev := &ingest.Event{At: at, Side: ingest.SideActed, Type: ingest.Message}
	for i := range 8 {
		ev.ID[i] = byte(id >> (8 * i))
	}
	return ev
}

const testStart = int64(1_700_000_000_000)

// TestWindowIsExact holds the window against a map that forgets nothing: a repeat within reach is recognised, what is
// older than the reach is late, and nothing else is refused.
func TestWindowIsExact(t *testing.T) {
	const span = 6 * hourMs
	w := newWindow(span, 1<<30, [16]byte{1})
	rng := rand.New(rand.NewPCG(1, 2))
	seen := map[uint64]int64{}
	var ids []uint64
	watermark := int64(0)
	outcomes := map[admission]int{}
	for i := range 200_000 {
		at := testStart + int64(i)*500 - rng.Int64N(span*5/4)
		id := uint64(i)
		if rng.IntN(10) == 0 && len(ids) > 0 {
			id = ids[rng.IntN(len(ids))]
			at = seen[id]
		}
		want := admitted
		if at < watermark-span || at/hourMs < (watermark-span)/hourMs {
			want = tooLate
		} else if _, ok := seen[id]; ok {
			want = repeated
		}
		got := w.admit(numbered(id, at))
		if got != want {
			t.Fatalf("event %d at %d with watermark %d: %v, want %v", i, at, watermark, got, want)
		}
		outcomes[got]++
		if got == admitted {
			seen[id], ids = at, append(ids, id)
			watermark = max(watermark, at)
		}
	}
	for _, o := range []admission{admitted, repeated, tooLate} {
		if outcomes[o] == 0 {
			t.Errorf("outcome %v never came up: the test shows nothing of it", o)
		}
	}
	if len(w.hashes) > 1<<18 {
		t.Errorf("%d places for what six hours hold: passed ids are not forgotten", len(w.hashes))
	}
}

// TestWindowShrinksButNeverForgets fills the window over its ceiling: the reach gets shorter, and a repeat of what was
// given up is refused as late instead of counted again.
func TestWindowShrinksButNeverForgets(t *testing.T) {
	w := newWindow(6*hourMs, 1000, [16]byte{1})
	first := numbered(0, testStart)
	for i := range 5000 {
		if got := w.admit(numbered(uint64(i), testStart+int64(i)*4000)); got != admitted {
			t.Fatalf("event %d: %v", i, got)
		}
	}
	if w.shrunk == 0 || w.reach() >= 6*hourMs {
		t.Errorf("shrunk %d times, reach %d ms: over its ceiling the window must shrink", w.shrunk, w.reach())
	}
	if got := w.admit(first); got != tooLate {
		t.Errorf("a repeat of what was given up is %v, want late", got)
	}
	if w.live > 2000 {
		t.Errorf("%d ids kept under a ceiling of 1000 and an hour", w.live)
	}
}

// TestWindowRestoredDecidesTheSame stops the window at many places and restores it from a chain of snapshots, sweeps in
// three parts among them: no decision changes, also where the ceiling shrinks it.
func TestWindowRestoredDecidesTheSame(t *testing.T) {
	run := func(restart int) (outcomes []admission, shrunk int64) {
		rng := rand.New(rand.NewPCG(3, 4))
		w := newWindow(3*hourMs, 700, [16]byte{9})
		var chain [][]byte
		begun := 0
		for i := range 20_000 {
			id := uint64(i)
			if rng.IntN(5) == 0 {
				id = rng.Uint64N(uint64(i + 1))
			}
			outcomes = append(outcomes, w.admit(numbered(id, testStart+int64(id)*3000)))
			if restart == 0 || i%restart > 0 {
				continue
			}
			step, of := 0, 0
			if n := i / restart % 12; n >= 4 && n < 7 {
				step, of = n-3, 3
			}
			var b bytes.Buffer
			if err := w.Snapshot(&b, step, of); err != nil {
				t.Fatal(err)
			}
			if step == 1 {
				begun = len(chain)
			}
			chain = append(chain, b.Bytes())
			if step == of && of > 0 {
				chain = chain[begun:]
			}
			if step > 0 && step < of {
				continue // a sweep ends with its process
			}
			w = newWindow(3*hourMs, 700, [16]byte{})
			for k, file := range chain {
				if err := w.Restore(bytes.NewReader(file), k == 0, k == len(chain)-1); err != nil {
					t.Fatal(err)
				}
			}
		}
		return outcomes, w.shrunk
	}
	want, shrunk := run(0)
	if shrunk == 0 {
		t.Fatal("the ceiling was never reached: the test shows nothing of it")
	}
	for _, restart := range []int{7, 97, 5000} {
		got, gotShrunk := run(restart)
		for i := range want {
			if got[i] != want[i] {
				t.Fatalf("restarted each %d: event %d is %v, want %v", restart, i, got[i], want[i])
			}
		}
		if gotShrunk != shrunk {
			t.Errorf("restarted each %d: shrunk %d times, want %d", restart, gotShrunk, shrunk)
		}
	}
}

// TestWindowsOfTwoMembersMeet: what either has remembered is recognised, unless they hash by different keys, which would
// let repeats through.
func TestWindowsOfTwoMembersMeet(t *testing.T) {
	of := func(key byte, id uint64) *window {
		w := newWindow(6*hourMs, 1000, [16]byte{key})
		w.admit(numbered(id, testStart))
		return w
	}
	w := of(1, 1)
	if err := w.adopt(of(1, 2)); err != nil {
		t.Fatal(err)
	}
	for id, want := range map[uint64]admission{1: repeated, 2: repeated, 3: admitted} {
		if got := w.admit(numbered(id, testStart)); got != want {
			t.Errorf("id %d: %v, want %v", id, got, want)
		}
	}
	if err := w.adopt(of(2, 4)); err == nil || !strings.Contains(err.Error(), "identity keys") {
		t.Errorf("ids hashed under another key: %v", err)
	}
}
