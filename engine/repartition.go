package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/unopened/unopened/ingest"
)

// Repartition moves what the shards of one account topic know to those of another, which has more or fewer partitions and
// no record yet. Nobody may be at work. Killed at any moment it can be begun again, until somebody has read of the new topic.
//
// It rests on this: every entry of the old topic was handled by its shard, and what split has written it has sealed. So
// the greatest cause of a source over all shards is the last one that any of them can get again. What the new topic gets
// from split goes on behind it. Shards of the new topic are sources that nobody has heard of: their numbers count on from
// those of the old one (Head.First). The desk's checkpoint stays as it is.
type Repartition struct {
	Engine        *Engine
	From, To      string // the account topics
	Old, New      int    // and how many partitions they have
	Raw           string // the raw topic
	RawPartitions int
	// Ends finds the offset after the last record of each partition of the old topic. It is asked after split's checkpoints
	// were looked at, so that it knows of all that they have sealed.
	Ends func(context.Context) ([]int64, error)
	Step func() // where set, told of each shard's checkpoint that was read; there are Steps
}

// Moved is what a Repartition has moved, or would.
type Moved struct {
	From      string       `json:"from"`
	To        string       `json:"to"`
	Accounts  int          `json:"accounts"`   // with events
	Places    int          `json:"places"`     // devices and networks
	Episodes  int          `json:"episodes"`   // of alerts
	StateHash string       `json:"state_hash"` // the same before and after
	Read      SideCounts   `json:"read"`       // of the old topic, to its end; those of the new one begin at 0
	Shards    []MovedShard `json:"shards"`     // by partition of the new topic
	hash      stateHash
	first     int           // of the new topic
	causes    ingest.Causes // the greatest of each source
	score     []Head        // the old shards' checkpoints
	split     []Head
}

// MovedShard is a shard of the new topic.
type MovedShard struct {
	Partition int   `json:"partition"`
	From      []int `json:"from"` // partitions of the old topic from which accounts come
	Accounts  int   `json:"accounts"`
	Places    int   `json:"places"`
	Episodes  int   `json:"episodes"`
	IDs       int   `json:"ids"`   // of events that are remembered: all those of the shards in From
	Bytes     int64 `json:"bytes"` // of the state in memory, without ids and episodes
}

// ErrNotAtRest says that the service is at work, or was not stopped in the way that a Repartition needs.
var ErrNotAtRest = errors.New("the service is not at rest")

// ErrReadBefore says that the new topic is in use.
var ErrReadBefore = errors.New("the new account topic is in use already")

// Steps is how many checkpoints of shards are read.
func (r *Repartition) Steps() (n int) {
	for k := range r.New {
		n += len(r.parents(k))
	}
	return n + 2*r.Old
}

// Run checks that the move can be made and makes it; with dry it does all but write. It wraps ErrNotAtRest and
// ErrReadBefore.
func (r *Repartition) Run(ctx context.Context, dry bool) (*Moved, error) {
	before, err := r.survey(ctx)
	if err != nil {
		return nil, err
	}
	if err := r.splitAtRest(before); err != nil {
		return nil, err
	}
	if err := r.unread(ctx); err != nil {
		return nil, err
	}
	m := &Moved{From: r.From, To: r.To, Read: before.Read}
	for k := range r.New {
		s, err := r.build(ctx, k, before)
		if err != nil {
			return nil, err
		}
		m.add(s)
		shard := MovedShard{k, r.parents(k), s.table.Len(), s.table.Places(), s.policy.Episodes(), s.window.live, s.table.Bytes()}
		m.Shards = append(m.Shards, shard)
		if !dry {
			if err := SaveCheckpoint(ctx, r.Engine.Checkpoints, s.sealed.head, s.sealed.sections); err != nil {
				return nil, fmt.Errorf("writing the checkpoint of partition %d of %s: %w", k, r.To, err)
			}
		}
	}
	if m.hash != before.hash || m.Accounts != before.Accounts || m.Places != before.Places || m.Episodes != before.Episodes {
		return nil, fmt.Errorf("the new shards would have %d accounts, %d places and %d episodes with the hash %s, the old ones have %d, %d and %d with %s: nothing is moved, and this program is wrong",
			m.Accounts, m.Places, m.Episodes, m.hash.String(), before.Accounts, before.Places, before.Episodes, before.hash.String())
	}
	m.StateHash = m.hash.String()
	if dry {
		return m, nil
	}
	return m, r.retire(ctx, before)
}

// add counts a shard.
func (m *Moved) add(s *shard) {
	m.Accounts += s.table.Len()
	m.Places += s.table.Places()
	m.Episodes += s.policy.Episodes()
	m.hash.add(s.table.Hash())
}

// parents are the partitions of the old topic from which accounts of partition k of the new one come.
func (r *Repartition) parents(k int) (all []int) {
	for j := range r.Old {
		if ingest.PartitionsMeet(j, r.Old, k, r.New) {
			all = append(all, j)
		}
	}
	return all
}

// load returns the sealed shard of a partition of the old topic. Its checkpoint may be one that was moved here before.
func (r *Repartition) load(ctx context.Context, j int) (*shard, error) {
	s, err := r.Engine.newShard(ingest.Partition{Topic: r.From, ID: j, Count: r.Old})
	if err != nil {
		return nil, err
	}
	s.sealed.head.Account = ""
	if err := s.sealed.look(ctx); err != nil {
		return nil, err
	}
	s.counts.complete()
	if r.Step != nil {
		r.Step()
	}
	return s, r.mayMove(&s.sealed)
}

// mayMove refuses a checkpoint that goes with other topics than these two.
func (r *Repartition) mayMove(s *sealed) error {
	if into := s.head.Account; into != "" && into != r.From && into != r.To {
		return fmt.Errorf("the accounts of %s go on in topic %s already: set kafka.topics.account to that", r.From, into)
	}
	return nil
}

// survey looks at what split has sealed, and then at all shards of the old topic: each must have handled it to its end.
func (r *Repartition) survey(ctx context.Context) (*Moved, error) {
	m := &Moved{causes: ingest.Causes{}}
	for id := range r.RawPartitions {
		s, err := r.splitSeal(ctx, id)
		if err != nil {
			return nil, err
		}
		m.split = append(m.split, s.head)
	}
	ends, err := r.Ends(ctx)
	if err == nil && len(ends) != r.Old {
		err = fmt.Errorf("topic %s had %d partitions and has %d now", r.From, r.Old, len(ends))
	}
	if err != nil {
		return nil, err
	}
	for j := range r.Old {
		s, err := r.load(ctx, j)
		if err != nil {
			return nil, err
		}
		if err := r.atEnd(s, ends[j]); err != nil {
			return nil, err
		}
		m.add(s)
		m.Read.Add(&s.counts)
		m.first = max(m.first, s.sealed.head.First+r.Old)
		m.score = append(m.score, s.sealed.head)
		for _, c := range s.causes {
			if c.Origin != ingest.OriginAccount { // shards of the old topic send nothing any more
				m.causes.Fresh(&c)
			}
		}
	}
	return m, nil
}

// atEnd refuses a shard that has not handled its partition to the end.
func (r *Repartition) atEnd(s *shard, end int64) error {
	next := max(0, s.sealed.next)
	switch {
	case s.sealed.newest == 0 && end > 0:
		return fmt.Errorf("%w, or its checkpoints lie elsewhere: there is none of partition %d of %s here; copy the folder score of every member's engine.checkpoints into one",
			ErrNotAtRest, s.part.ID, r.From)
	case next != end:
		return fmt.Errorf("%w: partition %d of %s was handled up to %d of %d; let `unopened run --roles score` take it to its end, and stop it",
			ErrNotAtRest, s.part.ID, r.From, next, end)
	}
	return nil
}

// splitSeal is what split has sealed of a raw partition.
func (r *Repartition) splitSeal(ctx context.Context, id int) (*sealed, error) {
	s := r.Engine.sealed("split", ingest.Partition{Topic: r.Raw, ID: id, Count: r.RawPartitions}, Section{"counts", whole{jsonState{new(SplitCounts)}}})
	if err := s.look(ctx); err != nil {
		return nil, err
	}
	return &s, r.mayMove(&s)
}

// splitAtRest refuses where split would write again what some shards have had and others have not: an entry that one shard
// has lies at or beyond what split has sealed. A warm-up that has not come to its end has sealed nothing of the raw topic.
func (r *Repartition) splitAtRest(m *Moved) error {
	next, begun := make(map[int32]int64), false
	for id, h := range m.split {
		next[int32(id)], begun = h.Next, begun || h.Generation > 0
	}
	for _, c := range m.causes {
		switch {
		case c.Origin == ingest.OriginHistory && !begun:
			return fmt.Errorf("%w: a warm-up was not taken to its end, or the folder split of engine.checkpoints is missing here", ErrNotAtRest)
		case c.Origin == ingest.OriginRaw && c.Incarnation == r.Engine.Incarnation && next[c.Partition] <= c.Offset:
			return fmt.Errorf("%w: of partition %d of %s records up to %d were split and those before %d were sealed, as after a kill; start `unopened run`, stop it, and copy the folder split of every member's engine.checkpoints here",
				ErrNotAtRest, c.Partition, r.Raw, c.Offset, max(0, next[c.Partition]))
		}
	}
	return nil
}

// unread refuses a new topic of which somebody has handled anything.
func (r *Repartition) unread(ctx context.Context) error {
	for k := range r.New {
		s := r.Engine.sealed("score", ingest.Partition{Topic: r.To, ID: k, Count: r.New})
		all, err := s.generations(ctx)
		if err != nil {
			return err
		}
		for _, g := range all {
			head, err := s.read(ctx, g, nil)
			if err != nil && !errors.Is(err, ErrDamaged) {
				return err
			}
			if head.Next > 0 {
				return fmt.Errorf("%w: partition %d of %s was handled up to %d", ErrReadBefore, k, r.To, head.Next)
			}
		}
	}
	return nil
}
