package engine

import (
	"context"

	"github.com/unopened/unopened/ingest"
)

// outgoing gathers encoded records for each partition of a log until they are appended together. Its memory is kept
// from one batch to the next.
type outgoing struct {
	log   ingest.Log
	parts []outgoingPart
	slice [][]byte
	bytes int

	sequence bool  // the log is a Sequence
	order    []int // then: the partition of each record, in the order in which they came
}

// Sequence is a log whose partitions are handled in the one order in which records were appended to any of them: the log of
// a replay from files. What leaves a batch is appended to it record by record, so that the outcome is the same for any
// number of partitions: of two stamps that one event causes the same comes first.
type Sequence interface{ InSequence() }

// outgoingPart is what waits for one partition: the records' bytes in a row, and where each ends.
type outgoingPart struct {
	bytes []byte
	ends  []int
	sent  int // of these, of a Sequence
}

// newOutgoing returns an outgoing to log; a nil log takes nothing and drops all.
func newOutgoing(log ingest.Log) outgoing {
	if log == nil {
		return outgoing{}
	}
	_, sequence := log.(Sequence)
	return outgoing{log: log, parts: make([]outgoingPart, log.Partitions()), sequence: sequence}
}

// entry adds an entry for one partition.
func (o *outgoing) entry(partition int, e *ingest.Entry) {
	if o.log == nil {
		return
	}
	p := &o.parts[partition]
	p.bytes = ingest.AppendEntry(p.bytes, e)
	o.end(partition)
}

// raw adds an encoded record for one partition.
func (o *outgoing) raw(partition int, value []byte) {
	if o.log == nil {
		return
	}
	p := &o.parts[partition]
	p.bytes = append(p.bytes, value...)
	o.end(partition)
}

// end marks the end of the record that was just added.
func (o *outgoing) end(partition int) {
	p := &o.parts[partition]
	if o.sequence {
		o.order = append(o.order, partition)
	}
	start := 0
	if n := len(p.ends); n > 0 {
		start = p.ends[n-1]
	}
	o.bytes += len(p.bytes) - start
	p.ends = append(p.ends, len(p.bytes))
}

// flush appends everything to the log, one partition after the other, so that there is never more than one request
// under way from here to a partition.
func (o *outgoing) flush(ctx context.Context) error {
	if err := o.inSequence(ctx); err != nil {
		return err
	}
	for i := range o.parts {
		p := &o.parts[i]
		if len(p.ends) == 0 {
			continue
		}
		o.slice = o.slice[:0]
		start := 0
		for _, end := range p.ends {
			o.slice = append(o.slice, p.bytes[start:end])
			start = end
		}
		if err := o.log.Append(ctx, i, o.slice); err != nil {
			return err
		}
		p.bytes, p.ends = p.bytes[:0], p.ends[:0]
	}
	o.bytes = 0
	return nil
}

// inSequence appends everything in the order in which it came, where the log asks for that.
func (o *outgoing) inSequence(ctx context.Context) error {
	for _, i := range o.order {
		p := &o.parts[i]
		start := 0
		if p.sent > 0 {
			start = p.ends[p.sent-1]
		}
		o.slice = append(o.slice[:0], p.bytes[start:p.ends[p.sent]])
		if err := o.log.Append(ctx, i, o.slice); err != nil {
			return err
		}
		p.sent++
	}
	for _, i := range o.order {
		p := &o.parts[i]
		p.bytes, p.ends, p.sent = p.bytes[:0], p.ends[:0], 0
	}
	o.order = o.order[:0]
	return nil
}
