package simulate

import (
	"github.com/unopened/unopened/ingest"
)

// burstSpam is a farm of fresh accounts on few devices and one network, each of which writes the same to hundreds of
// strangers within hours.
var burstSpam = campaign{
	name: "burst_spam", harm: ingest.Spam,
	count: func(sc *Scenario) int { return sc.SpamBursts },
	begin: (*Simulator).spamFarm,
	train: tuning{
		members: span{12, 24}, fresh: span{1, 1}, contacts: span{150, 400}, gap: span{4, 15}, spread: span{0.5, 3},
		extra: span{3, 6}, reply: span{0.02, 0.05}, block: span{0.06, 0.12}, report: span{0.03, 0.07},
	},
	test: tuning{
		members: span{10, 28}, fresh: span{1, 1}, contacts: span{120, 500}, gap: span{3, 30}, spread: span{0.3, 8},
		extra: span{2, 8}, reply: span{0.01, 0.06}, block: span{0.04, 0.12}, report: span{0.02, 0.07},
	},
}

func (s *Simulator) spamFarm(c *crew) {
	c.content = content{ingest.MediaNone, uint8(span{7, 10}.count(c.rng)), 0}
	if chance(c.rng, 0.4) {
		c.content = content{ingest.MediaImage, uint8(span{15, 18}.count(c.rng)), uint8(1 + c.rng.IntN(3))}
	}
	c.lair = place{network: s.newPlace(domainNetwork), country: someCountry(c.rng).code, client: ingest.ClientAndroid}
	onDevice := int(c.tuning.extra.count(c.rng))
	spread := c.tuning.spread.draw(c.rng)
	for k := range c.fresh {
		if k%onDevice == 0 {
			c.lair.device = s.newPlace(domainDevice)
		}
		i := s.recruit(c, c.start+int64(c.rng.Float64()*spread*hourMs))
		a := &s.accounts[i]
		a.usual, a.here = c.lair, c.lair
		a.home, a.mobile = c.lair.network, c.lair.network
		a.habit, a.rate = (*Simulator).idle, 0.2
		first := a.born + int64(logNormal(c.rng, 20*minute, 1)*1000)
		s.schedule(first, task{do: (*Simulator).spam, a: i, n: c.tuning.contacts.count(c.rng)})
	}
}

// idle is the habit of accounts that do nothing but their campaign's work.
func (s *Simulator) idle(task) {}

// spam writes to one stranger, and to t.n − 1 more later.
func (s *Simulator) spam(t task) {
	a := &s.accounts[t.a]
	c := a.crew
	if b := s.anyone(t.a, a.rng); b >= 0 {
		s.message(t.a, b, c.content)
		s.receive(task{a: t.a, b: b, n: 1}, c.how)
	}
	if t.n--; t.n == 0 {
		return
	}
	gap := logNormal(a.rng, c.gap, 0.6)
	if chance(a.rng, 0.02) {
		gap += logNormal(a.rng, 20*minute, 1) // a pause between batches
	}
	s.after(gap, t)
}
