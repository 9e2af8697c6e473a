package alerts

import (
	"context"
	"errors"
	"time"
)

// Delivery is an alert on its way to a sink. ID is its webhook-id: the hash of alert id, type and sequence, so it is
// the same after a replay or a crash and a receiver can drop what it has seen.
type Delivery struct {
	Alert
	Sequence   int    `json:"sequence"`
	ID         string `json:"webhook_id"`
	Suppressed bool   `json:"suppressed,omitempty"` // over the daily budget: kept, but nobody is told
}

// Sink is where alerts arrive. Send is called by one goroutine at a time, with the deliveries of a queue in their
// order, at least once each: after a crash the same ones come again with the same ID and content. It returns nil when
// all of the batch is there. Any other error has the whole batch sent again later, but for: ErrRejected (never send
// it again), ErrGone (never send anything again) and ErrBroken (the outbox stops with it). The batch is not kept.
type Sink interface {
	Send(ctx context.Context, batch []Delivery) error
}

// What a sink's error tells the outbox; each may be wrapped.
var (
	ErrRejected = errors.New("the receiver will never take this")
	ErrGone     = errors.New("the receiver wants nothing more")
	ErrBroken   = errors.New("the sink cannot go on")
)

// RetryAfter wraps an error of a receiver that said how long to wait.
type RetryAfter struct {
	Err  error
	Wait time.Duration
}

// Error returns the wrapped error's text.
func (r *RetryAfter) Error() string { return r.Err.Error() }

// Unwrap returns the wrapped error.
func (r *RetryAfter) Unwrap() error { return r.Err }

// Endpoint is a sink with the way in which an outbox serves it. Each endpoint has a queue and a goroutine of its own,
// so a bad one delays no other.
type Endpoint struct {
	Name       string // unique; names the queue in a snapshot and in the metrics
	Sink       Sink
	Batch      int             // the most deliveries of one Send
	Lanes      bool            // order is kept for each account only: one that fails holds up no other account
	Suppressed bool            // wants what is over the budget, too
	Retry      []time.Duration // waits between attempts
	Patient    bool            // repeats the last wait for ever rather than give up
}

// Retry schedules. RetrySchedule is the one of Standard Webhooks 1.0.0 (ten attempts within 75 h 35 min 5 s); the
// other suits a store, which must get everything in the end.
var (
	RetrySchedule = []time.Duration{5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour,
		10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour}
	RetryStore = []time.Duration{time.Second, 2 * time.Second, 5 * time.Second, 15 * time.Second, 30 * time.Second}
)
