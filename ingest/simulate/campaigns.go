package simulate

import (
	"math"

	"github.com/unopened/unopened/ingest"
)

// campaign is a kind of labelled abuse.
type campaign struct {
	name   string
	harm   ingest.Category
	count  func(*Scenario) int
	begin  func(*Simulator, *crew) // enlists the members and schedules their first acts
	ranges map[Split]tuning
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

// crew is one campaign with its parameters as drawn.
type crew struct {
	kind    *campaign
	tuning  tuning
	size    int
	fresh   int     // of size
	gap     float64 // typical seconds
	how     reception
	start   int64
	content content  // where all its messages are alike
	target  *account // of a brigade
}

// draft draws the campaigns and returns how many accounts will register for them.
func (s *Simulator) draft() (fresh int) {
	for k := range campaigns {
		kind := &campaigns[k]
		p := kind.ranges[s.scenario.Split]
		for range kind.count(&s.scenario) {
			c := &crew{kind: kind, tuning: p, size: s.count(p.members), gap: s.draw(p.gap)}
			c.fresh = int(math.Round(s.draw(p.fresh) * float64(c.size)))
			c.how = reception{s.draw(p.reply), s.draw(p.block), s.draw(p.report), kind.harm}
			// 14 hours are room for waiting until the target wakes and for the longest spread.
			room := float64(s.end - s.scenario.Start - 14*hourMs)
			c.start = s.scenario.Start + int64((0.1+0.5*s.rng.Float64())*room)
			s.crews = append(s.crews, c)
			fresh += c.fresh
		}
	}
	return fresh
}

// recruit makes a new account for a campaign: it knows nobody.
func (s *Simulator) recruit(c *crew, born int64) *account {
	a := s.newAccount(one(s.dice, s.towns), ingest.Age18to24+ingest.AgeBand(s.rng.IntN(4)))
	a.born = born
	a.enrol(c, born)
	return a
}

// enrol makes an account a member of a campaign from a time on.
func (a *account) enrol(c *crew, from int64) { a.crew, a.from, a.persona = c, from, "" }
