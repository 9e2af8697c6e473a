package features

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/unopened/unopened/ingest"
)

// modelled is what the test keeps of a contact.
type modelled struct {
	last  uint32
	flags contactFlags
}

// The blocks behave like a map with a bound, in each class and whatever their seed; who was pushed out leaves a trace, and
// comes back with the flags that outlast an entry.
func TestContactsAreABoundedMap(t *testing.T) {
	for seed := range uint64(3) {
		b, r, model, gone := newBlocks(seed*0x9e3779b97f4a7c15, new(int64)), &Reach{}, map[uint64]modelled{}, map[uint64]contactFlags{}
		random := rand.New(rand.NewPCG(seed, 9))
		back := 0
		peers := make([]uint64, 120)
		for i := range peers {
			peers[i] = random.Uint64()
		}
		for i := range uint32(6000) {
			peer := peers[random.IntN(len(peers))]
			if random.IntN(40) == 0 {
				b.forget(r, peer)
				delete(model, peer)
				delete(gone, peer)
				continue
			}
			c := b.find(r.block, peer)
			if _, ok := model[peer]; ok != (c != nil) {
				t.Fatalf("peer %d: found %v, want %v", peer, c != nil, ok)
			}
			if c == nil {
				if len(model) == 28 {
					old := oldest(model)
					gone[old] = model[old].flags & traceFlags
					delete(model, old)
				}
				c = b.add(r, peer, true)
				if c.flags != counted(gone[peer]) {
					t.Fatalf("peer %d comes back with flags %b, want %b", peer, c.flags, counted(gone[peer]))
				}
				if gone[peer] != 0 {
					back++
				}
				delete(gone, peer)
			}
			c.flags |= 1<<random.IntN(5) | hadMedia
			c.last = i / 4 // ties too
			model[peer] = modelled{c.last, c.flags}
		}
		if int(r.contacts) != len(model) || int(r.traces) != len(gone) || r.degree() != len(model)+len(gone) {
			t.Errorf("%d contacts and %d traces, want %d and %d", r.contacts, r.traces, len(model), len(gone))
		}
		for peer, m := range model {
			if c := b.find(r.block, peer); c == nil || c.last != m.last || c.flags != m.flags {
				t.Errorf("peer %d is lost or changed", peer)
			}
		}
		if back < 100 {
			t.Errorf("%d came back: the test shows too little", back)
		}
		for class := range largest {
			if n := b.class[class].live(); n != 0 {
				t.Errorf("%d blocks of class %d were left behind", n, class)
			}
		}
	}
}

func oldest(model map[uint64]modelled) (peer uint64) {
	worth := func(p uint64) uint64 {
		c := Contact{last: model[p].last, flags: model[p].flags}
		return c.worth()
	}
	for p := range model {
		if peer == 0 || worth(p) < worth(peer) || worth(p) == worth(peer) && p < peer {
			peer = p
		}
	}
	return peer
}

// A flood of strangers pushes out neither dialogues nor those who block the account; without either they go.
func TestStrangersPushOutStrangers(t *testing.T) {
	b, r := newBlocks(1, new(int64)), &Reach{}
	for peer := range uint64(3) {
		c := b.add(r, peer+1, true)
		c.last = 100
		switch peer {
		case 0:
			c.flags, c.wrote = theyWrote, 1
		case 1:
			c.flags = blockedUs
		}
	}
	for peer := range uint64(5000) {
		b.add(r, peer<<32|1<<20, true).last = uint32(101 + peer)
	}
	if b.find(r.block, 1) == nil || b.find(r.block, 2) == nil || b.find(r.block, 3) != nil {
		t.Error("a stranger stayed, or one who weighs went")
	}
}

func TestContactsMayNotGrowAtTheCeiling(t *testing.T) {
	b, r := newBlocks(1, new(int64)), &Reach{}
	for peer := range uint64(100) {
		c := b.add(r, (peer+1)<<8, false)
		c.last, c.flags = uint32(peer), weOpened
	}
	if r.contacts != 7 || b.find(r.block, 100<<8) == nil || b.find(r.block, 93<<8) != nil || r.traces != 16 || b.traces.evicted != 93-16 {
		t.Errorf("%d contacts, %d traces, %d evicted", r.contacts, r.traces, b.traces.evicted)
	}
}

// The ring keeps the latest 1,024.
func TestTracesAreARing(t *testing.T) {
	var r Reach
	tr := newTraces(new(int64))
	for peer := range uint64(3000) {
		tr.leave(&r, &Contact{peer: (peer + 1) << 8, flags: weOpened}, true)
	}
	if r.traces != 1024 || tr.evicted != 3000-1024 {
		t.Errorf("%d traces, %d evicted", r.traces, tr.evicted)
	}
	if tr.recall(&r, 1976<<8) != 0 || tr.recall(&r, 1977<<8) != weOpened || tr.recall(&r, 1977<<8) != 0 || r.traces != 1023 {
		t.Error("the ring has others than the latest")
	}
}

// A ring of which many come back has no holes: it loses the oldest only when all its places are taken, and says so.
func TestTracesHaveNoHoles(t *testing.T) {
	var r Reach
	tr, random, model := newTraces(new(int64)), rand.New(rand.NewPCG(4, 4)), []uint64(nil)
	for i := range uint64(60_000) {
		if most := min(1500, int(i/8)); len(model) > 0 && random.IntN(most+1) < len(model)*3/4 {
			at := random.IntN(len(model))
			if tr.recall(&r, model[at]<<8) != weOpened {
				t.Fatalf("step %d: trace %d of %d is lost", i, at, len(model))
			}
			model = slices.Delete(model, at, at+1)
		}
		tr.leave(&r, &Contact{peer: (i + 1) << 8, flags: weOpened}, true)
		model = append(model, i+1)
		model = model[max(0, len(model)-1024):]
		if int(r.traces) != len(model) {
			t.Fatalf("step %d: %d traces, want %d", i, r.traces, len(model))
		}
	}
	if tr.evicted == 0 || len(model) < 1000 {
		t.Errorf("%d traces, %d overwritten: the test shows too little", len(model), tr.evicted)
	}
}

// Who comes back when the ring is full finds its trace even where the entry that makes room for it overwrites the oldest.
func TestOldestTraceComesBack(t *testing.T) {
	b, r := newBlocks(1, new(int64)), &Reach{}
	for peer := range uint64(28 + 1024) {
		c := b.add(r, (peer+1)<<8, true)
		c.last, c.flags = uint32(peer), weOpened|theyWrote
	}
	for peer := range uint64(1024) { // each time the oldest
		if c := b.add(r, (peer+1)<<8, true); c.flags != weOpened|theyWrote {
			t.Fatalf("peer %d comes back as a stranger", peer)
		} else {
			c.last = uint32(5000 + peer)
		}
	}
	if r.degree() != 28+1024 || b.traces.evicted != 0 {
		t.Errorf("%d peers, %d lost", r.degree(), b.traces.evicted)
	}
}

// More reporters and blockers than a block of contacts holds, each of whom complains again and again, count once each.
func TestComplaintsCountOnceBeyondTheBlock(t *testing.T) {
	w := newWorld(t)
	const n = 100
	for range 20 {
		for i := range n {
			w.now += second
			w.do(ingest.Report, 10+i, 1)
			w.do(ingest.Block, 10+n+i, 1)
		}
	}
	w.near(1, "reports_30d", n)
	w.near(1, "blocks_30d", n)
	if once := w.value(1, "reports_weighted_30d"); once > 10*n/(10+n) {
		t.Errorf("reports weigh %v, more than %d reporters can", once, n)
	}
}

// near asserts a count that fades but little in the time of a test.
func (w *world) near(account int, name string, want float32) {
	w.t.Helper()
	if got := w.value(account, name); got > want || got < want*0.99 {
		w.t.Errorf("%s is %v, want %v", name, got, want)
	}
}
