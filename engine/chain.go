package engine

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path"
	"slices"
	"strings"
	"time"
)

// claims is how often a partition is taken over again from somebody who sealed at the same moment.
const claims = 10

// folder is where the files of a role's partition lie.
func (h *Head) folder() string { return path.Join(h.Role, fmt.Sprintf("%s-%d", h.Topic, h.Partition)) }

// file is the name of a generation.
func (h *Head) file() string { return path.Join(h.folder(), fmt.Sprintf("%016d.ckpt", h.Generation)) }

// sweeps says when a sweep begins and how much of everything each of its files takes on.
type sweeps struct {
	least int64 // a chain of deltas may grow to this many bytes, or to what the last sweep wrote
	most  int   // or to this many files
	share int64 // bytes in each file of a sweep
}

var usualSweeps = sweeps{least: 1 << 20, most: 128, share: 8 << 20}

// follow returns the head of the next file, for the state as it stands. A state that each file holds as a whole needs no
// other.
func (s *sealed) follow() Head {
	n := s.head
	n.Format, n.Generation, n.Next, n.Changed = checkpointFormat, s.newest+1, s.next, s.changed()
	n.Needs = append(slices.Clone(n.Needs), s.head.Generation)
	n.book(s.head.Changed, s.head.Bytes)
	n.Renew = max(s.renew, 0)
	switch {
	case s.wholly():
		n.Step, n.Of, n.Begun = 1, 1, n.Generation
	case n.Of > 0:
		n.Step++
	case s.renew > 0, n.Deltas >= max(n.Base, s.sweeps.least), n.Since >= s.sweeps.most:
		n.Step, n.Of, n.Begun = 1, 1+int((n.Base+n.Deltas)/s.sweeps.share), n.Generation
	}
	if n.Of > 0 && n.Step == n.Of {
		n.Renew = max(n.Renew-1, 0)
		n.Needs = slices.DeleteFunc(n.Needs, func(g int64) bool { return g < n.Begun })
	}
	return n
}

// book adds the file before, of the given size and bytes of changes, to what stands before the next one.
func (n *Head) book(changed, size int64) {
	n.Since++
	if n.Of == 0 {
		n.Deltas += size
		return
	}
	n.Deltas += min(changed, size)
	n.Swept += max(0, size-changed)
	if n.Step == n.Of {
		n.Base, n.Since, n.Deltas, n.Swept, n.Step, n.Of = n.Swept, 0, 0, 0, 0, 0
	}
}

// wholly tells whether each file holds everything.
func (s *sealed) wholly() bool {
	return !slices.ContainsFunc(s.sections, func(c Section) bool { _, ok := c.State.(whole); return !ok })
}

// changed is about how many bytes of changes the next file has.
func (s *sealed) changed() (n int64) {
	for i := range s.sections {
		n += s.sections[i].State.Changed()
	}
	return n
}

// load restores the newest sound state, if there is one, and takes the partition over; without one reading starts at the
// log's beginning.
//
// To take over is to write the next generation, with nothing in it. Whoever held the partition before, and was frozen
// rather than dead, finds its next name taken: it can neither seal nor be counted.
func (s *sealed) load(ctx context.Context) error {
	s.head.Next, s.next, s.last = -1, -1, time.Now()
	if s.vault == nil {
		return nil
	}
	for range claims {
		err := s.insist(ctx, "checkpoints cannot be read; it is tried again, and the partition waits", s.head.folder(),
			func() error { return s.restore(ctx) }, func(err error) bool { return !errors.Is(err, ErrAway) })
		if err != nil {
			return err
		}
		s.next = s.head.Next
		err = s.claim(ctx)
		if errors.Is(err, ErrFenced) {
			continue
		}
		if err != nil {
			return fmt.Errorf("taking over %s: %w", s.head.folder(), err)
		}
		return nil
	}
	return fmt.Errorf("taking over %s: %w, which seals again and again: is a second deployment using the same checkpoints?", s.head.folder(), ErrFenced)
}

// claim writes the next generation after what was restored, with nothing new in it.
func (s *sealed) claim(ctx context.Context) error {
	claim := s.follow()
	if s.head.Format == 0 {
		claim.Needs = nil // there is nothing before
	}
	claim.Writer = rand.Text()[:8]
	data, err := encode(nil, &claim, s.sections, claim.snapshot(s.sections))
	if err == nil {
		_, err = s.store(ctx, &claim, data)
	}
	if err == nil {
		s.head, s.newest = claim, claim.Generation
	}
	return err
}

// look restores the newest sound state, if there is one, without taking the partition over.
func (s *sealed) look(ctx context.Context) error {
	s.head.Next = -1
	err := s.restore(ctx)
	s.next = s.head.Next
	return err
}

// generations are the numbers of the partition's files, oldest first.
func (s *sealed) generations(ctx context.Context) (all []int64, err error) {
	names, err := s.vault.List(ctx, s.head.folder())
	for _, name := range names {
		var g int64
		if base, ok := strings.CutSuffix(name, ".ckpt"); ok {
			if _, err := fmt.Sscan(strings.TrimLeft(base, "0"), &g); err == nil && g > 0 {
				all = append(all, g)
			}
		}
	}
	slices.Sort(all)
	return all, err
}

// restore restores the newest chain of which every file is sound. A later one that is not is reported and passed over:
// the log is read again from where the sound one stands.
func (s *sealed) restore(ctx context.Context) error {
	all, err := s.generations(ctx)
	if err != nil {
		return fmt.Errorf("looking for checkpoints of %s: %w", s.head.folder(), err)
	}
	sound := make(map[int64]bool)
	for _, g := range all {
		sound[g], s.newest = true, g
	}
	for _, g := range slices.Backward(all) {
		head, err := s.restoreChain(ctx, g, sound)
		if err == nil {
			head.TopicID, head.Account = cmp.Or(s.head.TopicID, head.TopicID), cmp.Or(head.Account, s.head.Account)
			s.head, s.renew = head, head.Renew
			if s.head.Step < s.head.Of { // how far a sweep had come went with its process
				s.head.Step, s.head.Of, s.head.Swept = 0, 0, 0
			}
			s.log.Info("checkpoint loaded", "file", head.file(), "next", head.Next, "files", len(head.Needs)+1)
			return nil
		}
		if !errors.Is(err, ErrDamaged) {
			return fmt.Errorf("checkpoint %s: %w", head.file(), err)
		}
		s.log.Warn("checkpoint skipped, the one before is used", "file", head.file(), "error", err)
	}
	if len(all) > 0 {
		return fmt.Errorf("%s: no checkpoint is sound; restore the folder from a copy, or remove it to read the log from its beginning: %w",
			s.head.folder(), ErrDamaged)
	}
	return nil
}

// restoreChain restores the state that the generation g ends. Files that are found damaged are not sound any more.
func (s *sealed) restoreChain(ctx context.Context, g int64, sound map[int64]bool) (head Head, err error) {
	head, err = s.read(ctx, g, nil)
	if err == nil {
		err = head.goesOn(&s.head)
	}
	if err != nil {
		return head, err
	}
	chain := append(slices.Clone(head.Needs), g)
	if i := slices.IndexFunc(chain, func(need int64) bool { return !sound[need] }); i >= 0 {
		return head, fmt.Errorf("%w: it needs generation %d, which is not sound", ErrDamaged, chain[i])
	}
	for i, need := range chain {
		apply := func(r *chunkReader) error { return r.restore(s.sections, i == 0, i == len(chain)-1) }
		file, err := s.read(ctx, need, apply)
		if err != nil {
			sound[need] = !errors.Is(err, ErrDamaged)
			return head, fmt.Errorf("generation %d: %w", need, err)
		}
		head.Bytes = file.Bytes
	}
	return head, nil
}

// read reads the head of a generation, and has apply, if there is one, read the rest.
func (s *sealed) read(ctx context.Context, g int64, apply func(*chunkReader) error) (h Head, err error) {
	h = Head{Role: s.head.Role, Topic: s.head.Topic, Partition: s.head.Partition, Generation: g}
	f, err := s.vault.Open(ctx, h.file())
	if errors.Is(err, fs.ErrNotExist) {
		return h, fmt.Errorf("%w: it is gone", ErrDamaged)
	}
	if err != nil {
		return h, err
	}
	defer f.Close() //nolint:errcheck // only read
	r := newChunkReader(f)
	found, err := r.readHead()
	if err != nil {
		return h, err
	}
	if err := found.fits(&s.head); err != nil || apply == nil {
		return found, err
	}
	err = apply(r)
	found.Bytes = cmp.Or(found.Bytes, r.size) // heads of the format before do not say
	return found, err
}

// SaveCheckpoint stores a whole state, as the newest generation of the partition that h names, at offset h.Next. The
// partition must be at rest.
func SaveCheckpoint(ctx context.Context, v Vault, h Head, sections []Section) error {
	s := sealed{vault: v, head: h, sections: sections, log: slog.New(slog.DiscardHandler), counts: new(sealCounts)}
	all, err := s.generations(ctx)
	if err != nil {
		return err
	}
	h.Format, h.Generation, h.Needs, h.Step, h.Of = checkpointFormat, 1, nil, 1, 1
	if n := len(all); n > 0 {
		h.Generation = all[n-1] + 1
	}
	h.Begun = h.Generation
	data, err := encode(nil, &h, sections, h.snapshot(sections))
	if err != nil {
		return err
	}
	return v.Put(ctx, h.file(), data)
}

// LoadCheckpoint restores the newest sound state of the partition that h names, without taking it over, and returns its
// head, whose Next is -1 where there is none.
func LoadCheckpoint(ctx context.Context, v Vault, h Head, sections []Section) (Head, error) {
	s := sealed{vault: v, head: h, sections: sections, log: slog.New(slog.DiscardHandler)}
	err := s.look(ctx)
	return s.head, err
}
