package sketch

import "math"

// Histogram has 16 bins of 4 bits: sizes or delays by their logarithm. When a bin is full all are halved, rounded down:
// what came before then weighs half, a quarter after the next time, and what came once is forgotten. The zero Histogram
// is empty.
type Histogram uint64

const (
	binMost = 15                 // what a bin can hold, and the last bin
	lowBits = 0x7777777777777777 // of each bin but its highest, after a shift
)

// Add counts an observation in a bin from 0 on; what lies beyond the last one, 15, is counted there.
func (h *Histogram) Add(bin uint) {
	shift := 4 * min(bin, binMost)
	if *h>>shift&binMost == binMost {
		*h = *h >> 1 & lowBits
	}
	*h += 1 << shift
}

// Count returns what all bins hold, at most 240.
func (h Histogram) Count() int {
	const even = 0x0f0f0f0f0f0f0f0f
	pairs := h&even + h>>4&even // two bins a byte
	return int(pairs * 0x0101010101010101 >> 56)
}

// Entropy returns the entropy in bits (Shannon 1948), from 0 to 4, with the correction of Miller and Madow (1955) for the
// bins that few observations leave empty. It is 0 for an empty histogram.
func (h Histogram) Entropy() float64 {
	n := float64(h.Count())
	if n == 0 {
		return 0
	}
	var sum, used float64
	for rest := h; rest != 0; rest >>= 4 {
		if c := rest & binMost; c > 0 {
			sum += timesLog2[c]
			used++
		}
	}
	return min(4, max(0, math.Log2(n)-sum/n+(used-1)/(2*math.Ln2*n)))
}

// timesLog2 has c log2(c) for each content of a bin.
var timesLog2 = func() (t [binMost + 1]float64) {
	for c := 2; c <= binMost; c++ {
		t[c] = float64(c) * math.Log2(float64(c))
	}
	return t
}()
