package features

import (
	"encoding/binary"
	"math/bits"
	"math/rand/v2"
	"testing"

	"github.com/unopened/unopened/ingest"
)

// chosen are pseudonyms that somebody might choose who knows the code and not the seed, by what they have in common.
var chosen = []struct {
	name string
	id   func(i int) (high, low uint64)
}{
	{"sequential", func(i int) (uint64, uint64) { return 0, uint64(i) }},
	{"sequential in the first half", func(i int) (uint64, uint64) { return uint64(i), 0 }},
	{"high bits alone", func(i int) (uint64, uint64) { return uint64(i) << 40, 7 }},
	{"high bits of both halves", func(i int) (uint64, uint64) { return uint64(i) << 40, uint64(i) << 40 }},
	{"the same in both halves", func(i int) (uint64, uint64) { return uint64(i), uint64(i) }},
	{"multiples of 2^32", func(i int) (uint64, uint64) { return uint64(i) << 32, uint64(i&255) << 32 }},
	{"sequential, bits reversed", func(i int) (uint64, uint64) { return 1 << 63, bits.Reverse64(uint64(i)) }},
	{"equal unkeyed products", func(i int) (uint64, uint64) { return 0, uint64(i+1) * 0x9e3779b97f4a7c15 }},
	{"few bits set", func(i int) (uint64, uint64) { return 1 << (i & 63), 1<<(i>>6&63) | 1<<(i>>12&63) }},
}

func half(high, low uint64) (id ingest.SubjectID) {
	binary.LittleEndian.PutUint64(id[:], high)
	binary.LittleEndian.PutUint64(id[8:], low)
	id[15] ^= 0x40 // none is zero
	return id
}

// probes enters n subjects under a seed and returns how many slots a search looks at, in the mean and at most, and how many of the
// subjects are different ones.
func probes(seed [2]uint64, n int, id func(i int) ingest.SubjectID) (mean float64, most, live int) {
	k := New(Config{}).accounts
	k.seed = seed
	for i := range n {
		subject := id(i)
		if _, ok := k.find(&subject); ok {
			continue
		}
		row := k.take()
		k.at(row).ID = subject
		k.enter(&subject, row)
	}
	sum := 0
	for i := range k.parts {
		slots := k.parts[i].slots
		for at, slot := range slots {
			if slot == 0 {
				continue
			}
			mask := len(slots) - 1
			looked := (at-int(slot>>32)&mask)&mask + 1
			sum += looked
			most = max(most, looked)
		}
	}
	return float64(sum) / float64(k.live()), most, k.live()
}

// TestChosenPseudonymsDoNotCollide compares searches for chosen pseudonyms with searches for random ones, under several seeds. The
// control is a seed that is known: zero. The short form has 30,000 pseudonyms in place of a million.
func TestChosenPseudonymsDoNotCollide(t *testing.T) {
	n := 30_000
	if soaking {
		n = 1_000_000
	}
	random := func(i int) ingest.SubjectID { return who(i) }
	for _, c := range chosen {
		t.Run(c.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(7, 7))
			unlike := 1.0
			for range 16 {
				seed := [2]uint64{r.Uint64(), r.Uint64()}
				mean, most, live := probes(seed, n, func(i int) ingest.SubjectID { return half(c.id(i)) })
				plain, longest, _ := probes(seed, live, random)
				unlike = max(unlike, mean/plain)
				if mean > 4*plain || most > 8*longest {
					t.Errorf("%.2f slots in the mean, %d at most; random ones take %.2f and %d", mean, most, plain, longest)
				}
			}
			if unlike > 1.25 {
				t.Errorf("searches are %.2f times those for random ones", unlike)
			}
		})
	}
	zero := func(i int) (id ingest.SubjectID) { // the product is 0
		binary.LittleEndian.PutUint64(id[8:], uint64(i+1))
		return id
	}
	if mean, most, _ := probes([2]uint64{}, 2000, zero); mean < 4*2 || most < 1000 {
		t.Errorf("the control, under a known seed, takes %.2f slots in the mean, %d at most", mean, most)
	}
}
