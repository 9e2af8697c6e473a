package simulate

import "github.com/unopened/unopened/ingest"

// brigade is a crowd, some of it fresh, that writes to one target within hours, several messages each.
var brigade = campaign{
	name: "brigade", harm: ingest.Harassment,
	unfit: []string{Farmed, Seeded, Misdeclared},
	made:  theFresh,
	begin: (*Simulator).mob,
	ranges: map[Split]tuning{
		Train: {
			members: span{20, 40}, fresh: span{0.3, 0.7}, contacts: span{2, 8}, gap: span{60, 600}, spread: span{1, 4},
			reply: span{0.02, 0.10}, block: span{0.30, 0.50}, report: span{0.15, 0.35},
		},
		Test: {
			members: span{20, 60}, fresh: span{0.2, 0.8}, contacts: span{2, 12}, gap: span{40, 900}, spread: span{1, 6},
			reply: span{0.02, 0.12}, block: span{0.20, 0.50}, report: span{0.10, 0.40},
		},
	},
}

// mob relies on Validate, which leaves half of the accounts innocent: there are volunteers.
func (s *Simulator) mob(c *crew) {
	c.target = s.someTarget()
	spread := s.draw(c.tuning.spread) * c.Slower
	start := s.waking(c.target, c.start)
	for k := range c.size {
		first := start + int64(s.rng.Float64()*spread*hourMs)
		var a *account
		if k < c.fresh {
			a = s.recruit(c, first, min(int64(s.rng.Float64()*2*day), first-s.scenario.Start))
			a.habit, a.rate = (*Simulator).leisure, 1+s.rng.Float64()
		} else {
			a = s.volunteer(func(a *account) bool { return a != c.target })
			a.enrol(c, first)
		}
		s.schedule(first, a, func() { s.attack(a, s.work(c)) })
	}
}

// someTarget is somebody whom a campaign is about.
func (s *Simulator) someTarget() *account {
	a := s.volunteer(func(*account) bool { return true })
	a.persona = "harassed"
	return a
}

// attack writes to the target, and n − 1 times more unless the target blocks.
func (s *Simulator) attack(a *account, n int) {
	target := a.crew.target
	if !s.open(a, target) {
		return
	}
	content := s.smallTalk()
	if s.chance(0.15) {
		content = s.attachment(ingest.MediaImage)
	}
	if s.message(a, target, content) {
		s.receive(a, target, 1, a.crew.how)
	}
	if n > 1 {
		s.after(s.logNormal(a.crew.gap, 0.8), a, func() { s.attack(a, n-1) })
	}
}
