package sketch

import "math"

type Histogram struct{ Bins uint64 }

func (h *Histogram) Add(bin int) {
	if h.Bins>>(4*bin)&15 == 15 {
		h.Bins = h.Bins >> 1 & 0x7777777777777777
	}
	h.Bins += 1 << (4 * bin)
}
func (h *Histogram) Count() (n int) {
	for i := range 16 {
		n += int(h.Bins >> (4 * i) & 15)
	}
	return n
}
func (h *Histogram) Entropy() float32 {
	n, e := float64(h.Count()), 0.0
	for i := range 16 {
		if p := float64(h.Bins>>(4*i)&15) / n; p > 0 {
			e -= p * math.Log2(p)
		}
	}
	return float32(e)
}

type MinHash struct{ Min [4]uint32 }

func (m *MinHash) Add(h uint64) (changed uint8) {
	for i := range m.Min {
		x := (h ^ uint64(i+1)*0x9e3779b97f4a7c15) * 0xff51afd7ed558ccd
		x = (x ^ x>>29) * 0xc4ceb9fe1a85ec53
		v := ^uint32(x >> 32)
		if v > m.Min[i] {
			m.Min[i] = v
			changed |= 1 << i
		}
	}
	return changed
}
