package simulate

import (
	"math"
	"slices"

	"github.com/unopened/unopened/ingest"
)

// persona is an innocent kind of account whose behaviour resembles an abuse in some way.
type persona struct {
	name  string
	share float64 // of all accounts
	size  span    // accounts that come as one group
	fits  func(*account) bool
	begin func(*Simulator, []*account) // changes what the builders made of ordinary accounts
}

// personas lists the innocent kinds beside "ordinary". A new one is its functions and one line here. Groups are cast
// first: they need many of one town.
var personas = []persona{
	{"class_newcomer", 0.005, span{15, 30}, teen, (*Simulator).class},
	{"staff_newcomer", 0.003, span{15, 40}, adult, (*Simulator).class},
	{"shared_device", 0.012, span{3, 12}, anybody, (*Simulator).sharers},
	{"refugee", 0.006, span{3, 10}, grown, (*Simulator).refugees},
	{"support_line", 0.001, single, grown, oneByOne((*Simulator).supportLine)},
	{"shelter", 0.001, single, grown, oneByOne((*Simulator).shelter)},
	{"survivor", 0.004, single, leaver, oneByOne((*Simulator).survivor)},
	{"journalist", 0.002, single, grown, oneByOne((*Simulator).journalist)},
	{"activist", 0.004, single, adult, oneByOne((*Simulator).activist)},
	{"small_business", 0.006, single, grown, oneByOne((*Simulator).business)},
	{"coach", 0.008, single, grown, oneByOne((*Simulator).coach)},
	{"organiser", 0.008, single, grown, oneByOne((*Simulator).organiser)},
	{"popular_teen", 0.004, single, teen, oneByOne((*Simulator).popularTeen)},
	{"falsely_reported", 0.002, single, known, oneByOne((*Simulator).falselyReported)},
	{"diaspora", 0.01, single, grown, oneByOne((*Simulator).diaspora)},
	{"night_worker", 0.02, single, adult, oneByOne((*Simulator).nightWorker)},
	{"traveller", 0.012, single, settled, oneByOne((*Simulator).traveller)},
	{"newcomer", 0.03, single, known, oneByOne((*Simulator).newcomer)},
}

var single = span{1, 1}

// Personas are the names of the innocent kinds beside "ordinary".
func Personas() (names []string) {
	for i := range personas {
		names = append(names, personas[i].name)
	}
	return names
}

// oneByOne begins each member of a group by itself.
func oneByOne(begin func(*Simulator, *account)) func(*Simulator, []*account) {
	return func(s *Simulator, members []*account) {
		for _, a := range members {
			begin(s, a)
		}
	}
}

func anybody(*account) bool   { return true }
func grown(a *account) bool   { return a.age >= ingest.Age25to34 }
func adult(a *account) bool   { return !a.age.Minor() }
func teen(a *account) bool    { return a.age == ingest.Age13to15 || a.age == ingest.Age16to17 }
func known(a *account) bool   { return len(a.contacts) >= 4 }
func leaver(a *account) bool  { return adult(a) && known(a) }
func settled(a *account) bool { return adult(a) && len(a.contacts) >= 12 }

// cast makes ordinary accounts into personas: groups until the share is filled, the last with the chance that leaves the
// share right on average.
func (s *Simulator) cast() {
	for i := range personas {
		p := &personas[i]
		left := int(math.Round(s.scenario.share(p) * float64(s.scenario.Accounts)))
		for left > 0 {
			n := s.count(p.size)
			if n > left && !s.chance(float64(left)/float64(n)) {
				break
			}
			members := s.enlist(p, n)
			if len(members) == 0 {
				break
			}
			left -= n
			p.begin(s, members)
		}
	}
}

// enlist gives ordinary accounts of one town a persona: n where there are as many.
func (s *Simulator) enlist(p *persona, n int) (members []*account) {
	a := s.volunteer(p.fits)
	if a == nil {
		return nil
	}
	for _, b := range append([]*account{a}, some(s.dice, a.town.people, len(a.town.people))...) {
		if len(members) < n && b.persona == "ordinary" && b.born < s.scenario.Start && p.fits(b) {
			b.persona = p.name
			members = append(members, b)
		}
	}
	return members
}

// someDay draws a time for what a persona does, in a first part of the simulation.
func (s *Simulator) someDay(a *account, part float64) int64 {
	return s.waking(a, s.scenario.Start+int64(s.rng.Float64()*part*float64(s.end-s.scenario.Start)))
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
