package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/unopened/unopened/ingest"
)

// build makes a shard of the new topic out of those of the old one, which are read one by one, so that no more than one
// of each is in memory.
func (r *Repartition) build(ctx context.Context, k int, before *Moved) (*shard, error) {
	s, err := r.Engine.newShard(ingest.Partition{Topic: r.To, ID: k, Count: r.New})
	if err != nil {
		return nil, err
	}
	mine := func(id ingest.SubjectID) bool { return ingest.PartitionOf(id, r.New) == k }
	for _, j := range r.parents(k) {
		old, err := r.load(ctx, j)
		if err == nil {
			err = s.table.Adopt(old.table, mine)
		}
		if err == nil {
			err = s.window.adopt(old.window)
		}
		if err != nil {
			return nil, fmt.Errorf("moving partition %d of %s: %w", j, r.From, err)
		}
		s.policy.Adopt(old.policy, mine)
	}
	for _, c := range before.causes {
		s.causes.Fresh(&c)
	}
	s.sealed.head.First, s.sealed.head.Next = before.first, 0
	return s, s.fits()
}

// fits refuses a state above the ceilings of the config, at which a shard would give up accounts or hours at once.
func (s *shard) fits() error {
	cfg := &s.engine.Config
	if bytes, most := s.table.Bytes(), s.engine.Features.MemoryMiB<<20; most > 0 && bytes >= most {
		return fmt.Errorf("partition %d of %s would have %d MiB of state, and features.memory_mib is %d: raise it, or take more partitions",
			s.part.ID, s.part.Topic, bytes>>20, most>>20)
	}
	if s.window.live > cfg.WindowIDs {
		return fmt.Errorf("partition %d of %s would remember %d ids of events, those of all partitions whose accounts it gets, and engine.window_ids is %d: raise it for the time of engine.window (%s)",
			s.part.ID, s.part.Topic, s.window.live, cfg.WindowIDs, cfg.Window)
	}
	return nil
}

// retire takes over split's checkpoints and the old shards', and writes into them where they go on: a service of the old
// configuration then refuses to start, and one that is still at work can seal nothing more. What was sealed since the
// survey shows first: of split it would be entries that no old shard has had.
func (r *Repartition) retire(ctx context.Context, before *Moved) error {
	var seals []*sealed
	for id, was := range before.split {
		s, err := r.splitSeal(ctx, id)
		if err != nil {
			return err
		}
		if s.head.Generation != was.Generation {
			return fmt.Errorf("%w: partition %d of %s was split meanwhile; stop every member and begin again", ErrNotAtRest, id, r.Raw)
		}
		seals = append(seals, s)
	}
	for _, s := range seals {
		if err := r.hand(ctx, s); err != nil {
			return err
		}
	}
	for j, was := range before.score {
		s, err := r.load(ctx, j)
		if err != nil {
			return err
		}
		if s.sealed.head.Generation != was.Generation {
			return fmt.Errorf("%w: partition %d of %s was sealed meanwhile; stop every member and begin again", ErrNotAtRest, j, r.From)
		}
		if err := r.hand(ctx, &s.sealed); err != nil {
			return err
		}
	}
	return nil
}

// hand writes the next generations of a checkpoint, which say that it goes on in the new topic: two, so that one damaged
// file sends nobody back to the old one.
func (r *Repartition) hand(ctx context.Context, s *sealed) error {
	if s.head.Account == r.To {
		return nil
	}
	s.head.Account = r.To
	err := s.claim(ctx)
	if err == nil {
		err = s.claim(ctx)
	}
	if errors.Is(err, ErrFenced) {
		err = fmt.Errorf("%w: stop every member and begin again: %w", ErrNotAtRest, err)
	}
	if err != nil {
		return fmt.Errorf("writing into the checkpoint of %s where it goes on: %w", s.head.folder(), err)
	}
	return nil
}
