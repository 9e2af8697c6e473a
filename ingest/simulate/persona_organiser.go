package simulate

// organiser makes somebody who knows half the town, gathers people in groups and writes to them one by one.
func (s *Simulator) organiser(a *account) {
	a.rate = max(a.rate, 3)
	for range s.count(span{80, 200}) {
		s.meetBefore(a, one(s.dice, a.town.people))
	}
	for range s.count(span{1, 3}) {
		s.schedule(s.someDay(a, 0.85), a, func() { s.drive(a) })
	}
}

// drive is one undertaking of an organiser, to which friends of friends come along.
func (s *Simulator) drive(a *account) {
	people := some(s.dice, a.contacts, s.count(span{15, 60}))
	people = append(people, one(s.dice, a.town.people), one(s.dice, a.town.people))
	g := s.found(a, people)
	s.awake(s.logNormal(hour, 1), a, func() { s.rally(a, g, len(people)) })
}
