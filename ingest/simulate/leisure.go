package simulate

import (
	"slices"

	"github.com/unopened/unopened/ingest"
)

// awaken begins an account's sessions, after its registration where that falls into the simulation.
func (s *Simulator) awaken(a *account) {
	if a.born >= s.scenario.Start {
		s.schedule(a.born, a, func() {
			s.record(ingest.AccountRegistered, a)
			if s.chance(0.08) {
				s.after(8+20*s.rng.Float64(), a, func() { s.record(ingest.ChallengeFailed, a) })
			}
			s.after(30+60*s.rng.Float64(), a, func() { s.record(ingest.ChallengePassed, a) })
		})
	}
	s.rest(a, max(s.now, a.born))
}

// session is one time that an account's owner is active, unless a stranger has locked it out.
func (s *Simulator) session(a *account) {
	s.rest(a, s.now)
	if a.taken {
		return
	}
	if s.upkeep(a); !a.gone {
		a.habit(s, a)
	}
}

// upkeep is what accounts do beside conversing.
func (s *Simulator) upkeep(a *account) {
	s.connect(a)
	s.renew(a)
	switch u := s.rng.Float64(); {
	case u < 0.020:
		s.signIn(a, s.weighted(0.8, 0.1, 0.05, 0.03, 0.02))
	case u < 0.021: // a new phone
		a.here.device = s.rng.Uint64()
		s.record(ingest.DeviceAdded, a)
		s.after(2+8*s.rng.Float64(), a, func() { s.record(ingest.Login, a) })
	case u < 0.022:
		s.travel(a)
	case u < 0.027:
		s.record(ingest.AccountUpdated, a)
	case u < 0.0275 && a.persona == "ordinary":
		s.remove(a)
	}
}

// abroad tells whether an account acts from another country than that of its number.
func (a *account) abroad() bool { return a.here.country != a.town.country.code }

// connect chooses the network: home more often by night than by day, and never abroad.
func (s *Simulator) connect(a *account) {
	atHome := 0.8
	if hour, weekend := a.clock(s.now); !weekend && hour >= 8 && hour < 18 {
		atHome = 0.25
	}
	a.here.network = a.mobile
	if !a.abroad() && s.chance(atHome) {
		a.here.network = a.home
	}
}

// signIn logs in after some failures: a password mistyped or forgotten.
func (s *Simulator) signIn(a *account, failures int) {
	if failures == 0 {
		s.after(5+20*s.rng.Float64(), a, func() { s.record(ingest.Login, a) })
		return
	}
	s.record(ingest.LoginFailed, a)
	s.after(8+s.logNormal(20, 0.8), a, func() { s.signIn(a, failures-1) })
}

// travel takes somebody abroad, or back.
func (s *Simulator) travel(a *account) {
	if !a.abroad() {
		a.here.country, a.mobile = s.someCountry().code, s.rng.Uint64()
	} else {
		a.here.country = a.town.country.code
	}
	s.connect(a)
	s.record(ingest.Login, a)
}

// remove deletes an account; that record has nothing but an actor.
func (s *Simulator) remove(a *account) {
	e := s.record(ingest.AccountDeleted, a)
	*e = ingest.Event{ID: e.ID, Type: e.Type, At: e.At, Subject: e.Subject, Has: ingest.FieldsAlways | ingest.FieldActor}
	a.gone = true
}

// leisure is what ordinary people do in a session.
func (s *Simulator) leisure(a *account) {
	if a.venture > 0 && s.chance(a.venture) {
		s.goOut(a)
		return
	}
	switch u := s.rng.Float64(); {
	case u < 0.50:
		s.chat(a, s.contact(a))
	case u < 0.72:
		s.gather(a, one(s.dice, a.groups))
	case u < 0.78:
		s.call(a, s.contact(a), 0.65)
	case u < 0.815:
		s.meet(a)
	case u < 0.830:
		s.turn(a, one(s.dice, s.lines), 1+2*s.rng.IntN(3)) // a question to a support line, maybe of another country
	case u < 0.833:
		s.chat(a, one(s.dice, s.accounts)) // a wrong number, a sale
	case u < 0.834:
		s.quarrel(a, s.contact(a))
	case u < 0.838:
		if c := s.contact(a); c != nil {
			s.enter(a, one(s.dice, c.groups))
		}
	case u < 0.8386:
		s.leave(a, one(s.dice, a.groups))
	case u < 0.839:
		s.found(a, some(s.dice, a.contacts, s.count(span{2, 9})))
	}
}

// goOut makes an account write to a row of strangers, or ask them for contact: about a room, a sale, a meeting.
func (s *Simulator) goOut(a *account) {
	how := s.ordinary.stranger
	how.reply *= a.appeal
	anywhere := s.chance(0.3)
	s.run(a, &errand{
		left: 1 + int(s.tail(s.ordinary.venture)), gap: tail{6 * minute, 1.2, 5 * hour}, turns: 3, again: 0.15, asks: s.ordinary.asks, how: how,
		pick: func() *account {
			b := one(s.dice, a.town.people)
			if anywhere {
				b = one(s.dice, s.accounts)
			}
			if b != nil && (b.crew != nil || a.age.Minor() != b.age.Minor()) {
				return nil
			}
			return b
		},
		say: s.smallTalk,
	})
}

// leave makes an account leave a group, which may be none.
func (s *Simulator) leave(a *account, g *group) {
	if g == nil || len(g.members) < 4 {
		return
	}
	g.within(s.record(ingest.GroupLeave, a))
	a.groups = slices.DeleteFunc(slices.Clone(a.groups), func(o *group) bool { return o == g })
	g.members = slices.DeleteFunc(slices.Clone(g.members), func(b *account) bool { return b == a })
}

// meet makes the acquaintance of somebody out of a group or of a contact's contact.
func (s *Simulator) meet(a *account) {
	var b *account
	if !s.seeks(a) {
		s.chat(a, s.contact(a))
		return
	}
	if g := one(s.dice, a.groups); g != nil && s.chance(0.6) {
		b = one(s.dice, g.members)
	} else if c := s.contact(a); c != nil {
		b = s.contact(c)
	}
	if b == nil || !s.seeks(b) {
		return
	}
	if s.open(a, b) && relation(a, b) == ingest.Stranger && s.chance(s.ordinary.asks) {
		s.request(a, b, s.organic(a, b))
		return
	}
	s.chat(a, b)
}

// quarrel blocks or angrily reports a contact, who has done nothing that a rule would forbid.
func (s *Simulator) quarrel(a, b *account) {
	if !s.open(a, b) {
		return
	}
	if s.chance(0.7) {
		s.block(a, b)
		return
	}
	harms := []ingest.Category{ingest.Harassment, ingest.Spam, ingest.Scam, ingest.Other}
	s.report(a, b, harms[s.rng.IntN(len(harms))])
}
