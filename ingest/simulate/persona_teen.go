package simulate

import "github.com/unopened/unopened/ingest"

// popularTeen makes a minor whom hundreds know and many strangers write to, and who writes to many minors it hardly knows.
func (s *Simulator) popularTeen(a *account) {
	a.rate, a.slowness = max(a.rate, 4), 0.3*a.slowness
	for range int(s.tail(tail{200, 0.7, 900})) {
		b := one(s.dice, a.town.minors)
		if s.chance(0.5) {
			b = s.somebody(0.9)
		}
		switch {
		case b == nil || b == a:
		case s.chance(0.4):
			s.meetBefore(a, b)
		default:
			b.learn(a)
		}
	}
	for range s.count(span{2, 12}) {
		if b := one(s.dice, a.contacts); b != nil {
			if g := one(s.dice, b.groups); g != nil && !a.in(g) {
				g.join(a)
			}
		}
	}
	v := &visits{
		rate: s.tail(tail{5, 1, 60}), until: s.end, who: func() *account { return s.somebody(0.8) }, nights: 0.15, calls: 0.03,
	}
	s.schedule(s.scenario.Start, a, func() { s.receiveVisits(a, v) })
	e := &errand{
		left: int(s.tail(tail{20, 1, 200})), gap: tail{5 * minute, 1.6, 8 * hour}, say: s.smallTalk, turns: 4, again: 0.2,
		how: reception{s.draw(span{0.3, 0.8}), 0.02, 0.01, ingest.Harassment}, secret: s.draw(span{0, 0.3}),
		pick: func() *account {
			if s.chance(0.5) {
				return s.fellow(a)
			}
			return one(s.dice, a.town.minors)
		},
	}
	s.schedule(s.someDay(a, 0.8), a, func() { s.run(a, e) })
}
