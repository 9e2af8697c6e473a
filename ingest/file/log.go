package file

import (
	"context"
	"fmt"

	"github.com/unopened/unopened/ingest"
)

// Log is a log within this process, through which files are replayed: what is appended waits in one queue over all
// partitions, and Drain hands it to the partitions' handlers one record at a time, in the order of the appends, until
// nothing is left, what the handlers append meanwhile included. A caller that drains after each event makes the order
// of events and stamps independent of batches. It implements ingest.Log; it is not for concurrent use, and allocates
// nothing in a steady state.
type Log struct {
	topic    string
	parts    []logPart
	queue    []queued
	bytes    []byte
	record   [1]ingest.Record
	draining bool
}

type logPart struct {
	handler ingest.Handler
	next    int64 // the offset of the next record appended
	from    int64 // the first offset that the handler wants
}

// queued is a record that waits. Its value is a part of the log's bytes, or of the smaller array that these were in.
type queued struct {
	part   int
	offset int64
	value  []byte
}

// NewLog returns an empty log of the given name and number of partitions, each of which needs a handler (Attach).
func NewLog(topic string, partitions int) *Log {
	return &Log{topic: topic, parts: make([]logPart, partitions)}
}

// Partition names partition i.
func (l *Log) Partition(i int) ingest.Partition {
	return ingest.Partition{Topic: l.topic, ID: i, Count: len(l.parts)}
}

// Attach gives partition i its handler; who opened it closes it. Offsets below its Resume are passed over.
func (l *Log) Attach(i int, h ingest.Handler) {
	l.parts[i].handler, l.parts[i].from = h, max(0, h.Resume())
}

// Partitions returns the number of partitions.
func (l *Log) Partitions() int { return len(l.parts) }

// InSequence says that records are handled in the order in which they were appended, whatever their partition (see
// engine.Sequence).
func (l *Log) InSequence() {}

// Append queues copies of the values for a partition.
func (l *Log) Append(_ context.Context, partition int, values [][]byte) error {
	p := &l.parts[partition]
	for _, v := range values {
		start := len(l.bytes)
		l.bytes = append(l.bytes, v...)
		l.queue = append(l.queue, queued{partition, p.next, l.bytes[start:len(l.bytes):len(l.bytes)]})
		p.next++
	}
	return nil
}

// Drain hands over everything that waits. A call from within a handler does nothing: the outer one goes on. After an
// error what waited is gone, and the log must not be used any more.
func (l *Log) Drain(ctx context.Context) error {
	if l.draining {
		return nil
	}
	l.draining = true
	defer func() {
		l.draining, l.queue, l.bytes = false, l.queue[:0], l.bytes[:0]
	}()
	for i := 0; i < len(l.queue); i++ {
		q := l.queue[i]
		p := &l.parts[q.part]
		if q.offset < p.from {
			continue
		}
		if p.handler == nil {
			return fmt.Errorf("partition %d of %s has no handler", q.part, l.topic)
		}
		l.record[0] = ingest.Record{Offset: q.offset, Value: q.value, Size: len(q.value)}
		if err := p.handler.Handle(ctx, ingest.Batch{Records: l.record[:], Next: q.offset + 1}); err != nil {
			return err
		}
	}
	return nil
}
