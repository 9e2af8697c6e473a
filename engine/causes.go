package engine

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"io"
	"slices"

	"github.com/unopened/unopened/ingest"
)

// source is a log that entries come from; a topic that was created again is another source.
type source struct {
	Origin      ingest.Origin
	Partition   int32
	Incarnation uint32
}

// reached is the last of a source's causes that was seen.
type reached struct {
	Offset int64
	Number int32
}

// causes remembers the last cause of each source. Every source writes to a destination in the order of its causes,
// one request in flight, so what is not beyond the last one was written again after a crash or a lost answer.
type causes map[source]reached

// fresh tells whether c lies beyond all that its source has sent so far, and remembers it.
func (s causes) fresh(c *ingest.Cause) bool {
	from := source{c.Origin, c.Partition, c.Incarnation}
	if last, ok := s[from]; ok && (c.Offset < last.Offset || c.Offset == last.Offset && c.Number <= last.Number) {
		return false
	}
	s[from] = reached{c.Offset, c.Number}
	return true
}

// causeRow is the form of one source in a checkpoint.
type causeRow struct {
	Source source
	Last   reached
}

// Snapshot writes the sources in order.
func (s causes) Snapshot(w io.Writer) error {
	rows := make([]causeRow, 0, len(s))
	for from, last := range s {
		rows = append(rows, causeRow{from, last})
	}
	slices.SortFunc(rows, func(a, b causeRow) int {
		return cmp.Or(cmp.Compare(a.Source.Origin, b.Source.Origin),
			cmp.Compare(a.Source.Partition, b.Source.Partition),
			cmp.Compare(a.Source.Incarnation, b.Source.Incarnation))
	})
	if err := binary.Write(w, binary.LittleEndian, uint32(len(rows))); err != nil {
		return err
	}
	return binary.Write(w, binary.LittleEndian, rows)
}

// Restore replaces s by what Snapshot wrote.
func (s causes) Restore(r io.Reader) error {
	var n uint32
	if err := binary.Read(r, binary.LittleEndian, &n); err != nil {
		return err
	}
	if n > 1<<20 {
		return fmt.Errorf("a checkpoint with %d sources", n)
	}
	rows := make([]causeRow, n)
	if err := binary.Read(r, binary.LittleEndian, rows); err != nil {
		return err
	}
	clear(s)
	for _, row := range rows {
		s[row.Source] = row.Last
	}
	return nil
}
