package simulate

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
)

// domain keeps apart what is numbered from 0: the streams, the pseudonyms and the names of places.
type domain uint64

const (
	domainAccount domain = iota + 1
	domainEvent
	domainPair
	domainGroup
	domainDevice
	domainNetwork
	domainLife  // an account's stream
	domainWorld // the builders' stream
	domainCrew  // a campaign's stream
	domainNoise // hostile records and repeats
	domains     // above it: second halves
)

const golden = 0x9e3779b97f4a7c15

// mix is the finaliser of splitmix64 (Steele, Lea and Flood 2014), a bijection: within a domain no two numbers get
// the same name.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// name64 names number n of a domain.
func (s *Simulator) name64(d domain, n uint64) uint64 { return mix(mix(s.root+uint64(d)*golden) ^ n) }

// name128 names number n of a domain with the contract's 16 bytes.
func (s *Simulator) name128(d domain, n uint64) (name [16]byte) {
	binary.BigEndian.PutUint64(name[:8], s.name64(d, n))
	binary.BigEndian.PutUint64(name[8:], s.name64(d+domains, n))
	return name
}

// stream returns the random stream of number n of a domain.
func (s *Simulator) stream(d domain, n uint64) *rand.Rand {
	return rand.New(rand.NewPCG(s.name64(d, n), s.name64(d+domains, n)))
}

// span is a range from which a parameter is drawn, uniformly.
type span struct{ lo, hi float64 }

func (p span) draw(r *rand.Rand) float64 { return p.lo + (p.hi-p.lo)*r.Float64() }

// count draws a whole number, both ends included.
func (p span) count(r *rand.Rand) int32 { return int32(p.lo) + r.Int32N(int32(p.hi)-int32(p.lo)+1) }

func chance(r *rand.Rand, p float64) bool { return r.Float64() < p }

// logNormal draws from the log-normal distribution, the usual one of human activity and of delays of answers
// (Stouffer, Malmgren and Amaral 2006).
func logNormal(r *rand.Rand, median, sigma float64) float64 {
	return median * math.Exp(sigma*r.NormFloat64())
}

// shuffled returns a copy of a list in random order.
func shuffled(r *rand.Rand, list []int32) []int32 {
	list = slices.Clone(list)
	r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list
}

// weighted draws an index with a probability proportional to its weight.
func weighted(r *rand.Rand, weights []float64) int {
	var sum float64
	for _, w := range weights {
		sum += w
	}
	u := r.Float64() * sum
	for i, w := range weights {
		if u -= w; u < 0 {
			return i
		}
	}
	return len(weights) - 1
}
