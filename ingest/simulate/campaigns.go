package simulate

import (
	"math"
	"math/rand/v2"

	"github.com/unopened/unopened/ingest"
)

// campaign is a kind of labelled abuse.
type campaign struct {
	name  string
	harm  ingest.Category
	count func(*Scenario) int
	begin func(s *Simulator, c *crew) // enlists the members and schedules their first acts
	train tuning
	test  tuning
}

// campaigns lists the kinds. A new one is its file and one line here.
var campaigns = []campaign{burstSpam, grooming, brigade, takeover}

// tuning is the ranges that the campaigns of one kind draw their parameters from.
type tuning struct {
	members  span // accounts
	fresh    span // share of these that register for it
	contacts span // accounts that each member writes to; for a brigade, its messages
	gap      span // typical seconds from one of these to the next
	spread   span // hours over which the members begin; for a takeover, from the login to the first message
	extra    span // accounts on one device (spam), groups joined (grooming), failed logins (takeover)
	reply    span // probabilities of what the targets do
	block    span
	report   span
}

func (c *campaign) tuning(split Split) *tuning {
	if split == Train {
		return &c.train
	}
	return &c.test
}

// crew is one campaign: its parameters as drawn, and its own random stream.
type crew struct {
	kind    *campaign
	tuning  *tuning
	rng     *rand.Rand
	size    int
	fresh   int     // of size
	gap     float64 // typical seconds
	how     reception
	start   int64
	content content // where all its messages are alike
	lair    place   // where it acts from, if that is one place
	target  int32   // of a brigade
	groups  []int32 // that a groomer joins
}

// draft draws the campaigns and returns how many accounts will register for them.
func (s *Simulator) draft() (fresh int) {
	for k := range campaigns {
		for range campaigns[k].count(&s.scenario) {
			c := s.newCrew(&campaigns[k])
			fresh += c.fresh
			s.crews = append(s.crews, c)
		}
	}
	return fresh
}

func (s *Simulator) newCrew(kind *campaign) crew {
	r := s.stream(domainCrew, uint64(len(s.crews)))
	p := kind.tuning(s.scenario.Split)
	c := crew{kind: kind, tuning: p, rng: r, size: int(p.members.count(r)), gap: p.gap.draw(r), target: -1}
	c.fresh = int(math.Round(p.fresh.draw(r) * float64(c.size)))
	c.how = reception{p.reply.draw(r), p.block.draw(r), p.report.draw(r), kind.harm}
	// 14 hours are room for waiting until the target wakes and for the longest spread.
	c.start = s.scenario.Start + int64((0.1+0.5*r.Float64())*float64(s.end-s.scenario.Start-14*hourMs))
	return c
}

// enlist gives every campaign its members.
func (s *Simulator) enlist() {
	for i := range s.crews {
		s.crews[i].kind.begin(s, &s.crews[i])
	}
}

// recruit makes a new account for a campaign: it knows nobody.
func (s *Simulator) recruit(c *crew, born int64) int32 {
	i := s.newAccount(int32(c.rng.IntN(len(s.towns))), ingest.Age18to24+ingest.AgeBand(c.rng.IntN(4)))
	a := &s.accounts[i]
	a.born = born
	s.enrol(i, c, born)
	return i
}

// enrol makes an account a member of a campaign from a time on.
func (s *Simulator) enrol(i int32, c *crew, from int64) {
	a := &s.accounts[i]
	a.crew, a.from, a.persona = c, from, ""
}

// anyone draws an account that a can write to and never has, or -1 where a few tries find none.
func (s *Simulator) anyone(a int32, r *rand.Rand) int32 {
	for range 20 {
		b := int32(r.IntN(len(s.accounts)))
		if s.open(a, b) && !s.bound(a, b, talked) && s.accounts[b].crew == nil {
			return b
		}
	}
	return -1
}
