package kafka

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"sync"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/unopened/unopened/ingest"
)

// A reader hands over what it has gathered when it has this many records or inflated bytes.
const (
	manyRecords = 8192
	manyBytes   = 1 << 20
)

// strikes is how often a batch must be unreadable until it is given up as poison, and how often an offset must lie
// beyond the log's end until that is believed: a network can spoil bytes, and a new leader may lag behind.
const strikes = 3

// arenas take what is inflated; a reader holds one only from a batch to the end of its handling.
var arenas = sync.Pool{New: func() any { return new([]byte) }}

// reader fetches one partition for its handler. It has one fetch or one Handle under way, never both, so a slow
// handler holds back its own partition and memory stays bounded.
type reader struct {
	cluster *Cluster
	part    ingest.Partition
	handler ingest.Handler
	role    string          // whose source this is; "" outside any group
	stop    int64           // where to end; math.MaxInt64 for never
	passed  func(int64)     // told the next offset after each batch
	next    int64           // the offset wanted next
	records []ingest.Record // gathered for the handler
	arena   []byte          // what was inflated of them, in lent
	lent    *[]byte         // one of arenas, while something is at hand
	ready   *muster         // of what was given with it
	strikes int
	lost    int64 // offsets since the last batch whose records are gone
	holes   bool  // a hole in the log was logged
	trouble trouble
}

// run reads from where the handler wants until ctx is done, stop is reached or there is an error that a person must
// look at. An error of the handler after ctx was done is none.
func (r *reader) run(ctx context.Context) error {
	r.trouble = r.cluster.trouble()
	if err := r.start(ctx); err != nil {
		return r.settle(ctx, err)
	}
	if r.next >= r.stop {
		return r.settle(ctx, r.handle(ctx, r.next, r.stop))
	}
	for ctx.Err() == nil && r.next < r.stop {
		if err := r.turn(ctx); err != nil {
			return r.settle(ctx, err)
		}
	}
	return nil
}

// settle makes an error out of one that ended run.
func (r *reader) settle(ctx context.Context, err error) error {
	if err == nil || ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("partition %d of %s: %w", r.part.ID, r.part.Topic, err)
}

// start finds the first offset.
func (r *reader) start(ctx context.Context) (err error) {
	if r.next = r.handler.Resume(); r.next >= 0 {
		return nil
	}
	for ctx.Err() == nil {
		if r.next, _, err = r.cluster.offsets(ctx, r.part.Topic, r.part.ID); err == nil || lasting(err) {
			return err
		}
		r.again(ctx, err)
	}
	return nil
}

// turn fetches once and hands over what came.
func (r *reader) turn(ctx context.Context) error {
	client := r.cluster.client.Load()
	size, back := r.cluster.share()
	defer back()
	answer, err := r.fetch(ctx, client, size)
	switch {
	case err == nil:
		defer answer.Records.release()
		r.trouble = r.cluster.trouble()
		return r.deliver(ctx, answer)
	case ctx.Err() != nil:
		return nil
	case errors.Is(err, kafkago.OffsetOutOfRange):
		return r.outOfRange(ctx, err)
	case errors.Is(err, kafkago.InvalidMessage):
		return r.spoilt(ctx, span{r.next, r.next + 1}, math.MaxInt64, err)
	}
	if err = reason(ctx, client, err); lasting(err) {
		return explain(err)
	}
	r.cluster.counts.fetchErrors.Add(1)
	if time.Since(r.trouble.since) > r.cluster.stalled {
		r.cluster.rebuild(client)
		r.trouble.since = time.Now()
	}
	r.again(ctx, err)
	return nil
}

// again tells of an error now and then, and waits until it is time to try again.
func (r *reader) again(ctx context.Context, err error) {
	r.trouble.tell(ctx, r.log(), "kafka: fetching again after an error", err)
	_ = r.trouble.pause.wait(ctx) // the caller looks at ctx
}

func (r *reader) log() *slog.Logger {
	return r.cluster.log.With("topic", r.part.Topic, "partition", r.part.ID)
}

// outOfRange tells a gap, which is passed, from an offset that the log never had, which is an error: to begin
// anywhere else would count events twice or lose them, and only a person can know which log is the right one.
func (r *reader) outOfRange(ctx context.Context, answer error) error {
	first, end, err := r.cluster.offsets(ctx, r.part.Topic, r.part.ID)
	switch {
	case err != nil && !lasting(err):
		r.again(ctx, err)
		return nil
	case err != nil:
		return err
	case r.next < first:
		r.cluster.tell(r.incident(Gap, r.next, first), nil)
		r.lost = min(first, r.stop) - r.next
		return r.handle(ctx, min(first, r.stop), end)
	case r.next <= end: // the broker contradicts itself
		r.strikes = 0
		r.again(ctx, answer)
		return nil
	}
	if r.strikes++; r.strikes < strikes {
		_ = r.trouble.pause.wait(ctx) // the caller looks at ctx
		return nil
	}
	return r.cluster.meet(r.incident(BeyondEnd, end, r.next))
}

func (r *reader) incident(kind IncidentKind, from, to int64) Incident {
	return Incident{Kind: kind, Role: r.role, Topic: r.part.Topic, Partition: r.part.ID, From: from, To: to}
}

// deliver hands over the records of an answer. Batches after one that cannot be read wait for the next fetch, which
// begins with that one.
func (r *reader) deliver(ctx context.Context, answer *partitionAnswer) error {
	raw, end, at := answer.Records.bytes(), answer.end(), r.next
	undone := undone{ahead: answer.AbortedTransactions}
	begin := at // what was handed over in between moves r.next
	for len(raw) > 0 && at < r.stop && ctx.Err() == nil {
		b, err := openBatch(raw)
		if err == nil {
			err = r.gather(&b, at, undone.has(&b))
		}
		if err != nil {
			if at > begin {
				break
			}
			return r.spoilt(ctx, suspect(&b, raw, at, end), end, err)
		}
		at, raw = max(at, min(b.last+1, r.stop)), raw[b.size:]
		if len(r.records) >= manyRecords || len(r.arena) >= manyBytes {
			if err := r.handle(ctx, at, end); err != nil {
				return err
			}
		}
	}
	r.strikes = 0
	if at == begin && at < end {
		return r.trouble.pause.wait(ctx) // the broker had nothing to say in time, or said it too early
	}
	return r.handle(ctx, at, end)
}

// gather adds the records of a batch from offset at on, unless it was undone.
func (r *reader) gather(b *batch, at int64, undone bool) error {
	if b.attributes&control != 0 || undone {
		r.hole(at, min(b.base, r.stop), 0)
		return nil
	}
	if r.lent == nil && b.attributes&compressionBits != 0 {
		r.lent = arenas.Get().(*[]byte) // the pool holds nothing else
		r.arena = *r.lent
	}
	plain, arena, err := b.inflate(r.arena)
	if err != nil {
		r.arena = arena // as it was, in memory that the next try uses again
		return err
	}
	before := len(r.records)
	if r.records, err = b.appendRecords(r.records, plain, span{at, r.stop}); err != nil {
		return err
	}
	r.arena = arena
	r.hole(at, min(b.base, r.stop), 0)
	r.hole(max(at, b.base), min(b.last+1, r.stop), int64(len(r.records)-before))
	return nil
}

// hole counts the offsets of a stretch that has too few records, and tells of the first such stretch.
func (r *reader) hole(from, to, records int64) {
	if to-from <= records {
		return
	}
	r.lost += to - from - records
	if !r.holes {
		r.holes = true
		r.cluster.tell(r.incident(Holes, from, to), nil)
	}
}

// suspect returns the offsets from at on that an unreadable batch at the start of raw takes with it. Its head may be
// wrong, so it is believed only as far as the batch after it and the log's end agree.
func suspect(b *batch, raw []byte, at, end int64) span {
	lost := span{at, at + 1}
	if b.base <= at && b.last >= at && b.last < end {
		lost.to = b.last + 1
	}
	if b.size >= recordsAt && b.size < len(raw) {
		if after, err := openBatch(raw[b.size:]); err == nil && after.base > at {
			lost.to = min(lost.to, after.base)
		}
	}
	lost.to = min(lost.to, at+manyRecords)
	return lost
}

// spoilt fetches an unreadable stretch again a few times, then hands it over as poison.
func (r *reader) spoilt(ctx context.Context, lost span, end int64, err error) error {
	r.cluster.counts.fetchErrors.Add(1)
	if r.strikes++; r.strikes < strikes {
		_ = r.trouble.pause.wait(ctx) // the caller looks at ctx
		return nil
	}
	r.strikes = 0
	lost.to = min(lost.to, r.stop)
	r.cluster.tell(r.incident(Poison, lost.from, lost.to), err)
	for offset := lost.from; offset < lost.to; offset++ {
		r.records = append(r.records, ingest.Record{Offset: offset, Poison: true})
	}
	r.cluster.counts.poison.Add(lost.to - lost.from)
	return r.handle(ctx, lost.to, end)
}

// handle gives the handler what was gathered, up to offset next, and forgets it.
func (r *reader) handle(ctx context.Context, next, end int64) error {
	b := ingest.Batch{
		Records: r.records, Next: next, Gap: next - r.next - int64(len(r.records)), Lost: r.lost, CaughtUp: next >= min(end, r.stop),
	}
	if err := r.handler.Handle(ctx, b); err != nil {
		return err
	}
	r.cluster.counts.records.Add(int64(len(b.Records)))
	r.cluster.counts.gaps.Add(b.Lost)
	r.next, r.records, r.lost = next, r.records[:0], 0
	if r.lent != nil {
		*r.lent = r.arena[:0]
		arenas.Put(r.lent)
		r.lent, r.arena = nil, nil
	}
	if r.passed != nil {
		r.passed(next)
	}
	return nil
}
