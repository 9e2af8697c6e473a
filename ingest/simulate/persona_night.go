package simulate

// nightWorker makes somebody whose day is 8 to 12 hours later than others', and who writes to the family at night, its
// children too.
func (s *Simulator) nightWorker(a *account) {
	a.late += 8 + s.rng.Int64N(5)
	var children []*account
	for _, b := range a.contacts {
		if b.home == a.home && b.age.Minor() {
			children = append(children, b)
		}
	}
	a.habit = func(s *Simulator, a *account) {
		if b := one(s.dice, children); b != nil && s.chance(0.15) {
			s.chat(a, b)
			return
		}
		s.leisure(a)
	}
}
