package features

import (
	"slices"

	"github.com/unopened/unopened/ingest"
)

// ApplyStamp folds a stamp into the account that it is for and reads its vector into v. It counts as of its event's
// time, like an event, but is none: Vector.Events stays. A stamp for a lockstep group belongs to no account: it is
// answered in Stamps, and ApplyStamp returns nil and leaves v alone.
func (t *Table) ApplyStamp(st *ingest.Stamp, v *Vector) *Account {
	t.settle()
	if st.Kind == ingest.StampLockstep {
		t.gather(st)
		return nil
	}
	a := t.open(&st.Subject, st.At)
	w, late := a.touch(t.reachOf(a), st.At)
	switch st.Kind {
	case ingest.StampReport:
		t.applyReport(a, st, w[month])
	case ingest.StampRecipient:
		t.applyRecipient(t.makeReach(a), st, &w)
	case ingest.StampPlace:
		if st.Values[placeWhich] == placeGroup {
			r := t.makeReach(a)
			r.group7d = max(r.group7d, float32(w[week]*st.Values[placeAccounts]))
		} else if !late {
			a.place(&st.Values)
		}
	}
	t.Read(a, v)
	return a
}

// applyRecipient notes how many others wrote to a recipient, how often the account has without an answer, and, where it
// answers a first contact, what it tells of itself.
func (t *Table) applyRecipient(r *Reach, st *ingest.Stamp, w *weights) {
	others := st.Values[recipientOthers]
	r.burst1d = max(r.burst1d, float32(w[day]*logRatio(others, st.Values[recipientUsual])))
	r.newSenders1d = max(r.newSenders1d, float32(w[day]*others))
	r.midas1d = max(r.midas1d, float32(w[day]*log1p(st.Values[recipientMidas])))
	peer := peerKey(&st.From)
	c := t.blocks.find(r.block, peer)
	if others >= crowd && c != nil && c.flags&theyWrote == 0 {
		r.crowd1d = max(r.crowd1d, float32(w[day]*float32(c.run)))
	}
	if st.Values[recipientFirst] == 0 {
		return
	}
	r.targets.hear(&st.Values, w)
	if c != nil && c.flags&isMinor != 0 {
		r.agegap.hear(st.Values[recipientQuiet], w[fortnight])
	}
	if st.Peers[0] != 0 {
		t.compare(r, st, peer, w)
	}
}

// compare looks for the account's neighbours among those of a recipient.
func (t *Table) compare(r *Reach, st *ingest.Stamp, but uint64, w *weights) {
	n := len(st.Peers)
	for n > 0 && st.Peers[n-1] == 0 {
		n--
	}
	own, common := 0, 0
	block := t.blocks.entries(r.block)
	for i := range block {
		if c := &block[i]; c.peer != 0 && c.peer != but && c.dialogue() {
			own++
			if _, both := slices.BinarySearch(st.Peers[:n], neighbourOf(c.peer)); both {
				common++
			}
		}
	}
	r.compare(common, own, w)
}

// applyReport takes one complaint: the community that it comes from, once a peer, and the weight of a report, once a
// reporter. Reporters of one community are hardly more than one: each after the first who complained counts a quarter.
func (t *Table) applyReport(a *Account, st *ingest.Stamp, w float32) {
	r := t.makeReach(a)
	peer := peerKey(&st.From)
	c := t.blocks.find(r.block, peer)
	if c == nil { // its own side has not come yet
		c = t.know(a, r, peer, st.At)
	}
	t.blocks.mark(r.block)
	if c.flags&complained == 0 {
		c.flags |= complained
		c.set(echoed, r.from(uint16(st.Values[reportSide]), w))
	}
	if st.Values[reportBlock] == 0 && c.flags&weighed == 0 {
		c.flags |= weighed
		weight := w * credibility(&st.Values)
		if c.flags&echoed != 0 {
			weight *= 0.25
		}
		a.weighted30d += float32(weight)
	}
}

// from takes the community of a complaint, and tells whether one of it came before.
func (f *reporters) from(side uint16, w float32) (again bool) {
	side = max(1, side) // those without neighbours are one community
	if again = slices.Contains(f.sides[:], side); !again {
		f.sides30d += w
	}
	strange(f.sides[:], side)
	return again
}

func (a *Account) place(v *values) {
	switch v[placeWhich] {
	case placeDevice:
		a.onDevice, a.joinDevice, a.flags = v[placeAccounts], v[placeRegistered], a.flags|flagOnDevice
	case placeNetwork:
		a.onNetwork, a.joinNetwork, a.flags = v[placeAccounts], v[placeRegistered], a.flags|flagOnNetwork
	}
}
