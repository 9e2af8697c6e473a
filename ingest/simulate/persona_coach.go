package simulate

import "github.com/unopened/unopened/ingest"

// coach makes an adult who leads a team of children and writes to them one by one; most get a new team some day.
func (s *Simulator) coach(a *account) {
	a.rate, a.habit = max(a.rate, 3), (*Simulator).training
	team := s.pupils(a)
	s.circle(team, 0.3)
	a.team = s.newGroup(append(team, a))
	for _, b := range team {
		s.meetBefore(a, b)
	}
	if s.chance(0.6) {
		s.schedule(s.someDay(a, 0.7), a, func() { s.season(a) })
	}
	if s.chance(0.4) {
		s.schedule(s.someDay(a, 0.8), a, func() { s.scout(a) })
	}
}

// scout writes to children of other teams, with whom the coach has no contacts in common: a trial, a lesson. How many
// answer differs much.
func (s *Simulator) scout(a *account) {
	town := a.town
	if s.chance(0.4) {
		town = one(s.dice, s.towns)
	}
	s.run(a, &errand{
		left: int(s.tail(tail{9, 0.9, 60})), gap: tail{20 * minute, 1.6, 20 * hour}, say: s.smallTalk, turns: 4, again: 0.3,
		how:  reception{s.draw(span{0.1, 0.7}), s.draw(span{0, 0.05}), s.draw(span{0, 0.02}), ingest.Other},
		pick: func() *account { return one(s.dice, town.minors) },
	})
}

// pupils picks children of the coach's town.
func (s *Simulator) pupils(a *account) []*account {
	return some(s.dice, a.town.minors, s.count(span{12, 24}))
}

// training is a coach's session.
func (s *Simulator) training(a *account) {
	switch {
	case s.chance(0.6):
		s.leisure(a)
	case s.chance(0.4):
		s.gather(a, a.team)
	default:
		s.rally(a, a.team, 1+s.rng.IntN(3))
	}
}

// season gives a coach a new team: a group to which it adds the children, whom it then writes to one by one.
func (s *Simulator) season(a *account) {
	team := s.pupils(a)
	a.team = s.found(a, team)
	for _, b := range team {
		if s.chance(0.5) {
			b.learn(a) // the club told the families
		}
	}
	s.awake(s.logNormal(2*hour, 1), a, func() { s.rally(a, a.team, len(team)) })
}
