package ingest

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"slices"
)

// Causes remembers the last cause of each source. Every source writes to a destination in the order of its causes,
// one request in flight, so what is not beyond the last one was written again after a crash or a lost answer.
type Causes map[causeSource]Cause

// causeSource is a log that entries and candidates come from; a topic that was created again is another source.
type causeSource struct {
	Origin      Origin
	Partition   int32
	Incarnation uint32
}

// source is the log that the cause is in.
func (c *Cause) source() causeSource { return causeSource{c.Origin, c.Partition, c.Incarnation} }

// Fresh tells whether c lies beyond all that its source has sent so far, and remembers it.
func (s Causes) Fresh(c *Cause) bool {
	from := c.source()
	if last, ok := s[from]; ok && (c.Offset < last.Offset || c.Offset == last.Offset && c.Number <= last.Number) {
		return false
	}
	s[from] = *c
	return true
}

// maxSources is more sources than a deployment can have: partitions times the lives of their topic.
const maxSources = 1 << 20

// Snapshot writes the last causes, ordered by their sources.
func (s Causes) Snapshot(w io.Writer) error {
	rows := slices.SortedFunc(maps.Values(s), func(a, b Cause) int {
		return cmp.Or(cmp.Compare(a.Origin, b.Origin), cmp.Compare(a.Partition, b.Partition), cmp.Compare(a.Incarnation, b.Incarnation))
	})
	if err := binary.Write(w, binary.LittleEndian, uint32(len(rows))); err != nil {
		return err
	}
	return binary.Write(w, binary.LittleEndian, rows)
}

// Restore replaces s by what Snapshot wrote. It reads those bytes and no more.
func (s Causes) Restore(r io.Reader) error {
	var n uint32
	if err := binary.Read(r, binary.LittleEndian, &n); err != nil {
		return fmt.Errorf("snapshot of causes: %w", err)
	}
	if n > maxSources {
		return fmt.Errorf("snapshot of causes: %d sources, above %d", n, maxSources)
	}
	rows := make([]Cause, n)
	if err := binary.Read(r, binary.LittleEndian, rows); err != nil {
		return fmt.Errorf("snapshot of causes: %w", err)
	}
	clear(s)
	for i := range rows {
		s[rows[i].source()] = rows[i]
	}
	return nil
}
