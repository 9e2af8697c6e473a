package features

import (
	"math/rand/v2"
	"testing"
)

// The blocks behave like a map with a bound, in each class and whatever their seed.
func TestContactsAreABoundedMap(t *testing.T) {
	for seed := range uint64(3) {
		b, r, model := newBlocks(seed*0x9e3779b97f4a7c15), &Reach{}, map[uint64]uint32{}
		random := rand.New(rand.NewPCG(seed, 9))
		for i := range uint32(6000) {
			peer := 1 + random.Uint64N(900)*random.Uint64N(3)
			if random.IntN(8) == 0 {
				b.forget(r, peer)
				delete(model, peer)
				continue
			}
			c := b.find(r.block, peer)
			if _, ok := model[peer]; ok != (c != nil) {
				t.Fatalf("peer %d: found %v, want %v", peer, c != nil, ok)
			}
			if c == nil {
				if len(model) == 448 {
					delete(model, oldest(model))
				}
				c = b.add(r, peer, true)
			}
			c.last, model[peer] = i/4, i/4 // ties too
		}
		if int(r.contacts) != len(model) {
			t.Errorf("%d contacts, want %d", r.contacts, len(model))
		}
		for peer, last := range model {
			if c := b.find(r.block, peer); c == nil || c.last != last {
				t.Errorf("peer %d is lost or changed", peer)
			}
		}
		if seed == 0 && b.evicted == 0 {
			t.Error("nothing was evicted: the test shows too little")
		}
		for class := range largest {
			if n := b.class[class].live(); n != 0 {
				t.Errorf("%d blocks of class %d were left behind", n, class)
			}
		}
	}
}

func oldest(model map[uint64]uint32) (peer uint64) {
	for p, last := range model {
		if peer == 0 || last < model[peer] || last == model[peer] && p < peer {
			peer = p
		}
	}
	return peer
}

func TestContactsMayNotGrowAtTheCeiling(t *testing.T) {
	b, r := newBlocks(1), &Reach{}
	for peer := range uint64(100) {
		b.add(r, peer+1, false).last = uint32(peer)
	}
	if r.contacts != 7 || b.find(r.block, 100) == nil || b.find(r.block, 93) != nil || b.evicted != 93 {
		t.Errorf("%d contacts, %d evicted", r.contacts, b.evicted)
	}
}
