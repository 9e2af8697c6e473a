package alerts

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// Outbox holds deliveries until each endpoint has got them. Add may be called beside Run.
type Outbox struct {
	log     *slog.Logger
	jitter  func(time.Duration) time.Duration
	mu      sync.Mutex
	queues  []*queue
	seq     uint64
	added   int64
	over    int64
	broken  error
	changed chan struct{} // closed and replaced whenever something left a queue
}

// Counts are the outbox's counters since the state began; a snapshot keeps them.
type Counts struct {
	Deliveries int64 // taken from the desk
	Suppressed int64 // of them over the budget
	Endpoints  []EndpointCounts
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
func NewOutbox(endpoints []Endpoint, log *slog.Logger) (*Outbox, error) {
	o := &Outbox{log: cmp.Or(log, slog.New(slog.DiscardHandler)), jitter: tenthMore, changed: make(chan struct{})}
	for _, e := range endpoints {
		if o.queue(e.Name) != nil {
			return nil, fmt.Errorf("two sinks are called %q", e.Name)
		}
		o.queues = append(o.queues, newQueue(e))
	}
	return o, nil
}

// tenthMore adds up to a tenth, so that receivers that were away are not all tried at the same moment.
func tenthMore(d time.Duration) time.Duration { return d + rand.N(d/10+1) }

// queue returns the queue of that name, nil where there is none.
func (o *Outbox) queue(name string) *queue {
	for _, q := range o.queues {
		if q.Name == name {
			return q
		}
	}
	return nil
}

// Add puts a delivery into the queue of each endpoint that wants it.
func (o *Outbox) Add(d Delivery) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.added++
	if d.Suppressed {
		o.over++
	}
	o.seq++
	for _, q := range o.queues {
		switch {
		case d.Suppressed && !q.Suppressed:
		case q.counts.Disabled:
			q.counts.Rejected++
		default:
			q.push(item{seq: o.seq, delivery: &d})
		}
	}
}

// Run delivers, one request at a time to each endpoint and all endpoints at once, until ctx is done (then it returns
// nil) or a sink is broken.
func (o *Outbox) Run(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var serving sync.WaitGroup
	for _, q := range o.queues {
		serving.Go(func() {
			if !o.serve(ctx, q) {
				stop()
			}
		})
	}
	<-ctx.Done()
	serving.Wait()
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.broken
}

// serve delivers one queue until ctx is done, or returns false: its sink is broken.
func (o *Outbox) serve(ctx context.Context, q *queue) bool {
	for ctx.Err() == nil {
		o.mu.Lock()
		l, n, due := q.next(time.Now().UnixMilli())
		var batch []Delivery
		for i := range n {
			batch = append(batch, *l.items[i].delivery)
		}
		o.mu.Unlock()
		if l == nil {
			q.sleep(ctx, due)
			continue
		}
		err := q.Sink.Send(ctx, batch)
		if !o.settle(q, l, n, err, ctx.Err() != nil) {
			return false
		}
	}
	return true
}

// sleep waits until something comes in, until due (0: no such time), or until ctx is done.
func (q *queue) sleep(ctx context.Context, due int64) {
	var timer <-chan time.Time
	if due > 0 {
		timer = time.After(time.Until(time.UnixMilli(due)))
	}
	select {
	case <-ctx.Done():
	case <-q.wake:
	case <-timer:
	}
}

// settle books the outcome of sending a lane's first n items. stopping says that the outcome of an error means
// nothing, since Run is ending. It returns false when the sink is broken.
func (o *Outbox) settle(q *queue, l *lane, n int, err error, stopping bool) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	defer o.announce()
	q.counts.Retried += int64(min(l.items[0].attempts, 1))
	switch {
	case err == nil:
		q.counts.Sent += int64(n)
		q.failing = false
		q.drop(l, n)
	case errors.Is(err, ErrBroken):
		q.drop(l, 0)
		o.broken = errors.Join(o.broken, fmt.Errorf("%s: %w", q.Name, err))
		return false
	case stopping:
		q.drop(l, 0)
	case errors.Is(err, ErrGone):
		q.disable()
		o.log.Warn("an alert endpoint wants nothing more and is disabled", "endpoint", q.Name)
	case errors.Is(err, ErrRejected):
		o.giveUp(q, l, n, err)
	default:
		o.postpone(q, l, n, err)
	}
	return true
}

// announce tells those who Wait that something changed.
func (o *Outbox) announce() {
	close(o.changed)
	o.changed = make(chan struct{})
}

// postpone has a lane tried again after the endpoint's next wait, or gives its first n items up.
func (o *Outbox) postpone(q *queue, l *lane, n int, err error) {
	first := &l.items[0]
	waits := q.Retry
	if first.attempts >= len(waits) && (!q.Patient || len(waits) == 0) {
		o.giveUp(q, l, n, err)
		return
	}
	wait := o.jitter(waits[min(first.attempts, len(waits)-1)])
	if after := (*RetryAfter)(nil); errors.As(err, &after) {
		wait = max(wait, min(after.Wait, maxRetryAfter))
	}
	first.attempts++
	first.due = time.Now().Add(wait).UnixMilli()
	q.drop(l, 0)
	if !q.failing {
		q.failing = true
		o.log.Warn("alerts are delayed", "endpoint", q.Name, "err", err)
	}
}

// maxRetryAfter is the longest that a receiver can put a delivery off.
const maxRetryAfter = 24 * time.Hour

// giveUp drops a lane's first n items. They stay in the store.
func (o *Outbox) giveUp(q *queue, l *lane, n int, err error) {
	q.counts.Rejected += int64(n)
	o.log.Warn("alerts were not delivered", "endpoint", q.Name, "webhook_id", l.items[0].delivery.ID, "count", n, "err", err)
	q.drop(l, n)
}

// disable drops all that a queue holds.
func (q *queue) disable() {
	q.counts.Disabled = true
	q.counts.Rejected += q.counts.Pending
	q.counts.Pending = 0
	q.lanes, q.ready = make(map[string]*lane), nil
}

// Wait returns when every endpoint has got or lost all there was. It returns early when ctx is done or a sink broke.
func (o *Outbox) Wait(ctx context.Context) error {
	for {
		o.mu.Lock()
		err, idle, changed := o.broken, o.idle(), o.changed
		o.mu.Unlock()
		if err != nil || idle {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		}
	}
}

// Idle tells whether nothing is pending.
func (o *Outbox) Idle() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.idle()
}

// idle is Idle under the lock.
func (o *Outbox) idle() bool {
	return !slices.ContainsFunc(o.queues, func(q *queue) bool { return q.counts.Pending > 0 })
}

// Counts returns the counters, endpoints in their order.
func (o *Outbox) Counts() Counts {
	o.mu.Lock()
	defer o.mu.Unlock()
	c := Counts{Deliveries: o.added, Suppressed: o.over}
	for _, q := range o.queues {
		c.Endpoints = append(c.Endpoints, q.counts)
	}
	return c
}
