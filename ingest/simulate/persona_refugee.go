package simulate

import "github.com/unopened/unopened/ingest"

// refugees makes people of one town who fled to another country: the phone number is foreign, the device new, the account
// too or its owner's only tie home. They share a shelter's network, move on between networks and countries, join groups of
// helpers, and write to strangers and offices.
func (s *Simulator) refugees(members []*account) {
	host := s.haven(members[0])
	shelter := s.rng.Uint64()
	s.circle(members, 0.3)
	s.newGroup(members)
	for _, a := range members {
		to := place{s.rng.Uint64(), shelter, host.country.code, ingest.ClientAndroid}
		at := s.someDay(a, 0.6)
		a.rate = max(a.rate, 1)
		if s.chance(0.6) { // a new account, and only those who fled with it
			old := a.contacts
			a.uproot()
			a.born, a.here, a.home, a.mobile = at, to, shelter, shelter
			for _, b := range old[:min(len(old), s.rng.IntN(6))] {
				befriend(a, b)
			}
		} else {
			s.schedule(at, a, func() {
				a.home, a.mobile = shelter, shelter
				s.move(a, to)
			})
		}
		s.schedule(at+int64(s.logNormal(3*hour, 1)*1000), a, func() { s.arrive(a, host) })
		for range int(s.tail(tail{1, 0.8, 6})) {
			s.schedule(s.waking(a, at+int64(s.logNormal(60*hour, 0.8)*1000)), a, func() { s.moveOn(a) })
		}
	}
}

// haven draws a town in another country, or any where a few tries find none.
func (s *Simulator) haven(a *account) (host *town) {
	for range 20 {
		if host = one(s.dice, s.towns); host.country.code != a.town.country.code {
			return host
		}
	}
	return host
}

// moveOn takes a refugee to another network, at times in another country.
func (s *Simulator) moveOn(a *account) {
	to := a.here
	to.network = s.rng.Uint64()
	if s.chance(0.3) {
		to.country = s.someCountry().code
	}
	a.home, a.mobile = to.network, to.network
	s.move(a, to)
}

// arrive joins groups of the host town and asks its people and offices for help.
func (s *Simulator) arrive(a *account, host *town) {
	s.enterGroups(a, host.people, s.count(span{1, 4}))
	s.run(a, &errand{
		left: int(s.tail(tail{12, 0.9, 120})), gap: tail{20 * minute, 1.5, 10 * hour}, say: s.smallTalk, turns: 4, again: 0.3,
		how: reception{s.draw(span{0.25, 0.65}), 0.03, 0.01, ingest.Spam},
		pick: func() *account {
			switch u := s.rng.Float64(); {
			case u < 0.4:
				return s.fellow(a)
			case u < 0.6 && len(s.lines) > 0:
				return one(s.dice, s.lines)
			}
			b := one(s.dice, host.people)
			if s.chance(0.5) { // the number is on a list of helpers
				a.learn(b)
			}
			return b
		},
	})
}
