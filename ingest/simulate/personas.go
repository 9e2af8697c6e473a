package simulate

import (
	"math/rand/v2"
	"slices"

	"github.com/unopened/unopened/ingest"
)

// persona is an innocent kind of account whose behaviour resembles an abuse in some way.
type persona struct {
	name  string
	share func(*Scenario) float64
	fits  func(*account) bool
	begin func(s *Simulator, a int32, r *rand.Rand) // changes what the builders made of an ordinary account
}

// personas lists the innocent kinds beside "ordinary". A new one is its functions and one line here.
var personas = []persona{
	{"support_line", func(sc *Scenario) float64 { return sc.SupportLines }, grown, (*Simulator).supportLine},
	{"coach", func(sc *Scenario) float64 { return sc.Coaches }, grown, (*Simulator).coach},
	{"organiser", func(sc *Scenario) float64 { return sc.Organisers }, grown, (*Simulator).organiser},
	{"newcomer", func(sc *Scenario) float64 { return sc.Newcomers }, known, (*Simulator).newcomer},
}

func anybody(*account) bool    { return true }
func grown(a *account) bool    { return a.age >= ingest.Age25to34 }
func sociable(a *account) bool { return len(a.contacts) >= 12 }
func known(a *account) bool    { return len(a.contacts) >= 4 }

// supportLine makes a help line: hundreds of strangers write to it first, children among them, and it answers.
func (s *Simulator) supportLine(i int32, _ *rand.Rand) {
	a := &s.accounts[i]
	a.usual.client, a.mobile = ingest.ClientDesktop, a.home
	s.quit(i)
	a.contacts = a.contacts[:min(len(a.contacts), 5)]
	a.rate, a.habit = 1.5, (*Simulator).counsel
	s.lines = append(s.lines, i)
}

// counsel is a support line's own time, in which it seldom writes to anyone first.
func (s *Simulator) counsel(t task) {
	if a := &s.accounts[t.a]; chance(a.rng, 0.3) {
		s.chat(t.a, a.contact())
	}
}

// coach makes an adult who leads a team of children and writes to them one by one; most get a new team some day.
func (s *Simulator) coach(i int32, r *rand.Rand) {
	a := &s.accounts[i]
	a.rate = max(a.rate, 3)
	a.habit = (*Simulator).training
	team := s.team(i, r)
	a.team = s.circle(team, 0.3, true)
	s.join(i, a.team)
	for _, b := range team {
		s.meetBefore(i, b, r)
	}
	if chance(r, 0.6) {
		at := s.scenario.Start + int64(r.Float64()*0.7*float64(s.end-s.scenario.Start))
		s.schedule(a.waking(at), task{do: (*Simulator).season, a: i})
	}
}

// team picks children of the coach's town.
func (s *Simulator) team(i int32, r *rand.Rand) []int32 {
	minors := s.towns[s.accounts[i].town].minors
	return shuffled(r, minors)[:min(int(span{12, 24}.count(r)), len(minors))]
}

// training is a coach's session.
func (s *Simulator) training(t task) {
	a := &s.accounts[t.a]
	if chance(a.rng, 0.6) {
		s.leisure(t)
		return
	}
	members := s.groups[a.team].members
	if chance(a.rng, 0.4) || len(members) < 2 {
		s.gather(t.a, a.team)
		return
	}
	s.rally(task{a: t.a, b: a.team, n: 1 + a.rng.Int32N(3)})
}

// season gives a coach a new team: a group to which it adds the children, whom it then writes to one by one.
func (s *Simulator) season(t task) {
	a := &s.accounts[t.a]
	if !a.present(s.now) {
		return
	}
	team := s.team(t.a, a.rng)
	a.team = s.found(t.a, team)
	for _, b := range team {
		if chance(a.rng, 0.5) {
			s.learn(b, t.a) // the club told the families
		}
	}
	s.awake(logNormal(a.rng, 2*hour, 1), task{do: (*Simulator).rally, a: t.a, b: a.team, n: int32(len(team))})
}

// found makes an account create a group, which it returns, and add the people to it within minutes.
func (s *Simulator) found(i int32, people []int32) int32 {
	g := s.newGroup()
	s.join(i, g)
	s.inGroup(ingest.GroupCreate, i, -1, g)
	at := 20.0
	for _, b := range people {
		at += 1 + logNormal(s.accounts[i].rng, 5, 0.8)
		s.after(at, task{do: (*Simulator).admit, a: i, b: b, n: g})
	}
	return g
}

// admit makes t.a add t.b to group t.n.
func (s *Simulator) admit(t task) {
	if !s.open(t.a, t.b) {
		return
	}
	s.join(t.b, t.n)
	s.inGroup(ingest.GroupAdd, t.a, t.b, t.n)
}

// rally makes t.a write to t.n members of group t.b in turn.
func (s *Simulator) rally(t task) {
	a := &s.accounts[t.a]
	members := s.groups[t.b].members
	if b := members[(int(t.n)+a.rng.IntN(3))%len(members)]; b != t.a && s.open(t.a, b) {
		s.turn(task{a: t.a, b: b, n: 1 + a.rng.Int32N(4)})
	}
	if t.n--; t.n > 0 {
		t.do = (*Simulator).rally
		s.awake(30+logNormal(a.rng, 4*minute, 1.2), t)
	}
}

// organiser makes somebody who knows half the town, gathers people in groups and writes to them one by one.
func (s *Simulator) organiser(i int32, r *rand.Rand) {
	a := &s.accounts[i]
	a.rate = max(a.rate, 3)
	people := s.towns[a.town].people
	for range (span{80, 200}).count(r) {
		if b := people[r.IntN(len(people))]; b != i {
			s.meetBefore(i, b, r)
		}
	}
	for range (span{1, 3}).count(r) {
		at := s.scenario.Start + int64(r.Float64()*0.85*float64(s.end-s.scenario.Start))
		s.schedule(a.waking(at), task{do: (*Simulator).drive, a: i})
	}
}

// drive is one undertaking of an organiser.
func (s *Simulator) drive(t task) {
	a := &s.accounts[t.a]
	if !a.present(s.now) {
		return
	}
	people := a.some(span{15, 60})
	people = append(people, s.neighbour(t.a), s.neighbour(t.a)) // friends of friends come along
	g := s.found(t.a, people)
	s.awake(logNormal(a.rng, hour, 1), task{do: (*Simulator).rally, a: t.a, b: g, n: int32(len(people))})
}

// neighbour draws somebody of an account's town.
func (s *Simulator) neighbour(i int32) int32 {
	people := s.towns[s.accounts[i].town].people
	return people[s.accounts[i].rng.IntN(len(people))]
}

// newcomer makes an account that registers during the simulation and then finds the people that know its number.
func (s *Simulator) newcomer(i int32, r *rand.Rand) {
	a := &s.accounts[i]
	a.born = s.scenario.Start + int64(r.Float64()*0.75*float64(s.end-s.scenario.Start))
	a.born = a.waking(a.born)
	groups := s.quit(i)
	for _, b := range a.contacts {
		s.ties[pair(i, b)] &^= talked
	}
	for _, g := range groups {
		at := a.waking(a.born + int64(logNormal(r, 6*hour, 1)*1000))
		s.schedule(at, task{do: (*Simulator).welcome, a: a.contacts[0], b: i, n: g})
	}
	s.schedule(a.born+int64(logNormal(r, 10*minute, 0.8)*1000), task{do: (*Simulator).greet, a: i})
}

// welcome adds a newcomer to a group that it belongs to, if its closest contact is in it.
func (s *Simulator) welcome(t task) {
	if slices.Contains(s.accounts[t.a].groups, t.n) {
		s.admit(t)
	}
}

// greet makes a newcomer write to its contacts one after the other.
func (s *Simulator) greet(t task) {
	a := &s.accounts[t.a]
	s.chat(t.a, a.contacts[t.n])
	if t.n++; int(t.n) < min(len(a.contacts), 30) {
		s.awake(logNormal(a.rng, 12*minute, 1.4), t)
	}
}

// quit takes an account out of all its groups, which it returns, without a record of it.
func (s *Simulator) quit(i int32) []int32 {
	groups := s.accounts[i].groups
	s.accounts[i].groups = nil
	for _, g := range groups {
		s.groups[g].members = without(s.groups[g].members, i)
	}
	return groups
}
