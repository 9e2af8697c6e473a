package features

import "github.com/unopened/unopened/ingest"

// Summary is what is left of an account that made room: who it is, since when it is known, what others have said of it, from
// where it acted, and how it was scored. It stands at the account's last event; whoever comes back goes on from there, not as a newcomer.
// Flat like Account.
type Summary struct {
	ID          ingest.SubjectID
	Last, First int64
	registered  uint32
	outreach1st uint32
	days        uint32
	Events      uint32
	Seen        ingest.Fields
	blocks30d   float32    `half:"-"` // they fade when the account comes back
	reports30d  float32    `half:"-"`
	weighted30d float32    `half:"-"`
	made7d      float32    `half:"-"`
	memo        [6]float32 `half:"-"`
	dealings
	devices   known4
	countries known4
	created   uint16
	flags     flags
	age       ingest.AgeBand
}

// dealings are counters of a Reach that a summary keeps: how many the account has turned to, of what kind, and who answered.
type dealings struct {
	first1d, first7d, first30d, direct7d, related7d, strangers7d, tied7d, untied7d float32 `half:"-"`
	replies7d, aged14d, bands14d, minors14d, minorsTied14d, minorsUntied14d        float32 `half:"-"`
	streak, contacts                                                               uint32
}

// dealings takes them out of r.
func (r *Reach) dealings() dealings {
	return dealings{
		r.first1d, r.first7d, r.first30d, r.direct7d, r.related7d, r.strangers7d, r.tied7d, r.untied7d,
		r.replies7d, r.aged14d, r.bands14d, r.minors14d, r.minorsTied14d, r.minorsUntied14d, uint32(r.streak), uint32(r.degree()),
	}
}

// goOn puts them back.
func (r *Reach) goOn(d *dealings) {
	r.first1d, r.first7d, r.first30d, r.direct7d, r.related7d = d.first1d, d.first7d, d.first30d, d.direct7d, d.related7d
	r.strangers7d, r.tied7d, r.untied7d, r.replies7d = d.strangers7d, d.tied7d, d.untied7d, d.replies7d
	r.aged14d, r.bands14d, r.minors14d = d.aged14d, d.bands14d, d.minors14d
	r.minorsTied14d, r.minorsUntied14d, r.streak = d.minorsTied14d, d.minorsUntied14d, uint16(d.streak)
}

func (s *Summary) subject() *ingest.SubjectID { return &s.ID }

// notable tells whether an account leaves a summary: it has dealt with others, or been here for some time. A flood of
// accounts that only log in leaves nothing, and so cannot push out the summaries of others; nor does one of which only a stamp
// tells.
func (a *Account) notable() bool { return a.Events >= 8 || a.Events > 0 && a.reach != 0 }

// summarise keeps what is left of an account that makes room.
func (t *Table) summarise(a *Account) {
	if !a.notable() {
		return
	}
	row := t.summaries.take()
	s := t.summaries.at(row)
	s.ID, s.Last, s.First, s.Events, s.Seen = a.ID, a.Last, a.First, a.Events, a.Seen
	s.registered, s.outreach1st, s.days = a.registered, a.outreach1st, a.daysActive()
	s.blocks30d, s.reports30d, s.weighted30d = a.blocks30d, a.reports30d, a.weighted30d
	s.made7d, s.devices, s.countries, s.memo = a.made7d, a.devices, a.countries, a.Memo
	s.created, s.flags, s.age, s.dealings = a.created, a.flags, a.age, t.reachOf(a).dealings()
	t.summaries.enter(&s.ID, row)
}

// recall makes an account go on from its summary, and tells whether there was one. Its last act is
// taken to have been its last event.
func (t *Table) recall(a *Account) bool {
	if t.summaries.live() == 0 {
		return false
	}
	row, ok := t.summaries.find(&a.ID)
	if !ok {
		return false
	}
	s := t.summaries.at(row)
	a.Last, a.First, a.Events, a.Seen = s.Last, s.First, s.Events, s.Seen
	a.registered, a.outreach1st, a.days = s.registered, s.outreach1st, s.days
	a.blocks30d, a.reports30d, a.weighted30d = s.blocks30d, s.reports30d, s.weighted30d
	a.made7d, a.devices, a.countries, a.Memo = s.made7d, s.devices, s.countries, s.memo
	a.created, a.flags, a.age = s.created, s.flags&^(flagOnDevice|flagOnNetwork), s.age // what its places answered is not kept
	a.acted = s.Last
	d := s.dealings
	t.summaries.drop(row)
	if d != (dealings{}) {
		t.makeReach(a).goOn(&d)
	}
	return true
}
