package features

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"reflect"
)

const (
	snapshotMagic   = "UNOPFEAT"
	snapshotVersion = 1
)

// ErrLayout is returned by Restore for a snapshot whose state is laid out differently from this program's.
var ErrLayout = errors.New("the snapshot's layout is not this program's: start the version that wrote it, or move it away and replay the log")

// head begins a snapshot. The seeds say where rows lie in blocks, which are copied as they are.
type head struct {
	Magic   [8]byte
	Version uint32
	Layout  [32]byte
	Seed    uint64
	Kept    [4]uint64 // newest, sweepAt, evicted, blocks.evicted; what else there is to count is counted again
}

// layout is the digest of everything that the bytes of a snapshot rest on: the fields of the flat structs, the byte
// order, and the features read from them.
func layout() (sum [32]byte) {
	h := sha256.New()
	for _, t := range []reflect.Type{
		reflect.TypeFor[Account](), reflect.TypeFor[Reach](), reflect.TypeFor[Contact](), reflect.TypeFor[Place](),
	} {
		describe(h, t, "")
	}
	for i := range Catalogue {
		fmt.Fprintln(h, Catalogue[i].Name)
	}
	fmt.Fprintln(h, binary.NativeEndian.Uint16([]byte{1, 2}), blockEntries)
	h.Sum(sum[:0])
	return sum
}

// describe writes a line for each field of t.
func describe(w io.Writer, t reflect.Type, path string) {
	for i := range t.NumField() {
		f := t.Field(i)
		fmt.Fprintln(w, path, f.Name, f.Type, f.Offset, f.Tag)
		if f.Type.Kind() == reflect.Struct {
			describe(w, f.Type, path+"."+f.Name)
		}
	}
}

// Snapshot writes the state to w: the slabs as they are, and a checksum. Stamps are no part of it: the caller must
// have sent them.
func (t *Table) Snapshot(w io.Writer) error {
	if len(t.Stamps) > 0 {
		return fmt.Errorf("write snapshot: %d stamps have not been sent", len(t.Stamps))
	}
	buffered := bufio.NewWriterSize(w, segmentBytes)
	sum := crc32.New(castagnoli)
	out := io.MultiWriter(buffered, sum)
	h := head{
		Magic: [8]byte([]byte(snapshotMagic)), Version: snapshotVersion, Layout: layout(), Seed: t.blocks.seed,
		Kept: [4]uint64{uint64(t.newest), uint64(t.sweepAt), t.evicted, t.blocks.evicted},
	}
	err := binary.Write(out, binary.LittleEndian, &h)
	for _, part := range t.slabs() {
		if err == nil {
			err = part.save(out)
		}
	}
	if err == nil {
		err = binary.Write(buffered, binary.LittleEndian, sum.Sum32())
	}
	if err == nil {
		err = buffered.Flush()
	}
	if err != nil {
		return fmt.Errorf("write snapshot: %w", err)
	}
	return nil
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// stored is a slab of any type.
type stored interface {
	save(w io.Writer) error
	load(r io.Reader) error
}

// slabs are a table's slabs, in the order of a snapshot.
func (t *Table) slabs() []stored {
	s := []stored{&t.accounts.slab, &t.places.slab, &t.reaches}
	for i := range t.blocks.class {
		s = append(s, &t.blocks.class[i])
	}
	return s
}

// save writes the number of runs, of free runs, the runs, and the numbers of the free ones.
func (s *slab[T]) save(w io.Writer) error {
	if err := binary.Write(w, binary.LittleEndian, [2]uint32{s.next, uint32(len(s.free))}); err != nil {
		return err
	}
	left := int(s.next) * s.run
	for _, seg := range s.segs {
		n := min(left, len(seg))
		if _, err := w.Write(rawSlice(seg[:n])); err != nil {
			return err
		}
		left -= n
	}
	_, err := w.Write(rawSlice(s.free))
	return err
}

// load is the inverse of save, into an empty slab. Room is taken segment by segment, as bytes for it arrive.
func (s *slab[T]) load(r io.Reader) error {
	var n [2]uint32
	if err := binary.Read(r, binary.LittleEndian, &n); err != nil {
		return err
	}
	if n[1] > n[0] {
		return fmt.Errorf("%d of %d rows free", n[1], n[0])
	}
	for left := int(n[0]) * s.run; left > 0; {
		s.reserve(uint32(len(s.segs) << s.shift))
		seg := s.segs[len(s.segs)-1]
		seg = seg[:min(left, len(seg))]
		if _, err := io.ReadFull(r, rawSlice(seg)); err != nil {
			return err
		}
		left -= len(seg)
	}
	s.next, s.free = n[0], make([]uint32, n[1])
	_, err := io.ReadFull(r, rawSlice(s.free))
	return err
}

// Restore replaces the state by a snapshot's. It fails with ErrLayout if the snapshot is another layout's, and leaves
// the table as it was on any error.
func (t *Table) Restore(r io.Reader) error {
	fresh := New(t.cfg)
	in := &summing{from: bufio.NewReaderSize(r, segmentBytes), sum: crc32.New(castagnoli)}
	if err := fresh.load(in); err != nil {
		return fmt.Errorf("read snapshot: %w", err)
	}
	if err := fresh.rebuild(); err != nil {
		return fmt.Errorf("read snapshot: %w", err)
	}
	*t = *fresh
	return nil
}

// load reads head, slabs and checksum.
func (t *Table) load(in *summing) error {
	var h head
	if err := binary.Read(in, binary.LittleEndian, &h); err != nil {
		return err
	}
	if string(h.Magic[:]) != snapshotMagic {
		return errors.New("this is no snapshot of features")
	}
	if h.Version != snapshotVersion || h.Layout != layout() {
		return ErrLayout
	}
	t.blocks.seed = h.Seed
	t.newest, t.sweepAt, t.evicted, t.blocks.evicted = int64(h.Kept[0]), int64(h.Kept[1]), h.Kept[2], h.Kept[3]
	for _, part := range t.slabs() {
		if err := part.load(in); err != nil {
			return err
		}
	}
	want := in.sum.Sum32()
	var got uint32
	if err := binary.Read(in.from, binary.LittleEndian, &got); err != nil {
		return err
	}
	if got != want {
		return errors.New("the checksum does not fit: the snapshot is damaged")
	}
	return nil
}

// summing reads and adds what it has read to a checksum.
type summing struct {
	from io.Reader
	sum  hash.Hash32
}

func (s *summing) Read(p []byte) (int, error) {
	n, err := s.from.Read(p)
	s.sum.Write(p[:n])
	return n, err
}
