package simulate

import "github.com/unopened/unopened/ingest"

// sybilRing is many accounts of one hand: registered within a day or so on few devices, each other's contacts, and in
// lockstep from then on: they join the same groups, ask the same people for contact and pass the same on, within minutes.
var sybilRing = campaign{
	name: "sybil_ring", harm: ingest.Sybil,
	unfit: []string{Misdeclared},
	made:  everyone,
	begin: (*Simulator).ring,
	ranges: map[Split]tuning{
		Train: {
			quits: true, cover: 0.5, lists: 0.4,
			members: span{20, 40}, fresh: span{1, 1}, contacts: span{4, 8}, gap: span{5 * hour, 16 * hour}, spread: span{3, 24},
			extra: span{3, 6}, reply: span{0.20, 0.40}, block: span{0.02, 0.05}, report: span{0.005, 0.02},
		},
		Test: {
			quits: true, cover: 0.5, lists: 0.4,
			members: span{12, 50}, fresh: span{1, 1}, contacts: span{3, 12}, gap: span{3 * hour, 24 * hour}, spread: span{1, 60},
			extra: span{1, 8}, reply: span{0.15, 0.45}, block: span{0.01, 0.06}, report: span{0.002, 0.03},
		},
	},
}

func (s *Simulator) ring(c *crew) {
	home := s.lair(s.someCountry().code)
	onDevice, spread := s.count(c.tuning.extra), s.draw(c.tuning.spread)*c.Slower
	networks := 1 + s.rng.IntN(4)
	lairs := make([]uint64, networks)
	for i := range lairs {
		lairs[i] = s.rng.Uint64()
	}
	var all []*account
	for k := range c.size {
		if k%onDevice == 0 {
			s.equip(&home)
			home.network = lairs[s.rng.IntN(networks)]
		}
		from := c.start + int64(s.rng.Float64()*spread*hourMs)
		a := s.recruit(c, from, 0)
		s.base(a, home)
		a.habit, a.rate = (*Simulator).leisure, 0.5+s.rng.Float64()
		all = append(all, a)
	}
	for i, a := range all {
		for _, b := range all[:i] {
			if s.chance(5 / float64(len(all))) {
				befriend(a, b)
			}
		}
	}
	at := c.start + int64(spread*hourMs)
	for range s.work(c) {
		at += int64(s.logNormal(c.gap, 0.6) * 1000)
		s.wave(all, at)
	}
}

// wave is one thing that most of a ring do within minutes.
func (s *Simulator) wave(ring []*account, at int64) {
	b := one(s.dice, s.accounts)
	turnout, within := 0.4+0.5*s.rng.Float64(), s.logNormal(10*minute, 0.8)
	group, content := s.chance(0.5), s.pitch()
	for _, a := range ring {
		if !s.chance(turnout) {
			continue
		}
		s.schedule(at+int64(s.rng.Float64()*within*a.crew.Slower*1000), a, func() {
			s.farm(a)
			switch {
			case group && len(b.groups) > 0:
				g := b.groups[0]
				s.enter(a, g)
				fill(g.within(s.record(ingest.Message, a)), content)
			case s.open(a, b) && a.ties[b]&talked == 0 && b.crew == nil:
				s.request(a, b, a.crew.how)
			}
		})
	}
}
