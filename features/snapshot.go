package features

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

const (
	snapshotMagic   = "UNOPFEAT"
	snapshotVersion = 3
	layoutMost      = 1 << 20 // bytes of a description of a layout
)

// head begins a snapshot; the description of the layout follows it. The seed says where entries lie in blocks, which
// are copied as they are.
type head struct {
	Magic   [8]byte
	Version uint32
	Layout  uint32 // bytes of the description
	Seed    uint64
	Kept    [6]uint64 // newest, sweepAt, evicted, traces.evicted, hand, summariesForgotten; what else there is to count is counted again
}

// Snapshot writes what has changed since the snapshot before, the rows as they lie in memory. With of > 0 it also writes
// part step of of (1 to of) of all rows that there were when part 1 was asked for, so that the snapshots from part 1 to
// part of hold the whole state. What it costs is what it writes. Stamps are no part of it: the caller must have sent
// them. After an error of w the changes are lost: only a whole snapshot (1, 1) can go on from there.
func (t *Table) Snapshot(w io.Writer, step, of int) error {
	if len(t.Stamps) > 0 {
		return fmt.Errorf("write snapshot: %d stamps have not been sent", len(t.Stamps))
	}
	out := bufio.NewWriterSize(w, 1<<16)
	h := head{
		Magic: [8]byte([]byte(snapshotMagic)), Version: snapshotVersion, Layout: uint32(len(oursText)), Seed: t.blocks.seed,
		Kept: [6]uint64{uint64(t.newest), uint64(t.sweepAt), t.evicted, t.blocks.traces.evicted, t.hand, t.summariesForgotten},
	}
	err := binary.Write(out, binary.LittleEndian, &h)
	if err == nil {
		_, err = out.Write(oursText)
	}
	for _, s := range t.slabs() {
		if err == nil {
			err = s.save(out, step, of)
		}
	}
	if err == nil {
		err = out.Flush()
	}
	if err != nil {
		return fmt.Errorf("write snapshot: %w", err)
	}
	return nil
}

// Changed is about how many bytes the next snapshot has to write.
func (t *Table) Changed() (n int64) {
	for _, s := range t.slabs() {
		n += s.changed()
	}
	return n
}

// Restore takes a snapshot in, after those that came before it since the last whole one: the first of them replaces what
// the table holds. After the last one the table can be used; after an error it cannot, until a first one comes. Fields
// are matched by their names, so a snapshot of another version loses only what this one does not know (see Moved); it
// fails with ErrLayout where that cannot be done.
func (t *Table) Restore(r io.Reader, first, last bool) error {
	if first {
		*t = *New(t.cfg)
	}
	err := t.load(bufio.NewReaderSize(r, 4096)) // small: stretches are read past it
	if err == nil && last {
		err = t.rebuild()
	}
	if err != nil {
		return fmt.Errorf("read snapshot: %w", err)
	}
	return nil
}

// load reads head and slabs.
func (t *Table) load(in io.Reader) error {
	var h head
	if err := binary.Read(in, binary.LittleEndian, &h); err != nil {
		return err
	}
	if string(h.Magic[:]) != snapshotMagic {
		return errors.New("this is no snapshot of features")
	}
	if h.Version != snapshotVersion || h.Layout > layoutMost {
		return ErrLayout
	}
	text := make([]byte, h.Layout)
	if _, err := io.ReadFull(in, text); err != nil {
		return err
	}
	moves, err := t.understand(text)
	if err != nil {
		return err
	}
	t.keep(&h)
	for i, s := range t.slabs() {
		if err := s.load(in, moves[i]); err != nil {
			return err
		}
	}
	return nil
}

// keep takes over the plain numbers of a snapshot.
func (t *Table) keep(h *head) {
	t.blocks.seed = h.Seed
	t.newest, t.sweepAt = int64(h.Kept[0]), int64(h.Kept[1])
	t.evicted, t.blocks.traces.evicted, t.hand, t.summariesForgotten = h.Kept[2], h.Kept[3], h.Kept[4], h.Kept[5]
}

// understand returns how the rows of each slab of a snapshot become ours; nil for those that are ours already.
func (t *Table) understand(text []byte) (moves []*migration, err error) {
	moves = make([]*migration, len(t.slabs()))
	if bytes.Equal(text, oursText) {
		return moves, nil
	}
	var theirs layout
	if err := json.Unmarshal(text, &theirs); err != nil {
		return nil, ErrLayout
	}
	rows, moved, err := theirs.migrate()
	if err != nil {
		return nil, err
	}
	t.moved = moved
	for i := range moves {
		moves[i] = rows[rowOf[i]]
	}
	return moves, nil
}

// stored is a slab of any type.
type stored interface {
	save(w io.Writer, step, of int) error
	load(r io.Reader, m *migration) error
	changed() int64
}

// slabs are a table's slabs, in the order of a snapshot; rowOf has the place of each one's rows in a layout.
func (t *Table) slabs() [12]stored {
	b, tr := &t.blocks.class, &t.blocks.traces.class
	return [...]stored{&t.accounts.slab, &t.places.slab, &t.groups.slab, &t.summaries.slab, &t.reaches, &b[0], &b[1], &b[2], &tr[0], &tr[1], &tr[2], &tr[3]}
}

var rowOf = [12]int{0, 1, 2, 3, 4, 5, 5, 5, 6, 6, 6, 6}

// changed is how many bytes of runs have changed.
func (s *slab[T]) changed() int64 { return int64(s.since.count) * s.size() }

// save writes the number of runs, what is new of the stack of free ones, and the changed runs in stretches: the number
// of the first, how many, their bytes. A stretch of none ends it.
func (s *slab[T]) save(w io.Writer, step, of int) error {
	s.since.sweep(step, of, s.next)
	err := writeNumbers(w, s.next, uint32(s.since.kept), uint32(len(s.free)))
	if err == nil {
		_, err = w.Write(rawSlice(s.free[s.since.kept:]))
	}
	each := uint32(1) << s.shift
	for from, to := s.since.next(0, s.next, each); err == nil && from < to; from, to = s.since.next(to, s.next, each) {
		if err = writeNumbers(w, from, to-from); err == nil {
			at := int(from&(each-1)) * s.run
			_, err = w.Write(rawSlice(s.segs[from>>s.shift][at : at+int(to-from)*s.run]))
		}
	}
	if err != nil {
		return err
	}
	s.since.forget(len(s.free))
	return writeNumbers(w, s.next, 0)
}

// load is the inverse of save, onto what earlier snapshots gave.
func (s *slab[T]) load(r io.Reader, m *migration) error {
	var n [3]uint32
	if err := binary.Read(r, binary.LittleEndian, &n); err != nil {
		return err
	}
	next, kept, free := n[0], n[1], n[2]
	if next < s.next || free > next || kept > free || int(kept) > len(s.free) {
		return errDamaged
	}
	tail, err := readNumbers(r, int(free-kept))
	if err != nil {
		return err
	}
	s.next, s.free = next, append(s.free[:kept], tail...)
	for done := uint32(0); ; {
		var stretch [2]uint32
		if err := binary.Read(r, binary.LittleEndian, &stretch); err != nil {
			return err
		}
		from, n := stretch[0], stretch[1]
		switch {
		case from < done || from > next || n > next-from:
			return errDamaged
		case n == 0:
			s.since.forget(len(s.free))
			return nil
		}
		done = from + n
		if err := s.fill(r, m, from, done); err != nil {
			return err
		}
	}
}

// fill reads the runs from from up to to. Room is taken segment by segment, as bytes for it arrive; a segment that a
// later snapshot is to bring is nil until then.
func (s *slab[T]) fill(r io.Reader, m *migration, from, to uint32) error {
	each := uint32(1) << s.shift
	for from < to {
		seg, end := int(from>>s.shift), min(to, (from/each+1)*each)
		for seg >= len(s.segs) {
			s.segs = append(s.segs, nil)
		}
		if s.segs[seg] == nil {
			s.segs[seg] = make([]T, s.run<<s.shift)
			s.since.cover(len(s.segs) << s.shift)
		}
		at := int(from&(each-1)) * s.run
		runs := s.segs[seg][at : at+int(end-from)*s.run]
		if err := m.read(r, rawSlice(runs), len(runs)); err != nil {
			return err
		}
		from = end
	}
	return nil
}

// writeNumbers writes numbers, little endian.
func writeNumbers(w io.Writer, numbers ...uint32) error {
	var b [12]byte
	for i, n := range numbers {
		binary.LittleEndian.PutUint32(b[4*i:], n)
	}
	_, err := w.Write(b[:4*len(numbers)])
	return err
}

// readNumbers reads n numbers, in pieces, so that a number that lies takes no room.
func readNumbers(r io.Reader, n int) (all []uint32, err error) {
	for n > 0 && err == nil {
		piece := make([]uint32, min(n, 1<<16))
		_, err = io.ReadFull(r, rawSlice(piece))
		all, n = append(all, piece...), n-len(piece)
	}
	return all, err
}
