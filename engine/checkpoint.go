package engine

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"slices"
)

// Stateful is a part of a role whose state a checkpoint holds. Restore gets exactly the bytes of one Snapshot.
type Stateful interface {
	Snapshot(w io.Writer) error
	Restore(r io.Reader) error
}

// Section is a named part of a checkpoint.
type Section struct {
	Name  string
	State Stateful
}

// Head says what a checkpoint is of. It is the first section, in JSON, so that a person can read it.
type Head struct {
	Format     int    `json:"format"`
	Kind       string `json:"kind"` // "base"; a later format adds "delta", which names its base
	Role       string `json:"role"`
	Topic      string `json:"topic"`
	TopicID    string `json:"topic_id,omitempty"` // of the topic's present life, where the log tells: offsets of another mean nothing
	Partition  int    `json:"partition"`
	Partitions int    `json:"partitions"` // of the topic: another number re-hashes every key
	Generation int64  `json:"generation"`
	Next       int64  `json:"next"` // the offset where reading goes on
}

const (
	checkpointMagic  = "UNOPENED CHECKPOINT\n"
	checkpointFormat = 1
	keptGenerations  = 2
)

// ErrDamaged says that a checkpoint's bytes are not those that were written.
var ErrDamaged = errors.New("the checkpoint is damaged")

// Folder keeps the checkpoints of every role and partition below one directory. A checkpoint is one file, written
// beside, synced, then renamed: state, episodes, offset, ids and causes are sealed together or not at all. The last
// two generations are kept; a damaged newest one falls back to the one before, from where the log is read again.
type Folder struct{ Dir string }

// dir is the directory of one role's partition.
func (f Folder) dir(h *Head) string {
	return filepath.Join(f.Dir, h.Role, fmt.Sprintf("%s-%d", h.Topic, h.Partition))
}

// Save seals sections under the head's next generation and forgets generations that are not kept.
func (f Folder) Save(h *Head, sections []Section) error {
	h.Format, h.Kind = checkpointFormat, "base"
	h.Generation++
	dir := f.dir(h)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("checkpoint folder: %w", err)
	}
	name := filepath.Join(dir, fmt.Sprintf("%016d.ckpt", h.Generation))
	if err := writeFile(name, h, sections); err != nil {
		return fmt.Errorf("checkpoint %s: %w", name, err)
	}
	names, err := f.generations(h)
	for len(names) > keptGenerations {
		err = errors.Join(err, os.Remove(names[0]))
		names = names[1:]
	}
	return err
}

// Load restores the newest sound checkpoint of the head's role and partition into sections and head, and tells
// whether there was one. Damaged ones are reported to damaged and skipped; when all are, that is an error.
func (f Folder) Load(h *Head, sections []Section, damaged func(name string, err error)) (bool, error) {
	names, err := f.generations(h)
	if err != nil || len(names) == 0 {
		return false, err
	}
	for _, name := range slices.Backward(names) {
		err = loadFile(name, h, sections)
		if err == nil {
			return true, nil
		}
		if !errors.Is(err, ErrDamaged) {
			return false, fmt.Errorf("checkpoint %s: %w", name, err)
		}
		damaged(name, err)
	}
	return false, fmt.Errorf("%s: no checkpoint is sound; restore the folder from a copy, or remove it to read the log from its beginning: %w",
		f.dir(h), err)
}

// generations are the checkpoint files of one role's partition, oldest first.
func (f Folder) generations(h *Head) ([]string, error) {
	names, err := filepath.Glob(filepath.Join(f.dir(h), "*.ckpt"))
	slices.Sort(names)
	return names, err
}

// writeFile writes a checkpoint beside its name, syncs and renames it, and syncs the directory.
func writeFile(name string, h *Head, sections []Section) error {
	tmp, err := os.OpenFile(name+".tmp", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	err = errors.Join(encode(tmp, h, sections), tmp.Sync(), tmp.Close())
	if err != nil {
		return err
	}
	if err := os.Rename(name+".tmp", name); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(name))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// loadFile checks the sum of a whole checkpoint before it reads any of it, then restores the sections by name.
func loadFile(name string, h *Head, sections []Section) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close() // only read from
	info, err := f.Stat()
	if err != nil {
		return err
	}
	body := info.Size() - sha256.Size
	if body < int64(len(checkpointMagic)) {
		return fmt.Errorf("%w: %d bytes", ErrDamaged, info.Size())
	}
	if err := checkSum(f, body, sha256.New()); err != nil {
		return err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	return decode(bufio.NewReaderSize(io.LimitReader(f, body), 1<<20), h, sections)
}

// checkSum compares the sum of the first body bytes with the one written behind them.
func checkSum(f *os.File, body int64, sum hash.Hash) error {
	if _, err := io.CopyN(sum, f, body); err != nil {
		return err
	}
	written := make([]byte, sum.Size())
	if _, err := io.ReadFull(f, written); err != nil {
		return err
	}
	if !bytes.Equal(written, sum.Sum(nil)) {
		return fmt.Errorf("%w: its SHA-256 differs", ErrDamaged)
	}
	return nil
}

// decode reads a checkpoint whose sum was right.
func decode(r io.Reader, h *Head, sections []Section) error {
	if _, err := io.CopyN(io.Discard, r, int64(len(checkpointMagic))); err != nil {
		return err
	}
	name, chunks, err := readSection(r)
	if err != nil {
		return err
	}
	var head Head
	if err := json.NewDecoder(chunks).Decode(&head); err != nil {
		return fmt.Errorf("section %s: %w", name, err)
	}
	if _, err := io.Copy(io.Discard, chunks); err != nil {
		return err
	}
	if err := head.fits(h); err != nil {
		return err
	}
	for _, s := range sections {
		if err := restore(r, s); err != nil {
			return fmt.Errorf("section %s: %w", s.Name, err)
		}
	}
	head.TopicID = cmp.Or(h.TopicID, head.TopicID)
	*h = head
	return nil
}

// fits tells whether a checkpoint can serve the role and partition that want it.
func (h *Head) fits(want *Head) error {
	switch {
	case h.Format != checkpointFormat || h.Kind != "base":
		return fmt.Errorf("format %d %s is not known to this version; it was written by a newer one", h.Format, h.Kind)
	case h.TopicID != "" && want.TopicID != "" && h.TopicID != want.TopicID:
		return fmt.Errorf("topic %s was deleted and created again since (its id was %s and is %s), so offset %d means nothing in it; raise kafka.incarnation where it is the raw topic, and move the folder %q of engine.checkpoints away (keep the other folders and identity.key)",
			want.Topic, h.TopicID, want.TopicID, h.Next, want.Role)
	case h.Partitions != want.Partitions && h.Role != "split": // a raw partition stands for itself
		return fmt.Errorf("topic %s had %d partitions and has %d now, so what is kept lies elsewhere; move the checkpoints of role %s away (keep identity.key) to read the log from its beginning",
			want.Topic, h.Partitions, want.Partitions, h.Role)
	case h.Role != want.Role || h.Topic != want.Topic || h.Partition != want.Partition:
		return fmt.Errorf("it is of %s %s-%d, not of %s %s-%d", h.Role, h.Topic, h.Partition, want.Role, want.Topic, want.Partition)
	}
	return nil
}

// restore reads the next section, which must be s, to its end.
func restore(r io.Reader, s Section) error {
	name, chunks, err := readSection(r)
	if err != nil {
		return err
	}
	if name != s.Name {
		return fmt.Errorf("found section %q in its place", name)
	}
	if err := s.State.Restore(chunks); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, chunks)
	return err
}
