package features

import (
	"encoding/binary"
	"math/bits"

	"github.com/unopened/unopened/ingest"
)

// Contact is what an account knows of one peer: flat, 32 bytes. All state between the two lies here, in a trace, or at
// the peer's account; nothing else remembers a pair.
type Contact struct {
	peer    uint64  // first 8 bytes of its pseudonym; 0 for an empty entry
	opened  uint32  // when the contact, else the entry, began, in seconds since 2000; longAgo where only a trace told of it
	last    uint32  // its latest event, likewise; sent7d stands there
	sent7d  float32 // direct sends to the peer
	run     uint16  // direct sends since the peer last wrote
	turns   uint16  // direct sends that followed something of the peer's
	device  uint16  // digest of the device from which the peer last acted on the account; 0 for unknown
	network uint16  // and of the network
	wrote   uint16  // Unix day of the account's last send to the peer; 0 for none
	flags   contactFlags
}

type contactFlags uint16

// The first five outlast the entry, in a trace.
const (
	weOpened    contactFlags = 1 << iota // the first contact was the account's
	theyOpened                           // it was the peer's
	theyWrote                            // the peer has written, called or accepted
	blockedUs                            // the peer blocks the account
	reportedUs                           // it has been counted as a reporter
	onceBlocked                          // it has been counted as a blocker
	weighed                              // its report has been weighed (StampReport)
	isMinor                              // its age band, as last given, is below 18
	hadMedia                             // the account has sent it media
	hadCall                              // and has called it
	hadTimer                             // and has sent it something that disappears
	dropped                              // it has been counted as dropped after a burst
	complained                           // it has blocked or reported the account: its community is counted
	echoed                               // and others of its community had before it
	asked                                // a request of the account waits for its answer
	weBlocked                            // the account has blocked it
)

// longAgo stands for a time before any that is known.
const longAgo = 1

// dialogue tells whether both have written to each other: what makes a neighbour of a peer.
func (c *Contact) dialogue() bool { return c.flags&theyWrote != 0 && c.wrote != 0 }

// The blocks of contacts come in classes; one is filled to 7/8 before it grows to the next. In the largest the entry
// that matters least makes room, and leaves a trace. A ref is class<<30 | number+1.
var blockEntries = [3]int{8, 16, 32}

const largest = len(blockEntries) - 1

// blocks keeps the blocks of all accounts of a table.
type blocks struct {
	seed   uint64 // of the places in a block; kept in snapshots, since blocks are copied as they are
	class  [len(blockEntries)]slab[Contact]
	traces traces
}

func newBlocks(seed uint64, held *int64) blocks {
	b := blocks{seed: seed, traces: newTraces(held)}
	for i, n := range blockEntries {
		b.class[i] = newSlab[Contact](n, held)
	}
	return b
}

// peerKey is the part of a pseudonym that stands for a peer; pairs of peers of one account share it once in 10^14.
func peerKey(id *ingest.SubjectID) uint64 { return max(1, binary.BigEndian.Uint64(id[:8])) }

func (b *blocks) home(peer uint64) int {
	hi, lo := bits.Mul64(peer^b.seed, 0x9e3779b97f4a7c15)
	return int(uint32(hi ^ lo))
}

// entries returns the block that ref names, nil for none.
func (b *blocks) entries(ref uint32) []Contact {
	if ref == 0 {
		return nil
	}
	return b.class[ref>>30].many(ref&(1<<30-1) - 1)
}

// mark notes that a block has changed.
func (b *blocks) mark(ref uint32) { b.class[ref>>30].since.mark(ref&(1<<30-1) - 1) }

// find returns the entry of a peer, nil if there is none.
func (b *blocks) find(ref uint32, peer uint64) *Contact {
	block := b.entries(ref)
	if i, ok := b.probe(block, peer); ok {
		return &block[i]
	}
	return nil
}

// probe returns the place of a peer's entry, or the empty one where it belongs.
func (b *blocks) probe(block []Contact, peer uint64) (int, bool) {
	if block == nil {
		return 0, false
	}
	mask := len(block) - 1
	i := b.home(peer) & mask
	for block[i].peer != peer {
		if block[i].peer == 0 {
			return i, false
		}
		i = (i + 1) & mask
	}
	return i, true
}

// add makes an entry for a peer that has none, with what a trace of it says: that is read before another entry leaves one,
// which may overwrite it. The block grows if it must and may.
func (b *blocks) add(r *Reach, peer uint64, mayGrow bool) *Contact {
	flags := counted(b.traces.recall(r, peer))
	if r.block == 0 {
		r.block = b.class[0].take() + 1
	}
	if class := int(r.block >> 30); int(r.contacts) >= blockEntries[class]*7/8 {
		if class < largest && mayGrow {
			b.grow(r, class)
		} else {
			b.evict(r, mayGrow)
		}
	}
	block := b.entries(r.block)
	i, _ := b.probe(block, peer)
	block[i].peer, block[i].flags = peer, flags
	r.contacts++
	b.mark(r.block)
	return &block[i]
}

// counted adds to the flags of a trace what follows from them: who blocks the account or has reported it is not counted for
// that once more, however many others came in between.
func counted(f contactFlags) contactFlags {
	if f&blockedUs != 0 {
		f |= onceBlocked | complained
	}
	if f&reportedUs != 0 {
		f |= weighed | complained
	}
	return f
}

func (b *blocks) grow(r *Reach, class int) {
	ref := b.copyOf(b.entries(r.block), uint32(class+1))
	b.drop(r.block)
	r.block = ref
}

// copyOf makes a block of a class with the entries of another one, which may be of another table's seed.
func (b *blocks) copyOf(block []Contact, class uint32) uint32 {
	ref := class<<30 | b.class[class].take() + 1
	to := b.entries(ref)
	for _, c := range block {
		if c.peer != 0 {
			i, _ := b.probe(to, c.peer)
			to[i] = c
		}
	}
	return ref
}

// drop gives a block back.
func (b *blocks) drop(ref uint32) {
	if ref != 0 {
		b.class[ref>>30].give(ref&(1<<30-1) - 1)
	}
}

// evict removes the entry that matters least: the one whose last event is oldest, where a dialogue counts as a fortnight
// and a block against the account as a month younger, so that no flood of strangers pushes out what weighs; of several
// the one with the least peer. It leaves a trace.
func (b *blocks) evict(r *Reach, mayGrow bool) {
	block := b.entries(r.block)
	least, least0 := -1, uint64(0)
	for i := range block {
		c := &block[i]
		if c.peer == 0 {
			continue
		}
		if worth := c.worth(); least < 0 || worth < least0 || worth == least0 && c.peer < block[least].peer {
			least, least0 = i, worth
		}
	}
	b.traces.leave(r, &block[least], mayGrow)
	b.remove(r, least)
}

// worth is what keeps an entry, in seconds since 2000.
func (c *Contact) worth() uint64 {
	worth := uint64(c.last)
	if c.dialogue() {
		worth += 14 * 86400
	}
	if c.flags&blockedUs != 0 {
		worth += 30 * 86400
	}
	return worth
}

// forget removes a peer's entry and trace, and tells whether there was one.
func (b *blocks) forget(r *Reach, peer uint64) bool {
	i, ok := b.probe(b.entries(r.block), peer)
	if ok {
		b.remove(r, i)
	}
	traces := r.traces
	b.traces.recall(r, peer)
	return ok || r.traces != traces
}

// remove empties a place and moves those behind it up.
func (b *blocks) remove(r *Reach, hole int) {
	block := b.entries(r.block)
	mask := len(block) - 1
	for i := (hole + 1) & mask; block[i].peer != 0; i = (i + 1) & mask {
		if home := b.home(block[i].peer) & mask; (i-home)&mask >= (i-hole)&mask {
			block[hole] = block[i]
			hole = i
		}
	}
	block[hole] = Contact{}
	r.contacts--
	b.mark(r.block)
}

// bytes is what the blocks and traces in use occupy.
func (b *blocks) bytes() (n int64) {
	for i := range b.class {
		n += b.class[i].bytes()
	}
	return n + b.traces.bytes()
}

// degree is how many peers the account is known to have.
func (r *Reach) degree() int { return int(r.contacts) + int(r.traces) }
