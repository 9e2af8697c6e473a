package simulate

import "github.com/unopened/unopened/ingest"

// grooming is one adult who writes to children one by one, without mutual contacts, some of them out of a group just
// joined; with those who answer it moves on to pictures, a disappearing timer and calls.
var grooming = campaign{
	name: "grooming", harm: ingest.Grooming,
	made:  theFresh,
	begin: (*Simulator).groomer,
	ranges: map[Split]tuning{
		Train: {
			members: span{1, 1}, fresh: span{0, 1}, contacts: span{10, 25}, gap: span{2 * hour, 7 * hour},
			extra: span{0, 2}, reply: span{0.15, 0.35}, block: span{0.05, 0.10}, report: span{0.02, 0.05},
		},
		Test: {
			members: span{1, 1}, fresh: span{0, 1}, contacts: span{8, 30}, gap: span{1.5 * hour, 10 * hour},
			extra: span{0, 3}, reply: span{0.10, 0.40}, block: span{0.04, 0.12}, report: span{0.015, 0.06},
		},
	},
}

func (s *Simulator) groomer(c *crew) {
	for k := range c.size {
		a := s.adult(c, k < c.fresh)
		if a == nil {
			return
		}
		if c.Misdeclared {
			a.told = ingest.Age16to17
		}
		s.schedule(a.from, a, func() {
			for range s.count(c.tuning.extra) {
				if b := s.child(a); b != nil {
					s.enter(a, one(s.dice, b.groups))
				}
			}
			s.approach(a, s.work(c))
		})
	}
}

// adult is a groomer: a second account, some weeks old, or somebody who has been there for long.
func (s *Simulator) adult(c *crew, second bool) *account {
	if !second {
		a := s.volunteer(grown)
		if a != nil {
			a.enrol(c, s.waking(a, c.start))
			if c.Seeded > 0 {
				s.ingratiate(a, c.Seeded)
			}
		}
		return a
	}
	a := s.recruit(c, c.start, c.start-s.scenario.Start+int64(min(s.logNormal(15, 1), 300)*day))
	a.from, a.habit, a.rate = s.waking(a, a.from), (*Simulator).leisure, 1+s.rng.Float64()
	for range 4 {
		s.meetBefore(a, one(s.dice, a.town.people))
	}
	return a
}

// approach begins with one child, and with n − 1 more later.
func (s *Simulator) approach(a *account, n int) {
	if b := s.child(a); b != nil {
		s.lure(a, b, s.rng.IntN(3), a.crew.how)
	}
	s.farm(a)
	if n > 1 {
		s.awake(s.logNormal(a.crew.gap, 0.9), a, func() { s.approach(a, n-1) })
	}
}

// lure writes to a child or asks it for contact, and a few times more where it does not answer.
func (s *Simulator) lure(a, b *account, more int, how reception) {
	if !s.open(a, b) {
		return
	}
	var answers bool
	if a.ties[b]&talked == 0 && s.chance(0.35) {
		answers = s.request(a, b, how)
	} else {
		s.message(a, b, s.smallTalk())
		answers = s.receive(a, b, 5, how)
	}
	if answers {
		s.awake(s.logNormal(4*hour, 0.8), a, func() { s.escalate(a, b, 0) })
	} else if more > 0 {
		again := a.crew.how
		again.reply, again.block, again.report = 0.15*again.reply, 0.5*again.block, 0.5*again.report
		s.awake(s.logNormal(10*hour, 0.8), a, func() { s.lure(a, b, more-1, again) })
	}
}

// child draws a child that the account has never written to and is a stranger to, most often out of a group that both
// are in, or nil where a few tries find none.
func (s *Simulator) child(a *account) *account {
	minor := func(b *account) bool { return b.age.Minor() && relation(a, b) == ingest.Stranger }
	if g := one(s.dice, a.groups); g != nil && s.chance(0.7) {
		for range 20 {
			if b := one(s.dice, g.members); s.open(a, b) && minor(b) && a.ties[b]&talked == 0 {
				return b
			}
		}
	}
	return s.quarry(a, minor)
}

// escalate is the next step with a child that answers; any may be the last.
func (s *Simulator) escalate(a, b *account, step int) {
	if !s.open(a, b) {
		return
	}
	switch step % 4 {
	case 0:
		s.chat(a, b)
	case 1:
		bind(a, b, vanishes)
		s.message(a, b, s.attachment(ingest.MediaImage))
		s.after(40, a, func() { s.turn(a, b, 5) })
	case 2:
		s.call(a, b, 0.3)
	default:
		s.message(a, b, s.attachment(ingest.MediaImage))
	}
	switch u := s.rng.Float64(); {
	case u < 0.4*a.crew.how.block:
		s.awake(s.logNormal(hour, 1), b, func() { s.block(b, a) })
	case u < 0.4*(a.crew.how.block+a.crew.how.report):
		s.complain(b, a, ingest.Grooming)
	case step < 8:
		s.awake(s.logNormal(7*hour*a.crew.Slower, 0.8), a, func() { s.escalate(a, b, step+1) })
	}
}
