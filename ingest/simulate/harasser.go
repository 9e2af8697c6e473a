package simulate

import "github.com/unopened/unopened/ingest"

// harasser is one person who will not leave another alone: messages and calls by day and night, and where the target
// blocks, another account from the same device and network.
var harasser = campaign{
	name: "lone_harasser", harm: ingest.Harassment,
	unfit: []string{Farmed, Misdeclared},
	made:  allButOne,
	begin: (*Simulator).stalk,
	ranges: map[Split]tuning{
		Train: {
			members: span{2, 4}, fresh: span{0.7, 1}, contacts: span{15, 50}, gap: span{20 * minute, 90 * minute}, spread: span{12, 48},
			reply: span{0.05, 0.15}, block: span{0.10, 0.25}, report: span{0.05, 0.12},
		},
		Test: {
			members: span{2, 6}, fresh: span{0.6, 1}, contacts: span{8, 70}, gap: span{10 * minute, 150 * minute}, spread: span{6, 72},
			reply: span{0.02, 0.20}, block: span{0.06, 0.30}, report: span{0.03, 0.15},
		},
	},
}

func (s *Simulator) stalk(c *crew) {
	c.target = s.someTarget()
	own := s.volunteer(func(a *account) bool { return a != c.target && grown(a) && a.town == c.target.town })
	if own == nil {
		own = s.volunteer(func(a *account) bool { return a != c.target })
	}
	elsewhere := s.lair(c.target.town.country.code)
	at := c.start
	for k := range c.size {
		a := own
		if k > 0 {
			a = s.recruit(c, at, int64(s.logNormal(2*hour, 1)*1000))
			if s.base(a, elsewhere); s.chance(0.8) {
				s.base(a, own.here)
			}
		} else {
			s.meetBefore(a, c.target) // they have known each other
			bind(a, c.target, talked)
			a.enrol(c, at)
		}
		s.schedule(s.first(a, int64(s.logNormal(20*minute, 1)*1000)), a, func() { s.pester(a, s.work(c)) })
		at += int64(s.draw(c.tuning.spread) * c.Slower * hourMs)
	}
}

// pester writes to the target or calls it, or now and then one of its friends, and n − 1 times more.
func (s *Simulator) pester(a *account, n int) {
	b := a.crew.target
	if s.chance(0.1) {
		b = s.contact(b)
	}
	if !s.open(a, b) {
		if b == a.crew.target {
			return // blocked: the next account goes on
		}
		b = nil
	}
	switch {
	case b == nil:
	case s.chance(0.15):
		s.call(a, b, 0.1)
	default:
		for range 1 + s.rng.IntN(3) {
			s.message(a, b, s.smallTalk())
		}
		s.receive(a, b, 1, a.crew.how)
	}
	if n > 1 {
		s.after(s.logNormal(a.crew.gap, 1), a, func() { s.pester(a, n-1) })
	}
}
