package simulate

import "github.com/unopened/unopened/ingest"

// journalist makes somebody to whom unknown sources write after a call, and who writes to strangers in bursts: a third
// answers, some take it amiss. Timers are on, much is abroad, some sources are minors.
func (s *Simulator) journalist(a *account) {
	a.here.client, a.rate = ingest.ClientDesktop, max(a.rate, 3)
	a.counter = &counter{replies: s.draw(span{0.6, 0.95}), delay: tail{20 * minute, 1.4, 30 * hour}}
	minors, secret := s.draw(span{0, 0.3}), s.draw(span{0.2, 0.9})
	for range s.count(span{0, 2}) {
		at := s.someDay(a, 0.8)
		v := &visits{
			rate: s.tail(tail{20, 0.9, 200}), until: at + int64(s.tail(tail{2, 0.5, 7})*day), secret: secret,
			who: func() *account { return s.somebody(minors) }, nights: 0.2, calls: 0.05,
		}
		s.schedule(at, a, func() { s.receiveVisits(a, v) })
	}
	for range s.count(span{1, 3}) {
		e := &errand{
			left: int(s.tail(tail{20, 0.9, 200})), gap: tail{4 * minute, 1.4, 6 * hour}, say: s.smallTalk, turns: 5,
			pick: func() *account { return s.somebody(minors) }, secret: secret, again: s.draw(span{0.1, 0.6}),
			how: reception{s.draw(span{0.15, 0.5}), s.draw(span{0.02, 0.12}), s.draw(span{0.005, 0.05}), ingest.Spam},
		}
		s.schedule(s.someDay(a, 0.85), a, func() { s.run(a, e) })
	}
}
