package simulate

import (
	"github.com/unopened/unopened/ingest"
)

// takeover is an established account in a stranger's hands: logins fail, one succeeds from an unknown device and
// network, most often abroad, and soon all old contacts get the same message. After a day or so the owner gets the
// account back.
var takeover = campaign{
	name: "takeover", harm: ingest.Takeover,
	count: func(sc *Scenario) int { return sc.Takeovers },
	begin: (*Simulator).prey,
	train: tuning{
		members: span{1, 1}, fresh: span{0, 0}, contacts: span{15, 80}, gap: span{3, 20}, spread: span{0.05, 0.7},
		extra: span{1, 6}, reply: span{0.10, 0.30}, block: span{0.02, 0.05}, report: span{0.04, 0.10},
	},
	test: tuning{
		members: span{1, 1}, fresh: span{0, 0}, contacts: span{12, 120}, gap: span{2, 45}, spread: span{0.02, 2},
		extra: span{1, 8}, reply: span{0.08, 0.35}, block: span{0.01, 0.06}, report: span{0.02, 0.12},
	},
}

func (s *Simulator) prey(c *crew) {
	i := s.volunteer(c.rng, func(a *account) bool { return sociable(a) && a.born < s.scenario.Start-60*day })
	if i < 0 {
		return
	}
	c.content = content{ingest.MediaNone, uint8(span{8, 10}.count(c.rng)), uint8(c.rng.IntN(3))}
	c.lair = place{s.newPlace(domainDevice), s.newPlace(domainNetwork), someCountry(c.rng).code, ingest.ClientAndroid}
	s.enrol(i, c, c.start)
	tries := c.tuning.extra.count(c.rng)
	for k := range tries {
		before := int64(k+1) * (20_000 + c.rng.Int64N(90_000))
		s.schedule(c.start-before, task{do: (*Simulator).tryLogin, a: i})
	}
	s.schedule(c.start, task{do: (*Simulator).intrude, a: i})
}

// tryLogin is a failed login of the stranger.
func (s *Simulator) tryLogin(t task) {
	a := &s.accounts[t.a]
	own := a.here
	a.here = a.crew.lair
	s.record(ingest.LoginFailed, t.a)
	a.here = own
}

// intrude is the login that succeeds.
func (s *Simulator) intrude(t task) {
	a := &s.accounts[t.a]
	c := a.crew
	a.taken, a.here = true, c.lair
	s.record(ingest.Login, t.a)
	s.record(ingest.DeviceAdded, t.a)
	n := min(c.tuning.contacts.count(c.rng), int32(len(a.contacts)))
	s.after(c.tuning.spread.draw(c.rng)*hour, task{do: (*Simulator).fanOut, a: t.a, n: n})
	s.awake(logNormal(a.rng, 22*hour, 0.4), task{do: (*Simulator).recover, a: t.a})
}

// fanOut writes to one old contact, and to t.n − 1 more later.
func (s *Simulator) fanOut(t task) {
	a := &s.accounts[t.a]
	if !a.taken || t.n == 0 {
		return
	}
	t.n--
	if b := a.contacts[t.n]; s.open(t.a, b) {
		s.message(t.a, b, a.crew.content)
		s.receive(task{a: t.a, b: b, n: 3}, a.crew.how)
	}
	s.after(logNormal(a.rng, a.crew.gap, 0.6), t)
}

// recover gives the account back to its owner.
func (s *Simulator) recover(t task) {
	a := &s.accounts[t.a]
	a.taken, a.here = false, a.usual
	s.record(ingest.Login, t.a)
	s.record(ingest.AccountUpdated, t.a)
}
