package simulate

import "github.com/unopened/unopened/ingest"

// business makes a small shop. Customers write to it first; some days it writes the same offer to many past customers and
// some strangers within hours, and some of these block it or report it as spam.
func (s *Simulator) business(a *account) {
	clients := []ingest.Client{ingest.ClientAndroid, ingest.ClientWeb, ingest.ClientDesktop, ingest.ClientBot}
	a.here.client = clients[s.weighted(40, 30, 15, 15)]
	a.rate = min(a.rate, 2)
	a.counter = &counter{replies: s.draw(span{0.7, 0.97}), delay: tail{10 * minute, 1.3, 24 * hour}}
	customers := distinct(int(s.tail(tail{80, 0.7, 400})), func() *account { return one(s.dice, a.town.people) })
	for _, b := range customers {
		s.meetBefore(b, a)
	}
	v := &visits{
		rate: s.tail(tail{4, 1, 60}), until: s.end, who: func() *account { return one(s.dice, a.town.people) }, calls: 0.1,
	}
	s.schedule(s.scenario.Start, a, func() { s.receiveVisits(a, v) })
	for range s.count(span{1, 3}) {
		s.schedule(s.someDay(a, 0.9), a, func() { s.advertise(a, customers) })
	}
}

// advertise is one offer.
func (s *Simulator) advertise(a *account, customers []*account) {
	n := int(max(20, s.tail(tail{50, 0.6, 150})))
	strangers := s.draw(span{0, 0.3})
	c := s.attachment(ingest.MediaNone + ingest.Media(s.weighted(0.5, 0.5)))
	list := some(s.dice, customers, n)
	for i := range list {
		if s.chance(strangers) {
			list[i] = s.somebody(0)
		}
	}
	s.run(a, &errand{
		left: len(list), gap: tail{s.logNormal(25, 1), 0.8, 30 * minute}, pick: inTurn(list), say: same(c), turns: 2,
		how: reception{s.draw(span{0.05, 0.25}), s.draw(span{0.005, 0.06}), s.draw(span{0.002, 0.03}), ingest.Spam},
	})
}

// falselyReported makes an ordinary person whom a group reports together, out of spite; the reporters stay what they are.
func (s *Simulator) falselyReported(a *account) {
	by := distinct(int(s.tail(tail{9, 0.7, 60})), func() *account {
		switch u := s.rng.Float64(); {
		case u < 0.4:
			return s.fellow(a)
		case u < 0.6:
			return one(s.dice, a.town.people)
		}
		return s.somebody(0)
	})
	hours := s.tail(tail{12, 1, 96})
	words := s.draw(span{0, 0.6})
	s.schedule(s.someDay(a, 0.8), a, func() { s.smear(a, by, hours, words) })
}
