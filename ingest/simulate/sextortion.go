package simulate

import "github.com/unopened/unopened/ingest"

// sextortion is financial sextortion: fresh accounts on few devices write to boys and young men, exchange pictures within
// the hour with who answers, and then threaten: many messages and calls in minutes, and a group with the victim's
// friends. It counts as grooming, as the hotlines count it (online enticement): most victims are 14 to 17.
var sextortion = campaign{
	name: "sextortion", harm: ingest.Grooming,
	made:  everyone,
	begin: (*Simulator).extorters,
	ranges: map[Split]tuning{
		Train: {
			quits: true, cover: 0.3, lists: 0.3,
			members: span{2, 5}, fresh: span{1, 1}, contacts: span{15, 40}, gap: span{10 * minute, 40 * minute}, spread: span{5, 48},
			extra: span{1, 3}, reply: span{0.25, 0.40}, block: span{0.04, 0.08}, report: span{0.01, 0.03},
		},
		Test: {
			quits: true, cover: 0.3, lists: 0.3,
			members: span{1, 6}, fresh: span{0.8, 1}, contacts: span{10, 60}, gap: span{6 * minute, 70 * minute}, spread: span{2, 72},
			extra: span{1, 4}, reply: span{0.20, 0.45}, block: span{0.03, 0.10}, report: span{0.005, 0.04},
		},
	},
}

func (s *Simulator) extorters(c *crew) {
	den := s.lair(s.someCountry().code)
	onDevice := s.count(c.tuning.extra)
	for k := range c.size {
		if k%onDevice == 0 {
			s.equip(&den)
		}
		before := int64(s.logNormal(8*hour, 1) * 1000)
		if k >= c.fresh { // bought
			before = int64((30 + 200*s.rng.Float64()) * day)
		}
		a := s.recruit(c, c.start+int64(s.rng.Float64()*s.draw(c.tuning.spread)*hourMs), before)
		s.base(a, den)
		if a.told != 0 && !c.Misdeclared {
			a.told = ingest.Age18to24
		}
		s.schedule(s.waking(a, s.first(a, before)), a, func() { s.bait(a, s.work(c)) })
	}
}

// young tells who is preyed on: mostly those of 13 to 17.
func (s *Simulator) young(a *account) bool {
	return a.age == ingest.Age13to15 || a.age == ingest.Age16to17 || a.age == ingest.Age18to24 && s.chance(0.35)
}

// bait writes to one, and to n − 1 more later.
func (s *Simulator) bait(a *account, n int) {
	if b := s.quarry(a, s.young); b != nil {
		if s.chance(0.4) {
			if s.request(a, b, a.crew.how) {
				s.awake(s.logNormal(2*hour, 0.7), a, func() { s.allure(a, b, 0) })
			}
		} else {
			s.message(a, b, s.smallTalk())
			if s.receive(a, b, 8, a.crew.how) {
				s.awake(s.logNormal(40*minute, 0.7), a, func() { s.allure(a, b, 0) })
			}
		}
	}
	s.farm(a)
	if n > 1 {
		s.awake(s.logNormal(a.crew.gap, 0.9), a, func() { s.bait(a, n-1) })
	}
}

// allure is fast talk and pictures, after which a third go so far that they can be threatened.
func (s *Simulator) allure(a, b *account, step int) {
	if !s.open(a, b) {
		return
	}
	if step > 0 {
		bind(a, b, vanishes)
		s.message(a, b, s.attachment(ingest.MediaImage))
		if s.chance(0.4) {
			s.after(s.logNormal(5*minute, 0.7), b, func() {
				if s.open(b, a) {
					s.message(b, a, s.attachment(ingest.MediaImage))
				}
			})
			s.after(s.logNormal(25*minute, 0.6), a, func() { s.threaten(a, b, 6+s.rng.IntN(25)) })
			return
		}
	}
	s.turn(a, b, 8)
	if step < 3 && s.chance(0.7) {
		s.awake(s.logNormal(45*minute*a.crew.Slower, 0.8), a, func() { s.allure(a, b, step+1) })
	}
}

// threaten writes and calls again and again until the victim blocks or it gives up.
func (s *Simulator) threaten(a, b *account, n int) {
	if !s.open(a, b) {
		return
	}
	switch u := s.rng.Float64(); {
	case u < 0.15:
		s.call(a, b, 0.1)
	case u < 0.19:
		s.found(a, append(some(s.dice, b.contacts, 3), b))
	case u < 0.25:
		s.message(a, b, s.attachment(ingest.MediaImage))
	default:
		s.message(a, b, s.attachment(ingest.MediaNone))
	}
	switch u := s.rng.Float64(); {
	case u < 0.04:
		s.after(s.logNormal(10*minute, 1), b, func() { s.block(b, a) })
	case u < 0.055:
		s.complain(b, a, ingest.Scam)
	case u < 0.30:
		s.after(s.logNormal(2*minute, 0.8), b, func() { s.turn(b, a, 0) })
	}
	if n > 1 {
		s.after(s.logNormal(50*a.crew.Slower, 1), a, func() { s.threaten(a, b, n-1) })
	}
}
