package simulate

import (
	"math"
	"slices"

	"github.com/unopened/unopened/ingest"
)

// campaign is a kind of labelled abuse.
type campaign struct {
	name   string
	harm   ingest.Category
	unfit  []string                // variants that make no sense for it
	made   func(*crew) int         // how many of its accounts are made for it; the others are people's
	begin  func(*Simulator, *crew) // enlists the members and schedules their first acts
	ranges map[Split]tuning
}

// campaigns lists the kinds. A new one is its file and one line here.
var campaigns = []campaign{burstSpam, slowSpam, romance, grooming, sextortion, brigade, harasser, sybilRing, takeover}

// tuning is the ranges that the campaigns of one kind draw their parameters from.
type tuning struct {
	members  span    // accounts
	fresh    span    // share of these that register for it
	contacts span    // accounts that each member writes to; for a brigade, its messages
	gap      span    // typical seconds from one of these to the next
	spread   span    // hours over which the members begin; for a takeover, from the login to the first message
	extra    span    // accounts on one device (spam), groups joined (grooming), failed logins (takeover)
	quits    bool    // whether some members give up early
	cover    float64 // chance that its members live like others beside
	lists    float64 // chance that its members have uploaded their targets' numbers, so that the messenger takes them for known
	reply    span    // probabilities of what the targets do
	block    span
	report   span
}

// crew is one campaign with its parameters as drawn.
type crew struct {
	Evasion
	kind    *campaign
	variant string
	tuning  tuning
	size    int
	fresh   int     // of size
	gap     float64 // typical seconds
	how     reception
	start   int64
	content content  // where all its messages are alike
	listed  bool     // its members have their targets in their address books
	cover   bool     // its members live like others beside their work
	target  *account // of a brigade and of a harasser
	pool    *pool
}

// pool is the accomplices of all campaigns of a plan.
type pool struct {
	crew *crew
	size int
	all  []*account
}

func everyone(c *crew) int  { return c.size }
func theFresh(c *crew) int  { return c.fresh }
func allButOne(c *crew) int { return c.size - 1 }

// accomplices is how many a number of acting accounts have.
func accomplices(e Evasion, acting int) int {
	if e.Farmed == 0 {
		return 0
	}
	return min(60, 10+acting/2)
}

// draft draws the campaigns and returns how many accounts will be made for them.
func (s *Simulator) draft() (fresh int) {
	for i := range s.scenario.Campaigns {
		p := &s.scenario.Campaigns[i]
		acting, help := 0, &pool{}
		for k := 0; k < p.Crews || acting < p.Accounts; k++ {
			c := s.muster(p)
			c.pool = help
			s.crews = append(s.crews, c)
			acting += c.size
			fresh += c.kind.made(c)
		}
		last := *s.crews[len(s.crews)-1]
		help.crew, help.size = &last, accomplices(p.evasion(), acting)
		s.pools = append(s.pools, help)
		fresh += help.size
	}
	return fresh
}

// muster draws the parameters of one campaign.
func (s *Simulator) muster(p *Plan) *crew {
	kind := p.kind()
	t := kind.ranges[s.scenario.Split]
	c := &crew{kind: kind, variant: p.name(), Evasion: p.evasion(), tuning: t}
	c.size, c.gap = s.count(t.members)*c.Divided, s.draw(t.gap)*c.Slower
	c.fresh = int(math.Round(s.draw(t.fresh) * float64(c.size)))
	c.how = reception{s.draw(t.reply), s.draw(t.block), s.draw(t.report), kind.harm}
	c.listed, c.cover = s.chance(t.lists), s.chance(t.cover)
	// 14 hours are room for waiting until the target wakes and for the longest spread.
	room := float64(s.end - s.scenario.Start - 14*hourMs)
	c.start = s.scenario.Start + int64((0.1+0.5*s.rng.Float64())*room)
	return c
}

// work draws how many targets a member has: each has its part where the work is divided, and some give up early or are
// shut out by somebody else.
func (s *Simulator) work(c *crew) int {
	n := (s.count(c.tuning.contacts) + c.Divided - 1) / c.Divided
	if u := s.rng.Float64(); c.tuning.quits && s.chance(0.2) {
		return 1 + int(0.4*u*u*float64(n))
	}
	return n
}

// recruit makes a new account for a campaign, which begins at a time and has registered so many milliseconds before, or
// as long before as it is warmed up: it knows nobody but whom it makes up to.
func (s *Simulator) recruit(c *crew, from, before int64) *account {
	a := s.newAccount(one(s.dice, s.towns), ingest.Age18to24+ingest.AgeBand(s.rng.IntN(4)))
	warm := int64((0.7 + 0.6*s.rng.Float64()) * float64(c.WarmUp) * day)
	a.born = from - max(before, warm)
	if warm > before || a.born < s.scenario.Start {
		a.enrol(c, from)
	} else {
		a.enrol(c, a.born)
	}
	a.habit, a.rate = func(*Simulator, *account) {}, 0.2 // it does nothing but the campaign's work
	if c.Misdeclared {
		a.told = ingest.Age16to17
	}
	if c.cover {
		s.settleIn(a)
	}
	if c.WarmUp > 0 {
		a.habit, a.rate = (*Simulator).leisure, 1+2*s.rng.Float64()
		s.ingratiate(a, max(4, c.Seeded))
	}
	return a
}

// settleIn gives a recruit a life beside its work: some people who know it and write to it first, and some whom it knows.
func (s *Simulator) settleIn(a *account) {
	a.habit, a.rate = (*Simulator).leisure, 0.5+1.5*s.rng.Float64()
	for range 2 + int(s.tail(tail{4, 0.8, 30})) {
		b := one(s.dice, a.town.people)
		if b == nil || b == a {
			continue
		}
		befriend(a, b)
		at := max(a.born, s.scenario.Start) + int64(s.logNormal(24*hour, 1)*1000)
		s.schedule(s.waking(b, at), b, func() { s.chat(b, a) })
	}
}

// enrol makes an account a member of a campaign from a time on.
func (a *account) enrol(c *crew, from int64) { a.crew, a.from, a.persona = c, from, "" }

// ingratiate makes an account known to n people of one place before its campaign begins: it joins groups of theirs and
// asks them for contact. What lies before the simulation has happened.
func (s *Simulator) ingratiate(a *account, n int) {
	host := one(s.dice, one(s.dice, s.towns).people)
	for range n {
		b := host
		if g := one(s.dice, host.groups); g != nil && s.chance(0.7) {
			b = one(s.dice, g.members)
		}
		if a == b {
			continue
		}
		at := a.born + int64((0.05+0.9*s.rng.Float64())*float64(a.from-a.born))
		if at < s.scenario.Start {
			befriend(a, b)
			bind(a, b, talked)
			if g := one(s.dice, b.groups); g != nil && s.chance(0.4) && !slices.Contains(a.groups, g) {
				g.join(a)
			}
			continue
		}
		s.schedule(s.waking(a, at), a, func() {
			if s.chance(0.4) {
				s.enter(a, one(s.dice, b.groups))
			}
			if s.open(a, b) && a.ties[b]&talked == 0 {
				s.request(a, b, reception{0.5, 0.02, 0.005, a.crew.kind.harm})
			}
		})
	}
}

// gatherAccomplices makes the accounts that do nothing but prop others up.
func (s *Simulator) gatherAccomplices() {
	for _, p := range s.pools {
		for range p.size {
			a := s.recruit(p.crew, s.scenario.Start, int64((5+60*s.rng.Float64())*day))
			a.part, a.habit, a.rate, a.replies = "accomplice", (*Simulator).leisure, 0.5+s.rng.Float64(), 1
			if b := one(s.dice, p.all); b != nil {
				befriend(a, b)
			}
			p.all = append(p.all, a)
		}
	}
}

// farm makes a member of a campaign write to accomplices, who answer, as often as its share of such dialogues says. It
// comes along with each act towards a target, and now and then the account is on another network by then.
func (s *Simulator) farm(a *account) {
	if s.chance(0.1) {
		s.connect(a)
	}
	if a.crew.Farmed == 0 || !s.chance(a.crew.Farmed) {
		return
	}
	s.awake(minute+s.logNormal(15*minute, 1), a, func() {
		b := one(s.dice, a.crew.pool.all)
		for range 8 { // a new one rather than one that it has talked with
			if a.ties[b]&talked == 0 {
				break
			}
			b = one(s.dice, a.crew.pool.all)
		}
		if s.chance(0.2) {
			a, b = b, a
		}
		if s.open(a, b) {
			s.message(a, b, s.smallTalk())
			s.reply(b, a, 1+s.rng.IntN(5))
		}
	})
	s.farm(a)
}

// stranger draws an innocent account that a can write to and never has, or nil where a few tries find none. Who has
// seeded contacts takes it from their groups and their acquaintances.
func (s *Simulator) stranger(a *account) *account {
	return s.quarry(a, func(*account) bool { return true })
}

// quarry draws a stranger who fits.
func (s *Simulator) quarry(a *account, fits func(*account) bool) *account {
	for range 40 {
		b := one(s.dice, s.accounts)
		if a.crew.Seeded > 0 && s.chance(0.9) {
			if c := s.contact(a); c != nil && s.chance(0.5) {
				b = s.contact(c)
			} else if g := one(s.dice, a.groups); g != nil {
				b = one(s.dice, g.members)
			}
		}
		if b != nil && b.crew == nil && fits(b) && s.open(a, b) && a.ties[b]&talked == 0 {
			if a.crew.listed {
				a.ties[b] |= knows
			}
			return b
		}
	}
	return nil
}
