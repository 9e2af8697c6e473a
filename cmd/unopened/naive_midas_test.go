package main

import "github.com/unopened/unopened/features/sketch"

// naiveMidas is MIDAS-R or, with a threshold, MIDAS-F as the papers write it down: count-min sketches of what came in
// this tick, of all and, for F, of the last score; at the end of each tick every cell is gone through. The hash is the one
// of features/sketch, so that the scores can be held against each other bit for bit.
type naiveMidas struct {
	key         [2]uint64
	columns     int
	cells       []int // of the key that is counted, one in each row
	threshold   float32
	tick        uint32
	edge        naiveCounts
	source      naiveCounts
	destination naiveCounts
}

// naiveCounts are the sketches of one thing, row after row.
type naiveCounts struct{ now, total, score []float32 }

func newNaiveMidas(key [2]uint64, rows, columns int, threshold float32) *naiveMidas {
	counts := func() naiveCounts {
		n := rows * columns
		return naiveCounts{make([]float32, n), make([]float32, n), make([]float32, n)}
	}
	return &naiveMidas{key, columns, make([]int, rows), threshold, 1, counts(), counts(), counts()}
}

func (m *naiveMidas) add(source, destination uint64, tick uint32) float32 {
	for ; m.tick < tick; m.tick++ {
		for _, c := range []*naiveCounts{&m.edge, &m.source, &m.destination} {
			if m.threshold > 0 {
				c.merge(m.threshold, m.tick)
			}
			for i := range c.now {
				c.now[i] *= 0.5
			}
		}
	}
	return max(
		m.count(&m.edge, sketch.Mix(m.key, source, destination)),
		m.count(&m.source, sketch.Mix(m.key, source, 0x9e3779b97f4a7c15)),
		m.count(&m.destination, sketch.Mix(m.key, destination, 0xc2b2ae3d27d4eb4f)),
	)
}

// merge ends a tick of MIDAS-F: what was not anomalous joins the total, for the rest the total grows by its mean.
func (c *naiveCounts) merge(threshold float32, tick uint32) {
	var reciprocal float32
	if tick > 1 {
		reciprocal = 1 / float32(tick-1)
	}
	for i := range c.total {
		if c.score[i] < threshold {
			c.total[i] += c.now[i]
		} else {
			c.total[i] += float32(c.total[i] * reciprocal)
		}
	}
}

// count adds one to a cell of each row, and scores the least of them.
func (m *naiveMidas) count(c *naiveCounts, hash uint64) float32 {
	for row := range m.cells {
		m.cells[row] = row*m.columns + int(hash>>(16*row)%uint64(m.columns))
	}
	for _, i := range m.cells {
		c.now[i]++
		if m.threshold == 0 {
			c.total[i]++
		}
	}
	a, s, t := c.now[m.cells[0]], c.total[m.cells[0]], float32(m.tick)
	for _, i := range m.cells[1:] {
		a, s = min(a, c.now[i]), min(s, c.total[i])
	}
	var score float32
	switch {
	case s == 0 || t == 1:
	case m.threshold == 0:
		d := float64(float32((a - s/t) * t))
		score = float32(d * d / float64(float32(s*(t-1))))
	default:
		d := float64(a + s - float32(a*t))
		score = float32(d * d / float64(float32(s*(t-1))))
	}
	for _, i := range m.cells {
		c.score[i] = score
	}
	return score
}
