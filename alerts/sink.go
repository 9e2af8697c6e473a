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

// RetryAfter is the error of a receiver that said how long to wait; it may be wrapped.
type RetryAfter time.Duration

// Error tells the wait.
func (r RetryAfter) Error() string {
	return "it asks to be tried again after " + time.Duration(r).String()
}

// Endpoint is a sink with the way in which an outbox serves it. Each endpoint has a queue and a goroutine of its own,
// so a bad one delays no other.
type Endpoint struct {
	Name       string // unique; names the queue in a snapshot and in the metrics
	Sink       Sink
	Batch      int  // the most deliveries of one Send; 0 for 1
	Suppressed bool // wants what is over the budget, too
	// Patient suits a store, which must get everything in the end: deliveries go out in the desk's order, and one that
	// fails is repeated for ever. Otherwise order is kept for each account, so that one that fails holds up no other
	// account, and a delivery is given up after ten attempts.
	Patient bool
}

// kinds are the sinks that a config can ask for. A sink of another package (the store's) is handed to NewDesk.
var kinds = []func(Config) ([]Endpoint, error){webhookEndpoints, linesEndpoints}
