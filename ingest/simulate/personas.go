package simulate

import (
	"slices"

	"github.com/unopened/unopened/ingest"
)

// persona is an innocent kind of account whose behaviour resembles an abuse in some way.
type persona struct {
	name  string
	share float64 // of all accounts
	fits  func(*account) bool
	begin func(*Simulator, *account) // changes what the builders made of an ordinary account
}

// personas lists the innocent kinds beside "ordinary". A new one is its functions and one line here.
var personas = []persona{
	{"support_line", 0.001, grown, (*Simulator).supportLine},
	{"coach", 0.008, grown, (*Simulator).coach},
	{"organiser", 0.008, grown, (*Simulator).organiser},
	{"newcomer", 0.03, known, (*Simulator).newcomer},
}

func grown(a *account) bool { return a.age >= ingest.Age25to34 }
func known(a *account) bool { return len(a.contacts) >= 4 }

// supportLine makes a help line: hundreds of strangers write to it first, children among them, and it answers.
func (s *Simulator) supportLine(a *account) {
	a.here.client, a.mobile = ingest.ClientDesktop, a.home
	a.quit()
	a.contacts = a.contacts[:min(len(a.contacts), 5)]
	a.rate, a.habit = 0.5, func(s *Simulator, a *account) { s.chat(a, s.contact(a)) } // it seldom writes first
	a.office = &office{replies: 0.97, delay: tail{4 * minute, 1, 12 * hour}}
	s.lines = append(s.lines, a)
}

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
}

// pupils picks children of the coach's town.
func (s *Simulator) pupils(a *account) []*account {
	return some(s.dice, a.town.minors, s.count(span{12, 24}))
}

// someDay draws a time for what a persona does, in a first part of the simulation.
func (s *Simulator) someDay(a *account, part float64) int64 {
	return s.waking(a, s.scenario.Start+int64(s.rng.Float64()*part*float64(s.end-s.scenario.Start)))
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

// found makes an account create a group, which it returns, and add the people to it within minutes.
func (s *Simulator) found(a *account, people []*account) *group {
	g := s.newGroup([]*account{a})
	g.within(s.record(ingest.GroupCreate, a))
	at := 20.0
	for _, b := range people {
		at += 1 + s.logNormal(5, 0.8)
		s.after(at, a, func() { s.admit(a, b, g) })
	}
	return g
}

// admit makes a add b to a group.
func (s *Simulator) admit(a, b *account, g *group) {
	if s.open(a, b) {
		g.join(b)
		g.within(s.toward(ingest.GroupAdd, a, b))
	}
}

// rally makes a write to n members of a group in turn.
func (s *Simulator) rally(a *account, g *group, n int) {
	s.turn(a, g.members[(n+s.rng.IntN(3))%len(g.members)], 1+s.rng.IntN(4))
	if n > 1 {
		s.awake(30+s.logNormal(4*minute, 1.2), a, func() { s.rally(a, g, n-1) })
	}
}

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

// newcomer makes an account that registers during the simulation and then finds the people that know its number; its
// closest contact adds it to the groups of both.
func (s *Simulator) newcomer(a *account) {
	a.born = s.someDay(a, 0.75)
	for _, b := range a.contacts {
		a.ties[b] &^= talked
		b.ties[a] &^= talked
	}
	host := a.contacts[0]
	for _, g := range a.quit() {
		at := s.waking(a, a.born+int64(s.logNormal(6*hour, 1)*1000))
		s.schedule(at, host, func() {
			if slices.Contains(host.groups, g) {
				s.admit(host, a, g)
			}
		})
	}
	s.schedule(a.born+int64(s.logNormal(10*minute, 0.8)*1000), a, func() { s.greet(a, 0) })
}

// greet makes a newcomer write to its contacts one after the other, from contact i on.
func (s *Simulator) greet(a *account, i int) {
	s.chat(a, a.contacts[i])
	if i++; i < min(len(a.contacts), 30) {
		s.awake(s.logNormal(12*minute, 1.4), a, func() { s.greet(a, i) })
	}
}

// quit takes an account out of all its groups, which it returns, without a record of it.
func (a *account) quit() []*group {
	groups := a.groups
	a.groups = nil
	for _, g := range groups {
		g.members = slices.DeleteFunc(g.members, func(b *account) bool { return b == a })
	}
	return groups
}
