package simulate

import (
	"math"

	"github.com/unopened/unopened/ingest"
)

// country is where a town may lie; zones are winter time, whole hours.
type country struct {
	code [2]byte
	zone int64
}

var (
	countries = []country{
		{[2]byte{'D', 'E'}, 1}, {[2]byte{'N', 'L'}, 1}, {[2]byte{'F', 'R'}, 1}, {[2]byte{'G', 'B'}, 0}, {[2]byte{'P', 'L'}, 1},
		{[2]byte{'U', 'S'}, -5}, {[2]byte{'B', 'R'}, -3}, {[2]byte{'I', 'N'}, 5}, {[2]byte{'N', 'G'}, 1},
	}
	countryWeights = []float64{20, 12, 14, 14, 10, 12, 8, 6, 4}
)

// someCountry draws a country by its weight.
func (d dice) someCountry() country { return countries[d.weighted(countryWeights...)] }

// town is where most of its people's contacts are.
type town struct {
	country country
	people  []*account
	minors  []*account
}

// populate builds n ordinary accounts in towns, with everyone's contacts and groups.
func (s *Simulator) populate(n int) {
	for len(s.accounts) < n {
		t := &town{country: s.someCountry()}
		s.towns = append(s.towns, t)
		s.settle(t, min(250+s.rng.IntN(300), n-len(s.accounts)))
	}
	for _, a := range s.accounts {
		s.acquaint(a)
	}
}

// settle fills one town: households first, then what people of one age or place have in common.
func (s *Simulator) settle(t *town, size int) {
	for size > 0 {
		household := min(1+s.weighted(25, 30, 20, 17, 8), size)
		s.household(t, household)
		size -= household
	}
	bands := make([][]*account, ingest.Age50Up+1)
	var workers []*account
	for _, a := range t.people {
		if a.age.Minor() {
			t.minors = append(t.minors, a)
		}
		if s.chance(s.ordinary.fringe) {
			continue
		}
		bands[a.age] = append(bands[a.age], a)
		if !a.age.Minor() && s.chance(0.7) {
			workers = append(workers, a)
		}
	}
	for age, band := range bands {
		s.circles(band, span{4, 10}, 0.8)
		if ingest.AgeBand(age).Minor() {
			s.circles(band, span{18, 28}, 0.4) // classes
			s.circles(band, span{4, 9}, 0.8)
		}
	}
	s.circles(workers, span{4, 25}, 0.4)
}

// household adds people who live together: one age, or parents and children.
func (s *Simulator) household(t *town, size int) {
	adult := ingest.Age18to24 + ingest.AgeBand(s.weighted(20, 27, 30, 23))
	home := s.rng.Uint64()
	var members []*account
	for i := range size {
		age := adult
		if i >= 2 && (adult == ingest.Age25to34 || adult == ingest.Age35to49) {
			age = ingest.AgeUnder13 + ingest.AgeBand(s.weighted(15, 45, 40))
		}
		a := s.newAccount(t, age)
		a.home = home
		members = append(members, a)
	}
	s.circle(members, 1)
	if size > 2 {
		s.newGroup(members)
	}
}

// newAccount adds an account of a town that has existed for some time and knows nobody.
func (s *Simulator) newAccount(t *town, age ingest.AgeBand) *account {
	old := min(max(s.logNormal(500, 1.1), 3), 4000) // days
	if s.chance(s.ordinary.recent) {
		old = 0.1 + 60*s.rng.Float64()
	}
	code := t.country.code
	mobile := s.carrier(code)
	client := s.client()
	a := &account{
		id: s.name(), ties: make(map[*account]tie), town: t, persona: "ordinary", habit: (*Simulator).leisure,
		born: s.scenario.Start - int64(old*day), rate: s.tail(s.ordinary.sessions), slowness: s.tail(s.ordinary.slowness),
		replies: math.Pow(s.rng.Float64(), s.ordinary.replies),
		here:    place{s.rng.Uint64(), mobile, code, client}, home: mobile, mobile: mobile,
		age: age, late: s.rng.Int64N(4) - 1,
	}
	if s.chance(s.ordinary.dormant) {
		a.rate, a.replies = a.rate*s.ordinary.sleep, a.replies*s.ordinary.drowsy
	}
	if s.chance(0.9) {
		a.told = age
	}
	a.sociable = s.tail(s.ordinary.acquaintances)
	if s.chance(s.ordinary.outgoing) {
		a.venture, a.appeal = s.draw(s.ordinary.ventures), 0.02+1.1*math.Pow(s.rng.Float64(), 1.7)
	}
	t.people = append(t.people, a)
	s.accounts = append(s.accounts, a)
	return a
}

// client draws what somebody uses.
func (s *Simulator) client() ingest.Client {
	return ingest.ClientIOS + ingest.Client(s.weighted(36, 58, 2, 4))
}

// carrier draws one of the 60 mobile networks of a country; the odd factor, 2^64 over the golden ratio, spreads their names.
func (s *Simulator) carrier(code [2]byte) uint64 {
	return (uint64(code[0])<<16 | uint64(code[1])<<8 | uint64(s.rng.IntN(60))) * 0x9e3779b97f4a7c15
}

// circles cuts people at random into circles of a size, with a group each.
func (s *Simulator) circles(people []*account, size span, density float64) {
	rest := some(s.dice, people, len(people))
	for len(rest) > 1 {
		n := min(s.count(size), len(rest))
		s.circle(rest[:n], density)
		s.newGroup(rest[:n])
		rest = rest[n:]
	}
}

// circle makes each two of its members know each other with a probability.
func (s *Simulator) circle(members []*account, density float64) {
	for i, a := range members {
		for _, b := range members[:i] {
			if s.chance(density) {
				befriend(a, b)
				bind(a, b, talked)
			}
		}
	}
}

// newGroup gives people a group.
func (s *Simulator) newGroup(members []*account) *group {
	g := &group{id: s.name()}
	for _, a := range members {
		g.join(a)
	}
	return g
}

// acquaint gives somebody loose acquaintances, most in town, some anywhere; their number has a heavy tail.
func (s *Simulator) acquaint(a *account) {
	people := a.town.people
	for range int(min(a.sociable, float64(len(people)))) {
		b := one(s.dice, people)
		if s.chance(s.ordinary.elsewhere) {
			b = one(s.dice, s.accounts)
		}
		if !s.seeks(b) {
			continue // who knows few is known to few
		}
		// Adults and children who are not related are seldom acquainted.
		if a.age.Minor() == b.age.Minor() || s.chance(0.15) {
			s.meetBefore(a, b)
		}
	}
}

// seeks tells whether somebody cares for one more acquaintance.
func (s *Simulator) seeks(a *account) bool {
	return s.chance(a.sociable / (a.sociable + 3*s.ordinary.acquaintances.median))
}

// meetBefore makes two accounts acquainted before the simulation begins.
func (s *Simulator) meetBefore(a, b *account) {
	if a == b {
		return
	}
	a.learn(b)
	if s.chance(0.75) {
		b.learn(a)
	}
	if s.chance(0.8) {
		bind(a, b, talked)
	}
	if s.chance(0.04) {
		bind(a, b, vanishes)
	}
}

// volunteer finds an ordinary account that fits and is there from the beginning, or nil where there is none: it starts
// anywhere and takes the next.
func (s *Simulator) volunteer(fits func(*account) bool) *account {
	start := s.rng.IntN(len(s.accounts))
	for i := range s.accounts {
		if a := s.accounts[(start+i)%len(s.accounts)]; a.persona == "ordinary" && a.born < s.scenario.Start && fits(a) {
			return a
		}
	}
	return nil
}
