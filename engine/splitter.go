package engine

import (
	"context"
	"fmt"
	"math"

	"github.com/unopened/unopened/ingest"
)

// flushBytes is when a splitter appends what it has gathered, however many records that are.
const flushBytes = 4 << 20

// heldRecords is how many raw records a splitter takes before it writes out what it has gathered.
const heldRecords = 8000

// splitter is the handler of one raw partition, or of the files of a history: it decodes, refuses, and writes a side for
// each subject.
type splitter struct {
	engine  *Engine
	role    string
	part    ingest.Partition
	from    ingest.Cause // of all that it writes, but for offset and number
	until   int64        // events from this time on are skipped
	sealed  sealed
	counts  SplitCounts
	decoder ingest.Decoder
	raw     ingest.Event
	routed  []ingest.Routed
	out     outgoing
	letters []ingest.DeadLetter
	held    int   // records since all was written out
	next    int64 // the offset after the last record gathered, -1 before the first
	reached int64 // greatest event time gathered
	moved   bool  // something was gathered since the last flush
	limit   int64 // event time up to which the aligner lets it go
}

// OpenSplit opens the handler of a raw partition. The caller closes it.
func (e *Engine) OpenSplit(ctx context.Context, p ingest.Partition) (ingest.Handler, error) {
	s := &splitter{
		engine: e, role: "split", part: p, until: math.MaxInt64, decoder: ingest.Decoder{Encoding: e.Encoding},
		from: ingest.Cause{Origin: ingest.OriginRaw, Partition: int32(p.ID), Incarnation: e.Incarnation},
	}
	return s, s.open(ctx)
}

// open restores what was sealed, and what stands beside the counters in the checkpoint.
func (s *splitter) open(ctx context.Context, beside ...Section) error {
	e := s.engine
	s.out = newOutgoing(e.Accounts)
	s.sealed = e.sealed(s.role, s.part, append([]Section{{"counts", whole{jsonState{&s.counts}}}}, beside...)...)
	s.sealed.head.Account = e.AccountTopic
	if err := s.sealed.load(ctx); err != nil {
		return err
	}
	s.counts.complete()
	s.next = s.sealed.next
	e.publishSplit(s.part.ID, &s.counts)
	e.aligner.reach(s.part.ID, 0)
	e.held.Add(1)
	return nil
}

// Resume is the raw offset after the last one that was split and sealed.
func (s *splitter) Resume() int64 { return s.sealed.next }

// Handle splits a batch. While there is more to read it only gathers, up to heldRecords: a few large requests cost much
// less than many small ones. What is gathered is not in the checkpoint, so a crash reads it again.
func (s *splitter) Handle(ctx context.Context, b ingest.Batch) error {
	s.sealed.begin()
	for i := range b.Records {
		if err := s.step(ctx, &b.Records[i]); err != nil {
			return err
		}
	}
	s.account(&b)
	s.held += len(b.Records)
	if !b.CaughtUp && s.held < heldRecords && !s.sealed.due() && s.engine.Drain == nil {
		return nil
	}
	s.held = 0
	if err := s.flush(ctx); err != nil {
		return err
	}
	if b.CaughtUp {
		s.engine.aligner.rest(s.part.ID)
	}
	s.engine.publishSplit(s.part.ID, &s.counts)
	return s.sealed.after(ctx, b.Next, durable)
}

// account counts the offsets that the batch passed.
func (s *splitter) account(b *ingest.Batch) {
	if s.next < 0 {
		s.next = b.Next - int64(len(b.Records)) - b.Gap
	}
	s.counts.Offsets += b.Next - s.next
	s.counts.Gaps += b.Gap
	s.counts.Lost += b.Lost
	s.next = b.Next
}

// step takes one raw record.
func (s *splitter) step(ctx context.Context, r *ingest.Record) error {
	s.counts.Fetched++
	if refusal := s.decoder.Read(&s.raw, r); refusal != ingest.Accepted {
		s.counts.Refused[refusal]++
		s.letters = append(s.letters, ingest.NewDeadLetter(s.part, r, refusal))
		return nil
	}
	if s.raw.At >= s.until {
		s.counts.Skipped++
		return nil
	}
	if !s.engine.Mask.Apply(&s.raw) {
		s.counts.Unseen[s.raw.Type]++
		s.reached, s.moved = max(s.reached, s.raw.At), true // others need not wait for what is not seen
		return nil
	}
	s.counts.Accepted++
	if s.raw.At > s.limit {
		if err := s.wait(ctx, s.raw.At); err != nil {
			return err
		}
	}
	s.reached, s.moved = max(s.reached, s.raw.At), true
	cause := s.from
	cause.Offset = r.Offset
	s.routed = ingest.Split(s.routed[:0], &s.raw, cause, len(s.out.parts))
	for i := range s.routed {
		s.out.entry(s.routed[i].Partition, &s.routed[i].Entry)
	}
	s.counts.Sides += int64(len(s.routed))
	if s.engine.Drain != nil || s.out.bytes > flushBytes {
		return s.flush(ctx)
	}
	return nil
}

// wait waits until the other partitions are near enough in event time. Only if they are not, what there is is written
// out first, since they may be waiting for it.
func (s *splitter) wait(ctx context.Context, at int64) (err error) {
	if limit, _ := s.engine.aligner.limit(s.part.ID); at <= limit {
		s.limit = min(limit, at+s.engine.aligner.span)
		return nil
	}
	if err := s.flush(ctx); err != nil {
		return err
	}
	s.limit, err = s.engine.aligner.wait(ctx, s.part.ID, at)
	return err
}

// flush makes sides and dead letters durable, then tells the aligner how far this partition is.
func (s *splitter) flush(ctx context.Context) error {
	if err := s.out.flush(ctx); err != nil {
		return fmt.Errorf("writing sides to the account topic: %w", err)
	}
	if len(s.letters) > 0 {
		if err := s.engine.Letters.Bury(ctx, s.letters); err != nil {
			return fmt.Errorf("writing dead letters: %w", err)
		}
		s.counts.Letters += int64(len(s.letters))
		s.letters = s.letters[:0]
	}
	if s.moved {
		s.engine.aligner.reach(s.part.ID, s.reached)
		s.moved = false
	}
	if s.engine.Drain != nil {
		return s.engine.Drain(ctx)
	}
	return nil
}

// Close seals what was split. Records that were begun but not written out are read again from the sealed offset.
func (s *splitter) Close(ctx context.Context) error {
	s.engine.held.Add(-1)
	s.engine.aligner.leave(s.part.ID)
	s.engine.rest(s.role, s.part.ID)
	if s.engine.taken() {
		s.engine.forgetSplit(s.part.ID)
	}
	return s.sealed.leave(ctx, durable())
}
