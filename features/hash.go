package features

import (
	"encoding/binary"
	"math/bits"
	"unsafe"

	"github.com/dchest/siphash"
)

// The keys of the state hash are fixed: it compares states, it does not keep secrets.
const (
	accountKey = 1
	contactKey = 2
	placeKey   = 3
	groupKey   = 4
	summaryKey = 5
)

// Hash is a digest of the whole state: the sum over accounts and places of a hash of their bytes. It does not depend
// on where rows lie, on how much room is reserved or on the batches in which events came, only on what was observed.
func (t *Table) Hash() [16]byte {
	var lo, hi uint64
	add := func(key uint64, b []byte) {
		l, h := siphash.Hash128(key, 0, b)
		var carry uint64
		lo, carry = bits.Add64(lo, l, 0)
		hi, _ = bits.Add64(hi, h, carry)
	}
	var buf []byte
	t.accounts.each(func(_ uint32, a *Account) {
		buf = t.canonical(a, buf[:0])
		add(accountKey, buf)
	})
	t.places.each(func(_ uint32, p *Place) { add(placeKey, raw(p)) })
	t.summaries.each(func(_ uint32, s *Summary) { add(summaryKey, raw(s)) })
	t.groups.each(func(_ uint32, g *Group) { add(groupKey, raw(g)) })
	var sum [16]byte
	binary.BigEndian.PutUint64(sum[:8], hi)
	binary.BigEndian.PutUint64(sum[8:], lo)
	return sum
}

// canonical appends the account's bytes to b: without references into slabs, its contacts as an unordered sum.
func (t *Table) canonical(a *Account, b []byte) []byte {
	flat, reach := *a, *t.reachOf(a)
	var contacts uint64
	for _, c := range t.blocks.entries(reach.block) {
		if c.peer != 0 {
			contacts += siphash.Hash(contactKey, 0, raw(&c))
		}
	}
	traces := t.blocks.traces.entries(reach.trace)
	flat.reach, reach.block, reach.trace = 0, 0, 0
	b = append(append(append(b, raw(&flat)...), raw(&reach)...), rawSlice(traces)...)
	return binary.LittleEndian.AppendUint64(b, contacts)
}

// raw is the memory of a flat struct, which a test proves to be without padding.
func raw[T any](p *T) []byte { return unsafe.Slice((*byte)(unsafe.Pointer(p)), unsafe.Sizeof(*p)) }

// rawSlice is the memory of flat structs.
func rawSlice[T any](s []T) []byte {
	var t T
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), len(s)*int(unsafe.Sizeof(t)))
}
