package kafka

import (
	"context"
	"fmt"
	"sync/atomic"
)

// muster lets partitions through when all that were given together have a handler. Until then none is read: the engine keeps
// partitions together in event time, and one that it does not know of yet would be left behind, and its records refused as
// late.
type muster struct {
	missing atomic.Int32
	open    chan struct{}
}

// newMuster returns the muster of n partitions.
func newMuster(n int) *muster {
	m := &muster{open: make(chan struct{})}
	m.missing.Store(int32(n))
	return m
}

// pass says that one is ready, and waits for the others or the end of ctx.
func (m *muster) pass(ctx context.Context) {
	if m.missing.Add(-1) == 0 {
		close(m.open)
	}
	select {
	case <-m.open:
	case <-ctx.Done():
	}
}

// serve opens the handler of a reader's partition, reads for it until its stop or the end of ctx, and closes it.
func (j *journey) serve(ctx context.Context, r *reader) {
	if ctx.Err() != nil {
		return
	}
	var err error
	if r.handler, err = j.open(ctx, r.part); err != nil {
		if ctx.Err() == nil {
			j.fail(fmt.Errorf("opening partition %d of %s: %w", r.part.ID, r.part.Topic, err))
		}
		return
	}
	r.ready.pass(ctx)
	r.cluster, r.role = j.source.cluster, j.source.role
	j.fail(r.run(ctx))
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), j.source.cluster.config.SessionTimeout/2)
	defer cancel()
	if err := r.handler.Close(limit); err != nil {
		j.fail(fmt.Errorf("closing partition %d of %s: %w", r.part.ID, r.part.Topic, err))
	}
}
