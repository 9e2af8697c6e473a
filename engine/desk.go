package engine

import (
	"context"
	"fmt"
	"sync"

	"github.com/unopened/unopened/alerts"
	"github.com/unopened/unopened/ingest"
)

// deskHandler is the handler of the alert topic's one partition: what is decided over all shards, and the outbox.
type deskHandler struct {
	engine *Engine
	part   ingest.Partition
	sealed sealed
	desk   *alerts.Desk
	counts DeskCounts
	stop   context.CancelFunc
	sender sync.WaitGroup
	broken chan error // why the sender ended before Close
}

// OpenDesk opens the handler of the alert topic and starts to send what its outbox holds. The caller closes it.
func (e *Engine) OpenDesk(ctx context.Context, p ingest.Partition) (ingest.Handler, error) {
	desk, err := alerts.NewDesk(e.Alerts, e.Sinks, e.Log)
	if err != nil {
		return nil, err
	}
	d := &deskHandler{engine: e, part: p, desk: desk, broken: make(chan error, 1)}
	d.sealed = e.sealed("desk", p, Section{"counts", whole{jsonState{&d.counts}}}, Section{"desk", whole{desk}})
	if err := d.sealed.load(ctx); err != nil {
		return nil, err
	}
	d.counts.complete()
	// The sender outlives the call that opened it and ends with Close.
	sending, stop := context.WithCancel(context.WithoutCancel(ctx))
	d.stop = stop
	d.sender.Go(func() {
		if err := desk.Run(sending); err != nil {
			d.broken <- err
		}
	})
	e.setDesk(d)
	e.held.Add(1)
	e.publishDesk(d)
	return d, nil
}

// Resume is the offset after the last candidate that is in the sealed state.
func (d *deskHandler) Resume() int64 { return d.sealed.next }

// Handle takes candidates in the order of the topic.
func (d *deskHandler) Handle(ctx context.Context, b ingest.Batch) error {
	select {
	case err := <-d.broken:
		return err
	default:
	}
	d.sealed.begin()
	for i := range b.Records {
		if err := d.step(ctx, &b.Records[i]); err != nil {
			return err
		}
	}
	d.counts.Offsets += d.sealed.passes(&b)
	d.counts.Gaps += b.Gap
	d.counts.Lost += b.Lost
	d.engine.publishDesk(d)
	return d.sealed.after(ctx, b.Next, durable)
}

// step takes one candidate.
func (d *deskHandler) step(ctx context.Context, r *ingest.Record) error {
	d.counts.Read++
	candidate, ok := alerts.DecodeCandidate(r.Value)
	if r.Poison || !ok {
		d.counts.Refused++
		letter := []ingest.DeadLetter{ingest.NewDeadLetter(d.part, r, ingest.RefusedEntry)}
		if err := d.engine.Letters.Bury(ctx, letter); err != nil {
			return fmt.Errorf("writing dead letters: %w", err)
		}
		d.counts.Letters++
		return nil
	}
	if _, fresh := d.desk.Apply(&candidate); fresh {
		d.counts.Taken++
	} else {
		d.counts.Duplicate++
	}
	return nil
}

// Close stops sending and seals what was decided and what was delivered.
func (d *deskHandler) Close(ctx context.Context) error {
	d.engine.held.Add(-1)
	d.stop()
	d.sender.Wait()
	d.engine.setDesk(nil)
	d.engine.rest("desk", d.part.ID)
	return d.sealed.leave(ctx, durable())
}
