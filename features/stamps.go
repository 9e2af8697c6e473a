package features

import (
	"math/bits"
	"slices"

	"github.com/unopened/unopened/ingest"
)

// values are what a stamp says; places that its kind does not use are 0.
type values = [ingest.StampValues]float32

// The places of a StampReport's values: the record of one who reports or blocks. It goes to the
// account reported or blocked.
const (
	reportAge      = 0 // the reporter's age in days; NaN unknown
	reportMade     = 1 // reports that it made in a week, this one among them
	reportOpened   = 2 // 1: the reported account contacted the reporter first; 0: the reporter did; NaN: neither is known
	reportVerified = 3 // 1: the messenger checked the message; 0: it did not find it; NaN: not given
	reportLabels   = 4 // categories in which the reporter itself is labelled abusive
	reportTraffic  = 5 // messages and calls that the reporter sent and received in a week
	reportSide     = 6 // digest of the reporter's community, 1 to 65535; 0 where it has no neighbours
	reportBlock    = 7 // 1: it was a block
)

// The places of a StampRecipient's values: the recipient of a first contact, and while a crowd writes to it of further
// sends until it writes back. It goes to the sender; with the first one go the recipient's neighbours.
const (
	recipientOthers = 0 // other first contacts that it had in an hour
	recipientUsual  = 1 // and would have had by its own week
	recipientMidas  = 2 // score of the hour's first contacts against its own past
	recipientFirst  = 3 // 1: it answers a first contact, and all that follows is told
	recipientDegree = 4 // peers that it is known to have, the sender not counted
	recipientAge    = 5 // its age in days; NaN unknown
	recipientQuiet  = 6 // 1: it has sent nothing of late at this hour of the day; NaN: its hours are not known
	recipientLabels = 7 // categories in which it is labelled abusive
	recipientBarred = 8 // 1: it blocks another account on the sender's device; a quarter: on its network, while the sender is new

	crowd = 4 // other first contacts in an hour from which new senders go on being answered
)

// The places of a StampPlace's values: a device, network or lockstep group that an account came to. It goes to the account.
const (
	placeWhich      = 0 // placeDevice, placeNetwork or placeGroup
	placeAccounts   = 1 // accounts there: within a week on a device or in a group, a day on a network
	placeRegistered = 2 // registrations there, fading by half in that time

	placeDevice  = 1
	placeNetwork = 2
	placeGroup   = 3
)

// answer puts a stamp for the event's peer into t.Stamps.
func (t *Table) answer(ev *ingest.Event, kind ingest.StampKind, v values) *ingest.Stamp {
	t.Stamps = append(t.Stamps, ingest.Stamp{
		Kind: kind, Category: ev.Category, Subject: ev.Peer, From: ev.Subject, Event: ev.ID, At: ev.At, Values: v,
	})
	return &t.Stamps[len(t.Stamps)-1]
}

// emit answers the peer of an account's event where it needs to know about the account.
func (t *Table) emit(s *step) {
	switch {
	case s.acts && (s.ev.Type == ingest.Report || s.ev.Type == ingest.Block):
		t.answer(s.ev, ingest.StampReport, t.record(s))
	case s.firstIn:
		st := t.answer(s.ev, ingest.StampRecipient, s.crowded(&s.w))
		s.introduce(&st.Values)
		t.neighbours(s.r, s.c.peer, &st.Peers)
	case s.receive && s.c != nil && s.c.flags&theyOpened != 0 && s.c.sent7d == 0:
		own := between(max(0, millis(s.c.opened)-s.a.First), s.a.Last-s.a.First)
		if v := s.crowded(&own); v[recipientOthers] >= crowd {
			t.answer(s.ev, ingest.StampRecipient, v)
		}
	}
}

// crowded is what a recipient tells a sender whose own first contact counts for own, of the crowd that writes to it.
func (s *step) crowded(own *weights) values {
	return values{
		recipientOthers: max(0, s.r.firstIn1h-own[hour]),
		recipientUsual:  max(0, s.r.firstIn7d-own[week]) / (7 * 24),
		recipientMidas:  s.r.bursting,
	}
}

// introduce adds what a recipient tells of itself to one who contacts it first.
func (s *step) introduce(v *values) {
	age, _ := s.a.AgeDays()
	v[recipientFirst], v[recipientAge], v[recipientQuiet] = 1, age, nan
	v[recipientDegree] = float32(s.r.degree() - 1)
	v[recipientLabels] = float32(bits.OnesCount16(s.a.abusive))
	if _, all, _ := s.r.profile(); all > 10 {
		v[recipientQuiet] = truth(s.r.inHour(int(s.ev.At/hourMs%24)) == 0)
	}
	fresh := s.ev.Has.Any(ingest.FieldTargetCreated) && s.ev.At-int64(s.ev.PeerCreated)*dayMs <= weekMs
	switch {
	case s.c.flags&weBlocked != 0:
	case s.c.device != 0 && slices.Contains(s.r.devices[:], s.c.device):
		v[recipientBarred] = 1
	case fresh && s.c.network != 0 && slices.Contains(s.r.networks[:], s.c.network):
		v[recipientBarred] = networkBarred
	}
}

// networkBarred is what a first contact from a barred network counts for: households, schools and shelters share one, too.
const networkBarred = 0.25

// neighbourOf is what stands for a peer among neighbours: 32 bits of its pseudonym that no trace keeps, never 0.
func neighbourOf(peer uint64) uint32 { return max(1, uint32(peer>>32)) }

// neighbours writes the peers with whom an account has a dialogue, but one, in rising order: the least ones where there are
// more than room. As all pseudonyms are hashes, that is a sample, and the same one wherever two accounts have the same
// neighbours (bottom-k, Cohen and Kaplan 2007).
func (t *Table) neighbours(r *Reach, but uint64, to *[ingest.StampPeers]uint32) (n int) {
	for i := range t.blocks.entries(r.block) {
		c := &t.blocks.entries(r.block)[i]
		if c.peer == 0 || c.peer == but || !c.dialogue() {
			continue
		}
		v := neighbourOf(c.peer)
		at, twice := slices.BinarySearch(to[:n], v)
		if twice || at == len(to) {
			continue
		}
		n = min(n+1, len(to))
		copy(to[at+1:n], to[at:n-1])
		to[at] = v
	}
	return n
}

// record is what a reporter tells of itself.
func (t *Table) record(s *step) values {
	age, _ := s.a.AgeDays()
	opened, verified := nan, nan
	if known := t.remembered(s); known&(weOpened|theyOpened) != 0 {
		opened = truth(known&theyOpened != 0)
	}
	if s.ev.Has.Any(ingest.FieldVerified) {
		verified = truth(s.ev.True.Any(ingest.FieldVerified))
	}
	var near [ingest.StampPeers]uint32
	side := float32(0)
	if t.neighbours(s.r, peerKey(&s.ev.Peer), &near) > 0 {
		side = float32(max(1, near[0]>>16))
	}
	return values{
		reportAge: age, reportMade: s.a.made7d, reportOpened: opened, reportVerified: verified,
		reportLabels: float32(bits.OnesCount16(s.a.abusive)), reportTraffic: s.a.sent7d + s.a.received7d, reportSide: side,
		reportBlock: truth(s.ev.Type == ingest.Block),
	}
}

// remembered are the flags of the event's peer, out of its trace where that is all there is: else a flood of strangers would
// take its weight from a report of the first of them.
func (t *Table) remembered(s *step) contactFlags {
	if s.c != nil {
		return s.c.flags
	}
	if i := t.blocks.traces.find(s.r, peerKey(&s.ev.Peer)); i >= 0 {
		return contactFlags(t.blocks.traces.entries(s.r.trace)[i].of) & traceFlags
	}
	return 0
}

func truth(b bool) float32 {
	if b {
		return 1
	}
	return 0
}

// credibility weighs a report by its reporter, 0 to 1: one of some days' standing and traffic whom the reported account
// wrote to first, who reports little and whose report was verified, counts whole.
func credibility(v *values) float32 {
	if v[reportLabels] > 0 {
		return 0
	}
	c := min(1, 3/max(1, v[reportMade]))
	c *= or(min(1, (v[reportAge]+0.5)/7), 0.5)
	c *= or(0.5+v[reportOpened]/2, 0.25)
	c *= or(0.3+0.7*v[reportVerified], 0.6)
	return c * min(1, (v[reportTraffic]+1)/5)
}

// or returns v, or instead if v is unknown.
func or(v, instead float32) float32 {
	if v != v {
		return instead
	}
	return v
}
