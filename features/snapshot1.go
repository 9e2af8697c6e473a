package features

import (
	"bufio"
	"bytes"
	_ "embed"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
)

// The snapshots of version 1 were whole ones, with the digest of their layout instead of its description.

//go:embed layout1.json
var layout1 []byte

const layout1Digest = "9f46d26dcba11ce662d2d60542558629b1efc32e18d4cc96c19c07a8689f1c7e"

// head1 is the head of version 1.
type head1 struct {
	Magic   [8]byte
	Version uint32
	Layout  [32]byte
	Seed    uint64
	Kept    [4]uint64
}

// RestoreFormat1 replaces the state by a snapshot of version 1. After an error the table must not be used.
func (t *Table) RestoreFormat1(r io.Reader) error {
	*t = *New(t.cfg)
	in := &summing{from: bufio.NewReaderSize(r, segmentBytes), sum: crc32.New(crc32.MakeTable(crc32.Castagnoli))}
	if err := t.load1(in); err != nil {
		return fmt.Errorf("read snapshot of version 1: %w", err)
	}
	if err := t.rebuild(); err != nil {
		return fmt.Errorf("read snapshot of version 1: %w", err)
	}
	return nil
}

// load1 reads head, slabs and checksum.
func (t *Table) load1(in *summing) error {
	var h head1
	if err := binary.Read(in, binary.LittleEndian, &h); err != nil {
		return err
	}
	if string(h.Magic[:]) != snapshotMagic || h.Version != 1 || hex.EncodeToString(h.Layout[:]) != layout1Digest {
		return ErrLayout
	}
	moves, err := t.understand(bytes.TrimSpace(layout1))
	if err != nil {
		return err
	}
	t.keep(&head{Seed: h.Seed, Kept: h.Kept})
	for i, s := range t.slabs() {
		if err := s.load1(in, moves[i]); err != nil {
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

// load1 reads the number of runs, of free runs, the runs, and the numbers of the free ones. What was read counts as
// changed: the next snapshot is the first of its form and holds all of it.
func (s *slab[T]) load1(r io.Reader, m *migration) (err error) {
	var n [2]uint32
	if err := binary.Read(r, binary.LittleEndian, &n); err != nil {
		return err
	}
	if n[1] > n[0] {
		return errDamaged
	}
	if err := s.fill(r, m, 0, n[0]); err != nil {
		return err
	}
	s.next = n[0]
	if s.free, err = readNumbers(r, int(n[1])); err != nil {
		return err
	}
	s.since.sweep(1, 1, s.next)
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
