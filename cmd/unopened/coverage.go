package main

import (
	"context"
	"maps"
	"math/bits"
	"sync"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/unopened/unopened/engine"
	"github.com/unopened/unopened/ingest"
)

// survey reads the partitions of a stream of raw records and counts what they hold. Nothing is written.
type survey struct {
	form  ingest.Encoding // of the records
	from  []int64         // the offset to begin at, by partition; the earliest for those beyond
	clock string          // the topic's message.timestamp.type
	mask  *ingest.Mask    // what of them is seen; nil for all
	step  func(int)       // told how many records more were read, by several goroutines
	mu    sync.Mutex
	parts []*coverage
}

// open opens a partition.
func (s *survey) open(_ context.Context, p ingest.Partition) (ingest.Handler, error) {
	c := newCoverage()
	c.from, c.step, c.decoder.Encoding, c.mask = -1, s.step, s.form, s.mask
	if p.ID < len(s.from) {
		c.from = s.from[p.ID]
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.parts = append(s.parts, c)
	return c, nil
}

// sum is what all partitions hold together; they must have been closed.
func (s *survey) sum() *coverage {
	all := newCoverage()
	for _, c := range s.parts {
		all.add(c)
	}
	return all
}

// coverage is what one partition holds: which records, of which types, with which fields.
type coverage struct {
	from    int64
	step    func(int)
	decoder ingest.Decoder
	mask    *ingest.Mask
	event   ingest.Event

	counts  engine.SplitCounts
	types   map[ingest.Type]int64
	has     [32]int64 // accepted records that carried each field, by the place of its bit
	may     [32]int64 // accepted records that may have
	events  span      // event time of what was accepted
	records span      // the log's own time of all that it gave
	late    *hdrhistogram.Histogram
	ahead   int64 // most ms that an event's time lay ahead of its record's
	acts    sample
}

// span is the least and the greatest of some times, Unix milliseconds; zero before the first.
type span struct{ first, last int64 }

// add takes a time into the span.
func (s *span) add(at int64) {
	if s.first == 0 || at < s.first {
		s.first = at
	}
	s.last = max(s.last, at)
}

// newCoverage returns one that has counted nothing. Lateness is kept to two digits, up to the contract's longest time.
func newCoverage() *coverage {
	return &coverage{
		types: make(map[ingest.Type]int64), late: hdrhistogram.New(1, ingest.Latest-ingest.Earliest, 2),
		acts: sample{limit: sampleRange, seen: make(map[ingest.SubjectID]ingest.Fields)},
	}
}

// Resume is where the survey of the partition begins.
func (c *coverage) Resume() int64 { return c.from }

// Close has nothing to keep.
func (c *coverage) Close(context.Context) error { return nil }

// Handle counts a batch.
func (c *coverage) Handle(_ context.Context, b ingest.Batch) error {
	for i := range b.Records {
		c.record(&b.Records[i])
	}
	c.counts.Gaps += b.Gap
	c.counts.Lost += b.Lost
	c.step(len(b.Records))
	return nil
}

// record counts one record.
func (c *coverage) record(r *ingest.Record) {
	c.counts.Fetched++
	if r.Time != 0 {
		c.records.add(r.Time)
	}
	if refusal := c.decoder.Read(&c.event, r); refusal != ingest.Accepted {
		c.counts.Refused[refusal]++
		return
	}
	ev := &c.event
	if !c.mask.Apply(ev) {
		c.counts.Unseen[ev.Type]++
		return
	}
	c.counts.Accepted++
	c.types[ev.Type]++
	count(&c.has, ev.Has)
	count(&c.may, ev.May())
	c.events.add(ev.At)
	if r.Time != 0 {
		c.ahead = max(c.ahead, ev.At-r.Time)
		_ = c.late.RecordValue(max(0, min(r.Time-ev.At, c.late.HighestTrackableValue()))) // it lies in the range
	}
	if ev.Has.Any(ingest.FieldActor) && ev.Type != ingest.Label && !ev.Type.Control() { // see ingest.Split
		c.acts.note(ev.Subject, ev.Has)
	}
}

// count adds one for each field in f.
func count(counts *[32]int64, f ingest.Fields) {
	for ; f != 0; f &= f - 1 {
		counts[bits.TrailingZeros32(uint32(f))]++
	}
}

// add adds what another partition holds.
func (c *coverage) add(o *coverage) {
	c.counts.Add(&o.counts)
	for t, n := range o.types {
		c.types[t] += n
	}
	for i := range c.has {
		c.has[i] += o.has[i]
		c.may[i] += o.may[i]
	}
	for _, s := range []struct{ into, of *span }{{&c.events, &o.events}, {&c.records, &o.records}} {
		if s.of.first != 0 {
			s.into.add(s.of.first)
			s.into.add(s.of.last)
		}
	}
	c.late.Merge(o.late)
	c.ahead = max(c.ahead, o.ahead)
	c.acts.add(&o.acts)
}

// sample is an even choice of the accounts that acted, each with the fields that its acts carried. An account is in it if
// a hash of its pseudonym lies below the limit, which is halved when there are too many: adaptive sampling (Flajolet
// 1990, On adaptive sampling). So shares of it are shares of all accounts, in bounded memory.
type sample struct {
	limit int
	seen  map[ingest.SubjectID]ingest.Fields
}

// A sample has at most sampleSize accounts; sampleRange bounds the hash.
const (
	sampleSize  = 1 << 14
	sampleRange = 1 << 30
)

// note takes an account's act.
func (s *sample) note(account ingest.SubjectID, has ingest.Fields) {
	if ingest.PartitionOf(account, sampleRange) >= s.limit {
		return
	}
	s.seen[account] |= has
	for len(s.seen) > sampleSize && s.limit > 1 {
		s.halve(s.limit / 2)
	}
}

// halve leaves only the accounts below a lower limit.
func (s *sample) halve(limit int) {
	s.limit = limit
	maps.DeleteFunc(s.seen, func(account ingest.SubjectID, _ ingest.Fields) bool {
		return ingest.PartitionOf(account, sampleRange) >= limit
	})
}

// add takes over another sample.
func (s *sample) add(o *sample) {
	if o.limit < s.limit {
		s.halve(o.limit)
	}
	for account, has := range o.seen {
		s.note(account, has)
	}
}

// accounts is about how many accounts acted.
func (s *sample) accounts() int64 { return int64(len(s.seen)) * int64(sampleRange/s.limit) }
