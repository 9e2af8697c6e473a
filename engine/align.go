package engine

import (
	"context"
	"math"
	"sync"
	"time"
)

// aligner keeps the raw partitions that one process splits together in event time. After an outage partitions are
// read at different speeds; one that runs ahead would move the shards' watermarks so far that the events of the
// others came late and were refused. So a partition waits while another one lies more than span behind it, unless
// that one has had nothing to give for a while, or cannot be read.
type aligner struct {
	span    int64         // ms of event time
	quiet   time.Duration // after which a partition at its log's end holds up nobody
	patient time.Duration // after which one that cannot be read (its broker is away) is left behind
	mu      sync.Mutex
	changed chan struct{} // closed and replaced whenever a partition moves
	parts   map[int]progressOf
}

// progressOf is how far a partition has come.
type progressOf struct {
	at    int64     // everything before this event time is written
	quiet time.Time // since when it has been at its log's end; zero while it is not
	left  bool      // somebody waited for it in vain: nobody does again until it has caught up
}

// lookAgain is how often one that waits sees whether another has fallen quiet.
const lookAgain = 100 * time.Millisecond

// newAligner returns an aligner that lets a partition be span milliseconds ahead.
func newAligner(span int64, quiet, patient time.Duration) *aligner {
	return &aligner{span: span, quiet: quiet, patient: patient, changed: make(chan struct{}), parts: make(map[int]progressOf)}
}

// reach records that a partition has written everything before an event time.
func (a *aligner) reach(partition int, at int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.parts[partition] = progressOf{at: at, left: a.parts[partition].left && at < a.latest()-a.span}
	a.announce()
}

// latest is how far the partition that is furthest ahead has come; the lock is held.
func (a *aligner) latest() int64 {
	latest := int64(math.MinInt64)
	for _, p := range a.parts {
		latest = max(latest, p.at)
	}
	return latest
}

// leaveBehind stops waiting for the partitions that lie more than span behind at.
func (a *aligner) leaveBehind(at int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for other, p := range a.parts {
		if p.at < at-a.span {
			p.left = true
			a.parts[other] = p
		}
	}
	a.announce()
}

// rest records that a partition is at its log's end.
func (a *aligner) rest(partition int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if p := a.parts[partition]; p.quiet.IsZero() {
		p.quiet = time.Now()
		a.parts[partition] = p
	}
}

// leave takes a partition out.
func (a *aligner) leave(partition int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.parts, partition)
	a.announce()
}

// announce wakes all who wait; the lock is held.
func (a *aligner) announce() {
	close(a.changed)
	a.changed = make(chan struct{})
}

// limit is the event time up to which a partition may go, and a channel that is closed when a partition moves.
func (a *aligner) limit(partition int) (int64, <-chan struct{}) {
	a.mu.Lock()
	defer a.mu.Unlock()
	limit := int64(math.MaxInt64)
	for other, p := range a.parts {
		quiet := !p.quiet.IsZero() && time.Since(p.quiet) >= a.quiet
		if other != partition && !quiet && !p.left && p.at < limit-a.span {
			limit = p.at + a.span
		}
	}
	return limit, a.changed
}

// wait is for a partition that has written everything before at. It returns how far that may go, as soon as that is at
// least at, and never more than span further, so that it asks again: the others may move or fall quiet. When patience
// ends, those that it waited for are left behind.
func (a *aligner) wait(ctx context.Context, partition int, at int64) (int64, error) {
	// Two that wait for each other would otherwise both look further behind than they are.
	a.reach(partition, at)
	begin := time.Now()
	for {
		limit, changed := a.limit(partition)
		if at <= limit {
			return min(limit, at+a.span), nil
		}
		if time.Since(begin) >= a.patient {
			a.leaveBehind(at)
			continue
		}
		select {
		case <-changed:
		case <-time.After(lookAgain):
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}
