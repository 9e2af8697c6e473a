package engine

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/unopened/unopened/ingest"
)

// candidates keeps what shards tell the desk, from several goroutines.
type candidates struct {
	mu   sync.Mutex
	told map[string]bool
}

func (*candidates) Partitions() int { return 1 }

func (c *candidates) Append(_ context.Context, _ int, values [][]byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, v := range values {
		c.told[string(v)] = true
	}
	return nil
}

// readAs has shards read the account topic in batches of at most the given size: partition after partition, by turns, or
// all at once on so many processors. It returns state hash, verdict rows and candidates.
func (w *world) readAs(t *testing.T, batch int64, order string, processors int) (string, map[string]string, map[string]bool) {
	t.Helper()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(processors))
	ref := emptyWorld(t)
	ref.accounts = w.accounts
	e := ref.engine(t)
	to := &candidates{told: make(map[string]bool)}
	var all []*rows
	e.Accounts, e.Candidates = nil, to
	e.Recorder = func() Recorder {
		all = append(all, &rows{found: make(map[string]string)})
		return all[len(all)-1]
	}
	open := func(p int) (ingest.Handler, error) {
		return e.OpenShard(t.Context(), ingest.Partition{Topic: "account", ID: p, Count: len(w.accounts.parts)})
	}
	handlers, next := make([]ingest.Handler, len(w.accounts.parts)), make([]int64, len(w.accounts.parts))
	for p := range handlers {
		var err error
		if handlers[p], err = open(p); err != nil {
			t.Fatal(err)
		}
	}
	rng := rand.New(rand.NewPCG(uint64(batch), 2))
	step := func(p int) bool {
		if next[p] == int64(len(w.accounts.parts[p])) {
			return false
		}
		next[p] = w.accounts.pump(t, handlers[p], p, next[p], batch)
		return true
	}
	var running sync.WaitGroup
	for p := range handlers {
		switch order {
		case "one after the other":
			for step(p) {
			}
		case "at once":
			running.Go(func() {
				for step(p) {
				}
			})
		}
	}
	running.Wait()
	for rest := []int{0, 1, 2}; len(rest) > 0; { // by turns
		i := rng.IntN(len(rest))
		if !step(rest[i]) {
			rest = slices.Delete(rest, i, i+1)
		}
	}
	found := make(map[string]string)
	for i, h := range handlers {
		if err := h.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		maps.Copy(found, all[i].found)
	}
	return e.StateHash(), found, to.told
}

// TestAccountLogAloneDecides reads one account log in batches of 1 to 10,000, its partitions one after the other, by turns
// and at once, on one processor and four: the same state, the same verdicts, the same candidates. The controls show that
// the comparison sees what it should: an entry less, and two that changed places in time. The short form has 300 accounts,
// the long one 5,000.
func TestAccountLogAloneDecides(t *testing.T) {
	w := newWorld(t, long(300, 5000))
	w.live(t, 3, false)
	hash, found, told := w.readAs(t, 1, "one after the other", 1)
	if len(found) == 0 || len(told) == 0 {
		t.Fatal("no verdict or no candidate: the test shows nothing")
	}
	for _, batch := range []int64{7, 10_000} {
		for _, order := range []string{"one after the other", "by turns", "at once"} {
			for _, processors := range []int{1, 4} {
				h, f, c := w.readAs(t, batch, order, processors)
				if what := fmt.Sprintf("batches of %d, %s, %d processors", batch, order, processors); h != hash {
					t.Errorf("%s: another state", what)
				} else if !maps.Equal(f, found) || !maps.Equal(c, told) {
					t.Errorf("%s: other verdicts or candidates", what)
				}
			}
		}
	}
	t.Logf("%d entries, read in 13 ways: %d verdicts, %d candidates", w.accounts.size(), len(found), len(told))
	log := w.accounts.parts[0]
	w.accounts.parts[0] = log[1:] // the last one may be a repeat
	if h, _, _ := w.readAs(t, 7, "by turns", 1); h == hash {
		t.Error("an entry less has the same state")
	}
	w.accounts.parts[0] = slices.Clone(log)
	i := len(log) / 2
	w.accounts.parts[0][0], w.accounts.parts[0][i] = log[i], log[0]
	if h, _, _ := w.readAs(t, 7, "by turns", 1); h == hash {
		t.Error("two entries that changed places have the same state")
	}
}
