package simulate

import (
	"slices"

	"github.com/unopened/unopened/ingest"
)

// awaken schedules the first session of an account, and its registration where that falls into the simulation.
func (s *Simulator) awaken(a int32) {
	x := &s.accounts[a]
	if x.born >= s.scenario.Start {
		s.schedule(x.born, task{do: (*Simulator).register, a: a})
		return
	}
	s.schedule(x.nextSession(s.now), task{do: (*Simulator).session, a: a})
}

// register opens a new account.
func (s *Simulator) register(t task) {
	a := &s.accounts[t.a]
	s.record(ingest.AccountRegistered, t.a)
	fails := 0.05
	if a.crew != nil {
		fails = 0.3
	}
	if chance(a.rng, fails) {
		s.after(5+20*a.rng.Float64(), task{do: (*Simulator).note, a: t.a, n: int32(ingest.ChallengeFailed)})
	}
	s.after(30+60*a.rng.Float64(), task{do: (*Simulator).note, a: t.a, n: int32(ingest.ChallengePassed)})
	s.schedule(a.nextSession(s.now), task{do: (*Simulator).session, a: t.a})
}

// note records that something of type t.n happened to t.a.
func (s *Simulator) note(t task) {
	if s.accounts[t.a].present(s.now) {
		s.record(ingest.Type(t.n), t.a)
	}
}

// session is one time that an account's owner is active.
func (s *Simulator) session(t task) {
	a := &s.accounts[t.a]
	if a.gone {
		return
	}
	s.schedule(a.nextSession(s.now), t)
	if a.taken {
		return // the owner is locked out
	}
	if s.upkeep(t.a); !a.gone {
		a.habit(s, t)
	}
}

// upkeep is what accounts do beside conversing.
func (s *Simulator) upkeep(i int32) {
	a := &s.accounts[i]
	a.connect(s.now)
	switch u := a.rng.Float64(); {
	case u < 0.020:
		if chance(a.rng, 0.12) {
			s.record(ingest.LoginFailed, i) // mistyped
		}
		s.after(5+20*a.rng.Float64(), task{do: (*Simulator).note, a: i, n: int32(ingest.Login)})
	case u < 0.021:
		s.newPhone(i)
	case u < 0.022:
		a.away = !a.away
		if a.away {
			a.usual.country, a.mobile = someCountry(a.rng).code, s.newPlace(domainNetwork)
		} else {
			a.usual.country = a.phone
		}
		a.connect(s.now)
		s.record(ingest.Login, i)
	case u < 0.027:
		s.record(ingest.AccountUpdated, i)
	case u < 0.0275 && a.crew == nil && a.persona == "ordinary":
		s.remove(i)
	}
}

// remove deletes an account; that record has nothing but an actor.
func (s *Simulator) remove(i int32) {
	e := s.record(ingest.AccountDeleted, i)
	*e = ingest.Event{ID: e.ID, Type: e.Type, At: e.At, Subject: e.Subject, Has: ingest.FieldV | ingest.FieldID |
		ingest.FieldType | ingest.FieldAt | ingest.FieldActor}
	s.accounts[i].gone = true
}

// newPhone moves an account to another device, sometimes of another make.
func (s *Simulator) newPhone(i int32) {
	a := &s.accounts[i]
	a.usual.device = s.newPlace(domainDevice)
	if a.usual.client <= ingest.ClientAndroid && chance(a.rng, 0.15) {
		a.usual.client = ingest.ClientIOS + ingest.ClientAndroid - a.usual.client
	}
	a.here = a.usual
	s.record(ingest.DeviceAdded, i)
	s.after(2+8*a.rng.Float64(), task{do: (*Simulator).note, a: i, n: int32(ingest.Login)})
}

// connect chooses the network: home more often by night than by day.
func (a *account) connect(now int64) {
	a.usual.network = a.mobile
	atHome := 0.8
	if h := a.localHour(now); !weekend(h) && h%24 >= 8 && h%24 < 18 {
		atHome = 0.25
	}
	if !a.away && chance(a.rng, atHome) {
		a.usual.network = a.home
	}
	a.here = a.usual
}

// leisure is what ordinary people do in a session.
func (s *Simulator) leisure(t task) {
	a := &s.accounts[t.a]
	switch u := a.rng.Float64(); {
	case u < 0.50:
		s.chat(t.a, a.contact())
	case u < 0.72:
		s.gather(t.a, a.group())
	case u < 0.78:
		s.ring(t.a, a.contact())
	case u < 0.815:
		s.meet(t.a)
	case u < 0.830:
		s.ask(t.a)
	case u < 0.833:
		s.chat(t.a, int32(a.rng.IntN(len(s.accounts)))) // a wrong number, a sale
	case u < 0.834:
		s.quarrel(t.a, a.contact())
	case u < 0.836:
		s.leave(t.a, a.group())
	case u < 0.840:
		s.enter(t.a, a.contact())
	case u < 0.841:
		s.found(t.a, a.some(span{2, 9}))
	}
}

// enter joins a group that a contact is in.
func (s *Simulator) enter(i, contact int32) {
	if contact < 0 {
		return
	}
	if g := s.accounts[contact].group(); g >= 0 && !slices.Contains(s.accounts[i].groups, g) {
		s.join(i, g)
		s.inGroup(ingest.GroupJoin, i, -1, g)
	}
}

// meet makes the acquaintance of somebody out of a group or of a contact's contact.
func (s *Simulator) meet(i int32) {
	a := &s.accounts[i]
	var b int32 = -1
	if g := a.group(); g >= 0 && chance(a.rng, 0.6) {
		b = s.groups[g].members[a.rng.IntN(len(s.groups[g].members))]
	} else if c := a.contact(); c >= 0 {
		b = s.accounts[c].contact()
	}
	if b < 0 || !s.open(i, b) {
		return
	}
	if chance(a.rng, 0.3) && s.relation(i, b) == ingest.Stranger {
		s.request(i, b, s.organic(i, b))
		return
	}
	s.chat(i, b)
}

// ask writes to a support line, which need not lie in the same country.
func (s *Simulator) ask(i int32) {
	if len(s.lines) == 0 {
		return
	}
	r := s.accounts[i].rng
	line := s.lines[r.IntN(len(s.lines))]
	if s.open(i, line) {
		s.turn(task{a: i, b: line, n: 1 + 2*r.Int32N(3)})
	}
}

// quarrel blocks or angrily reports a contact, who has done nothing that a rule would forbid.
func (s *Simulator) quarrel(a, b int32) {
	if b < 0 || !s.open(a, b) {
		return
	}
	r := s.accounts[a].rng
	if chance(r, 0.3) {
		harms := []ingest.Category{ingest.Harassment, ingest.Spam, ingest.Scam, ingest.Other}
		s.report(task{a: a, b: b, n: int32(harms[r.IntN(len(harms))])})
		return
	}
	s.block(task{a: a, b: b})
	if chance(r, 0.4) {
		s.after(logNormal(r, 20*hour, 1), task{do: (*Simulator).unblock, a: a, b: b})
	}
}

// leave leaves a group.
func (s *Simulator) leave(i, g int32) {
	if g < 0 {
		return
	}
	s.inGroup(ingest.GroupLeave, i, -1, g)
	s.accounts[i].groups = without(s.accounts[i].groups, g)
	s.groups[g].members = without(s.groups[g].members, i)
}

// without takes x out of a list, in place.
func without(list []int32, x int32) []int32 {
	return slices.DeleteFunc(list, func(v int32) bool { return v == x })
}
