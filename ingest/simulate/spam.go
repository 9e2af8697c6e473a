package simulate

import "github.com/unopened/unopened/ingest"

// burstSpam is a farm of fresh accounts on few devices and one network, each of which writes the same to hundreds of
// strangers within hours.
var burstSpam = campaign{
	name: "burst_spam", harm: ingest.Spam,
	unfit: []string{Misdeclared},
	made:  everyone,
	begin: (*Simulator).spamFarm,
	ranges: map[Split]tuning{
		Train: {
			quits: true, cover: 0.3, lists: 0.5,
			members: span{12, 24}, fresh: span{1, 1}, contacts: span{150, 400}, gap: span{4, 15}, spread: span{0.5, 3},
			extra: span{3, 6}, reply: span{0.02, 0.08}, block: span{0.06, 0.12}, report: span{0.03, 0.07},
		},
		Test: {
			quits: true, cover: 0.3, lists: 0.5,
			members: span{10, 28}, fresh: span{1, 1}, contacts: span{120, 500}, gap: span{3, 30}, spread: span{0.3, 8},
			extra: span{2, 8}, reply: span{0.01, 0.14}, block: span{0.04, 0.12}, report: span{0.02, 0.07},
		},
	},
}

func (s *Simulator) spamFarm(c *crew) {
	c.content = s.pitch()
	lair := s.lair(s.someCountry().code)
	onDevice := s.count(c.tuning.extra)
	spread := s.draw(c.tuning.spread) * c.Slower
	for k := range c.fresh {
		if k%onDevice == 0 {
			s.equip(&lair)
		}
		wait := int64(s.logNormal(20*minute, 1) * 1000)
		a := s.recruit(c, c.start+int64(s.rng.Float64()*spread*hourMs)+wait, wait)
		s.base(a, lair)
		s.schedule(s.first(a, wait), a, func() { s.spam(a, s.work(c)) })
	}
}

// pitch is a message that many get.
func (s *Simulator) pitch() content {
	if s.chance(0.4) {
		return content{ingest.MediaImage, uint8(s.count(span{15, 18})), uint8(1 + s.rng.IntN(3))}
	}
	return content{ingest.MediaNone, uint8(s.count(span{7, 10})), 0}
}

// lair is a place from which abuse is done.
func (s *Simulator) lair(country [2]byte) place {
	return place{s.rng.Uint64(), s.rng.Uint64(), country, s.client()}
}

// equip takes another device at a place.
func (s *Simulator) equip(p *place) { p.device, p.client = s.rng.Uint64(), s.client() }

// base makes an account act from a place, where it also lives. Most have a number of that country, and most a telephone
// beside the place's network.
func (s *Simulator) base(a *account, to place) {
	a.here, a.home, a.mobile = to, to.network, to.network
	for k := 0; s.chance(0.75) && k < 30 && a.town.country.code != to.country; k++ {
		a.town = one(s.dice, s.towns)
	}
	if s.chance(0.6) {
		a.mobile = s.carrier(to.country)
	}
}

// first is when a recruit begins: so long after its registration, and not before it has passed the challenge, or when its
// warm-up is over.
func (s *Simulator) first(a *account, wait int64) int64 {
	return max(a.from, a.born+max(wait, int64(2*minute*1000)))
}

// spam writes to one stranger, and to n − 1 more later.
func (s *Simulator) spam(a *account, n int) {
	if b := s.stranger(a); b != nil {
		s.message(a, b, a.crew.content)
		s.receive(a, b, 1, a.crew.how)
	}
	s.farm(a)
	if n == 1 {
		return
	}
	gap := s.logNormal(a.crew.gap, 0.6)
	if s.chance(0.02) {
		gap += s.logNormal(20*minute, 1) // a pause between batches
	}
	s.after(gap, a, func() { s.spam(a, n-1) })
}

// slowSpam is a few accounts, some of them bought, each of which writes to some strangers a day, by day, for weeks: the
// usual way round a limit of rate.
var slowSpam = campaign{
	name: "slow_spam", harm: ingest.Spam,
	unfit: []string{Misdeclared},
	made:  everyone,
	begin: (*Simulator).hawkers,
	ranges: map[Split]tuning{
		Train: {
			quits: true, cover: 0.3, lists: 0.5,
			members: span{5, 10}, fresh: span{0.5, 0.9}, contacts: span{60, 200}, gap: span{20 * minute, 60 * minute},
			extra: span{1, 2}, reply: span{0.04, 0.12}, block: span{0.04, 0.09}, report: span{0.015, 0.04},
		},
		Test: {
			quits: true, cover: 0.3, lists: 0.5,
			members: span{4, 14}, fresh: span{0.3, 1}, contacts: span{40, 260}, gap: span{12 * minute, 100 * minute},
			extra: span{1, 3}, reply: span{0.02, 0.18}, block: span{0.03, 0.10}, report: span{0.01, 0.05},
		},
	},
}

func (s *Simulator) hawkers(c *crew) {
	c.content = s.pitch()
	home := s.lair(s.someCountry().code)
	onDevice := s.count(c.tuning.extra)
	for k := range c.size {
		if k%onDevice == 0 {
			s.equip(&home)
		}
		from := c.start + int64(s.rng.Float64()*2*day)
		before := int64(s.logNormal(12*hour, 1) * 1000)
		if k >= c.fresh { // bought
			before = int64((60 + 300*s.rng.Float64()) * day)
		}
		a := s.recruit(c, from, before)
		s.base(a, home)
		s.schedule(s.waking(a, s.first(a, before)), a, func() { s.hawk(a, s.work(c)) })
	}
}

// hawk writes to one stranger, and to n − 1 more at leisure.
func (s *Simulator) hawk(a *account, n int) {
	if b := s.stranger(a); b != nil {
		c := a.crew.content
		c.size += uint8(s.rng.IntN(3)) // each a little other
		s.message(a, b, c)
		s.receive(a, b, 2, a.crew.how)
	}
	s.farm(a)
	if n > 1 {
		s.awake(s.logNormal(a.crew.gap, 0.9), a, func() { s.hawk(a, n-1) })
	}
}
