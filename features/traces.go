package features

// Trace is what is left of a contact that made room: 27 bits of its peer's pseudonym and the flags that outlast it, so
// that who comes back is no stranger. Two peers share one once in 134 million.
type Trace struct{ of uint32 }

const traceFlags = weOpened | theyOpened | theyWrote | blockedUs | reportedUs

// The runs of traces come in classes like blocks. They are a ring: in the largest, and where nothing may grow, the oldest
// is overwritten. A ref is class<<30 | number+1.
var traceEntries = [4]int{16, 64, 256, 1024}

// traces keeps the traces of all accounts of a table.
type traces struct {
	class   [len(traceEntries)]slab[Trace]
	evicted uint64 // contacts of which not even a trace is left
}

func newTraces(held *int64) (t traces) {
	for i, n := range traceEntries {
		t.class[i] = newSlab[Trace](n, held)
	}
	return t
}

// entries returns the run that ref names, nil for none.
func (t *traces) entries(ref uint32) []Trace {
	if ref == 0 {
		return nil
	}
	return t.class[ref>>30].many(ref&(1<<30-1) - 1)
}

func (t *traces) mark(ref uint32) { t.class[ref>>30].since.mark(ref&(1<<30-1) - 1) }

func traceOf(peer uint64) uint32 { return uint32(peer) &^ uint32(traceFlags) }

// leave writes a contact's trace at the ring's hand. A ring that has no room there grows if it must and may.
func (t *traces) leave(r *Reach, c *Contact, mayGrow bool) {
	of := traceOf(c.peer) | uint32(c.flags&traceFlags)
	if of == 0 {
		t.evicted++
		return
	}
	if r.trace == 0 {
		r.trace = t.class[0].take() + 1
	}
	ring := t.entries(r.trace)
	if ring[r.hand].of != 0 && mayGrow && int(r.trace>>30) < len(t.class)-1 {
		ring = t.grow(r, ring)
	}
	if ring[r.hand].of != 0 {
		t.evicted++
		r.traces--
	}
	ring[r.hand].of = of
	r.traces++
	r.hand = (r.hand + 1) % uint16(len(ring))
	t.mark(r.trace)
}

// grow moves the traces into a ring of the next class, the oldest first.
func (t *traces) grow(r *Reach, old []Trace) []Trace {
	class := r.trace>>30 + 1
	ref := class<<30 | t.class[class].take() + 1
	ring, n := t.entries(ref), 0
	for i := range old {
		if trace := old[(int(r.hand)+i)%len(old)]; trace.of != 0 {
			ring[n] = trace
			n++
		}
	}
	t.drop(r.trace)
	r.trace, r.hand = ref, uint16(n)
	return ring
}

// find returns the place of a peer's trace in its ring, -1 where there is none.
func (t *traces) find(r *Reach, peer uint64) int {
	if r.traces == 0 {
		return -1
	}
	key := traceOf(peer)
	for i, trace := range t.entries(r.trace) {
		if trace.of != 0 && trace.of&^uint32(traceFlags) == key {
			return i
		}
	}
	return -1
}

// recall takes a peer's trace out of the ring and returns its flags, 0 where there is none. The later ones move up, so that
// a ring of which many come back overwrites none while it has room.
func (t *traces) recall(r *Reach, peer uint64) contactFlags {
	i := t.find(r, peer)
	if i < 0 {
		return 0
	}
	ring := t.entries(r.trace)
	flags := contactFlags(ring[i].of) & traceFlags
	r.hand = uint16(pull(ring, i, int(r.hand)))
	r.traces--
	t.mark(r.trace)
	return flags
}

// pull takes place i out of a ring and returns the hand as it is then.
func pull(ring []Trace, i, hand int) int {
	last := len(ring) - 1
	if i >= hand { // up to the end of the ring it is older than what lies before the hand
		copy(ring[i:], ring[i+1:])
		ring[last] = Trace{}
		if hand == 0 {
			return last
		}
		ring[last], i = ring[0], 0
	}
	copy(ring[i:hand-1], ring[i+1:hand])
	ring[hand-1] = Trace{}
	return hand - 1
}

// copyOf makes a ring like another one, which may be of another table.
func (t *traces) copyOf(ring []Trace, class uint32) uint32 {
	ref := class<<30 | t.class[class].take() + 1
	copy(t.entries(ref), ring)
	return ref
}

// drop gives a ring back.
func (t *traces) drop(ref uint32) {
	if ref != 0 {
		t.class[ref>>30].give(ref&(1<<30-1) - 1)
	}
}

// bytes is what the rings in use occupy.
func (t *traces) bytes() (n int64) {
	for i := range t.class {
		n += t.class[i].bytes()
	}
	return n
}
