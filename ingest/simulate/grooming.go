package simulate

import (
	"github.com/unopened/unopened/ingest"
)

// grooming is one adult who writes to children one by one, without mutual contacts, some of them out of a group just
// joined; with those who answer it moves on to pictures, a disappearing timer and calls.
var grooming = campaign{
	name: "grooming", harm: ingest.Grooming,
	count: func(sc *Scenario) int { return sc.Groomers },
	begin: (*Simulator).groomer,
	train: tuning{
		members: span{1, 1}, fresh: span{0, 1}, contacts: span{10, 25}, gap: span{2 * hour, 7 * hour},
		extra: span{0, 2}, reply: span{0.15, 0.35}, block: span{0.05, 0.10}, report: span{0.02, 0.05},
	},
	test: tuning{
		members: span{1, 1}, fresh: span{0, 1}, contacts: span{8, 30}, gap: span{1.5 * hour, 10 * hour},
		extra: span{0, 3}, reply: span{0.10, 0.40}, block: span{0.04, 0.12}, report: span{0.015, 0.06},
	},
}

func (s *Simulator) groomer(c *crew) {
	i := int32(-1)
	if c.fresh > 0 { // a second account, some weeks old
		born := s.scenario.Start - int64(min(logNormal(c.rng, 15, 1), 300)*day)
		i = s.recruit(c, born)
		for range 4 {
			s.meetBefore(i, s.neighbour(i), c.rng)
		}
	} else {
		i = s.volunteer(c.rng, grown)
	}
	if i < 0 || len(s.minors) == 0 {
		return
	}
	a := &s.accounts[i]
	s.enrol(i, c, a.waking(c.start))
	for range c.tuning.extra.count(c.rng) {
		if g := s.accounts[s.minors[c.rng.IntN(len(s.minors))]].group(); g >= 0 {
			c.groups = append(c.groups, g)
		}
	}
	s.schedule(a.from, task{do: (*Simulator).approach, a: i, n: c.tuning.contacts.count(c.rng)})
}

// approach writes to one child, and to t.n − 1 more later.
func (s *Simulator) approach(t task) {
	a := &s.accounts[t.a]
	c := a.crew
	for _, g := range c.groups {
		s.join(t.a, g)
		s.inGroup(ingest.GroupJoin, t.a, -1, g)
	}
	c.groups = nil
	if b := s.child(t.a); b >= 0 {
		s.befall(task{a: t.a, b: b, n: 5})
	}
	if t.n--; t.n > 0 {
		s.awake(logNormal(a.rng, c.gap, 0.9), t)
	}
}

// befall makes the first contact with one child and schedules what follows from the answer.
func (s *Simulator) befall(t task) {
	a := &s.accounts[t.a]
	var answers bool
	if chance(a.rng, 0.35) {
		answers = s.request(t.a, t.b, a.crew.how)
	} else {
		s.message(t.a, t.b, smallTalk(a.rng))
		answers = s.receive(t, a.crew.how)
	}
	if answers {
		s.awake(logNormal(a.rng, 4*hour, 0.8), task{do: (*Simulator).escalate, a: t.a, b: t.b})
		return
	}
	s.awake(logNormal(a.rng, 8*hour, 0.8), task{do: (*Simulator).pursue, a: t.a, b: t.b, n: a.rng.Int32N(3)})
}

// child draws a child that the account has never written to, most often out of a group that both are in.
func (s *Simulator) child(i int32) int32 {
	a := &s.accounts[i]
	for range 40 {
		b := s.minors[a.rng.IntN(len(s.minors))]
		if g := a.group(); g >= 0 && chance(a.rng, 0.7) {
			b = s.groups[g].members[a.rng.IntN(len(s.groups[g].members))]
		}
		if s.accounts[b].age.Minor() && s.open(i, b) && !s.bound(i, b, talked|knows|knows<<1) {
			return b
		}
	}
	return -1
}

// pursue writes again to a child that did not answer, t.n times at most.
func (s *Simulator) pursue(t task) {
	if t.n == 0 || !s.open(t.a, t.b) {
		return
	}
	a := &s.accounts[t.a]
	s.message(t.a, t.b, smallTalk(a.rng))
	how := a.crew.how
	how.reply, how.block, how.report = 0.15*how.reply, 0.5*how.block, 0.5*how.report
	if s.receive(task{a: t.a, b: t.b, n: 3}, how) {
		s.awake(logNormal(a.rng, 6*hour, 0.8), task{do: (*Simulator).escalate, a: t.a, b: t.b})
		return
	}
	t.n--
	s.awake(logNormal(a.rng, 14*hour, 0.7), t)
}

// escalate is the next step, number t.n, with a child that answers; any may be the last.
func (s *Simulator) escalate(t task) {
	if !s.open(t.a, t.b) {
		return
	}
	a := &s.accounts[t.a]
	switch t.n % 4 {
	case 0:
		s.chat(t.a, t.b)
	case 1:
		s.bind(t.a, t.b, vanishes)
		s.message(t.a, t.b, picture(a.rng))
		s.after(40, task{do: (*Simulator).turn, a: t.a, b: t.b, n: 5})
	case 2:
		s.call(t.a, t.b, 0.3)
	default:
		s.message(t.a, t.b, picture(a.rng))
	}
	switch u := a.rng.Float64(); {
	case u < 0.4*a.crew.how.block:
		s.awake(logNormal(a.rng, hour, 1), task{do: (*Simulator).block, a: t.b, b: t.a})
	case u < 0.4*(a.crew.how.block+a.crew.how.report):
		s.complain(t.b, t.a, ingest.Grooming)
	case t.n < 8:
		t.n++
		s.awake(logNormal(a.rng, 7*hour, 0.8), t)
	}
}
