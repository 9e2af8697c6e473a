package simulate

import "github.com/unopened/unopened/ingest"

// shelter makes a help line for survivors of violence. Strangers write first, often at night, some of them children; timers
// are on, there are calls, and it writes again where somebody fell silent.
func (s *Simulator) shelter(a *account) {
	s.supportLine(a)
	s.lines = s.lines[:len(s.lines)-1] // what people ask any line is not what they ask this one
	a.counter = &counter{replies: 0.96, delay: tail{25 * minute, 1.2, 12 * hour}, nights: true}
	a.rate = s.tail(tail{4, 0.6, 20})
	s.shelters = append(s.shelters, a)
	v := &visits{
		rate: s.tail(tail{7, 0.9, 60}), until: s.end, who: func() *account { return s.somebody(0.15) },
		nights: s.draw(span{0.3, 0.7}), secret: s.draw(span{0.4, 0.95}), calls: s.draw(span{0.05, 0.3}),
	}
	a.habit = func(s *Simulator, a *account) { s.lookAfter(a, one(s.dice, v.guests)) }
	s.schedule(s.scenario.Start, a, func() { s.receiveVisits(a, v) })
}

// lookAfter is a session of a shelter: a call to somebody who wrote once, or a word where he fell silent.
func (s *Simulator) lookAfter(a, b *account) {
	if s.chance(0.3) {
		s.call(a, b, 0.5)
		return
	}
	s.turn(a, b, s.rng.IntN(3))
}

// survivor makes somebody who leaves a violent partner: another device and network, a new account or ties that are cut,
// blocks of the ex and his friends, who go on writing, and letters to shelters and strangers.
func (s *Simulator) survivor(a *account) {
	at := s.someDay(a, 0.5)
	ex, trusted := a.contacts[0], a.contacts[1:2+s.rng.IntN(min(4, len(a.contacts)-1))]
	trusted = append([]*account(nil), trusted...)
	friends := some(s.dice, ex.contacts, s.rng.IntN(4))
	a.late, a.rate = a.late+2+s.rng.Int64N(3), min(a.rate, 4)
	to := place{s.rng.Uint64(), s.rng.Uint64(), a.here.country, a.here.client}
	if s.chance(0.5) {
		a.uproot()
		a.born, a.here, a.home, a.mobile = at, to, to.network, s.rng.Uint64()
		for _, b := range trusted {
			befriend(a, b)
		}
		ex.learn(a) // somebody gave the number away
	} else {
		s.schedule(at, a, func() {
			a.home, a.mobile = to.network, s.rng.Uint64()
			s.move(a, to)
			a.quit()
			a.contacts = trusted
			s.cutOff(a, append(friends, ex))
		})
	}
	for _, b := range trusted {
		bind(a, b, vanishes)
	}
	s.schedule(at+int64(s.logNormal(3*hour, 1)*1000), a, func() { s.seekHelp(a) })
	for range 1 + s.rng.IntN(3) {
		s.turnUp(ex, a, at)
	}
}

// cutOff blocks one after the other.
func (s *Simulator) cutOff(a *account, people []*account) {
	for i, b := range people {
		s.after(float64(i)*s.logNormal(minute, 1), a, func() { s.block(a, b) })
	}
}

// seekHelp writes to shelters, lines and strangers.
func (s *Simulator) seekHelp(a *account) {
	s.run(a, &errand{
		left: int(s.tail(tail{5, 0.9, 40})), gap: tail{2 * hour, 1.3, 30 * hour}, say: s.smallTalk, turns: 5,
		secret: 0.7, again: 0.3, how: reception{0.6, 0.01, 0.003, ingest.Other},
		pick: func() *account {
			switch u := s.rng.Float64(); {
			case u < 0.4 && len(s.shelters) > 0:
				return one(s.dice, s.shelters)
			case u < 0.5:
				return one(s.dice, s.lines)
			case u < 0.7:
				return s.fellow(a)
			}
			return s.somebody(0)
		},
	})
}

// turnUp makes the ex write some days later, half of the time from a new account on his device: some other ordinary account
// is made into that.
func (s *Simulator) turnUp(ex, a *account, at int64) {
	at += int64(s.logNormal(30*hour, 0.8) * 1000)
	who := ex
	if b := s.volunteer(adult); b != nil && at < s.end && s.chance(0.6) {
		b.uproot()
		b.born, b.here, b.home, b.mobile = at, ex.here, ex.home, ex.mobile
		b.town, b.rate = ex.town, 0.3
		who = b
	}
	who.learn(a)
	s.schedule(at+int64(s.logNormal(20*minute, 1)*1000), who, func() {
		s.run(who, &errand{
			left: int(s.tail(tail{3, 0.8, 25})), gap: tail{2 * hour, 1.5, 48 * hour}, say: s.smallTalk, turns: 1,
			pick: func() *account { return a }, how: reception{0.1, 0.45, 0.1, ingest.Harassment},
		})
	})
}
