package simulate

import "slices"

// newcomer makes an account that registers during the simulation and then finds the people that know its number; its
// closest contact adds it to the groups of both.
func (s *Simulator) newcomer(a *account) {
	a.born = s.someDay(a, 0.75)
	for _, b := range a.contacts {
		a.ties[b] &^= talked
		b.ties[a] &^= talked
	}
	host := a.contacts[0]
	for _, g := range a.quit() {
		at := s.waking(a, a.born+int64(s.logNormal(6*hour, 1)*1000))
		s.schedule(at, host, func() {
			if slices.Contains(host.groups, g) {
				s.admit(host, a, g)
			}
		})
	}
	s.schedule(a.born+int64(s.logNormal(10*minute, 0.8)*1000), a, func() { s.greet(a, 0, 30) })
}

// greet makes a newcomer write to its first n contacts one after the other, from contact i on.
func (s *Simulator) greet(a *account, i, n int) {
	if i < min(len(a.contacts), n) {
		s.chat(a, a.contacts[i])
		s.awake(s.logNormal(12*minute, 1.4), a, func() { s.greet(a, i+1, n) })
	}
}
