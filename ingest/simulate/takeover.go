package simulate

import "github.com/unopened/unopened/ingest"

// takeover is an established account in a stranger's hands: logins fail, one succeeds from an unknown device and
// network, most often abroad, and soon all old contacts get the same message. After a day or so the owner gets the
// account back.
var takeover = campaign{
	name: "takeover", harm: ingest.Takeover,
	unfit: []string{Farmed, Seeded, Misdeclared, Warmed},
	made:  theFresh,
	begin: (*Simulator).prey,
	ranges: map[Split]tuning{
		Train: {
			quits: true, members: span{1, 1}, fresh: span{0, 0}, contacts: span{8, 70}, gap: span{3, 20}, spread: span{0.05, 0.7},
			extra: span{1, 6}, reply: span{0.10, 0.30}, block: span{0.02, 0.05}, report: span{0.04, 0.10},
		},
		Test: {
			quits: true, members: span{1, 1}, fresh: span{0, 0}, contacts: span{4, 100}, gap: span{2, 45}, spread: span{0.02, 2},
			extra: span{1, 8}, reply: span{0.08, 0.35}, block: span{0.01, 0.06}, report: span{0.02, 0.12},
		},
	},
}

func (s *Simulator) prey(c *crew) {
	a := s.volunteer(func(a *account) bool { return len(a.contacts) >= 5 && a.born < s.scenario.Start-60*day })
	if a == nil {
		return
	}
	c.content = content{ingest.MediaNone, uint8(s.count(span{8, 10})), uint8(s.rng.IntN(3))}
	lair := s.lair(s.someCountry().code)
	a.enrol(c, c.start)
	failures := s.count(c.tuning.extra)
	if s.chance(0.5) { // a stolen code or session
		failures = 0
	}
	for k := range failures {
		before := int64(k+1) * (20_000 + s.rng.Int64N(90_000))
		s.schedule(c.start-before, a, func() { lair.locate(s.record(ingest.LoginFailed, a)) })
	}
	s.schedule(c.start, a, func() { s.intrude(a, lair) })
}

// intrude is the login that succeeds. In the end the owner gets the account back.
func (s *Simulator) intrude(a *account, from place) {
	own := a.here
	a.taken, a.here = true, from
	s.record(ingest.Login, a)
	s.record(ingest.DeviceAdded, a)
	n := s.work(a.crew)
	if s.chance(0.25) { // some write to the closest alone, with a story for each
		n = 1 + s.rng.IntN(5)
	}
	n = min(n, len(a.contacts))
	s.after(s.draw(a.crew.tuning.spread)*hour*a.crew.Slower, a, func() { s.fanOut(a, a.contacts[:n]) })
	s.awake(s.logNormal(22*hour, 0.4), a, func() {
		a.taken, a.here = false, own
		s.record(ingest.Login, a)
		s.record(ingest.AccountUpdated, a)
	})
}

// fanOut writes to the last of some contacts, and to the others later.
func (s *Simulator) fanOut(a *account, contacts []*account) {
	if !a.taken || len(contacts) == 0 {
		return
	}
	last := len(contacts) - 1
	if b := contacts[last]; s.open(a, b) {
		s.message(a, b, a.crew.content)
		s.receive(a, b, 3, a.crew.how)
	}
	s.after(s.logNormal(a.crew.gap, 0.6), a, func() { s.fanOut(a, contacts[:last]) })
}
