package simulate

import (
	"github.com/unopened/unopened/ingest"
)

// brigade is a crowd, some of it fresh, that writes to one target within hours, several messages each.
var brigade = campaign{
	name: "brigade", harm: ingest.Harassment,
	count: func(sc *Scenario) int { return sc.Brigades },
	begin: (*Simulator).mob,
	train: tuning{
		members: span{20, 40}, fresh: span{0.3, 0.7}, contacts: span{2, 8}, gap: span{60, 600}, spread: span{1, 4},
		reply: span{0.02, 0.10}, block: span{0.30, 0.50}, report: span{0.15, 0.35},
	},
	test: tuning{
		members: span{20, 60}, fresh: span{0.2, 0.8}, contacts: span{2, 12}, gap: span{40, 900}, spread: span{1, 6},
		reply: span{0.02, 0.12}, block: span{0.20, 0.50}, report: span{0.10, 0.40},
	},
}

func (s *Simulator) mob(c *crew) {
	c.target = s.volunteer(c.rng, anybody)
	if c.target < 0 {
		return
	}
	spread := c.tuning.spread.draw(c.rng)
	start := s.accounts[c.target].waking(c.start)
	for k := range c.size {
		first := start + int64(c.rng.Float64()*spread*hourMs)
		var i int32
		if k < c.fresh {
			i = s.recruit(c, max(first-int64(c.rng.Float64()*2*day), s.scenario.Start))
		} else if i = s.volunteer(c.rng, func(a *account) bool { return a != &s.accounts[c.target] }); i >= 0 {
			s.enrol(i, c, first)
		} else {
			continue
		}
		s.schedule(first, task{do: (*Simulator).attack, a: i, b: c.target, n: c.tuning.contacts.count(c.rng)})
	}
}

// attack writes to the target, and t.n − 1 times more unless the target blocks.
func (s *Simulator) attack(t task) {
	if !s.open(t.a, t.b) {
		return
	}
	a := &s.accounts[t.a]
	c := a.crew
	content := smallTalk(a.rng)
	if chance(a.rng, 0.15) {
		content = picture(a.rng)
	}
	if s.message(t.a, t.b, content) {
		s.receive(task{a: t.a, b: t.b, n: 1}, c.how)
	}
	if t.n--; t.n > 0 {
		s.after(logNormal(a.rng, c.gap, 0.8), t)
	}
}
