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
// tried again while changes gather in memory. The role stands still for the snapshot, and where it records rows for room to send
// them off.
type sealed struct {
	vault    Vault
	sections []Section
	every    time.Duration
	sweeps   sweeps
	log      *slog.Logger
	counts   *sealCounts
	head     Head  // of the last file that is durable
	newest   int64 // the greatest generation that there is, sound or not
	renew    int   // sweeps to be made besides the usual ones
	next     int64 // where the state stands, -1 where nothing was read
	open     bool  // a batch was begun and not finished: the state is ahead of next and must not be sealed
	last     time.Time
	flight   *flight
	room     []byte // for the next copy: to get fresh pages takes longer than to fill them
	failed   error  // why the file on its way did not arrive: its changes are in no other, so nothing may follow it
}

// flight is a file on its way to the vault.
type flight struct {
	head   Head
	size   int64  // bytes of the file
	room   []byte // memory that can be used again
	pruned bool   // what the file made needless is gone
	done   chan error
	stop   context.CancelFunc
}

// sealBytes is how much may change before a checkpoint is written, whatever the time. What one batch changes comes on
// top, and what changes while the file before is on its way. `make bench` has the pause.
const sealBytes = 8 << 20

// roomMost is how much memory a partition keeps for its next file.
const roomMost = 32 << 20

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

// paused counts the time for which a partition stood still.
func (c *sealCounts) paused(d time.Duration) {
	us := d.Microseconds()
	c.pause.Add(us)
	for before := c.longest.Load(); us > before && !c.longest.CompareAndSwap(before, us); before = c.longest.Load() {
	}
}

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

// forget has all files that there are replaced, since somebody was erased whom they name: by four sweeps, for the first
// begins with the erasure itself, the chain before the last one is kept too, and a crash may come between the end of a
// sweep and the removal of what it made needless; by one more where one is under way.
func (s *sealed) forget() {
	s.renew = 4
	if s.flight != nil || s.head.Step < s.head.Of {
		s.renew = 5
	}
}

// hasty is the time between two files of a sweep, so that one comes to its end before the partition moves again.
const hasty = time.Second

// due tells whether it is time for the next file and there is something for it.
func (s *sealed) due() bool {
	if s.vault == nil || s.flight != nil || !s.news() {
		return false
	}
	every := s.every
	if s.head.Step < s.head.Of {
		every = min(every, hasty)
	}
	return time.Since(s.last) >= every || s.changed() >= sealBytes
}

// news tells whether the state is not that of the last file, or somebody was erased from it.
func (s *sealed) news() bool { return s.next != s.head.Next || s.renew > 0 || s.changed() > 0 }

// start takes a snapshot and sends it on its way; it is stored when durable has returned. Nothing happens where there is
// nothing new, where a batch was left unfinished (the log is read again from the last file), or while one is on its way.
func (s *sealed) start(durable func(context.Context) error) error {
	if s.failed != nil {
		return s.failed
	}
	if s.vault == nil || s.open || s.flight != nil || !s.news() {
		return nil
	}
	begin := time.Now()
	s.last = begin
	head := s.follow()
	copied, err := drafted(s.room, &head, s.sections)
	if err != nil {
		s.failed = fmt.Errorf("checkpoint of %s: %w", head.file(), err)
		return s.failed
	}
	s.counts.paused(time.Since(begin))
	ctx, stop := context.WithCancel(context.Background())
	s.room = nil
	s.flight = &flight{head: head, done: make(chan error, 1), stop: stop}
	go func(f *flight) { f.done <- s.send(ctx, f, copied, durable) }(s.flight)
	return nil
}

// send makes a file of what was copied and stores it when durable has returned.
func (s *sealed) send(ctx context.Context, f *flight, copied *draft, durable func(context.Context) error) error {
	data, err := encode(nil, &f.head, s.sections, copied.write)
	clear(copied.data)                // who is erased stays in no memory
	if cap(copied.data) <= roomMost { // else it is for once
		f.room = copied.data
	}
	if err == nil {
		err = durable(ctx)
	}
	if err == nil {
		f.size = int64(len(data))
		f.pruned, err = s.store(ctx, &f.head, data)
	}
	return err
}

// poll sees whether the file on its way has come to its end.
func (s *sealed) poll() error {
	if s.flight == nil {
		return s.failed
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
		return s.failed
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
		s.failed = fmt.Errorf("checkpoint %s: %w", f.head.file(), err)
		return s.failed
	}
	if f.head.Step == f.head.Of && f.pruned {
		s.renew = max(s.renew-1, 0)
	}
	s.head, s.newest, s.room = f.head, f.head.Generation, f.room
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

// leave seals at a handler's end. What cannot be sealed is read again, from the last file, by whoever comes next; only a
// storage that cannot be trusted is an error.
func (s *sealed) leave(ctx context.Context, durable func(context.Context) error) error {
	err := s.seal(ctx, durable)
	if err == nil || s.vault == nil || errors.Is(err, ErrBroken) {
		return err
	}
	s.log.Warn("a partition is given up without a new checkpoint; its log is read again from the last one",
		"role", s.head.Role, "topic", s.head.Topic, "partition", s.head.Partition, "next", s.head.Next, "error", err)
	return nil
}
