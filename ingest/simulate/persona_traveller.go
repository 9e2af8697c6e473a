package simulate

import "github.com/unopened/unopened/ingest"

// traveller makes somebody who goes abroad, with another device or none, on networks never seen, and sends pictures to many
// old contacts within hours; then comes back.
func (s *Simulator) traveller(a *account) {
	s.schedule(s.someDay(a, 0.7), a, func() { s.depart(a) })
}

func (s *Simulator) depart(a *account) {
	old, mobile := a.here, a.mobile
	to := place{old.device, s.rng.Uint64(), s.someCountry().code, old.client}
	for to.country == old.country {
		to.country = s.someCountry().code
	}
	if s.chance(0.5) {
		to.device = s.rng.Uint64()
	}
	if s.chance(0.2) {
		to.locate(s.record(ingest.LoginFailed, a))
	}
	a.mobile = to.network
	s.move(a, to)
	picture := s.attachment(ingest.MediaImage)
	friends := append([]*account(nil), a.contacts[:min(len(a.contacts), int(s.tail(tail{20, 0.9, 200})))]...)
	e := &errand{
		left: len(friends), gap: tail{45, 1.4, 2 * hour}, pick: inTurn(friends), say: same(picture), turns: 4,
		how: reception{s.draw(span{0.5, 0.9}), 0.002, 0.001, ingest.Other},
	}
	s.awake(s.logNormal(1.5*hour, 1.3), a, func() { s.run(a, e) })
	s.awake(s.tail(tail{4, 0.8, 30})*24*hour, a, func() {
		a.mobile = mobile
		if s.chance(0.4) { // the new device stays
			old.device = a.here.device
		}
		s.move(a, old)
	})
}

// diaspora makes a member of a family that lives in several countries: contacts and a large group abroad, calls at odd
// hours, and much that is forwarded.
func (s *Simulator) diaspora(a *account) {
	near := a.contacts
	a.contacts = nil
	kin := distinct(int(s.tail(tail{25, 0.6, 90})), func() *account { return s.somebody(0.1) })
	for _, b := range kin {
		befriend(a, b)
		bind(a, b, talked)
	}
	a.contacts = append(a.contacts, near...)
	a.late += s.rng.Int64N(6)
	a.team = s.newGroup(append(kin, a))
	a.rate = max(a.rate, 2)
	if s.chance(0.4) {
		a.mobile = a.home // all its relatives are on it
	}
	a.habit = (*Simulator).keepTouch
}

// keepTouch is a session of a member of a diaspora.
func (s *Simulator) keepTouch(a *account) {
	switch u := s.rng.Float64(); {
	case u < 0.12:
		s.call(a, s.contact(a), 0.45)
	case u < 0.27:
		s.gather(a, a.team)
	case u < 0.37:
		s.forward(a, some(s.dice, a.contacts, int(s.tail(tail{4, 1, 60}))))
	default:
		s.leisure(a)
	}
}
