package engine

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/unopened/unopened/ingest"
)

// ErrSplitBefore says that raw partitions were split already, so that a history would come after what follows it.
var ErrSplitBefore = errors.New("the raw topic was split before")

// History is a warm-up: events of files are split into the account topic ahead of those of the raw topic. Its sides have
// a cause of their own (ingest.OriginHistory), so that shards drop what was written again after a crash, and its
// checkpoint goes on where it was. What the files and the raw topic both have is recognised by the shards' window.
type History struct {
	Engine *Engine
	Digest [16]byte // of the lines and of the cut-over: another digest is another history
	Cut    Cut      // where the raw topic goes on; set by Begin, or found by Open

	split *splitter
}

// Cut is where a history ends and live reading begins.
type Cut struct {
	Topic   string  `json:"topic"`
	Until   int64   `json:"until"`   // Unix milliseconds: events of this time or later come by the topic
	Offsets []int64 `json:"offsets"` // by partition: the first that is read
	Times   []int64 `json:"times"`   // of the records there, Unix milliseconds; 0 where it is not known
}

// Name is what the history is called in checkpoints and dead letters.
func (h *History) Name() string { return "history-" + hex.EncodeToString(h.Digest[:]) }

// Open restores what was sealed of the history, and tells whether it was begun before: then Cut is that of then. It
// refuses with ErrSplitBefore if a raw partition was split since.
func (h *History) Open(ctx context.Context) (begun bool, err error) {
	h.split = &splitter{
		engine: h.Engine, role: "history", part: ingest.Partition{Topic: h.Name(), Count: 1},
		from: ingest.Cause{Origin: ingest.OriginHistory, Incarnation: binary.BigEndian.Uint32(h.Digest[:])},
	}
	if err := h.split.open(ctx, Section{"cut", whole{jsonState{&h.Cut}}}); err != nil {
		return false, err
	}
	h.split.until = h.Cut.Until
	if h.split.sealed.next < 0 {
		return false, nil
	}
	_, err = h.seams(ctx)
	return true, err
}

// Begin seals where the history ends, before anything of it is written: from then on it can be killed at any moment and
// opened again. It refuses with ErrSplitBefore if there is a checkpoint of a raw partition.
func (h *History) Begin(ctx context.Context, cut Cut) error {
	h.Cut, h.split.until = cut, cut.Until
	seams, err := h.seams(ctx)
	if err != nil {
		return err
	}
	if len(seams) < len(cut.Offsets) {
		return ErrSplitBefore
	}
	h.split.sealed.next, h.split.next = 0, 0
	return h.split.sealed.seal(ctx, durable())
}

// Read splits what the source has of the history, from where it was sealed, and closes it. The source's partition may
// have any name.
func (h *History) Read(ctx context.Context, source ingest.Source) error {
	err := source.Run(ctx, func(context.Context, ingest.Partition) (ingest.Handler, error) { return h.split, nil })
	return errors.Join(err, ctx.Err())
}

// CutOver seals the split role's checkpoint of each raw partition where the history ends. It may be called again after a
// crash: what it has sealed stands. It refuses with ErrSplitBefore if a partition was split meanwhile.
func (h *History) CutOver(ctx context.Context) error {
	seams, err := h.seams(ctx)
	if err != nil {
		return err
	}
	for id, seam := range seams {
		err := seam.load(ctx)
		if err == nil {
			seam.next = h.Cut.Offsets[id]
			err = seam.seal(ctx, durable())
		}
		if err != nil {
			return fmt.Errorf("sealing where partition %d of %s begins: %w", id, h.Cut.Topic, err)
		}
	}
	return nil
}

// seams are the split role's checkpoints that are still to be sealed, by partition. One that stands where the history
// ends was sealed before; one that stands elsewhere, or has counted, is not of this history. They are looked at only: to
// take them over would stop a service that is running.
func (h *History) seams(ctx context.Context) (map[int]*sealed, error) {
	open := make(map[int]*sealed)
	for id, offset := range h.Cut.Offsets {
		var counts SplitCounts
		seam := h.Engine.sealed("split", ingest.Partition{Topic: h.Cut.Topic, ID: id, Count: len(h.Cut.Offsets)}, Section{"counts", whole{jsonState{&counts}}})
		if err := seam.look(ctx); err != nil {
			return nil, err
		}
		switch next := seam.head.Next; {
		case next < 0:
			open[id] = &seam
		case next != offset || counts.Offsets > 0:
			return nil, ErrSplitBefore
		}
	}
	return open, nil
}
