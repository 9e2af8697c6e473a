package sketch

import (
	"math/rand/v2"
	"testing"
)

// world has random accounts and, behind them, rings of 20 that have the same targets in the same hours, each with some
// of its own and some of the ring's left out. Every fifth action of the random accounts goes to one of ten targets that
// are popular.
func world(r *rand.Rand, random, rings int, kept float64) []MinHash {
	const hours, targets, actions = 24 * 7, 20_000, 40
	key := [2]uint64{r.Uint64(), r.Uint64()}
	accounts := make([]MinHash, random+20*rings)
	act := func(account int) {
		target := r.Uint64N(targets)
		if r.IntN(5) == 0 {
			target %= 10
		}
		accounts[account].Add(Mix(key, target, r.Uint64N(hours)))
	}
	for account := range random {
		for range actions {
			act(account)
		}
	}
	for ring := range rings {
		for range actions {
			target, hour := r.Uint64N(targets), r.Uint64N(hours)
			for member := range 20 {
				if account := random + 20*ring + member; r.Float64() < kept {
					accounts[account].Add(Mix(key, target, hour))
				} else {
					act(account)
				}
			}
		}
	}
	return accounts
}

// grouped unites the accounts that share three bands of the four: what is left without each is a key of an index.
func grouped(accounts []MinHash) Forest {
	f, first := make(Forest, len(accounts)), map[[minima]uint64]uint32{}
	for account := range accounts {
		for i := range minima {
			three := accounts[account].Bands()
			three[i] = 0
			if found, ok := first[three]; ok {
				f.Union(found, uint32(account))
			} else {
				first[three] = uint32(account)
			}
		}
	}
	return f
}

// ringLeast is how many must be together for a ring: a few random accounts get there by one popular target that all have
// as the first of three hashes. (By two of four bands 50 of 40,000 are in groups of ten or more, and 99.6 %
// of the members rather than 95.7 %.)
const ringLeast = 10

// TestRingsInLockstepAreFound: members that keep 95 % of the ring's actions have J = 0.82 and are found; the random ones
// are not. As the control, members that keep half (J = 0.14) are hardly found.
func TestRingsInLockstepAreFound(t *testing.T) {
	const random, rings, seeds = 2000, 5, 20
	var found, loose, strangers, largest int
	for seed := range uint64(seeds) {
		r := rand.New(rand.NewPCG(11, seed))
		f := grouped(world(r, random, rings, 0.95))
		for account := range uint32(len(f)) {
			switch size := f.Size(account); {
			case account >= random && size >= ringLeast:
				found++
			case account < random && size >= ringLeast:
				strangers++
			case account < random:
				largest = max(largest, size)
			}
		}
		f = grouped(world(r, random, rings, 0.5))
		for account := uint32(random); account < uint32(len(f)); account++ {
			if f.Size(account) >= ringLeast {
				loose++
			}
		}
	}
	const members = 20 * rings * seeds
	t.Logf("of %d members %d are found, of those of loose rings %d; of %d random accounts %d, the largest other group has %d",
		members, found, loose, random*seeds, strangers, largest)
	if found < members*95/100 || strangers > 0 || loose > members/10 {
		t.Error("rings are not told from random accounts")
	}
}
