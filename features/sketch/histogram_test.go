package sketch

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestHistogramAgainstPlainCounts holds every result against an array of numbers that does the same.
func TestHistogramAgainstPlainCounts(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var h Histogram
	var plain [16]int
	halved := 0
	for i := range 20_000 {
		bin := uint(math.Abs(r.NormFloat64()) * float64(1+i/2000))
		h.Add(bin)
		bin = min(bin, 15)
		if plain[bin] == 15 {
			halved++
			for i := range plain {
				plain[i] /= 2
			}
		}
		plain[bin]++
		n := 0
		for i, c := range plain {
			n += c
			if got := int(h >> (4 * i) & 15); got != c {
				t.Fatalf("after %d bin %d holds %d, want %d", i, i, got, c)
			}
		}
		if h.Count() != n {
			t.Fatalf("%d observations, want %d", h.Count(), n)
		}
	}
	if halved < 100 {
		t.Errorf("halved %d times: the test shows little", halved)
	}
}

func TestHistogramEnds(t *testing.T) {
	var h Histogram
	if h.Count() != 0 || h.Entropy() != 0 {
		t.Error("an empty one counts")
	}
	for range 1000 {
		h.Add(3)
	}
	if h.Entropy() != 0 {
		t.Errorf("one bin alone: entropy %v", h.Entropy())
	}
	if full := Histogram(math.MaxUint64); full.Count() != 240 || full.Entropy() != 4 {
		t.Errorf("all full: %d, %v", full.Count(), full.Entropy())
	}
}

// shannon is the entropy of shares in bits.
func shannon(shares []float64) (bits float64) {
	for _, p := range shares {
		if p > 0 {
			bits -= p * math.Log2(p)
		}
	}
	return bits
}

// TestCorrectionHelpsWhereFewWereSeen shows the error of entropies out of few observations, with the correction and
// without, over distributions from one bin to sixteen.
func TestCorrectionHelpsWhereFewWereSeen(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, n := range []int{4, 8, 16, 32, 64} {
		var with, without float64
		const rounds = 4000
		for round := range rounds {
			shares := make([]float64, 16)
			var sum float64
			for i := range 1 + round%16 {
				shares[i] = r.ExpFloat64() // uniform among all distributions over these bins
				sum += shares[i]
			}
			for i := range shares {
				shares[i] /= sum
			}
			var h Histogram
			for range n {
				h.Add(pick(r, shares))
			}
			var seen [16]float64
			for i := range seen {
				seen[i] = float64(h>>(4*i)&15) / float64(h.Count())
			}
			truth := shannon(shares)
			with += math.Pow(h.Entropy()-truth, 2) / rounds
			without += math.Pow(shannon(seen[:])-truth, 2) / rounds
		}
		with, without = math.Sqrt(with), math.Sqrt(without)
		t.Logf("%d observations: error %.3f bits with the correction, %.3f without", n, with, without)
		if with >= without {
			t.Errorf("%d observations: the correction does not help", n)
		}
	}
}

// pick draws a bin.
func pick(r *rand.Rand, shares []float64) uint {
	x := r.Float64()
	for i, p := range shares {
		if x -= p; x < 0 {
			return uint(i)
		}
	}
	return 0
}

func TestHistogramAllocatesNothing(t *testing.T) {
	var h Histogram
	i := uint(0)
	if n := testing.AllocsPerRun(1000, func() { i += 7; h.Add(i % 16) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
