package sketch

import "math"

// Midas scores edges of a stream by how much more of them there are in this tick than the past lets expect: MIDAS-R
// (Bhatia, Hooi, Yoon, Shin, Faloutsos: "MIDAS: Microcluster-Based Detector of Anomalies in Edge Streams", AAAI 2020) and
// MIDAS-F (Bhatia, Liu, Hooi, Yoon, Shin, Faloutsos: "Real-Time Anomaly Detection in Edge Streams", TKDD 2022), which
// keeps what was anomalous out of the mean. Both sweep all cells when a tick ends; here a cell is brought forward when it
// is touched, with the same result to the bit. A tick in which nothing came ends like any other.
//
// Counts are float32, as the paper's: in MIDAS-R the total of a cell stays at 16,777,216.
type Midas struct {
	Tick  uint32 // the greatest so far
	Cells []Cell // of edges, sources and destinations, each rows x columns

	key       [2]uint64
	rows      int
	columns   int
	threshold float32 // 0: MIDAS-R
}

// The salts keep the columns of a source apart from those of the same number as a destination.
const (
	sourceSalt      = 0x9e3779b97f4a7c15
	destinationSalt = 0xc2b2ae3d27d4eb4f
)

// NewF returns an empty MIDAS-F of up to 4 rows, with a power of two up to 65,536 of columns (the paper: 2 and 1,024). Cells
// whose last score reached the threshold (the paper: 1,000) keep the mean that they had before; a threshold of 0 makes it a
// MIDAS-R. Who knows the key can find edges that collide.
func NewF(key [2]uint64, rows, columns int, threshold float32) *Midas {
	if rows < 1 || rows > 4 || columns < 1 || columns > 1<<16 || columns&(columns-1) != 0 {
		panic("midas: 1 to 4 rows, and a power of two up to 65,536 of columns")
	}
	return &Midas{Cells: make([]Cell, 3*rows*columns), key: key, rows: rows, columns: columns, threshold: threshold}
}

// Add counts an edge at a tick, from 1 on, and returns its score, at least 0: the greatest of edge, source and
// destination. What comes late counts in the present tick.
func (m *Midas) Add(source, destination uint64, tick uint32) float32 {
	m.Tick = max(m.Tick, tick)
	n := m.rows * m.columns
	edge := m.add(m.Cells[:n], Mix(m.key, source, destination))
	from := m.add(m.Cells[n:2*n], Mix(m.key, source, sourceSalt))
	to := m.add(m.Cells[2*n:], Mix(m.key, destination, destinationSalt))
	return max(edge, from, to)
}

// add counts in one column of each row: 16 bits of the hash name it. The least counts are the estimate (count-min).
func (m *Midas) add(cells []Cell, hash uint64) float32 {
	tick, threshold, mask := m.Tick, m.threshold, uint64(m.columns-1)
	now, total := float32(math.MaxFloat32), float32(math.MaxFloat32)
	for rest, h := cells, hash; len(rest) > 0; rest, h = rest[m.columns:], h>>16 {
		c := &rest[h&mask]
		c.count(tick, threshold)
		now, total = min(now, c.now), min(total, c.total)
	}
	if threshold == 0 {
		return scoreR(now, total, float32(tick))
	}
	score := scoreF(now, total, float32(tick))
	for rest, h := cells, hash; len(rest) > 0; rest, h = rest[m.columns:], h>>16 {
		rest[h&mask].last = score
	}
	return score
}
