package sketch

import "math"

// Cell is one cell of Midas: what came in this tick, with half of what came in the tick before, a quarter of the one
// before that, and so on (the paper's factor of 0.5); the total; the last score, for MIDAS-F; the tick at which it stands.
// An account can carry one of its own, in which nothing collides: its ticks then begin at 1 when the account does. The
// zero Cell is empty. A cell is used for MIDAS-R or for MIDAS-F, not for both.
type Cell struct {
	now, total, last float32
	tick             uint32
}

// AddR counts one at a tick, from 1 on, and returns the score of MIDAS-R. What comes late counts in the present tick.
func (c *Cell) AddR(tick uint32) float32 {
	c.count(tick, 0)
	return scoreR(c.now, c.total, float32(c.tick))
}

// Above tells whether what came in the present tick lies above the mean of all, and is more than one alone: the score is that
// of any difference, of a lull as of a burst, and of the one that comes after a long time nearly the number of ticks.
func (c *Cell) Above() bool { return c.now >= 2 && c.now > c.total/float32(c.tick) }

// AddF is AddR for MIDAS-F: what came is kept out of the mean while the last score is at or above the threshold. After
// that a cell takes about 4 ns for each tick in which nothing came, once.
func (c *Cell) AddF(tick uint32, threshold float32) float32 {
	c.count(tick, threshold)
	c.last = scoreF(c.now, c.total, float32(c.tick))
	return c.last
}

// count brings the cell forward and counts one. Without a threshold the total has it at once, as in MIDAS-R; with one,
// when the tick ends.
func (c *Cell) count(tick uint32, threshold float32) {
	if tick > c.tick {
		c.forward(tick, threshold)
	}
	c.now++
	if threshold == 0 {
		c.total++
	}
}

// forward does what the sweeps at the ends of all ticks up to this one would have done, with the rounding of each. Those
// of MIDAS-F take into the total what is in the cell, or the mean of the past where the last score reached the threshold.
func (c *Cell) forward(tick uint32, threshold float32) {
	total := c.total
	switch {
	case threshold == 0:
	case c.last < threshold:
		now := c.now
		for range tick - c.tick {
			sum := total + now
			if sum == total {
				break // all that follows is less
			}
			total, now = sum, now*0.5
		}
	case total > 0: // there is none before tick 2
		for past := c.tick - 1; past < tick-1; past++ {
			total += float32(total * (1 / float32(past)))
		}
	}
	c.total, c.now, c.tick = total, halved(c.now, tick-c.tick), tick
}

// forwardHot is forward for cells that stand at the same tick with a last score that reached the threshold.
func forwardHot(cells [4]*Cell, tick uint32) {
	from := cells[0].tick
	a, b, c, d := cells[0].total, cells[1].total, cells[2].total, cells[3].total
	for past := from - 1; past < tick-1; past++ {
		mean := 1 / float32(past)
		a += float32(a * mean)
		b += float32(b * mean)
		c += float32(c * mean)
		d += float32(d * mean)
	}
	for i, total := range [...]float32{a, b, c, d} {
		*cells[i] = Cell{halved(cells[i].now, tick-from), total, cells[i].last, tick}
	}
}

// halved is x halved n times. x is a count: what is left after 64 times no sum of float32 with one more can show.
func halved(x float32, n uint32) float32 {
	if n > 64 {
		return 0
	}
	return x * math.Float32frombits((127-n)<<23) // 2^-n
}

// scoreR is the chi-squared statistic of MIDAS-R (AAAI 2020, definition 1): how far the present count is from the mean
// of all t ticks. Products are rounded to float32 so that no machine fuses them.
func scoreR(now, total, t float32) float32 {
	if total == 0 || t <= 1 {
		return 0
	}
	d := float64(float32((now - total/t) * t))
	return float32(d * d / float64(float32(total*(t-1))))
}

// scoreF is that of MIDAS-F (TKDD 2022), whose total has the ticks before this one only.
func scoreF(now, total, t float32) float32 {
	if total == 0 {
		return 0
	}
	d := float64(now + total - float32(now*t))
	return float32(d * d / float64(float32(total*(t-1))))
}
