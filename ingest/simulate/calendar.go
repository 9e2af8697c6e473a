package simulate

import "github.com/unopened/unopened/ingest"

// onHoliday tells whether a time lies in the holiday.
func (s *Simulator) onHoliday(at int64) bool {
	h := s.scenario.Holiday
	since := at - s.scenario.Start - int64(h.Day-1)*day
	return h.Days > 0 && since >= 0 && since < int64(h.Days)*day
}

// greetings make most accounts write, on the first day of the holiday, to some of those whom they know, as one does at New
// Year: the same to each, with a picture as often as not.
func (s *Simulator) greetings() {
	h := s.scenario.Holiday
	if h.Days == 0 {
		return
	}
	at := s.scenario.Start + int64(h.Day-1)*day
	for _, a := range s.accounts {
		if len(a.contacts) > 0 && s.chance(0.6) {
			card := s.attachment(ingest.MediaNone)
			if s.chance(0.5) {
				card = s.attachment(ingest.MediaImage)
				card.forwards = uint8(s.rng.IntN(6))
			}
			n := min(1+int(s.logNormal(6, 1)), len(a.contacts), 100)
			s.schedule(s.waking(a, at+s.rng.Int64N(day)), a, func() { s.greeting(a, card, n) })
		}
	}
}

// greeting writes to one contact, and to n − 1 more within minutes.
func (s *Simulator) greeting(a *account, card content, n int) {
	if b := a.contacts[n%len(a.contacts)]; s.open(a, b) && !a.taken {
		s.message(a, b, card)
		s.receive(a, b, 1, s.organic(a, b))
	}
	if n > 1 {
		s.after(s.logNormal(25, 0.9), a, func() { s.greeting(a, card, n-1) })
	}
}

// renew installs the new client where it is out and the account gets round to it: every conversation begins a new
// cryptographic session, one account in ten links another device, and more use disappearing messages.
func (s *Simulator) renew(a *account) {
	if s.scenario.Release == 0 || a.renewed || s.now < s.scenario.Start+int64(s.scenario.Release-1)*day || !s.chance(0.3) {
		return
	}
	a.renewed = true
	if s.chance(0.1) {
		s.record(ingest.DeviceAdded, a)
	}
	for i, b := range a.contacts {
		a.ties[b] |= renewed
		if i < 3 && s.chance(0.15) {
			bind(a, b, vanishes)
		}
	}
}

// omit takes out of a record what its client does not send: some fields never, by the account, and each now and then.
func (s *Simulator) omit(e *ingest.Event) {
	share := s.scenario.Missing
	if share == 0 {
		return
	}
	const optional = ingest.FieldsOfActor | ingest.FieldsOfTarget | ingest.FieldsOfCall
	var gone ingest.Fields
	never := uint64(e.Subject[0])<<8 | uint64(e.Subject[1]) // as good as drawn: a pseudonym is
	for rest := e.Has & optional; rest != 0; {
		f := rest & -rest
		rest &^= f
		never = never*0x9e3779b97f4a7c15 + 1
		if float64(never>>11)/(1<<53) < share/2 || s.noise.chance(share/2) {
			gone |= f
		}
	}
	e.Omit(gone)
}
