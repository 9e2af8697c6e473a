package sketch

// Midas scores edges of a stream by how much more of them there are in this tick than the past lets expect: MIDAS-R
// (Bhatia, Hooi, Yoon, Shin, Faloutsos: "MIDAS: Microcluster-Based Detector of Anomalies in Edge Streams", AAAI 2020) and
// MIDAS-F (Bhatia, Liu, Hooi, Yoon, Shin, Faloutsos: "Real-Time Anomaly Detection in Edge Streams", TKDD 2022), which
// keeps what was anomalous out of the mean. Both sweep all cells when a tick ends; here a cell is brought forward when it
// is touched (or, in MIDAS-F, now and then), with the same result to the bit. A tick in which nothing came ends like any
// other.
//
// Counts are float32, as the paper's: in MIDAS-R the total of a cell stays at 16,777,216.
type Midas struct {
	key       [2]uint64
	columns   int
	threshold float32 // 0: MIDAS-R
	cells     []Cell  // of edges, sources and destinations, two rows each

	tick                uint32   // the greatest so far
	source, destination uint64   // the last edge
	at                  [6]*Cell // its cells
	turns               int      // edges since the last sweep, but for those that followed one of their own
	swept               uint32   // the tick of that sweep
}

// The salts keep the columns of a source apart from those of the same number as a destination.
const (
	sourceSalt      = 0x9e3779b97f4a7c15
	destinationSalt = 0xc2b2ae3d27d4eb4f
)

// NewF returns an empty MIDAS-F of two rows, as in the papers, with a power of two up to 65,536 of columns (the papers:
// 1,024). Cells whose last score reached the threshold (the paper: 1,000) keep the mean that they had before; a threshold
// of 0 makes it a MIDAS-R. Who knows the key can find edges that collide.
func NewF(key [2]uint64, columns int, threshold float32) *Midas {
	if columns < 1 || columns > 1<<16 || columns&(columns-1) != 0 {
		panic("midas: a power of two up to 65,536 of columns")
	}
	m := &Midas{key: key, columns: columns, threshold: threshold, cells: make([]Cell, 6*columns)}
	m.turnTo(0, 0, 0)
	return m
}

// Add counts an edge at a tick, from 1 on, and returns its score, at least 0: the greatest of edge, source and
// destination. What comes late counts in the present tick. Bursts are cheap: an edge that follows one of its own in the
// same tick finds its cells as that one left them.
func (m *Midas) Add(source, destination uint64, tick uint32) float32 {
	if tick > m.tick || source != m.source || destination != m.destination {
		m.turnTo(source, destination, max(m.tick, tick))
	}
	return max(m.count(m.at[0], m.at[1]), m.count(m.at[2], m.at[3]), m.count(m.at[4], m.at[5]))
}

// turnTo finds the cells of an edge, by 16 bits of a hash in each row, and brings them forward.
func (m *Midas) turnTo(source, destination uint64, tick uint32) {
	m.source, m.destination, m.tick = source, destination, tick
	if m.turns++; m.turns > m.columns {
		m.sweep()
	}
	for i, hash := range [...]uint64{
		Mix(m.key, source, destination), Mix(m.key, source, sourceSalt), Mix(m.key, destination, destinationSalt),
	} {
		for row := range 2 {
			c := &m.cells[(2*i+row)*m.columns+int(hash>>(16*row))&(m.columns-1)]
			if tick > c.tick {
				c.forward(tick, m.threshold)
			}
			m.at[2*i+row] = c
		}
	}
}

// count counts one in both rows. The least counts are the estimate (count-min).
func (m *Midas) count(a, b *Cell) float32 {
	a.now++
	b.now++
	now := min(a.now, b.now)
	if m.threshold == 0 {
		a.total++
		b.total++
		return scoreR(now, min(a.total, b.total), float32(m.tick))
	}
	score := scoreF(now, min(a.total, b.total), float32(m.tick))
	a.last, b.last = score, score
	return score
}

// sweep brings the cells forward whose last score reached the threshold. Each takes two roundings for each tick that it lay
// still, of which one waits for the other; those that lay still since the last sweep go four at a time, in the time of one.
func (m *Midas) sweep() {
	var still [4]*Cell
	n := 0
	for i := range m.cells {
		switch c := &m.cells[i]; {
		case m.threshold == 0 || c.last < m.threshold:
		case c.tick > m.swept:
			c.forward(m.tick, m.threshold)
		default:
			still[n] = c
			if n++; n == len(still) {
				forwardHot(still, m.tick)
				n = 0
			}
		}
	}
	for _, c := range still[:n] {
		c.forward(m.tick, m.threshold)
	}
	m.swept, m.turns = m.tick, 0
}
