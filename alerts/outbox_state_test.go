package alerts

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// An outbox that is restored in the middle of the retries keeps to the schedule, ids and bytes; what was delivered
// after the snapshot comes again, nothing else does.
func TestOutboxGoesOnWhereItWas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		away := func(d Delivery, _ int) error {
			if d.Account == "x" && time.Since(begin) < 3*time.Hour {
				return errAway
			}
			return nil
		}
		r, other := &recorder{begin: begin, fail: away}, &recorder{begin: begin}
		o := newOutbox(t, webhookLike("w", r), webhookLike("left", r))
		o.add(delivery("a", "x"))
		o.add(delivery("b", "x"))
		stop := running(o)
		time.Sleep(40 * time.Minute)
		state := o.state()
		o.add(delivery("c", "y"))
		synctest.Wait()
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(&state)
		if err != nil {
			t.Fatal(err)
		}
		var read outboxState
		if err := json.Unmarshal(text, &read); err != nil {
			t.Fatal(err)
		}
		r.attempts = nil
		next := newOutbox(t, webhookLike("w", r), webhookLike("came", other))
		next.restore(&read)
		want := state.Deliveries // but for the endpoint that left
		for i := range want {
			delete(want[i].Waits, "left")
		}
		if again := next.state().Deliveries; len(again) != 2 || !reflect.DeepEqual(again, want) {
			t.Errorf("restored %+v of %s", again, text)
		}
		next.add(delivery("c", "y"))
		drain(t, next)
		if want := []string{"c@40m0s", "a@2h35m5s", "a@7h35m5s", "b@7h35m5s"}; !slices.Equal(r.attempts, want) {
			t.Errorf("attempts %v, want %v", r.attempts, want)
		}
		if want := []string{"c"}; !slices.Equal(other.sent, want) {
			t.Errorf("the new endpoint got %v", other.sent)
		}
		if len(r.changed) > 0 {
			t.Errorf("other bytes after the restart: %v", r.changed)
		}
		if c := next.Counts(); c[0].Sent != 3 || c[0].Retried != 5 || c[1].Sent != 1 {
			t.Errorf("counts %+v", c)
		}
	})
}

func TestAnOutageIsLoggedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		n := 0
		s := sinkFunc(func(context.Context, []Delivery) error {
			if n++; n == 1 || n == 2 || n == 4 { // two outages
				return errAway
			}
			return nil
		})
		o := NewOutbox([]Endpoint{{Name: "store", Sink: s, Patient: true}}, slog.New(slog.NewTextHandler(&log, nil)))
		o.add(delivery("msg_1", "x"))
		o.add(delivery("msg_2", "x"))
		drain(t, o)
		if got := strings.Count(log.String(), "alerts are delayed"); got != 2 || n != 5 {
			t.Errorf("%d lines after %d attempts:\n%s", got, n, log.String())
		}
	})
}

// A snapshot that is taken beside Run is of one moment: an endpoint that has so many pending waits in so many deliveries.
func TestSnapshotOfOneMoment(t *testing.T) {
	o := NewOutbox([]Endpoint{{Name: "x", Sink: nothing}}, nil)
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		if err := o.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	added := make(chan struct{})
	running.Go(func() {
		defer close(added)
		for i := range 20_000 {
			o.add(Delivery{Alert: Alert{Account: fmt.Sprint(i % 500)}})
		}
	})
	for more := true; more; {
		select {
		case <-added:
			more = false
		default:
		}
		if s := o.state(); s.Endpoints[0].Pending != int64(len(s.Deliveries)) {
			t.Errorf("%d pending, but %d deliveries", s.Endpoints[0].Pending, len(s.Deliveries))
			break
		}
	}
	cancel()
	running.Wait()
}
