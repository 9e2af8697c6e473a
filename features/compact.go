package features

// settle makes the table compact where it is loose. It is asked before the table takes anything in, when nobody holds a
// row: what a table does follows from what it holds, so a replay does the same, from any snapshot on.
func (t *Table) settle() {
	if t.cfg.MemoryMiB > 0 && *t.held > t.ceiling() && t.loose() {
		t.compact()
	}
}

// loose tells whether rows and index have come to nine eighths of the ceiling while a sixteenth of it lies free, in rows of
// kinds of which fewer are wanted now. As Bytes is a 32nd above the ceiling at most, three 32nds must be filled anew before
// it is so again.
func (t *Table) loose() bool {
	c := t.ceiling()
	entries := t.accounts.live() + t.places.live() + t.groups.live() + t.summaries.live()
	if *t.held+int64(entries)*slotBytes <= c+c/8 {
		return false
	}
	free := int64(0)
	for _, s := range t.slabs() {
		free += s.spare()
	}
	return free >= c/16
}

// compact moves the last rows of each slab to where rows are free, until none is free, and leaves to the collector the
// segments that are empty then. Numbers of accounts change, and with them who goes first where all else is equal.
func (t *Table) compact() {
	slabs := t.slabs()
	for _, s := range slabs {
		s.narrow()
	}
	pack(&t.accounts)
	pack(&t.places)
	pack(&t.groups)
	pack(&t.summaries)
	t.accounts.each(func(row uint32, a *Account) {
		if a.reach == 0 {
			return
		}
		if reach := t.reaches.bring(a.reach-1) + 1; reach != a.reach {
			a.reach = reach
			t.accounts.since.mark(row)
		}
		r := t.reaches.at(a.reach - 1)
		block, trace := bring(t.blocks.class[:], r.block), bring(t.blocks.traces.class[:], r.trace)
		if block != r.block || trace != r.trace {
			r.block, r.trace = block, trace
			t.reaches.since.mark(a.reach - 1)
		}
	})
	for _, s := range slabs {
		s.release()
	}
}

// pack moves the rows of a narrowed slab that lie beyond its end, and lets the index shrink.
func pack[T any, P flat[T]](k *keyed[T, P]) {
	for row := k.next; int(row) < len(k.segs)<<k.shift; row++ {
		if id := P(k.at(row)).subject(); !id.IsZero() {
			h := k.hash(id)
			p := &k.parts[h%partCount]
			slot, _ := k.probe(p, uint32(h>>32), id)
			p.slots[slot] = h&^(1<<32-1) | uint64(k.bring(row)+1)
		}
	}
	for i := range k.parts {
		k.parts[i].shrink()
	}
}

// bring moves what ref names in its class, if it must, and returns the ref that it has then.
func bring[T any](class []slab[T], ref uint32) uint32 {
	if ref == 0 {
		return 0
	}
	return ref&^(1<<30-1) | class[ref>>30].bring(ref&(1<<30-1)-1) + 1
}

// compactable is a slab of any type.
type compactable interface {
	spare() int64 // bytes of free runs
	narrow()
	release()
}

func (s *slab[T]) spare() int64 { return int64(len(s.free)) * s.size() }

// narrow brings the end of the slab forward as if no run were free, and keeps of the free runs those before: as many as
// there are runs in use beyond, which are to be brought there.
func (s *slab[T]) narrow() {
	end, holes := uint32(s.live()), s.free[:0]
	for _, i := range s.free {
		if i < end {
			holes = append(holes, i)
		}
	}
	s.free, s.next = holes, end
}

// bring moves run i of a narrowed slab, if it lies beyond the end, and returns the number that it has then.
func (s *slab[T]) bring(i uint32) uint32 {
	if i < s.next {
		return i
	}
	last := len(s.free) - 1
	to := s.free[last]
	s.free = s.free[:last]
	copy(s.many(to), s.many(i))
	s.since.mark(to)
	return to
}

// release ends what narrow began.
func (s *slab[T]) release() {
	s.free, s.since.kept = nil, 0
	s.cut(s.next)
}

// cut makes next the end of the slab: nothing beyond is kept.
func (s *slab[T]) cut(next uint32) {
	each := 1 << s.shift
	used := (int(next) + each - 1) >> s.shift
	for len(s.segs) > used {
		last := len(s.segs) - 1
		if s.segs[last] != nil {
			*s.held -= s.size() << s.shift
		}
		s.segs[last], s.segs = nil, s.segs[:last]
	}
	if at := int(next) & (each - 1); at > 0 && len(s.segs) == used && s.segs[used-1] != nil {
		clear(s.segs[used-1][at*s.run:])
	}
	s.next = next
	s.since.cut(next)
}
