package engine

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// State is a part of a role's state that a checkpoint holds.
type State interface {
	// Snapshot writes what has changed since the snapshot before. With of > 0 it also writes part step of of (1 to of) of
	// all that there was when part 1 was asked for, so that the snapshots from part 1 to part of hold everything.
	Snapshot(w io.Writer, step, of int) error
	// Changed is about how many bytes the next snapshot has to write; 0 where that is little anyhow.
	Changed() int64
	// Restore takes a snapshot in, after those before it. The first one replaces what there was; after the last one the
	// state can be used. After an error it cannot.
	Restore(r io.Reader, first, last bool) error
}

// Section is a named part of a checkpoint.
type Section struct {
	Name  string
	State State
}

// Head says what a file of a checkpoint is of. It is the first section, in JSON, so that a person can read it.
//
// A checkpoint is a chain of files: each has what changed since the one before, and says which ones it needs. So that
// chains do not grow for ever, the files of a sweep (Step 1 to Of) each have a part of everything besides; with the
// last of them what came before the first is not needed any more.
type Head struct {
	Format     int     `json:"format"`
	Role       string  `json:"role"`
	Topic      string  `json:"topic"`
	TopicID    string  `json:"topic_id,omitempty"` // of the topic's present life, where the log tells: offsets of another mean nothing
	Account    string  `json:"account,omitempty"`  // the account topic where the state goes on: another one once a re-partitioning has moved it; where split writes
	First      int     `json:"first,omitempty"`    // of a score partition: partitions of the account topics before this one, from which causes and rows count on
	Partition  int     `json:"partition"`
	Partitions int     `json:"partitions"` // of the topic: another number re-hashes every key
	Generation int64   `json:"generation"` // of the file
	Next       int64   `json:"next"`       // the offset where reading goes on; -1 where nothing was read
	Needs      []int64 `json:"needs"`      // the generations that make the state together with this one, oldest first
	Writer     string  `json:"writer"`     // a random name of who held the partition
	Step       int     `json:"step"`       // of the sweep that is under way
	Of         int     `json:"of"`
	Begun      int64   `json:"begun"`   // the generation of step 1
	Bytes      int64   `json:"bytes"`   // that the sections of the file have, unpacked; the sizes after it are such too
	Changed    int64   `json:"changed"` // those that are changes, about; the rest is the sweep's
	Base       int64   `json:"base"`    // bytes that the last sweep wrote which came to its end: the whole state
	Since      int     `json:"since"`   // files after it, before this one
	Deltas     int64   `json:"deltas"`  // bytes of changes in them
	Swept      int64   `json:"swept"`   // bytes that the sweep under way has written before this file
	Renew      int     `json:"renew"`   // sweeps that have still to come to their end because somebody was erased
}

const (
	checkpointMagic  = "UNOPENED CHECKPOINT 3\n"
	checkpointFormat = 3
	formerMagic      = "UNOPENED CHECKPOINT 2\n" // of files without packed chunks, which are read as well
	formerFormat     = 2
	headName         = "head"
)

// ErrDamaged says that a checkpoint's bytes are not those that were written.
var ErrDamaged = errors.New("the checkpoint is damaged")

// fits tells whether a checkpoint can serve the role and partition that want it.
func (h *Head) fits(want *Head) error {
	switch {
	case h.Format > checkpointFormat:
		return fmt.Errorf("format %d is not known to this version; it was written by a newer one", h.Format)
	case h.TopicID != "" && want.TopicID != "" && h.TopicID != want.TopicID:
		return fmt.Errorf("topic %s was deleted and created again since (its id was %s and is %s), so offset %d means nothing in it; raise kafka.incarnation where it is the raw topic, and move the folder %q of engine.checkpoints away (keep the other folders and identity.key)",
			want.Topic, h.TopicID, want.TopicID, h.Next, want.Role)
	case h.Partitions != want.Partitions && h.Role != "split": // a raw partition stands for itself
		return fmt.Errorf("topic %s had %d partitions and has %d now, so what is kept lies elsewhere. unopened repartition moves accounts to a new topic of another size (docs/repartition.md); to read the log from its beginning instead, move the checkpoints of role %s away (keep identity.key)",
			want.Topic, h.Partitions, want.Partitions, h.Role)
	case h.Role != want.Role || h.Topic != want.Topic || h.Partition != want.Partition:
		return fmt.Errorf("it is of %s %s-%d, not of %s %s-%d", h.Role, h.Topic, h.Partition, want.Role, want.Topic, want.Partition)
	}
	return nil
}

// goesOn tells whether the state goes on in the account topic that is wanted. Files that a newer one needs may be of
// another.
func (h *Head) goesOn(want *Head) error {
	if h.Account == "" || want.Account == "" || h.Account == want.Account {
		return nil
	}
	return fmt.Errorf("its account topic is %s, not %s: set kafka.topics.account to that in the configuration of every member; only unopened repartition moves accounts to another topic",
		h.Account, want.Account)
}

// expected is about how many bytes the file will have: its changes and its part of the sweep, and the sums and numbers
// of stretches that lie between.
func (h *Head) expected() int64 {
	n := h.Changed
	if h.Of > 0 {
		n += min(max(0, h.Base+h.Deltas)/int64(h.Of), usualSweeps.share)
	}
	return n + n/16
}

// readHead reads magic and head of a file.
func (r *chunkReader) readHead() (h Head, err error) {
	former, err := r.magic()
	if err != nil {
		return h, err
	}
	body, err := r.section(headName)
	if err != nil {
		return h, err
	}
	if err := json.NewDecoder(body).Decode(&h); err != nil {
		return h, fmt.Errorf("section %s: %w", headName, err)
	}
	if former != (h.Format == formerFormat) {
		return h, fmt.Errorf("%w: it begins as one of another format than %d", ErrDamaged, h.Format)
	}
	err = r.rest()
	r.most = h.Bytes
	return h, err
}

// restore reads the sections of a file behind its head, and that nothing follows.
func (r *chunkReader) restore(sections []Section, first, last bool) error {
	defer r.hurry()()
	for _, s := range sections {
		body, err := r.section(s.Name)
		if err == nil {
			err = s.State.Restore(body, first, last)
		}
		if err == nil {
			err = r.rest()
		}
		if err != nil {
			return fmt.Errorf("section %s: %w", s.Name, err)
		}
	}
	return r.end()
}

// whole makes a State of one so small that each snapshot holds all of it.
type whole struct{ small }

// small is a state that is written and read as a whole.
type small interface {
	Snapshot(w io.Writer) error
	Restore(r io.Reader) error
}

// Snapshot implements State.
func (s whole) Snapshot(w io.Writer, _, _ int) error { return s.small.Snapshot(w) }

// Changed implements State: of a state that changes beside the log, such as what was delivered, how often it did.
func (s whole) Changed() int64 {
	if c, ok := s.small.(interface{ Changed() int64 }); ok {
		return c.Changed()
	}
	return 0
}

// Restore implements State.
func (s whole) Restore(r io.Reader, _, _ bool) error { return s.small.Restore(r) }

// jsonState keeps a value in a checkpoint as JSON.
type jsonState struct{ value any }

// Snapshot writes the value.
func (s jsonState) Snapshot(w io.Writer) error { return json.NewEncoder(w).Encode(s.value) }

// Restore reads the value back.
func (s jsonState) Restore(r io.Reader) error { return json.NewDecoder(r).Decode(s.value) }
