package features

import (
	"math/bits"

	"github.com/unopened/unopened/ingest"
)

// The places of a StampReport's values: the reporter's record when it reported. It goes to the account reported.
const (
	reportAge      = 0 // the reporter's age in days; NaN unknown
	reportMade     = 1 // reports that it made in a week, this one among them
	reportOpened   = 2 // 1: the reported account contacted the reporter first; 0: the reporter did; NaN: neither is known
	reportVerified = 3 // 1: the messenger checked the message; 0: it did not find it; NaN: not given
	reportLabels   = 4 // categories in which the reporter itself is labelled abusive
	reportTraffic  = 5 // messages and calls that the reporter sent and received in a week
)

// The places of a StampRecipient's values: the recipient of a first contact, and while a crowd writes to it of further
// sends until it writes back. It goes to the sender.
const (
	recipientOthers = 0 // other first contacts that it had in an hour
	recipientUsual  = 1 // and would have had by its own week

	crowd = 4 // other first contacts in an hour from which new senders go on being answered
)

// The places of a StampPlace's values: a device or network that an account came to. It goes to the account.
const (
	placeWhich    = 0 // placeDevice or placeNetwork
	placeAccounts = 1 // accounts there: within a week on a device, a day on a network

	placeDevice  = 1
	placeNetwork = 2
)

// answer puts a stamp for the event's peer into t.Stamps.
func (t *Table) answer(ev *ingest.Event, kind ingest.StampKind, values [6]float32) {
	t.Stamps = append(t.Stamps, ingest.Stamp{
		Kind: kind, Category: ev.Category, Subject: ev.Peer, From: ev.Subject, Event: ev.ID, At: ev.At, Values: values,
	})
}

// emit answers the peer of an account's event where it needs to know about the account.
func (t *Table) emit(s *step) {
	switch {
	case s.acts && s.ev.Type == ingest.Report:
		t.answer(s.ev, ingest.StampReport, s.record())
	case s.firstIn:
		t.answer(s.ev, ingest.StampRecipient, s.crowded(&s.w))
	case s.receive && s.c != nil && s.c.flags&theyOpened != 0 && s.c.sent7d == 0:
		own := between(max(0, millis(s.c.opened)-s.a.First), s.a.Last-s.a.First)
		if v := s.crowded(&own); v[recipientOthers] >= crowd {
			t.answer(s.ev, ingest.StampRecipient, v)
		}
	}
}

// crowded is the recipient's digest for a sender whose own first contact counts for own.
func (s *step) crowded(own *weights) [6]float32 {
	return [6]float32{
		recipientOthers: max(0, s.r.firstIn1h-own[hour]),
		recipientUsual:  max(0, s.r.firstIn7d-own[week]) / (7 * 24),
	}
}

// record is the reporter's digest.
func (s *step) record() [6]float32 {
	age, _ := s.a.AgeDays()
	opened, verified := nan, nan
	if s.c != nil && s.c.flags&(weOpened|theyOpened) != 0 {
		opened = truth(s.c.flags&theyOpened != 0)
	}
	if s.ev.Has.Any(ingest.FieldVerified) {
		verified = truth(s.ev.True.Any(ingest.FieldVerified))
	}
	return [6]float32{
		reportAge: age, reportMade: s.a.made7d, reportOpened: opened, reportVerified: verified,
		reportLabels: float32(bits.OnesCount16(s.a.abusive)), reportTraffic: s.a.sent7d + s.a.received7d,
	}
}

func truth(b bool) float32 {
	if b {
		return 1
	}
	return 0
}

// credibility weighs a report by its reporter, 0 to 1: one of some days' standing and traffic whom the reported account
// wrote to first, who reports little and whose report was verified, counts whole.
func credibility(v *[6]float32) float32 {
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

// ApplyStamp folds a stamp into the account that it is for and reads its vector into v. It counts as of its event's
// time, like an event, but is none: Vector.Events stays.
func (t *Table) ApplyStamp(st *ingest.Stamp, v *Vector) *Account {
	a := t.open(&st.Subject, st.At)
	w, late := a.touch(t.reachOf(a), st.At)
	switch st.Kind {
	case ingest.StampReport:
		t.applyReport(a, st, w[month])
	case ingest.StampRecipient:
		t.applyRecipient(t.makeReach(a), st, w[day])
	case ingest.StampPlace:
		if !late {
			a.place(st.Values[placeWhich], st.Values[placeAccounts])
		}
	}
	t.Read(a, v)
	return a
}

// applyRecipient notes how many others wrote to a recipient, and how often the account has without an answer.
func (t *Table) applyRecipient(r *Reach, st *ingest.Stamp, w float32) {
	others := st.Values[recipientOthers]
	r.burst1d = max(r.burst1d, float32(w*logRatio(others, st.Values[recipientUsual])))
	r.newSenders1d = max(r.newSenders1d, float32(w*others))
	c := t.blocks.find(r.block, peerKey(&st.From))
	if others >= crowd && c != nil && c.flags&theyWrote == 0 {
		r.crowd1d = max(r.crowd1d, float32(w*float32(c.run)))
	}
}

// applyReport adds the report's weight, once a reporter.
func (t *Table) applyReport(a *Account, st *ingest.Stamp, w float32) {
	r := t.makeReach(a)
	peer := peerKey(&st.From)
	c := t.blocks.find(r.block, peer)
	if c == nil { // its own side has not come yet
		c = t.blocks.add(r, peer, t.mayGrow())
		c.opened = seconds(st.At)
		c.last = c.opened
	}
	if c.flags&weighed == 0 {
		c.flags |= weighed
		t.blocks.mark(r.block)
		a.weighted30d += float32(w * credibility(&st.Values))
	}
}

func (a *Account) place(which, accounts float32) {
	switch which {
	case placeDevice:
		a.onDevice, a.flags = accounts, a.flags|flagOnDevice
	case placeNetwork:
		a.onNetwork, a.flags = accounts, a.flags|flagOnNetwork
	}
}
