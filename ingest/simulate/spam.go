package simulate

import "github.com/unopened/unopened/ingest"

// burstSpam is a farm of fresh accounts on few devices and one network, each of which writes the same to hundreds of
// strangers within hours.
var burstSpam = campaign{
	name: "burst_spam", harm: ingest.Spam,
	count: func(sc *Scenario) int { return sc.SpamBursts },
	begin: (*Simulator).spamFarm,
	ranges: map[Split]tuning{
		Train: {
			members: span{12, 24}, fresh: span{1, 1}, contacts: span{150, 400}, gap: span{4, 15}, spread: span{0.5, 3},
			extra: span{3, 6}, reply: span{0.02, 0.05}, block: span{0.06, 0.12}, report: span{0.03, 0.07},
		},
		Test: {
			members: span{10, 28}, fresh: span{1, 1}, contacts: span{120, 500}, gap: span{3, 30}, spread: span{0.3, 8},
			extra: span{2, 8}, reply: span{0.01, 0.06}, block: span{0.04, 0.12}, report: span{0.02, 0.07},
		},
	},
}

func (s *Simulator) spamFarm(c *crew) {
	c.content = content{ingest.MediaNone, uint8(s.count(span{7, 10})), 0}
	if s.chance(0.4) {
		c.content = content{ingest.MediaImage, uint8(s.count(span{15, 18})), uint8(1 + s.rng.IntN(3))}
	}
	lair := place{network: s.rng.Uint64(), country: s.someCountry().code, client: ingest.ClientAndroid}
	onDevice := s.count(c.tuning.extra)
	spread := s.draw(c.tuning.spread)
	for k := range c.fresh {
		if k%onDevice == 0 {
			lair.device = s.rng.Uint64()
		}
		a := s.recruit(c, c.start+int64(s.rng.Float64()*spread*hourMs))
		a.here, a.home, a.mobile = lair, lair.network, lair.network
		a.habit, a.rate = func(*Simulator, *account) {}, 0.2 // it does nothing but the campaign's work
		first := a.born + int64(s.logNormal(20*minute, 1)*1000)
		s.schedule(first, a, func() { s.spam(a, s.count(c.tuning.contacts)) })
	}
}

// spam writes to one stranger, and to n − 1 more later.
func (s *Simulator) spam(a *account, n int) {
	if b := s.stranger(a); b != nil {
		s.message(a, b, a.crew.content)
		s.receive(a, b, 1, a.crew.how)
	}
	if n == 1 {
		return
	}
	gap := s.logNormal(a.crew.gap, 0.6)
	if s.chance(0.02) {
		gap += s.logNormal(20*minute, 1) // a pause between batches
	}
	s.after(gap, a, func() { s.spam(a, n-1) })
}

// stranger draws an innocent account that a can write to and never has, or nil where a few tries find none.
func (s *Simulator) stranger(a *account) *account {
	for range 20 {
		b := one(s.dice, s.accounts)
		if s.open(a, b) && a.ties[b]&talked == 0 && b.crew == nil {
			return b
		}
	}
	return nil
}
