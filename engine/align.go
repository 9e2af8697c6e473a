package engine

import (
	"context"
	"math"
	"sync"
	"time"
)

// aligner keeps the raw partitions that one process splits together in event time. After an outage partitions are
// read at different speeds; one that runs ahead would move the shards' watermarks so far that the events of the
// others came late and were refused. So a partition waits while another one, which still has records to give, lies
// more than span behind it.
type aligner struct {
	span    int64         // ms of event time
	patient time.Duration // after which a partition that cannot be read (its broker is away) is left behind
	mu      sync.Mutex
	changed chan struct{} // closed and replaced whenever a time changes
	times   map[int]int64 // greatest event time that each partition has written; MaxInt64 when it has no more
}

// newAligner returns an aligner that lets a partition be span milliseconds ahead.
func newAligner(span int64, patient time.Duration) *aligner {
	return &aligner{span: span, patient: patient, changed: make(chan struct{}), times: make(map[int]int64)}
}

// set records how far a partition has come.
func (a *aligner) set(partition int, at int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if before, ok := a.times[partition]; ok && before == at {
		return
	}
	a.times[partition] = at
	a.announce()
}

// idle records that a partition has nothing more to give now, so that nobody waits for it.
func (a *aligner) idle(partition int) { a.set(partition, math.MaxInt64) }

// leave takes a partition out.
func (a *aligner) leave(partition int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.times, partition)
	a.announce()
}

// announce wakes all who wait; the lock is held.
func (a *aligner) announce() {
	close(a.changed)
	a.changed = make(chan struct{})
}

// limit is the event time up to which a partition may go, and a channel that is closed when that may have changed.
func (a *aligner) limit(partition int) (int64, <-chan struct{}) {
	a.mu.Lock()
	defer a.mu.Unlock()
	limit := int64(math.MaxInt64)
	for other, at := range a.times {
		if other != partition && at < limit-a.span {
			limit = at + a.span
		}
	}
	return limit, a.changed
}

// wait returns the limit as soon as it is at least at. When patience ends it returns at itself, so that one partition
// that cannot be read does not stop the others for ever.
func (a *aligner) wait(ctx context.Context, partition int, at int64) (int64, error) {
	var giveUp <-chan time.Time
	for {
		limit, changed := a.limit(partition)
		if at <= limit {
			return limit, nil
		}
		if giveUp == nil {
			timer := time.NewTimer(a.patient)
			defer timer.Stop()
			giveUp = timer.C
		}
		select {
		case <-changed:
		case <-giveUp:
			return at, nil
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}
