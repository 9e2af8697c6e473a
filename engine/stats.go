package engine

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math/bits"
	"time"

	"github.com/unopened/unopened/alerts"
)

// Stats are the engine's counters over all partitions that it holds.
type Stats struct {
	Split    SplitCounts
	Sides    SideCounts
	Desk     DeskCounts
	Outbox   []alerts.EndpointCounts
	Accounts int
	Shrunk   int64         // how often a window gave up an hour for its ceiling
	Window   int64         // the shortest reach of a window for repeats, ms of event time
	Evicted  int64         // accounts that made room at the memory ceiling
	Dropped  int64         // contact entries that made room
	Paused   time.Duration // for which partitions stood still for their seals, added up
}

// Pending is the number of deliveries that are still to be made.
func (s *Stats) Pending() (n int64) {
	for i := range s.Outbox {
		n += s.Outbox[i].Pending
	}
	return n
}

// Sent is the number of deliveries that an endpoint has taken.
func (s *Stats) Sent(endpoint string) int64 {
	for i := range s.Outbox {
		if s.Outbox[i].Name == endpoint {
			return s.Outbox[i].Sent
		}
	}
	return 0
}

// held names a partition that is open in a role.
type held struct {
	role      string
	partition int
}

// shardSize is what one shard holds.
type shardSize struct {
	accounts int
	shrunk   int64
	reach    int64
	evicted  int64
	dropped  int64
}

// publishSplit shows a partition's counters to other goroutines.
func (e *Engine) publishSplit(partition int, c *SplitCounts) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.split[partition] = *c
	e.beats[held{"split", partition}] = time.Now().UnixMilli()
}

// publishShard shows a shard's counters to other goroutines.
func (e *Engine) publishShard(s *shard) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.score[s.part.ID] = s.counts
	e.beats[held{"score", s.part.ID}] = time.Now().UnixMilli()
	evicted, dropped := s.table.Evicted()
	e.sizes[s.part.ID] = shardSize{s.table.Len(), s.window.shrunk, s.window.reach(), int64(evicted), int64(dropped)}
}

// publishDesk shows the desk's counters to other goroutines.
func (e *Engine) publishDesk(d *deskHandler) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.deskCounts = d.counts
	e.beats[held{"desk", d.part.ID}] = time.Now().UnixMilli()
}

// rest forgets when a partition took its last batch: it is no longer open.
func (e *Engine) rest(role string, partition int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.beats, held{role, partition})
}

// lastBatches are the times at which each open partition took its last batch, Unix milliseconds.
func (e *Engine) lastBatches() map[held]int64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return maps.Clone(e.beats)
}

// closeShard keeps the state hash of a shard that ends.
func (e *Engine) closeShard(s *shard) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed[s.part.ID] = s.table.Hash()
}

// taken tells whether a handler is closed because its partition went to another member, rather than at the end: then its
// counters are the other member's.
func (e *Engine) taken() bool { return e.live && e.context.Err() == nil }

// forgetSplit and forgetShard take a partition's counters out.
func (e *Engine) forgetSplit(partition int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.split, partition)
}

func (e *Engine) forgetShard(partition int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.score, partition)
	delete(e.sizes, partition)
	delete(e.closed, partition)
}

// setDesk keeps account of the desk that is open; of one that was closed at the end, its last counters.
func (e *Engine) setDesk(d *deskHandler) {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case d == nil && e.taken():
		e.deskCounts, e.outbox = DeskCounts{}, nil
	case d == nil && e.desk != nil:
		e.outbox = e.desk.desk.Counts()
	}
	e.desk = d
}

// Stats returns the counters as they stood after each partition's last batch.
func (e *Engine) Stats() Stats {
	e.mu.Lock()
	defer e.mu.Unlock()
	sum := Stats{Desk: e.deskCounts, Outbox: e.outbox, Paused: time.Duration(e.seals.pause.Load()) * time.Microsecond}
	for _, c := range e.split {
		sum.Split.Add(&c)
	}
	for _, c := range e.score {
		sum.Sides.Add(&c)
	}
	for _, size := range e.sizes {
		sum.Accounts += size.accounts
		sum.Shrunk += size.shrunk
		if sum.Window == 0 || size.reach > 0 && size.reach < sum.Window {
			sum.Window = size.reach
		}
		sum.Evicted += size.evicted
		sum.Dropped += size.dropped
	}
	if e.desk != nil {
		sum.Outbox = e.desk.desk.Counts()
	}
	return sum
}

// StateHash returns the sum of the state hashes of the shards that were closed: a hash of what the engine knows,
// independent of batches, of the number of shards and of the order in which accounts came.
func (e *Engine) StateHash() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	var sum stateHash
	for _, h := range e.closed {
		sum.add(h)
	}
	return sum.String()
}

// stateHash is a sum of hashes, as one number of 128 bits.
type stateHash struct{ high, low uint64 }

// add adds h to s.
func (s *stateHash) add(h [16]byte) {
	var carry uint64
	s.low, carry = bits.Add64(s.low, binary.BigEndian.Uint64(h[8:]), 0)
	s.high, _ = bits.Add64(s.high, binary.BigEndian.Uint64(h[:8]), carry)
}

// String is the hash in hexadecimal.
func (s *stateHash) String() string { return fmt.Sprintf("%016x%016x", s.high, s.low) }
