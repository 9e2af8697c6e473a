package features

import "math/bits"

// indexBatch is how many rows are sorted by their parts of the index at a time: so many find the part in the cache, and
// their sorting takes 4 MiB.
const indexBatch = 1 << 18

// index enters the rows in use of k that are sound, and fails at one that is not. Another core looks at the rows meanwhile.
func index[T any, P flat[T]](k *keyed[T, P], sound func(P) bool) error {
	rows, err := k.used()
	if err != nil {
		return err
	}
	k.least = max(k.least, 1<<bits.Len(uint(k.live()*4/3/partCount)))
	looked := make(chan bool)
	go func() { looked <- k.sound(rows, sound) }()
	if once := k.enterAll(rows); !<-looked || !once {
		return errDamaged
	}
	return nil
}

// sound tells whether each row in use is sound, and each other one empty.
func (k *keyed[T, P]) sound(rows bitset, sound func(P) bool) bool {
	for row := range k.next {
		r := P(k.at(row))
		if used := rows.has(row); r.subject().IsZero() == used || used && !sound(r) {
			return false
		}
	}
	return true
}

// enterAll enters the given rows into an empty index, sorted by its parts, so that loads of the same part come together.
// It stops and returns false where two rows have the same subject.
func (k *keyed[T, P]) enterAll(rows bitset) bool {
	room := min(k.next, indexBatch)
	hashes, slots := make([]uint64, room), make([]uint64, room)
	for from := uint32(0); from < k.next; from += room {
		n := min(room, k.next-from)
		var ends [partCount]uint32
		for i := range n {
			if rows.has(from + i) {
				hashes[i] = k.hash(P(k.at(from + i)).subject())
				ends[hashes[i]%partCount]++
			}
		}
		for p, start := 0, uint32(0); p < partCount; p++ {
			ends[p], start = start, start+ends[p]
		}
		for i := range n {
			if rows.has(from + i) {
				end := &ends[hashes[i]%partCount]
				slots[*end] = hashes[i]&^(1<<32-1) | uint64(from+i+1)
				*end++
			}
		}
		start := uint32(0)
		for p, end := range ends {
			if !k.enterPart(&k.parts[p], slots[start:end]) {
				return false
			}
			start = end
		}
	}
	return true
}

// enterPart enters slots into one part. Their places are touched first, so that the loads do not wait for one another.
func (k *keyed[T, P]) enterPart(p *part, slots []uint64) bool {
	for p.used+len(slots) > len(p.slots)*3/4 {
		p.grow(k.least)
	}
	for _, slot := range slots {
		k.touched += p.slots[uint32(slot>>32)&uint32(len(p.slots)-1)]
	}
	for _, slot := range slots {
		if !k.enterOnce(p, slot) {
			return false
		}
	}
	return true
}

// enterOnce puts a slot into a part of the index, unless its subject is there.
func (k *keyed[T, P]) enterOnce(p *part, slot uint64) bool {
	mask := uint32(len(p.slots) - 1)
	i := uint32(slot>>32) & mask
	for ; p.slots[i] != 0; i = (i + 1) & mask {
		if p.slots[i]>>32 == slot>>32 && *P(k.at(uint32(p.slots[i]) - 1)).subject() == *P(k.at(uint32(slot) - 1)).subject() {
			return false
		}
	}
	p.slots[i] = slot
	p.used++
	return true
}
