package alerts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"
)

// sinkFunc is a Sink out of a function.
type sinkFunc func(ctx context.Context, batch []Delivery) error

func (f sinkFunc) Send(ctx context.Context, batch []Delivery) error { return f(ctx, batch) }

// nothing takes everything.
var nothing = sinkFunc(func(context.Context, []Delivery) error { return nil })

var errAway = errors.New("away")

// exactly is no jitter.
func exactly(d time.Duration) time.Duration { return d }

// recorder is a Sink that keeps each attempt with its time since begin, and answers what fail says.
type recorder struct {
	mu       sync.Mutex
	begin    time.Time
	fail     func(d Delivery, attempt int) error
	attempts []string // "ID@time"
	bodies   map[string]string
	sent     []string
	tries    map[string]int
	changed  []string // ids whose body changed
}

func (r *recorder) Send(_ context.Context, batch []Delivery) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.tries == nil {
		r.tries, r.bodies = map[string]int{}, map[string]string{}
	}
	for _, d := range batch {
		r.tries[d.ID]++
		r.attempts = append(r.attempts, fmt.Sprintf("%s@%s", d.ID, time.Since(r.begin)))
		body, _ := json.Marshal(&d.Alert)
		if before, ok := r.bodies[d.ID]; ok && before != string(body) {
			r.changed = append(r.changed, d.ID)
		}
		r.bodies[d.ID] = string(body)
		if r.fail != nil {
			if err := r.fail(d, r.tries[d.ID]); err != nil {
				return err
			}
		}
	}
	for _, d := range batch {
		r.sent = append(r.sent, d.ID)
	}
	return nil
}

func (r *recorder) ids() []string { return r.sent }

// delivery returns one for an account.
func delivery(id, account string) Delivery {
	value := 0.1
	return Delivery{ID: id, Alert: Alert{ID: id, Account: account, Score: 0.95, Reasons: []ReasonLine{{Feature: "f", Value: &value, Text: "<f>"}}}}
}

// newOutbox returns an outbox without jitter.
func newOutbox(t *testing.T, endpoints ...Endpoint) *Outbox {
	t.Helper()
	o := NewOutbox(endpoints, nil)
	o.jitter = exactly
	return o
}

// webhookLike is an endpoint as webhooks have it.
func webhookLike(name string, s Sink) Endpoint {
	return Endpoint{Name: name, Sink: s}
}

// running runs the outbox and returns what stops it.
func running(o *Outbox) func() error {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- o.Run(ctx) }()
	return func() error { cancel(); return <-done }
}

// drain runs the outbox until it is empty.
func drain(t *testing.T, o *Outbox) {
	t.Helper()
	stop := running(o)
	if err := o.Drain(context.Background()); err != nil {
		t.Error(err)
	}
	for _, c := range o.Counts() {
		if c.Pending != 0 {
			t.Errorf("after Drain: %+v", c)
		}
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}
