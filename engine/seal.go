package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/unopened/unopened/ingest"
)

// sealed is a role's checkpoint of one partition: what it is of, what is in it, and the file that is on its way. Without
// a vault (a replay) nothing is kept.
//
// A seal takes a snapshot between two batches and hands it to a goroutine that stores it, once what the role sent out
// before is durable. The role goes on meanwhile; only one file is on its way at a time, and what cannot be stored is
// tried again while changes gather in memory. The role waits for nothing but the snapshot.
type sealed struct {
	vault    Vault
	sections []Section
	every    time.Duration
	sweeps   sweeps
	log      *slog.Logger
	counts   *sealCounts
	head     Head  // of the last file that is durable
	size     int64 // its bytes
	newest   int64 // the greatest generation that there is, sound or not
	renew    int   // sweeps to be made besides the usual ones
	next     int64 // where the state stands, -1 where nothing was read
	open     bool  // a batch was begun and not finished: the state is ahead of next and must not be sealed
	last     time.Time
	flight   *flight
}

// flight is a file on its way to the vault.
type flight struct {
	head Head
	size int64
	done chan error
	stop context.CancelFunc
}

// sealBytes is how much may change before a checkpoint is written, whatever the time: a snapshot of it takes some
// milliseconds.
const sealBytes = 16 << 20

// Waits between attempts to store a file, and between two lines of the log about them.
const (
	firstStoreWait = 100 * time.Millisecond
	lastStoreWait  = 5 * time.Second
	storeLogEvery  = 30 * time.Second
)

// ErrFenced says that another process has sealed the partition since this one took it over: its state goes on there, and
// this one can count for nothing any more.
var ErrFenced = errors.New("another process holds the partition's checkpoint")

// sealCounts are an engine's counters of seals; pauses are in microseconds.
type sealCounts struct{ stored, failures, bytes, pause, longest atomic.Int64 }

// begin marks that the state moves on.
func (s *sealed) begin() { s.open = true }

// durable is the flush of a role that records nothing: what it sends out is durable before a batch ends.
func durable() func(context.Context) error { return func(context.Context) error { return nil } }

// after ends a batch: everything before next is in the state and out of the role's hands. When it is time it begins the
// next seal, for which flush returns a wait until what the role has recorded is durable.
func (s *sealed) after(ctx context.Context, next int64, flush func() func(context.Context) error) error {
	s.next, s.open = next, false
	err := s.poll()
	if err == nil && s.due() {
		return s.start(flush())
	}
	if errors.Is(err, ErrFenced) {
		return s.yield(ctx, err)
	}
	return err
}

// passes is how many offsets a batch takes the role on, gaps included.
func (s *sealed) passes(b *ingest.Batch) int64 {
	if s.next < 0 {
		return int64(len(b.Records)) + b.Gap
	}
	return b.Next - s.next
}

// yieldTime is how long a handler whose partition has another owner waits to be told so by its source.
const yieldTime = time.Minute

// yield waits for the end of a generation that is over for everybody else.
func (s *sealed) yield(ctx context.Context, err error) error {
	s.log.Warn("a partition has another owner; this one stops and counts for nothing", "role", s.head.Role, "topic", s.head.Topic,
		"partition", s.head.Partition)
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(yieldTime):
		return fmt.Errorf("%w, and yet the log still gives it to this one: is a second deployment using the same checkpoints?", err)
	}
}

// forget has all files that there are replaced, since somebody was erased whom they name: by three sweeps, for the first
// begins with the erasure itself, and the chain before the last one is kept too; by one more where one is under way.
func (s *sealed) forget() {
	s.renew = 3
	if s.flight != nil || s.head.Step < s.head.Of {
		s.renew = 4
	}
}

// due tells whether it is time for the next file.
func (s *sealed) due() bool {
	if s.vault == nil || s.flight != nil {
		return false
	}
	changed := int64(0)
	for i := range s.sections {
		changed += s.sections[i].State.Changed()
	}
	return changed >= sealBytes || time.Since(s.last) >= s.every
}

// start takes a snapshot and sends it on its way; it is stored when durable has returned. Nothing happens where there is
// nothing new, where a batch was left unfinished (the log is read again from the last file), or while one is on its way.
func (s *sealed) start(durable func(context.Context) error) error {
	if s.vault == nil || s.open || s.flight != nil || s.next == s.head.Next && s.renew == 0 {
		return nil
	}
	begin := time.Now()
	s.last = begin
	head := s.follow()
	data, err := encode(&head, s.sections)
	if err != nil {
		return fmt.Errorf("checkpoint of %s: %w", head.file(), err)
	}
	pause := time.Since(begin).Microseconds()
	s.counts.pause.Add(pause)
	s.counts.longest.Store(max(s.counts.longest.Load(), pause))
	ctx, stop := context.WithCancel(context.Background())
	s.flight = &flight{head: head, size: int64(len(data)), done: make(chan error, 1), stop: stop}
	go func(f *flight) {
		err := durable(ctx)
		if err == nil {
			err = s.store(ctx, &f.head, data)
		}
		f.done <- err
	}(s.flight)
	return nil
}

// poll sees whether the file on its way has come to its end.
func (s *sealed) poll() error {
	if s.flight == nil {
		return nil
	}
	select {
	case err := <-s.flight.done:
		return s.land(err)
	default:
		return nil
	}
}

// wait waits for the file on its way; when ctx is done it is given up.
func (s *sealed) wait(ctx context.Context) error {
	if s.flight == nil {
		return nil
	}
	defer context.AfterFunc(ctx, s.flight.stop)()
	return s.land(<-s.flight.done)
}

// land books the end of the file that was on its way.
func (s *sealed) land(err error) error {
	f := s.flight
	s.flight = nil
	f.stop()
	if err != nil {
		return fmt.Errorf("checkpoint %s: %w", f.head.file(), err)
	}
	if f.head.Of > 0 && f.head.Step == f.head.Of {
		s.renew = max(s.renew-1, 0)
	}
	s.head, s.size, s.newest = f.head, f.size, f.head.Generation
	s.counts.stored.Add(1)
	s.counts.bytes.Add(f.size)
	return nil
}

// seal seals the state as it stands and returns when that is durable, with all that the role has recorded.
func (s *sealed) seal(ctx context.Context, durable func(context.Context) error) error {
	if s.vault == nil {
		return durable(ctx)
	}
	if err := s.wait(ctx); err != nil {
		return err
	}
	if err := s.start(durable); err != nil {
		return err
	}
	return s.wait(ctx)
}

// store puts a file into the vault, again and again until it is there, and removes what is not needed after it. Somebody
// else's file in its place means that the partition has another owner.
func (s *sealed) store(ctx context.Context, h *Head, data []byte) error {
	logged, wait := time.Time{}, firstStoreWait
	for {
		err := s.vault.Put(ctx, h.file(), data)
		switch {
		case err == nil:
			s.prune(ctx, h)
			return nil
		case errors.Is(err, ErrTaken):
			if holds(ctx, s.vault, h.file(), data) {
				return nil // it is ours: the answer to an earlier attempt was lost
			}
			return ErrFenced
		case errors.Is(err, ErrBroken), ctx.Err() != nil:
			return err
		}
		s.counts.failures.Add(1)
		if time.Since(logged) > storeLogEvery {
			logged = time.Now()
			s.log.Error("a checkpoint cannot be stored; it is tried again, and a crash meanwhile reads the log again from the one before",
				"file", h.file(), "error", err)
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(wait):
			wait = min(2*wait, lastStoreWait)
		}
	}
}

// prune removes, behind the last file of a sweep, what the sweep before made needless. So there are always two ways to
// the present state. What cannot be removed is when the next sweep ends.
func (s *sealed) prune(ctx context.Context, h *Head) {
	if h.Of == 0 || h.Step < h.Of || len(s.head.Needs) == 0 {
		return
	}
	generations, err := s.generations(ctx)
	for _, g := range generations {
		if old := (Head{Role: h.Role, Topic: h.Topic, Partition: h.Partition, Generation: g}); g < s.head.Needs[0] {
			err = errors.Join(err, s.vault.Remove(ctx, old.file()))
		}
	}
	if err != nil {
		s.log.Warn("old checkpoints were not removed", "before", h.file(), "error", err)
	}
}
