package simulate

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
)

// dice is a stream of chance.
type dice struct{ rng *rand.Rand }

// newDice returns the stream of a seed and a purpose of at most 24 bytes.
func newDice(seed uint64, purpose string) dice {
	var key [32]byte
	binary.LittleEndian.PutUint64(key[:], seed)
	copy(key[8:], purpose)
	return dice{rand.New(rand.NewChaCha8(key))}
}

// name draws a pseudonym, which nobody else gets but once in 2^128.
func (d dice) name() (name [16]byte) {
	binary.BigEndian.PutUint64(name[:8], d.rng.Uint64())
	binary.BigEndian.PutUint64(name[8:], d.rng.Uint64())
	return name
}

func (d dice) chance(p float64) bool { return d.rng.Float64() < p }

// logNormal draws from the log-normal distribution, the usual one of human activity and of delays of answers
// (Stouffer, Malmgren and Amaral 2006). math.Exp gives other bits where the processor multiplies and adds at once; math.Exp2
// does not.
func (d dice) logNormal(median, sigma float64) float64 {
	return median * math.Exp2(sigma*math.Log2E*d.normal())
}

// normal draws from the normal distribution (Marsaglia's polar method). That of math/rand takes math.Exp.
func (d dice) normal() float64 {
	for {
		u, v := 2*d.rng.Float64()-1, 2*d.rng.Float64()-1
		if s := u*u + v*v; s > 0 && s < 1 {
			return u * math.Sqrt(-2*math.Log(s)/s)
		}
	}
}

// exponential draws from the exponential distribution with a mean of 1.
func (d dice) exponential() float64 { return -math.Log(1 - d.rng.Float64()) }

// span is a range from which a parameter is drawn, uniformly.
type span struct{ lo, hi float64 }

func (d dice) draw(p span) float64 { return p.lo + (p.hi-p.lo)*d.rng.Float64() }

// count draws a whole number, both ends included.
func (d dice) count(p span) int { return int(p.lo) + d.rng.IntN(int(p.hi-p.lo)+1) }

// weighted draws an index with a probability proportional to its weight.
func (d dice) weighted(weights ...float64) int {
	var sum float64
	for _, w := range weights {
		sum += w
	}
	u := d.rng.Float64() * sum
	for i, w := range weights {
		if u -= w; u < 0 {
			return i
		}
	}
	return len(weights) - 1
}

// one draws one of a list, or nil where it is empty.
func one[T any](d dice, list []*T) *T {
	if len(list) == 0 {
		return nil
	}
	return list[d.rng.IntN(len(list))]
}

// some draws n different ones of a list in random order, or all where there are not so many.
func some[T any](d dice, list []*T, n int) []*T {
	drawn := make([]*T, min(n, len(list)))
	for i, j := range d.rng.Perm(len(list))[:len(drawn)] {
		drawn[i] = list[j]
	}
	return drawn
}
