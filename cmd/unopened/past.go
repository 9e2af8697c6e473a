package main

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"time"

	"github.com/unopened/unopened/configs"
	"github.com/unopened/unopened/ingest"
	"github.com/unopened/unopened/ingest/file"
)

// past is what the files of a history hold, looked at before anything is written: which files they are, and whether
// shards would take them.
type past struct {
	decoder ingest.Decoder
	event   ingest.Event
	until   int64
	window  int64 // ms that an event may lie behind one before it
	sum     hash.Hash
	lines   int64
	span    span  // of the events before until
	late    int64 // the first line, from 1, that lies further behind; 0 for none
	behind  int64 // by how many ms
}

// survey reads the files once and refuses those that are no history up to --until.
func (f *warmupFlags) survey(ctx context.Context, cfg *configs.Config, files []string) (*past, error) {
	p := &past{until: f.at.UnixMilli(), window: cfg.Engine.Window.Milliseconds(), sum: sha256.New()}
	p.number(p.until)
	bar := newProgress("looking through", "lines", -1)
	source := watched{&file.Source{Paths: files}, bar}
	err := source.Run(ctx, func(context.Context, ingest.Partition) (ingest.Handler, error) { return p, nil })
	bar.done()
	if err = errors.Join(err, ctx.Err()); err != nil {
		return nil, err
	}
	last := time.UnixMilli(p.span.last).UTC()
	switch {
	case p.span.last == 0:
		return nil, usageError{fmt.Errorf("nothing in the files happened before %s; `unopened check --events FILE` tells what they hold", f.until)}
	case p.late > 0:
		return nil, usageError{fmt.Errorf("line %d of the files together happened %s before one above it, and what comes more than engine.window (%s) behind is refused as late: sort the lines by time",
			p.late, ms(p.behind), cfg.Engine.Window)}
	case f.offsets == nil && last.Before(f.at.Add(-f.margin)):
		return nil, usageError{fmt.Errorf("the files end at %s, and the topic is read from %s on: what happened between would be missing. Give a --until of at most %[1]s, or a --margin of at least %[3]s",
			last.Format(time.RFC3339), f.at.Add(-f.margin).UTC().Format(time.RFC3339), f.at.Sub(last).Round(time.Second)+time.Second)}
	}
	return p, nil
}

// Resume is the first line.
func (p *past) Resume() int64 { return 0 }

// Close has nothing to keep.
func (p *past) Close(context.Context) error { return nil }

// Handle takes lines into the digest and looks at their times.
func (p *past) Handle(_ context.Context, b ingest.Batch) error {
	for i := range b.Records {
		r := &b.Records[i]
		p.lines++
		p.number(int64(r.Size))
		p.sum.Write(r.Value)
		if p.decoder.Read(&p.event, r) != ingest.Accepted || p.event.At >= p.until {
			continue
		}
		if behind := p.span.last - p.event.At; behind > p.window && p.late == 0 {
			p.late, p.behind = p.lines, behind
		}
		p.span.add(p.event.At)
	}
	return nil
}

// number takes a number into the digest.
func (p *past) number(n int64) { p.sum.Write(binary.BigEndian.AppendUint64(nil, uint64(n))) }

// digest names the history: the same lines up to the same time.
func (p *past) digest() [16]byte { return [16]byte(p.sum.Sum(nil)) }

// watched is a source of which a bar shows how far it was read.
type watched struct {
	ingest.Source
	bar progress
}

// Run runs the source.
func (w watched) Run(ctx context.Context, open func(context.Context, ingest.Partition) (ingest.Handler, error)) error {
	return w.Source.Run(ctx, func(ctx context.Context, p ingest.Partition) (ingest.Handler, error) {
		h, err := open(ctx, p)
		return watchedHandler{h, w.bar}, err
	})
}

// watchedHandler moves the bar on with each batch.
type watchedHandler struct {
	ingest.Handler
	bar progress
}

// Handle hands the batch on.
func (w watchedHandler) Handle(ctx context.Context, b ingest.Batch) error {
	w.bar.add(len(b.Records))
	return w.Handler.Handle(ctx, b)
}
