package features

import (
	"encoding/binary"
	"math/bits"

	"github.com/unopened/unopened/ingest"
)

// flat is a pointer to a row that knows its subject.
type flat[T any] interface {
	*T
	subject() *ingest.SubjectID
}

// keyed is a slab of rows found by subject. Its index is open addressing in 256 parts, which grow one by one, so that
// no single event pays for all. The hash is keyed by the table's seed, so that nobody can choose pseudonyms that
// collide; where a row lies never shows in a result.
type keyed[T any, P flat[T]] struct {
	slab[T]
	seed    [2]uint64
	least   int // slots of a part that has any, a power of two
	parts   [partCount]part
	touched uint64 // keeps loads that only bring memory near from being left out
}

const (
	partCount  = 256
	leastSlots = 16
	slotBytes  = 16 // of index an entry: 8 at a load between 3/8 and 3/4
)

// part is one part of an index. A slot is tag<<32 | row+1, 0 if empty; the tag, the upper half of the hash, spares
// nearly all looks at rows that do not match, and finds the slot again when the part grows.
type part struct {
	slots []uint64
	used  int
}

// hash folds the product of both halves, each under its part of the secret seed, and folds once more (as wyhash does): one
// multiplication leaves an order in subjects of which one half is always the same.
func (k *keyed[T, P]) hash(id *ingest.SubjectID) uint64 {
	hi, lo := bits.Mul64(binary.LittleEndian.Uint64(id[:8])^k.seed[0], binary.LittleEndian.Uint64(id[8:])^k.seed[1])
	hi, lo = bits.Mul64(hi^lo^k.seed[1], 0x9e3779b97f4a7c15)
	return hi ^ lo
}

// find returns the row of a subject.
func (k *keyed[T, P]) find(id *ingest.SubjectID) (row uint32, ok bool) {
	h := k.hash(id)
	p := &k.parts[h%partCount]
	slot, ok := k.probe(p, uint32(h>>32), id)
	if !ok {
		return 0, false
	}
	return uint32(p.slots[slot]) - 1, true
}

// probe returns the slot of a subject in its part.
func (k *keyed[T, P]) probe(p *part, tag uint32, id *ingest.SubjectID) (uint32, bool) {
	if len(p.slots) == 0 {
		return 0, false
	}
	mask := uint32(len(p.slots) - 1)
	for i := tag & mask; p.slots[i] != 0; i = (i + 1) & mask {
		if slot := p.slots[i]; uint32(slot>>32) == tag && *P(k.at(uint32(slot) - 1)).subject() == *id {
			return i, true
		}
	}
	return 0, false
}

// enter puts a subject that is not there yet into the index.
func (k *keyed[T, P]) enter(id *ingest.SubjectID, row uint32) {
	h := k.hash(id)
	p := &k.parts[h%partCount]
	if p.used >= len(p.slots)*3/4 {
		p.grow(k.least)
	}
	p.put(h&^(1<<32-1) | uint64(row+1))
	p.used++
}

func (p *part) put(slot uint64) {
	mask := uint32(len(p.slots) - 1)
	i := uint32(slot>>32) & mask
	for p.slots[i] != 0 {
		i = (i + 1) & mask
	}
	p.slots[i] = slot
}

func (p *part) grow(least int) { p.resize(max(least, 2*len(p.slots))) }

// shrink lets go of slots of which less than a third is filled.
func (p *part) shrink() {
	n := len(p.slots)
	for n > leastSlots && p.used < n/3 {
		n /= 2
	}
	if n < len(p.slots) {
		p.resize(n)
	}
}

func (p *part) resize(n int) {
	old := p.slots
	p.slots = make([]uint64, n)
	for _, slot := range old {
		if slot != 0 {
			p.put(slot)
		}
	}
}

// drop removes a subject from the index and gives its row back.
func (k *keyed[T, P]) drop(row uint32) {
	id := P(k.at(row)).subject()
	h := k.hash(id)
	p := &k.parts[h%partCount]
	if slot, ok := k.probe(p, uint32(h>>32), id); ok {
		p.cut(slot)
		p.used--
	}
	k.give(row)
}

// cut empties a slot and moves those behind it up, so that no probe ends too early (Knuth 6.4, algorithm R).
func (p *part) cut(hole uint32) {
	mask := uint32(len(p.slots) - 1)
	for i := (hole + 1) & mask; p.slots[i] != 0; i = (i + 1) & mask {
		home := uint32(p.slots[i]>>32) & mask
		if (i-home)&mask >= (i-hole)&mask {
			p.slots[hole] = p.slots[i]
			hole = i
		}
	}
	p.slots[hole] = 0
}

// each calls f with every row in use, in the order of the slab. f may drop that row.
func (k *keyed[T, P]) each(f func(row uint32, r P)) {
	for row := range k.next {
		if r := P(k.at(row)); !r.subject().IsZero() {
			f(row, r)
		}
	}
}

// size is what rows and index occupy.
func (k *keyed[T, P]) size() int64 { return k.bytes() + int64(k.live())*slotBytes }
