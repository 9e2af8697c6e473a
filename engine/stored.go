package engine

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// store puts a file into the vault, again and again until it is there, and removes what is not needed after it; pruned
// tells whether that is gone. Somebody else's file in its place, or one after it, means that the partition has another
// owner: the place may be free again because that one has removed what was there.
func (s *sealed) store(ctx context.Context, h *Head, data []byte) (pruned bool, err error) {
	err = s.insist(ctx, "a checkpoint cannot be stored; it is tried again, and a crash meanwhile reads the log again from the one before", h.file(),
		func() error { return s.put(ctx, h, data) },
		func(err error) bool { return errors.Is(err, ErrFenced) || errors.Is(err, ErrBroken) })
	return err == nil && s.prune(ctx, h), err
}

// insist tries until it succeeds, or fails in a way that is final, and tells now and then that it does.
func (s *sealed) insist(ctx context.Context, trouble, where string, try func() error, final func(error) bool) error {
	logged, wait := time.Time{}, firstStoreWait
	for {
		err := try()
		if err == nil || final(err) || ctx.Err() != nil {
			return err
		}
		s.counts.failures.Add(1)
		if time.Since(logged) > storeLogEvery {
			logged = time.Now()
			s.log.Error(trouble, "file", where, "error", err)
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(wait):
			wait = min(2*wait, lastStoreWait)
		}
	}
}

// put tries once to have a file in the vault, behind all others.
func (s *sealed) put(ctx context.Context, h *Head, data []byte) error {
	err := s.vault.Put(ctx, h.file(), data)
	if errors.Is(err, ErrTaken) {
		var ours bool
		if ours, err = holds(ctx, s.vault, h.file(), data); err == nil && !ours {
			return ErrFenced
		}
	}
	if err != nil {
		return err
	}
	all, err := s.generations(ctx)
	if err == nil && len(all) == 0 {
		return fmt.Errorf("%s was stored and is not there", h.file())
	}
	if err == nil && all[len(all)-1] > h.Generation {
		return errors.Join(ErrFenced, s.vault.Remove(ctx, h.file()))
	}
	return err
}

// prune removes, behind the last file of a sweep, what the sweep before made needless, and tells whether all of it is
// gone. So there are always two ways to the present state. What cannot be removed is when the next sweep ends.
func (s *sealed) prune(ctx context.Context, h *Head) bool {
	if h.Step < h.Of || h.Of == 0 {
		return true
	}
	keep := s.head.Generation
	if len(s.head.Needs) > 0 {
		keep = s.head.Needs[0]
	}
	generations, err := s.generations(ctx)
	for _, g := range generations {
		if old := (Head{Role: h.Role, Topic: h.Topic, Partition: h.Partition, Generation: g}); g < keep {
			err = errors.Join(err, s.vault.Remove(ctx, old.file()))
		}
	}
	if err != nil {
		s.log.Warn("old checkpoints were not removed", "before", h.file(), "error", err)
	}
	return err == nil
}
