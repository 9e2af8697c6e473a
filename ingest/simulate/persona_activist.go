package simulate

import "github.com/unopened/unopened/ingest"

// activist makes somebody who joins and founds groups, adds many people, forwards to many, writes to strangers out of
// groups, changes devices and has timers on, most of it before a day of action; opponents report it in anger.
func (s *Simulator) activist(a *account) {
	a.rate = max(a.rate, 3)
	for range int(s.tail(tail{60, 0.7, 300})) {
		s.meetBefore(a, s.somebody(0))
	}
	for _, b := range a.contacts {
		if s.chance(0.3) {
			bind(a, b, vanishes)
		}
	}
	for range s.count(span{1, 2}) {
		s.schedule(s.someDay(a, 0.8), a, func() { s.mobilise(a) })
	}
	for range s.rng.IntN(3) {
		s.schedule(s.someDay(a, 1), a, func() {
			to := a.here
			to.device = s.rng.Uint64()
			s.move(a, to)
		})
	}
}

// mobilise is the burst before a day of action.
func (s *Simulator) mobilise(a *account) {
	s.enterGroups(a, a.contacts, s.count(span{2, 8}))
	g := s.found(a, some(s.dice, a.contacts, int(s.tail(tail{35, 0.7, 200}))))
	s.awake(s.logNormal(30*minute, 1), a, func() { s.gather(a, g) })
	s.awake(s.logNormal(hour, 1), a, func() {
		s.forward(a, some(s.dice, a.contacts, int(s.tail(tail{40, 0.8, 250}))))
	})
	e := &errand{
		left: int(s.tail(tail{15, 1, 120})), gap: tail{2 * minute, 1.4, 3 * hour}, say: s.smallTalk, turns: 3,
		pick: func() *account { return s.fellow(a) }, secret: 0.3, again: 0.1,
		how: reception{s.draw(span{0.2, 0.6}), 0.03, s.draw(span{0.005, 0.04}), ingest.Spam},
	}
	s.awake(s.logNormal(2*hour, 1), a, func() { s.run(a, e) })
	angry := distinct(int(s.tail(tail{3, 1, 30})), func() *account {
		if s.chance(0.5) {
			return s.fellow(a)
		}
		return s.somebody(0)
	})
	s.smear(a, angry, 48, 0.2)
}
