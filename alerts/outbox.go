package alerts

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// Outbox holds deliveries until each endpoint has got them.
type Outbox struct {
	log     *slog.Logger
	jitter  func(time.Duration) time.Duration
	mu      sync.Mutex // guards what follows, and the queues
	changed *sync.Cond // something came into a queue or left one, is due, or is over
	queues  []*queue
	added   int
	moved   int64 // deliveries that were sent, put off or given up since the last snapshot
	broken  error
}

// EndpointCounts are one endpoint's counters. All it was to get = Sent + Rejected + Pending.
type EndpointCounts struct {
	Name     string `json:"name"`
	Sent     int64  `json:"sent"`
	Retried  int64  `json:"retried"`  // attempts after a failed one
	Rejected int64  `json:"rejected"` // never taken: refused for good, given up, or disabled
	Pending  int64  `json:"pending"`
	Disabled bool   `json:"disabled"` // it answered that it wants nothing more; a new start tries once again
}

// NewOutbox returns an empty outbox for the endpoints, whose names must differ. It starts nothing.
func NewOutbox(endpoints []Endpoint, log *slog.Logger) *Outbox {
	o := &Outbox{log: cmp.Or(log, slog.New(slog.DiscardHandler)), jitter: tenthMore}
	o.changed = sync.NewCond(&o.mu)
	for _, e := range endpoints {
		o.queues = append(o.queues, newQueue(e))
	}
	return o
}

// tenthMore adds up to a tenth, so that receivers that were away are not all tried at the same moment.
func tenthMore(d time.Duration) time.Duration { return d + rand.N(d/10+1) }

// wake has everybody who waits look again.
func (o *Outbox) wake() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.changed.Broadcast()
}

// add puts a delivery into the queue of each endpoint that wants it. It may be called beside Run.
func (o *Outbox) add(d Delivery) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.added++
	for _, q := range o.queues {
		switch {
		case d.Suppressed && !q.Suppressed:
		case q.counts.Disabled:
			q.counts.Rejected++
		default:
			q.push(item{number: o.added, delivery: &d})
		}
	}
	o.changed.Broadcast()
}

// Run delivers, one request at a time to each endpoint and all endpoints at once, until ctx is done (then it returns
// nil) or a sink is broken.
func (o *Outbox) Run(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	defer context.AfterFunc(ctx, o.wake)()
	var serving sync.WaitGroup
	for _, q := range o.queues {
		serving.Go(func() {
			o.serve(ctx, q)
			stop() // all others, where this one's sink is broken
		})
	}
	<-ctx.Done()
	serving.Wait()
	return o.broken
}

// serve delivers one queue until ctx is done or a sink is broken.
func (o *Outbox) serve(ctx context.Context, q *queue) {
	for l := o.take(ctx, q); l != nil; l = o.take(ctx, q) {
		err := q.Sink.Send(ctx, l.batch)
		o.settle(q, l, err, ctx.Err() != nil)
	}
}

// take waits for a lane that is due. It returns nil when there is nothing more to do for serve.
func (o *Outbox) take(ctx context.Context, q *queue) *lane {
	o.mu.Lock()
	defer o.mu.Unlock()
	for ctx.Err() == nil && o.broken == nil {
		l, due := q.next(time.Now())
		if l != nil {
			return l
		}
		alarm := time.AfterFunc(time.Until(due), o.wake)
		o.changed.Wait()
		alarm.Stop()
	}
	return nil
}

// settle books the outcome of sending what a lane has under way. stopping says that an error means nothing, since Run
// is ending.
func (o *Outbox) settle(q *queue, l *lane, err error, stopping bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	defer o.changed.Broadcast()
	first, gone := &l.items[0], 0
	o.moved++
	q.counts.Retried += int64(min(first.Attempts, 1))
	switch {
	case err == nil:
		gone = len(l.batch)
		q.counts.Sent += int64(gone)
		q.failing = false
	case errors.Is(err, ErrBroken):
		o.broken = errors.Join(o.broken, fmt.Errorf("%s: %w", q.Name, err))
	case stopping:
	case errors.Is(err, ErrGone):
		o.log.Warn("an alert endpoint wants nothing more and is disabled", "endpoint", q.Name)
		q.disable(l)
	case errors.Is(err, ErrRejected) || !o.postpone(q, first, err):
		gone = len(l.batch) // they stay in the store
		q.counts.Rejected += int64(gone)
		o.log.Warn("alerts were not delivered", "endpoint", q.Name, "webhook_id", first.delivery.ID, "count", gone, "err", err)
	}
	q.drop(l, gone)
}

// maxRetryAfter is the longest that a receiver can put a delivery off.
const maxRetryAfter = 24 * time.Hour

// Waits after failed attempts. The first are those of Standard Webhooks 1.0.0: ten attempts within 75 h 35 min 5 s.
var (
	waits = []time.Duration{5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour,
		10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour}
	patientWaits = []time.Duration{time.Second, 2 * time.Second, 5 * time.Second, 15 * time.Second, 30 * time.Second}
)

// postpone has an item tried again after the next wait, a patient endpoint's last one for ever. It returns false where
// there is no more of them.
func (o *Outbox) postpone(q *queue, i *item, err error) bool {
	schedule, n := waits, i.Attempts
	if q.Patient {
		schedule, n = patientWaits, min(n, len(patientWaits)-1)
	}
	if n >= len(schedule) {
		return false
	}
	wait := o.jitter(schedule[n])
	if after := RetryAfter(0); errors.As(err, &after) {
		wait = max(wait, min(time.Duration(after), maxRetryAfter))
	}
	i.retry = retry{i.Attempts + 1, time.Now().Add(wait).UnixMilli()}
	if !q.failing {
		q.failing = true
		o.log.Warn("alerts are delayed", "endpoint", q.Name, "err", err)
	}
	return true
}

// Drain returns when every endpoint has got or lost all there was, beside Run. It returns early when ctx is done or a
// sink broke.
func (o *Outbox) Drain(ctx context.Context) error {
	defer context.AfterFunc(ctx, o.wake)()
	o.mu.Lock()
	defer o.mu.Unlock()
	for o.broken == nil && slices.ContainsFunc(o.queues, func(q *queue) bool { return q.counts.Pending > 0 }) {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		o.changed.Wait()
	}
	return o.broken
}

// Counts returns the endpoints' counters since the state began, in their order. Any goroutine may call it.
func (o *Outbox) Counts() (all []EndpointCounts) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.counts()
}

// counts is Counts under the lock.
func (o *Outbox) counts() (all []EndpointCounts) {
	for _, q := range o.queues {
		all = append(all, q.counts)
	}
	return all
}

// outboxState is an outbox in a desk's snapshot.
type outboxState struct {
	Endpoints  []EndpointCounts `json:"endpoints"`
	Deliveries []pending        `json:"deliveries"` // in the order in which they came
}

// pending is a delivery in a snapshot, with the names of the endpoints that have not got it.
type pending struct {
	Delivery Delivery         `json:"delivery"`
	Waits    map[string]retry `json:"waits"`
}

// state returns what a snapshot keeps. A delivery under way counts as pending.
func (o *Outbox) state() outboxState {
	o.mu.Lock()
	defer o.mu.Unlock()
	s := outboxState{Endpoints: o.counts()}
	o.moved = 0
	waiting := make(map[int]pending)
	for _, q := range o.queues {
		for _, l := range q.lanes {
			for _, i := range l.items {
				if _, ok := waiting[i.number]; !ok {
					waiting[i.number] = pending{*i.delivery, make(map[string]retry)}
				}
				waiting[i.number].Waits[q.Name] = i.retry
			}
		}
	}
	for _, number := range slices.Sorted(maps.Keys(waiting)) {
		s.Deliveries = append(s.Deliveries, waiting[number])
	}
	return s
}

// restore replaces the queues by those of a snapshot. What waits for an endpoint that the config no longer has is
// dropped; an endpoint that is new starts empty.
func (o *Outbox) restore(s *outboxState) {
	o.mu.Lock()
	defer o.mu.Unlock()
	queues := make(map[string]*queue)
	for i, q := range o.queues {
		o.queues[i] = newQueue(q.Endpoint)
		queues[q.Name] = o.queues[i]
	}
	for _, c := range s.Endpoints {
		if q, ok := queues[c.Name]; ok {
			q.counts = c
			q.counts.Pending, q.counts.Disabled = 0, false
		} else {
			o.log.Warn("an alert endpoint is gone from the config", "endpoint", c.Name, "pending", c.Pending)
		}
	}
	o.added = len(s.Deliveries)
	for number := range s.Deliveries {
		d := &s.Deliveries[number]
		for name, r := range d.Waits {
			if q, ok := queues[name]; ok {
				q.push(item{number: number, delivery: &d.Delivery, retry: r})
			}
		}
	}
}
