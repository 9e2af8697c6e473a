package features

import (
	"github.com/unopened/unopened/features/sketch"
	"github.com/unopened/unopened/ingest"
)

// lockstep keeps what an account did to whom and when, as a signature: accounts that turn to the same targets in the same
// hours have like ones (SynchroTrap, Cao et al. 2014; CopyCatch, Beutel et al. 2013; minhash, Broder 1997). An account
// asks the group of each band of its signature how many others came to it. A group lies where its name falls, like a
// device, so accounts of all shards meet there; no shard needs a union of all of them.
type lockstep struct {
	signature sketch.MinHash
	week      uint16  // the week that it stands in, since 1970; it has the items of that week and the one before
	items     uint8   // first contacts, joins and reports of that week in the low half, of the one before in the high one
	counted   uint8   // bit n, one a band: its group has counted the account; above, six bits of the last item
	group7d   float32 `half:"7d"` // others in a group, as it last answered
}

const (
	bands     = 2 // of two minima each
	enough    = 3 // items from which a signature says something
	inLock    = 6 * hourMs
	groupMost = 2 * weekMs // idle time after which a group goes
)

// lock takes what may be done in lockstep, and asks the group of one band. A report or join that does what the
// one before it did counts as none: who reports one account again and again has turned to one target.
func (t *Table) lock(s *step) {
	ev := s.ev
	with := ev.Peer
	switch {
	case s.first, s.acts && ev.Type == ingest.Report:
	case ev.Type == ingest.GroupJoin:
		with = ev.Conversation
	default:
		return
	}
	f := &s.r.lockstep
	f.advance(uint16(ev.At / weekMs))
	is := item(&with, ev.At/inLock)
	f.changed(f.signature.Add(is))
	again := !s.first && f.counted>>bands == digest6(is)
	f.counted = f.counted&(1<<bands-1) | digest6(is)<<bands
	switch {
	case again:
	case f.items&15 < 15:
		f.items++
	default:
		f.items-- // so that the bands go on taking turns
	}
	if f.items&15+f.items>>4 < enough {
		return
	}
	b := int(f.items) % bands
	fresh := f.counted>>b&1 == 0
	f.counted |= 1 << b
	t.Stamps = append(t.Stamps, ingest.Stamp{
		Kind: ingest.StampLockstep, Subject: ingest.GroupSubject(f.band(b)), From: ev.Subject, Event: ev.ID, At: ev.At,
		Values: values{0: truth(fresh)},
	})
}

// advance brings the signature to a week. What comes late counts in the present one.
func (f *lockstep) advance(week uint16) {
	for range min(2, max(week, f.week)-f.week) {
		f.changed(f.signature.Renew())
		f.items <<= 4
	}
	f.week = max(week, f.week)
}

// changed takes which minima have changed: their bands are others, whose groups have not counted the account.
func (f *lockstep) changed(minima uint8) {
	for b := range bands {
		if minima>>(2*b)&3 != 0 {
			f.counted &^= 1 << b
		}
	}
}

// item names a target in a time. Pseudonyms are keyed hashes, so nobody outside can choose items that come first.
func item(with *ingest.SubjectID, bucket int64) uint64 {
	return sketch.Mix([2]uint64{0x9e3779b97f4a7c15, 0xc2b2ae3d27d4eb4f}, peerKey(with), uint64(bucket))
}

// digest6 is six bits of an item, never 0.
func digest6(item uint64) uint8 { return max(1, uint8(item>>58)) }

// band names a band of the signature.
func (f *lockstep) band(b int) uint64 {
	all := f.signature.Bands()
	return sketch.Mix([2]uint64{0xff51afd7ed558ccd, 0xc4ceb9fe1a85ec53}, all[2*b], all[2*b+1])
}

// Group is the state of a lockstep group: how many accounts came to it. Flat like Account.
type Group struct {
	ID       ingest.SubjectID
	Last     int64
	accounts int64
}

func (g *Group) subject() *ingest.SubjectID { return &g.ID }

// gather counts an account that came to a group, and answers where others are there. With each new group two old rows are
// looked at, and go when they have been idle for two weeks: so groups are as many as a fortnight makes.
func (t *Table) gather(st *ingest.Stamp) {
	row, ok := t.groups.find(&st.Subject)
	if !ok {
		for range 2 {
			t.retire()
		}
		trim(t, &t.groups, groupsShare)
		t.makeRoom(nil, 0)
		row = t.groups.take()
		g := t.groups.at(row)
		g.ID, g.Last = st.Subject, st.At
		t.groups.enter(&st.Subject, row)
	}
	t.groups.since.mark(row)
	g := t.groups.at(row)
	g.Last = max(g.Last, st.At)
	if st.Values[0] > 0 {
		g.accounts++
	}
	if g.accounts > 1 {
		t.Stamps = append(t.Stamps, ingest.Stamp{
			Kind: ingest.StampPlace, Subject: st.From, From: st.Subject, Event: st.Event, At: st.At,
			Values: values{placeWhich: placeGroup, placeAccounts: float32(g.accounts - 1)},
		})
	}
}

// retire looks at the next row, and drops a group that has been idle.
func (t *Table) retire() {
	if t.groups.next == 0 {
		return
	}
	t.hand = (t.hand + 1) % uint64(t.groups.next)
	row := uint32(t.hand)
	if g := t.groups.at(row); !g.ID.IsZero() && t.newest-g.Last > groupMost {
		t.groups.drop(row)
	}
}

var lockstepDefs = family("lockstep",
	Def{
		Name: "lockstep_accounts_7d", Unit: Count, Window: oneWeek, Sign: Worse, Harms: asSpam | asHarassment | asSybil, Source: "SynchroTrap 2014; CopyCatch 2013",
		Help:   "Most other accounts that turned to the same targets, joined the same groups or reported the same accounts in the same six hours of this week or the last, as far as a signature of four minima shows, fading by half each seven days.",
		Reason: "%.0f other accounts do the same to the same targets in the same hours",
		Read:   func(_ *Account, r *Reach) float32 { return r.group7d },
	},
)
