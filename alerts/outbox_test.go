package alerts

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestRetriesFollowThePublishedSchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{begin: time.Now(), fail: func(Delivery, int) error { return errAway }}
		o := newOutbox(t, webhookLike("w", r))
		o.add(delivery("a", "x"))
		drain(t, o)
		want := []string{"a@0s", "a@5s", "a@5m5s", "a@35m5s", "a@2h35m5s", "a@7h35m5s", "a@17h35m5s", "a@31h35m5s", "a@51h35m5s", "a@75h35m5s"}
		if !slices.Equal(r.attempts, want) {
			t.Errorf("attempts %v, want %v", r.attempts, want)
		}
		if c := o.Counts()[0]; c.Retried != 9 || c.Rejected != 1 || c.Pending != 0 {
			t.Errorf("counts %+v", c)
		}
	})
}

func TestJitterAddsATenthAtMost(t *testing.T) {
	for range 1000 {
		if d := tenthMore(time.Hour); d < time.Hour || d > 66*time.Minute {
			t.Fatal(d)
		}
	}
}

func TestReceiverDownAnHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		r := &recorder{begin: begin, fail: func(Delivery, int) error {
			if time.Since(begin) < time.Hour {
				return errAway
			}
			return nil
		}}
		o := newOutbox(t, webhookLike("w", r))
		stop := running(o)
		want := map[string][]string{} // by account
		for i := range 300 {
			id, account := fmt.Sprintf("%03d", i), fmt.Sprint("x", i%7)
			want[account] = append(want[account], id)
			o.add(delivery(id, account))
			time.Sleep(20 * time.Second)
		}
		if err := o.Drain(context.Background()); err != nil {
			t.Fatal(err)
		}
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		got := map[string][]string{}
		for _, id := range r.sent {
			var n int
			_, _ = fmt.Sscan(strings.TrimLeft(id, "0")+" ", &n)
			account := fmt.Sprint("x", n%7)
			got[account] = append(got[account], id)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("by account: got %v, want %v", got, want)
		}
		if len(r.changed) > 0 {
			t.Errorf("other bytes on a retry: %v", r.changed)
		}
		if c := o.Counts()[0]; c.Sent != 300 || c.Retried == 0 || c.Rejected+c.Pending != 0 {
			t.Errorf("counts %+v", c)
		}
	})
}

func TestOneBadEndpointOfAHundredDelaysNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		hanging := sinkFunc(func(ctx context.Context, _ []Delivery) error { <-ctx.Done(); return ctx.Err() })
		endpoints := []Endpoint{webhookLike("bad", hanging)}
		var good []*recorder
		for i := range 99 {
			r := &recorder{begin: begin}
			good = append(good, r)
			endpoints = append(endpoints, webhookLike(fmt.Sprint(i), r))
		}
		o := newOutbox(t, endpoints...)
		stop := running(o)
		for i := range 5 {
			o.add(delivery(fmt.Sprint(i), "x"))
		}
		synctest.Wait()
		for i, r := range good {
			if want := []string{"0@0s", "1@0s", "2@0s", "3@0s", "4@0s"}; !slices.Equal(r.attempts, want) {
				t.Errorf("endpoint %d: %v", i, r.attempts)
			}
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
		if c := o.Counts()[0]; c.Pending != 5 || c.Retried != 0 {
			t.Errorf("what was interrupted was booked: %+v", c)
		}
		if first := o.state().Deliveries[0].Waits["bad"]; first != (retry{}) {
			t.Errorf("the interrupted attempt counts: %+v", first)
		}
	})
}

func TestAFailingAlertHoldsUpItsAccountOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{begin: time.Now(), fail: func(d Delivery, attempt int) error {
			if d.ID == "a1" && attempt < 3 {
				return errAway
			}
			return nil
		}}
		o := newOutbox(t, webhookLike("w", r))
		for _, d := range []Delivery{delivery("a1", "a"), delivery("b1", "b"), delivery("a2", "a"), delivery("b2", "b")} {
			o.add(d)
		}
		drain(t, o)
		if want := []string{"a1@0s", "b1@0s", "b2@0s", "a1@5s", "a1@5m5s", "a2@5m5s"}; !slices.Equal(r.attempts, want) {
			t.Errorf("attempts %v, want %v", r.attempts, want)
		}
	})
}

func TestWhatAnErrorTellsTheOutbox(t *testing.T) {
	for _, tt := range []struct {
		name  string
		err   error
		sent  string
		tries string
		want  EndpointCounts
	}{
		{"rejected", fmt.Errorf("no: %w", ErrRejected), "[b]", "[a@0s b@0s]", EndpointCounts{Sent: 1, Rejected: 1}},
		{"gone", fmt.Errorf("no: %w", ErrGone), "[]", "[a@0s]", EndpointCounts{Rejected: 3, Disabled: true}},
		{"retry after, longer", RetryAfter(time.Minute), "[b a]", "[a@0s b@0s a@1m0s]", EndpointCounts{Sent: 2, Retried: 1}},
		{"retry after, shorter", fmt.Errorf("busy: %w", RetryAfter(time.Second)), "[b a]", "[a@0s b@0s a@5s]", EndpointCounts{Sent: 2, Retried: 1}},
		{"retry after a year", RetryAfter(365 * 24 * time.Hour), "[b a]", "[a@0s b@0s a@24h0m0s]", EndpointCounts{Sent: 2, Retried: 1}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := &recorder{begin: time.Now(), fail: func(d Delivery, attempt int) error {
					if d.ID == "a" && attempt == 1 {
						return tt.err
					}
					return nil
				}}
				o := newOutbox(t, webhookLike("w", r))
				o.add(delivery("a", "x"))
				o.add(delivery("b", "y"))
				drain(t, o)
				if tt.want.Disabled {
					o.add(delivery("c", "z"))
					drain(t, o)
				}
				tt.want.Name = "w"
				if got := o.Counts()[0]; got != tt.want || fmt.Sprint(r.sent) != tt.sent || fmt.Sprint(r.attempts) != tt.tries {
					t.Errorf("got %+v, sent %v, tried %v", got, r.sent, r.attempts)
				}
			})
		})
	}
}

func TestPatientEndpointNeverGivesUpAndKeepsOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		r := &recorder{begin: begin, fail: func(Delivery, int) error {
			if time.Since(begin) < 100*time.Hour {
				return errAway
			}
			return nil
		}}
		o := newOutbox(t, Endpoint{Name: "store", Sink: r, Batch: 3, Patient: true})
		var want []string
		for i := range 10 {
			o.add(delivery(fmt.Sprint(i), fmt.Sprint("x", i%2)))
			want = append(want, fmt.Sprint(i))
		}
		drain(t, o)
		if !slices.Equal(r.sent, want) {
			t.Errorf("sent %v, want %v", r.sent, want)
		}
	})
}

func TestABrokenSinkStopsTheOutbox(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := sinkFunc(func(context.Context, []Delivery) error { return fmt.Errorf("%w: disk", ErrBroken) })
		o := newOutbox(t, webhookLike("w", nothing), Endpoint{Name: "lines", Sink: broken, Patient: true})
		o.add(delivery("a", "x"))
		done := make(chan error)
		go func() { done <- o.Run(context.Background()) }()
		if err := <-done; !errors.Is(err, ErrBroken) {
			t.Errorf("Run returned %v", err)
		}
		if err := o.Drain(context.Background()); !errors.Is(err, ErrBroken) {
			t.Errorf("Drain returned %v", err)
		}
		if c := o.Counts()[1]; c.Pending != 1 || c.Sent != 0 {
			t.Errorf("counts %+v", c)
		}
	})
}

func TestDrainEndsWithItsContext(t *testing.T) {
	o := newOutbox(t, webhookLike("w", nothing))
	o.add(delivery("a", "x"))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := o.Drain(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Drain returned %v", err)
	}
}
