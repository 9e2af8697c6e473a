package features

import (
	"errors"
	"fmt"
	"slices"
)

var errDamaged = errors.New("the rows contradict each other: the snapshot is damaged")

// spanMost bounds the time between two events of a row: the contract's whole century.
const spanMost = 101 * 366 * dayMs

// rebuild makes the indexes of loaded slabs, and proves that each row can be used: whatever the bytes were, nothing
// later may fall outside a slab or loop for ever.
func (t *Table) rebuild() error {
	reaches, err := t.reaches.used()
	if err != nil {
		return err
	}
	var blocks [len(blockEntries)]bitset
	for i := range blocks {
		if blocks[i], err = t.blocks.class[i].used(); err != nil {
			return err
		}
	}
	var traces [len(traceEntries)]bitset
	for i := range traces {
		if traces[i], err = t.blocks.traces.class[i].used(); err != nil {
			return err
		}
	}
	err = index(&t.accounts, func(a *Account) bool {
		if a.Events == 0 {
			t.silent++
		}
		if a.Last < a.First || a.Last-a.First > spanMost || a.First < 0 {
			return false
		}
		if a.reach == 0 {
			return true
		}
		if !reaches.claim(a.reach - 1) {
			return false
		}
		r := t.reaches.at(a.reach - 1)
		return t.blocks.sound(r, &blocks) && t.blocks.traces.sound(r, &traces)
	})
	if err != nil {
		return err
	}
	if err := index(&t.groups, func(*Group) bool { return true }); err != nil {
		return err
	}
	err = index(&t.summaries, func(s *Summary) bool {
		return s.First >= 0 && s.Last >= s.First && s.Last-s.First <= spanMost && s.Events > 0
	})
	if err != nil {
		return err
	}
	return index(&t.places, func(p *Place) bool {
		return p.Last >= p.First && p.seen[0].Valid() && p.seen[1].Valid()
	})
}

// sound tells whether r's block exists, belongs to nobody else yet, and holds as many entries as r says, each where a
// probe finds it.
func (b *blocks) sound(r *Reach, free *[len(blockEntries)]bitset) bool {
	if r.block == 0 {
		return r.contacts == 0
	}
	class := r.block >> 30
	if int(class) >= len(free) || !free[class].claim(r.block&(1<<30-1)-1) {
		return false
	}
	block, n := b.entries(r.block), 0
	for i := range block {
		if block[i].peer != 0 {
			n++
		}
	}
	if n != int(r.contacts) || n > len(block)*7/8 {
		return false
	}
	for i := range block {
		if at, ok := b.probe(block, block[i].peer); block[i].peer != 0 && (!ok || at != i) {
			return false
		}
	}
	return true
}

// sound tells whether r's ring exists, belongs to nobody else yet, and holds as many traces as r says.
func (t *traces) sound(r *Reach, free *[len(traceEntries)]bitset) bool {
	if r.trace == 0 {
		return r.traces == 0 && r.hand == 0
	}
	class := r.trace >> 30
	if !free[class].claim(r.trace&(1<<30-1) - 1) {
		return false
	}
	n := 0
	for _, trace := range t.entries(r.trace) {
		if trace.of != 0 {
			n++
		}
	}
	return n == int(r.traces) && int(r.hand) < traceEntries[class]
}

// bitset has a bit for each run in use that nobody has claimed yet.
type bitset []uint64

func (b bitset) has(i uint32) bool { return int(i/64) < len(b) && b[i/64]>>(i%64)&1 != 0 }

// claim clears bit i and tells whether it was set.
func (b bitset) claim(i uint32) bool {
	if !b.has(i) {
		return false
	}
	b[i/64] &^= 1 << (i % 64)
	return true
}

// used returns the runs in use: all that were taken and are not free. It fails where some have never come.
func (s *slab[T]) used() (bitset, error) {
	if len(s.segs) < (int(s.next)+1<<s.shift-1)>>s.shift || slices.ContainsFunc(s.segs, func(seg []T) bool { return seg == nil }) {
		return nil, errDamaged
	}
	b := make(bitset, (int(s.next)+63)/64)
	for i := range s.next {
		b[i/64] |= 1 << (i % 64)
	}
	for _, i := range s.free {
		if !b.claim(i) {
			return nil, fmt.Errorf("row %d is free twice: the snapshot is damaged", i)
		}
	}
	return b, nil
}
