package main

import (
	"context"
	"errors"
	"sync"

	"github.com/unopened/unopened/ingest"
)

// fan hands what one source makes to several replays, each in a goroutine of its own: batches are copied once, and nobody
// writes to a copy.
type fan struct {
	outs []chan ingest.Batch
}

// fanAhead is by how many batches the source may be ahead of the slowest replay.
const fanAhead = 4

// fanOut runs a source once, through n replays. The first error stops all.
func fanOut(ctx context.Context, source ingest.Source, n int, replay func(ctx context.Context, i int, source ingest.Source) error) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	f := &fan{outs: make([]chan ingest.Batch, n)}
	errs := make([]error, n)
	var all sync.WaitGroup
	for i := range f.outs {
		f.outs[i] = make(chan ingest.Batch, fanAhead)
		all.Go(func() {
			if errs[i] = replay(ctx, i, fanned(f.outs[i])); errs[i] != nil {
				stop()
			}
		})
	}
	err := source.Run(ctx, func(context.Context, ingest.Partition) (ingest.Handler, error) { return f, nil })
	for _, out := range f.outs {
		close(out)
	}
	all.Wait()
	for _, failed := range errs {
		if failed != nil && !errors.Is(failed, context.Canceled) {
			return failed // that the others were stopped says nothing
		}
	}
	return errors.Join(err, ctx.Err())
}

// Resume is the beginning.
func (f *fan) Resume() int64 { return -1 }

// Close keeps nothing.
func (f *fan) Close(context.Context) error { return nil }

// Handle copies a batch and hands it to every replay.
func (f *fan) Handle(ctx context.Context, b ingest.Batch) error {
	size := 0
	for i := range b.Records {
		size += len(b.Records[i].Value)
	}
	text, records := make([]byte, 0, size), make([]ingest.Record, len(b.Records))
	for i, r := range b.Records {
		start := len(text)
		text = append(text, r.Value...)
		r.Value = text[start:len(text):len(text)]
		records[i] = r
	}
	b.Records = records
	for _, out := range f.outs {
		select {
		case out <- b:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// fanned is what one replay gets of a fan, as a source.
type fanned chan ingest.Batch

// Run hands all batches over.
func (s fanned) Run(ctx context.Context, open func(context.Context, ingest.Partition) (ingest.Handler, error)) (err error) {
	h, err := open(ctx, ingest.Partition{Topic: "simulation", Count: 1})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.Close(context.WithoutCancel(ctx))) }()
	for b := range s {
		if err := errors.Join(ctx.Err(), h.Handle(ctx, b)); err != nil {
			return err
		}
	}
	return nil
}
