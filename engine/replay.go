package engine

import (
	"context"
	"errors"
	"sync"

	"github.com/unopened/unopened/ingest"
	"github.com/unopened/unopened/ingest/file"
)

// ReplayRaw reads raw records from source through all three roles in this process, with the given number of shards.
// The stamps that an event causes are handled before the next event, so nothing depends on the source's batches.
func (e *Engine) ReplayRaw(ctx context.Context, source ingest.Source, shards int) error {
	accounts := file.NewLog("account", shards)
	e.Accounts, e.Drain, e.context = accounts, accounts.Drain, ctx
	closeDesk, err := e.deskHere(ctx)
	if err != nil {
		return err
	}
	handlers := make([]ingest.Handler, shards)
	for i := range handlers {
		if handlers[i], err = e.OpenShard(ctx, accounts.Partition(i)); err != nil {
			return err
		}
		accounts.Attach(i, handlers[i])
	}
	err = source.Run(ctx, e.OpenSplit)
	if err == nil {
		err = ctx.Err() // a replay that was interrupted has no outcome
	}
	for _, h := range handlers {
		err = errors.Join(err, h.Close(ctx))
	}
	return errors.Join(err, closeDesk())
}

// ReplayAccounts reads the account topic from source. Stamps come from the log and none is written, so the outcome
// is what every run over this log must have had.
func (e *Engine) ReplayAccounts(ctx context.Context, source ingest.Source) error {
	e.Accounts, e.Drain, e.context = nil, nil, ctx
	closeDesk, err := e.deskHere(ctx)
	if err != nil {
		return err
	}
	return errors.Join(source.Run(ctx, e.OpenShard), ctx.Err(), closeDesk())
}

// deskHere opens the desk in this process if anything takes its alerts, and returns what closes it.
func (e *Engine) deskHere(ctx context.Context) (func() error, error) {
	if len(e.Sinks) == 0 {
		e.Candidates = nil
		return func() error { return nil }, nil
	}
	desk, err := e.OpenDesk(ctx, ingest.Partition{Topic: "alerts", Count: 1})
	if err != nil {
		return nil, err
	}
	e.Candidates = &direct{handler: desk}
	return func() error {
		return errors.Join(e.desk.desk.Drain(ctx), desk.Close(ctx))
	}, nil
}

// direct is a log of one partition that hands what is appended to a handler at once.
type direct struct {
	mu      sync.Mutex
	handler ingest.Handler
	next    int64
	records []ingest.Record
}

// Partitions is one.
func (d *direct) Partitions() int { return 1 }

// Append hands the values over.
func (d *direct) Append(ctx context.Context, _ int, values [][]byte) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.records = d.records[:0]
	for _, v := range values {
		d.records = append(d.records, ingest.Record{Offset: d.next, Value: v, Size: len(v)})
		d.next++
	}
	return d.handler.Handle(ctx, ingest.Batch{Records: d.records, Next: d.next})
}
