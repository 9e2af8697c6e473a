package features

import "math/bits"

// changes are what a slab has to say in its next snapshot: a bit for each run that was changed, and what the sweep at
// hand has still to write of those that were not.
type changes struct {
	dirty []uint64
	count int    // bits set
	kept  int    // free runs at the bottom of the stack that are as they were
	swept uint32 // runs that there were when the sweep began
}

// cover makes room for the bits of n runs.
func (c *changes) cover(n int) {
	for len(c.dirty)*64 < n {
		c.dirty = append(c.dirty, 0)
	}
}

// mark notes that a run has changed.
func (c *changes) mark(i uint32) {
	if w, bit := &c.dirty[i/64], uint64(1)<<(i%64); *w&bit == 0 {
		*w |= bit
		c.count++
	}
}

// sweep marks part step of of all runs that there were when part 1 was asked for.
func (c *changes) sweep(step, of int, next uint32) {
	if of == 0 {
		return
	}
	if step == 1 {
		c.swept, c.kept = next, 0
	}
	from, to := uint64(c.swept)*uint64(step-1)/uint64(of), uint64(c.swept)*uint64(step)/uint64(of)
	for i := from; i < to; i++ {
		c.mark(uint32(i))
	}
}

// next returns the first stretch of marked runs from i on, below most and at most a segment of each runs long; it is
// empty when there is none.
func (c *changes) next(i, most, each uint32) (from, to uint32) {
	for from = i; from < most; from = from&^63 + 64 {
		if w := c.dirty[from/64] >> (from % 64); w != 0 {
			from += uint32(bits.TrailingZeros64(w))
			break
		}
	}
	if from >= most {
		return most, most
	}
	end := min(most, (from/each+1)*each)
	for to = from + 1; to < end && c.dirty[to/64]>>(to%64)&1 != 0; to++ {
	}
	return from, to
}

// cut forgets what lies from run next on.
func (c *changes) cut(next uint32) {
	c.swept = min(c.swept, next) // parts of less reach less far, so none is left out
	for w, keep := int(next/64), uint64(1)<<(next%64)-1; w < len(c.dirty); w, keep = w+1, 0 {
		c.count -= bits.OnesCount64(c.dirty[w] &^ keep)
		c.dirty[w] &= keep
	}
}

// forget is called when all that was marked has been written.
func (c *changes) forget(free int) {
	clear(c.dirty)
	c.count, c.kept = 0, free
}
