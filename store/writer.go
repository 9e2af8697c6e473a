package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/unopened/unopened/alerts"
	"github.com/unopened/unopened/ingest"
	"github.com/unopened/unopened/models"
)

// ErrEnded tells that rows were lost because the store has ended. Whoever recorded them must not count them as done.
var ErrEnded = errors.New("the store ended before all rows were written")

// blocks is how many batches a writer has: the one that it fills and those on their way. When none is left it waits.
const blocks = 3

// Writer gathers the rows of one shard and has them sent in the background. One goroutine calls it (engine.Recorder).
// What is handed over is copied; once the first batches have grown nothing is allocated for a row.
type Writer struct {
	store *Store
	block *block      // being filled
	free  chan *block // the others, when they are not on their way
	where ingest.Position
	lost  bool

	sent  int64 // blocks sent off; the number of the last one
	mu    sync.Mutex
	away  []int64   // the numbers of those not acknowledged yet: several senders take them, so any may come home first
	waits []flushed // for all up to a number to be home
}

// flushed is a wait of Flush: stored is closed when no block up to the number is away.
type flushed struct {
	sent   int64
	stored chan struct{}
}

// block is a batch of rows with the memory that they point into.
type block struct {
	owner    *Writer
	number   int64 // among those that its owner has sent off
	events   []eventRow
	verdicts []verdictRow
	features []featureRow
	reasons  []models.Reason
	values   []float32
}

// Writer returns a writer for one shard.
func (s *Store) Writer() *Writer {
	w := &Writer{store: s, block: &block{}, free: make(chan *block, blocks), where: ingest.Position{Offset: -1}}
	w.block.owner = w
	for range blocks - 1 {
		w.free <- &block{owner: w}
	}
	return w
}

// Event records a side that was applied to an account, unless no events are kept. It waits while ClickHouse is behind.
func (w *Writer) Event(ev *ingest.Event, at ingest.Position) {
	if w.store.cfg.KeepEvents == 0 {
		return
	}
	b := w.room()
	b.events = append(b.events, eventRow{*ev, at})
}

// Finding records one harm of a verdict, and its feature vector once for all harms of the verdict. It waits while
// ClickHouse is behind. The last findings of a replay (Final) are left out: they have no place in the log.
func (w *Writer) Finding(f *alerts.Finding) {
	if f.Final {
		return
	}
	b, v := w.room(), f.Verdict
	from := len(b.reasons)
	b.reasons = append(b.reasons, f.Reasons...)
	b.verdicts = append(b.verdicts, verdictRow{
		account: v.Account, event: v.Event, at: v.At, where: v.Where, score: v.Scores[f.Harm], model: f.Model,
		reasons: b.reasons[from:], events: v.Vector.Events, harm: f.Harm, severity: f.Severity, shadow: f.Shadow,
	})
	if v.Where == w.where {
		return
	}
	w.where = v.Where
	from = len(b.values)
	b.values = append(b.values, v.Vector.X...)
	b.features = append(b.features, featureRow{v.Account, v.At, v.Where, v.Vector.Seen, v.Vector.Events, b.values[from:]})
}

// Flush sends off what there is. Its wait returns when ClickHouse has acknowledged every row recorded before, or with an
// error when its context or the store is done before.
func (w *Writer) Flush() func(context.Context) error {
	if w.block.rows() > 0 {
		w.handOver()
	}
	stored := make(chan struct{})
	w.mu.Lock()
	w.waits = append(w.waits, flushed{w.sent, stored})
	w.settle()
	w.mu.Unlock()
	lost := w.lost
	return func(ctx context.Context) error {
		select {
		case <-stored:
		case <-w.store.ended.Done():
			select {
			case <-stored:
			default:
				lost = true
			}
		case <-ctx.Done():
			return fmt.Errorf("waiting for ClickHouse to take the last rows: %w", ctx.Err())
		}
		if lost {
			return ErrEnded
		}
		return nil
	}
}

// room returns a block with room for another row; a full one is handed over.
func (w *Writer) room() *block {
	if w.block.rows() >= w.store.cfg.BatchRows {
		w.handOver()
	}
	return w.block
}

// handOver has the block sent and takes another one, waiting for one if need be. When the store has ended, its rows
// are lost, and Flush says so.
func (w *Writer) handOver() {
	w.mu.Lock()
	w.sent++
	w.block.number = w.sent
	w.away = append(w.away, w.sent)
	w.mu.Unlock()
	select {
	case w.store.work <- w.block:
		select {
		case w.block = <-w.free:
			return
		case <-w.store.ended.Done():
			w.block = &block{owner: w}
		}
	case <-w.store.ended.Done():
		w.block.reset()
	}
	w.lost = true
}

// rows is how many rows the block has.
func (b *block) rows() int { return len(b.events) + len(b.verdicts) + len(b.features) }

// add appends another block's rows, which go on pointing into that one's memory.
func (b *block) add(other *block) {
	b.events = append(b.events, other.events...)
	b.verdicts = append(b.verdicts, other.verdicts...)
	b.features = append(b.features, other.features...)
}

// acknowledge tells that the block's rows are stored, and gives it back.
func (b *block) acknowledge() {
	w := b.owner
	w.mu.Lock()
	w.away = slices.DeleteFunc(w.away, func(n int64) bool { return n == b.number })
	w.settle()
	w.mu.Unlock()
	b.reset()
	w.free <- b
}

// settle ends the waits for which nothing is away any more; the lock is held.
func (w *Writer) settle() {
	w.waits = slices.DeleteFunc(w.waits, func(f flushed) bool {
		home := !slices.ContainsFunc(w.away, func(n int64) bool { return n <= f.sent })
		if home {
			close(f.stored)
		}
		return home
	})
}

// reset empties the block and keeps its memory.
func (b *block) reset() {
	b.events, b.verdicts, b.features = b.events[:0], b.verdicts[:0], b.features[:0]
	b.reasons, b.values = b.reasons[:0], b.values[:0]
}
