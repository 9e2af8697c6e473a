package simulate

import "github.com/unopened/unopened/ingest"

// class makes pupils, or adults of a company or congregation, who register within a lesson on one network, write to each
// other and found a group.
func (s *Simulator) class(members []*account) {
	start := s.someDay(members[0], 0.6)
	lesson := int64(s.tail(tail{25 * minute, 0.6, 3 * hour}) * 1000)
	room := s.rng.Uint64()
	for i, a := range members {
		if s.chance(0.6) {
			a.uproot()
		}
		for _, b := range members[:i] {
			if s.chance(0.7) {
				befriend(a, b)
			}
		}
	}
	for _, a := range members {
		for _, b := range a.contacts {
			a.ties[b] &^= talked
			b.ties[a] &^= talked
		}
		home, mobile := a.home, a.mobile
		a.born = start + s.rng.Int64N(lesson)
		a.here.network, a.home, a.mobile = room, room, room
		s.schedule(start+lesson+s.rng.Int64N(hourMs), a, func() { a.home, a.mobile = home, mobile })
		n := int(s.tail(tail{6, 0.9, 30}))
		s.schedule(a.born+int64(s.logNormal(4*minute, 0.8)*1000), a, func() { s.greet(a, 0, n) })
	}
	s.schedule(start+lesson, members[0], func() { s.found(members[0], members[1:]) })
}

// machine is a device that several people use.
type machine struct {
	place
	last *account // who is logged in
}

// sharers makes people who use one device on one network in turns: a family's tablet, a school's or a cafe's computer.
// Some have a device of their own as well.
func (s *Simulator) sharers(members []*account) {
	m := &machine{place: members[0].here}
	m.network, m.client = members[0].home, ingest.ClientAndroid
	if public := s.chance(0.5); public {
		m.network, m.client = s.rng.Uint64(), ingest.ClientWeb
	} else {
		s.circle(members, 0.7)
	}
	own := s.rng.Float64() // how often they use their own
	for _, a := range members {
		phone := a.here
		if s.chance(0.15) {
			a.born, a.here = s.someDay(a, 0.7), m.place
			a.home, a.mobile = m.network, m.network
			a.uproot()
		}
		a.habit = func(s *Simulator, a *account) {
			if s.sit(a, m, phone, own); !a.gone {
				s.leisure(a)
			}
		}
	}
}

// sit logs in at the shared device if another was there, or takes the account's own.
func (s *Simulator) sit(a *account, m *machine, phone place, own float64) {
	if s.chance(own) {
		a.here.device, a.here.client = phone.device, phone.client
		return
	}
	a.here.device, a.here.client, a.here.network = m.device, m.client, m.network
	if m.last == a {
		return
	}
	m.last = a
	if s.chance(0.1) {
		s.record(ingest.LoginFailed, a)
	}
	s.record(ingest.Login, a)
}
