package features

import (
	"math"

	"github.com/unopened/unopened/ingest"
)

// meet finds the entry of the event's peer, or makes one if the event is a dealing between the two, and says in s
// what the event means between them. Group messages and hidden senders have no peer.
func (t *Table) meet(s *step) {
	ev := s.ev
	if ev.Peer.IsZero() {
		return
	}
	peer := peerKey(&ev.Peer)
	s.c = t.blocks.find(s.r.block, peer)
	unmet := s.c == nil
	if unmet {
		if !dealing(ev) {
			return
		}
		s.c = t.know(s.a, s.r, peer, ev.At)
	}
	if ev.Has.Any(ingest.FieldTargetAge) {
		s.c.set(isMinor, ev.PeerAge.Minor())
	}
	s.minor = s.c.flags&isMinor != 0
	s.quiet = int64(seconds(ev.At)) - int64(s.c.last)
	if unmet {
		s.quiet = math.MaxInt64
	}
	weight := s.c.touch(s)
	if s.acts {
		s.give(weight)
	} else {
		s.take()
	}
	if s.first {
		s.dropped = t.drops(s)
	}
}

// know makes the entry of a peer that a has none of, as of a time; who comes back from a trace was known before any. First
// blocks and rings are made at the ceiling, too, so there may be something to sweep.
func (t *Table) know(a *Account, r *Reach, peer uint64, at int64) *Contact {
	t.makeRoom(a, t.ceiling()/32)
	c := t.blocks.add(r, peer, t.mayGrow())
	c.opened = seconds(at)
	c.last = c.opened
	if c.flags&(weOpened|theyOpened) != 0 {
		c.opened = longAgo
	}
	return c
}

// drops counts the dialogues that the account opened, had eight turns or more in, and has left for three days; each once.
func (t *Table) drops(s *step) (n int) {
	now := seconds(s.ev.At)
	block := t.blocks.entries(s.r.block)
	for i := range block {
		c := &block[i]
		if c.turns >= 8 && c.flags&(weOpened|dropped) == weOpened && c.last+3*86400 <= now {
			c.flags |= dropped
			n++
		}
	}
	return n
}

// dealing tells whether an event makes an entry for its peer.
func dealing(ev *ingest.Event) bool {
	switch ev.Type {
	case ingest.Message, ingest.Call, ingest.ContactRequest, ingest.ContactAccept, ingest.ContactDecline:
		return true
	case ingest.Block, ingest.Unblock, ingest.Report: // an unblocking must reach the trace of a block
		return ev.Side == ingest.SideReceived
	}
	return false
}

// give says what an act of the account towards the peer means.
func (s *step) give(weight float32) {
	c := s.c
	switch s.ev.Type {
	case ingest.Message, ingest.Call, ingest.ContactRequest:
		s.out, s.written = true, c.flags&theyWrote != 0
		if s.ev.Type == ingest.ContactRequest {
			c.flags |= asked
		}
		s.first = c.open(weOpened, s.ev.At)
		known := c.flags&theyWrote != 0 && int64(seconds(s.ev.At))-int64(c.opened) >= 86400
		s.old = s.quiet >= 3600 && (known || s.ev.Relation == ingest.Mutual)
		s.send1(weight)
		if s.ev.Type == ingest.Call && s.ev.True.Any(ingest.FieldAnswered) {
			s.hear()
		}
		s.unanswered = c.flags&(weOpened|theyWrote) == weOpened
	case ingest.ContactAccept, ingest.ContactDecline:
		c.open(theyOpened, s.ev.At) // they must have asked
	}
}

// send1 counts one send to the peer.
func (s *step) send1(weight float32) {
	c := s.c
	s.turn = c.flags&theyWrote != 0 && c.run == 0 && s.ev.Type != ingest.ContactRequest
	if s.turn {
		c.turns = min(c.turns, math.MaxUint16-1) + 1
	}
	c.sent7d += weight
	c.run = min(c.run, math.MaxUint16-1) + 1
	if today := uint16(s.ev.At / dayMs); today > c.wrote {
		s.today, c.wrote = true, today
	}
}

// take says what an act of the peer towards the account means.
func (s *step) take() {
	c := s.c
	if s.ev.Has.Any(ingest.FieldDevice) {
		c.device = digest(s.ev.Device)
	}
	if s.ev.Has.Any(ingest.FieldNetwork) {
		c.network = digest(s.ev.Network)
	}
	switch s.ev.Type {
	case ingest.Message, ingest.Call, ingest.ContactRequest:
		s.firstIn = c.open(theyOpened, s.ev.At)
		s.hear()
	case ingest.ContactAccept:
		c.open(weOpened, s.ev.At) // the account must have asked
		s.request = s.requested()
		s.hear()
		s.accepted = s.reply || c.flags&asked != 0
		c.flags &^= asked
	case ingest.ContactDecline:
		c.open(weOpened, s.ev.At)
		s.request, s.declined = s.requested(), true
		c.flags &^= asked
	case ingest.Block:
		s.blocked = c.flags&onceBlocked == 0
		c.flags |= onceBlocked | blockedUs
	case ingest.Unblock:
		c.flags &^= blockedUs
	case ingest.Report:
		s.reported = c.flags&reportedUs == 0
		c.flags |= reportedUs
	}
}

// requested returns what the request that the peer answers weighs by now: what the account's first contact does, if that is
// known and nothing came of it yet; else as much as one of this moment, since nothing tells when it was made.
func (s *step) requested() float32 {
	if c := s.c; c.flags&(weOpened|theyWrote) != weOpened || c.opened == longAgo {
		return s.w[week]
	}
	return between(max(0, millis(s.c.opened)-s.a.First), s.a.Last-s.a.First)[week]
}

// hear notes that the peer has answered, written or called.
func (s *step) hear() {
	c := s.c
	if c.flags&(weOpened|theyWrote) == weOpened {
		s.reply = true
		if c.opened == longAgo { // nothing tells when it was
			s.opened, s.delay = s.w, -1
		} else {
			s.opened = between(max(0, millis(c.opened)-s.a.First), s.a.Last-s.a.First)
			s.delay = max(0, int64(seconds(s.ev.At))-int64(c.opened))
		}
	}
	c.flags |= theyWrote
	c.run = 0
}

// open notes who made the first contact, unless there was one, and tells whether this was it.
func (c *Contact) open(who contactFlags, at int64) bool {
	if c.flags&(weOpened|theyOpened) != 0 {
		return false
	}
	c.flags |= who
	c.opened = seconds(at)
	return true
}

func (c *Contact) set(f contactFlags, on bool) {
	c.flags &^= f
	if on {
		c.flags |= f
	}
}

// touch brings the entry to the time of the event and returns what a send counts for in it. Its ticks are those of
// the account, at whole seconds.
func (c *Contact) touch(s *step) float32 {
	now := seconds(s.ev.At)
	then, here := weekTicks(millis(c.last)-s.a.First), weekTicks(millis(now)-s.a.First)
	if now < c.last {
		return fade(then - here)
	}
	if here > then {
		c.sent7d *= fade(here - then)
		if c.sent7d < faint {
			c.sent7d = 0
		}
	}
	c.last = now
	return 1
}

func weekTicks(span int64) int64 { return max(0, span) * ticksEach / weekMs }
