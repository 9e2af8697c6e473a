package simulate

import (
	"math"
	"math/rand/v2"

	"github.com/unopened/unopened/ingest"
)

// country is where a town may lie; zones are winter time, whole hours.
type country struct {
	code   [2]byte
	zone   int8
	weight float64
}

var countries = []country{
	{[2]byte{'D', 'E'}, 1, 20}, {[2]byte{'N', 'L'}, 1, 12}, {[2]byte{'F', 'R'}, 1, 14}, {[2]byte{'G', 'B'}, 0, 14},
	{[2]byte{'P', 'L'}, 1, 10}, {[2]byte{'U', 'S'}, -5, 12}, {[2]byte{'B', 'R'}, -3, 8}, {[2]byte{'I', 'N'}, 5, 6},
	{[2]byte{'N', 'G'}, 1, 4},
}

// someCountry draws a country by its weight.
func someCountry(r *rand.Rand) country {
	var weights [16]float64
	for i := range countries {
		weights[i] = countries[i].weight
	}
	return countries[weighted(r, weights[:len(countries)])]
}

// town is where most of its people's contacts are.
type town struct {
	country country
	people  []int32
	minors  []int32
}

// populate builds n ordinary accounts in towns, with everyone's contacts and groups.
func (s *Simulator) populate(n int) {
	r := s.stream(domainWorld, 0)
	s.accounts = make([]account, 0, s.scenario.Accounts)
	for len(s.accounts) < n {
		s.towns = append(s.towns, town{country: someCountry(r)})
		size := min(250+r.IntN(300), n-len(s.accounts))
		s.settle(int32(len(s.towns)-1), size, r)
	}
	for i := range s.towns {
		s.acquaint(&s.towns[i], r)
	}
}

// settle fills one town: households first, then what people of one age or place have in common.
func (s *Simulator) settle(number int32, size int, r *rand.Rand) {
	t := &s.towns[number]
	for size > 0 {
		household := min(1+weighted(r, []float64{25, 30, 20, 17, 8}), size)
		s.household(number, household, r)
		size -= household
	}
	bands := make([][]int32, ingest.Age50Up+1)
	var workers []int32
	for _, i := range t.people {
		a := &s.accounts[i]
		bands[a.age] = append(bands[a.age], i)
		if a.age.Minor() {
			t.minors = append(t.minors, i)
		} else if chance(r, 0.7) {
			workers = append(workers, i)
		}
	}
	s.minors = append(s.minors, t.minors...)
	for _, band := range bands {
		s.circles(band, span{4, 10}, 0.8, r)
		if len(band) > 0 && s.accounts[band[0]].age.Minor() {
			s.circles(band, span{18, 28}, 0.4, r) // classes
			s.circles(band, span{4, 9}, 0.8, r)
		}
	}
	s.circles(workers, span{4, 25}, 0.4, r)
}

// household adds people who live together: one age, or parents and children.
func (s *Simulator) household(number int32, size int, r *rand.Rand) {
	adult := ingest.Age18to24 + ingest.AgeBand(weighted(r, []float64{20, 27, 30, 23}))
	home := s.newPlace(domainNetwork)
	var members []int32
	for i := range size {
		age := adult
		if i >= 2 && (adult == ingest.Age25to34 || adult == ingest.Age35to49) {
			age = ingest.AgeUnder13 + ingest.AgeBand(weighted(r, []float64{15, 45, 40}))
		}
		a := s.newAccount(number, age)
		s.accounts[a].home = home
		members = append(members, a)
	}
	s.circle(members, 1, len(members) > 2)
}

// newPlace names a device or network that nobody has yet.
func (s *Simulator) newPlace(d domain) uint64 {
	s.places++
	return s.name64(d, 1<<32+s.places)
}

// newAccount adds an account of a town that has existed for some time and knows nobody.
func (s *Simulator) newAccount(number int32, age ingest.AgeBand) int32 {
	i := int32(len(s.accounts))
	r := s.stream(domainLife, uint64(i))
	t := &s.towns[number]
	t.people = append(t.people, i)
	old := min(max(logNormal(r, 500, 1.1), 3), 4000) // days
	c := t.country
	clients := []float64{0, 36, 58, 2, 4}
	a := account{
		rng: r, id: s.name128(domainAccount, uint64(i)), town: number, team: -1, age: age, ageGiven: chance(r, 0.9),
		persona: "ordinary", habit: (*Simulator).leisure, from: never,
		born: s.scenario.Start - int64(old*day), zone: c.zone, late: int8(r.IntN(4) - 1), phone: c.code,
		rate: min(logNormal(r, 1.7, 0.9), 30), slowness: logNormal(r, 1, 0.5),
		mobile: s.name64(domainNetwork, uint64(c.code[0])<<24|uint64(c.code[1])<<16|uint64(r.IntN(60))),
		usual:  place{device: s.newPlace(domainDevice), country: c.code, client: ingest.Client(weighted(r, clients))},
	}
	a.usual.network, a.home = a.mobile, a.mobile
	a.here = a.usual
	s.accounts = append(s.accounts, a)
	return i
}

// circles cuts shuffled people into circles of a size, with a group each.
func (s *Simulator) circles(people []int32, size span, density float64, r *rand.Rand) {
	rest := shuffled(r, people)
	for len(rest) > 1 {
		n := min(int(size.count(r)), len(rest))
		s.circle(rest[:n], density, true)
		rest = rest[n:]
	}
}

// circle makes each two of its members know each other with a probability, and gives them a group where asked.
func (s *Simulator) circle(members []int32, density float64, grouped bool) int32 {
	for i, a := range members {
		for _, b := range members[:i] {
			if chance(s.accounts[a].rng, density) {
				s.befriend(a, b)
				s.bind(a, b, talked)
			}
		}
	}
	if !grouped {
		return -1
	}
	g := s.newGroup()
	for _, a := range members {
		s.join(a, g)
	}
	return g
}

func (s *Simulator) newGroup() int32 {
	g := int32(len(s.groups))
	s.groups = append(s.groups, group{id: s.name128(domainGroup, uint64(g))})
	return g
}

// join makes a member of a group.
func (s *Simulator) join(a, g int32) {
	s.accounts[a].groups = append(s.accounts[a].groups, g)
	s.groups[g].members = append(s.groups[g].members, a)
}

// acquaint gives everyone of a town loose acquaintances, most in town, some anywhere; their number has a heavy tail.
func (s *Simulator) acquaint(t *town, r *rand.Rand) {
	for _, a := range t.people {
		n := int(min(logNormal(r, 6, 1), 150, float64(len(t.people))))
		for range n {
			b := t.people[r.IntN(len(t.people))]
			if chance(r, 0.2) {
				b = int32(r.IntN(len(s.accounts)))
			}
			// Adults and children who are not related are seldom acquainted.
			if b == a || s.accounts[a].age.Minor() != s.accounts[b].age.Minor() && chance(r, 0.85) {
				continue
			}
			s.meetBefore(a, b, r)
		}
	}
}

// meetBefore makes two accounts acquainted before the simulation begins.
func (s *Simulator) meetBefore(a, b int32, r *rand.Rand) {
	s.learn(a, b)
	if chance(r, 0.75) {
		s.learn(b, a)
	}
	if chance(r, 0.8) {
		s.bind(a, b, talked)
	}
	if chance(r, 0.04) {
		s.bind(a, b, vanishes)
	}
}

// volunteer finds an ordinary account that fits, or -1 where there is none: it starts anywhere and takes the next.
func (s *Simulator) volunteer(r *rand.Rand, fits func(*account) bool) int32 {
	start := r.IntN(len(s.accounts))
	for i := range s.accounts {
		n := (start + i) % len(s.accounts)
		if a := &s.accounts[n]; a.persona == "ordinary" && a.crew == nil && fits(a) {
			return int32(n)
		}
	}
	return -1
}

// cast makes ordinary accounts into personas.
func (s *Simulator) cast() {
	r := s.stream(domainWorld, 1)
	for i := range personas {
		p := &personas[i]
		for range int(math.Round(p.share(&s.scenario) * float64(s.scenario.Accounts))) {
			if a := s.volunteer(r, p.fits); a >= 0 {
				s.accounts[a].persona = p.name
				p.begin(s, a, r)
			}
		}
	}
}
