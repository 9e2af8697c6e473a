package simulate

import (
	"slices"

	"github.com/unopened/unopened/ingest"
)

// reception is how somebody who did not expect a message takes it: the probabilities of an answer, a block and a
// report, and what a report calls it.
type reception struct {
	reply, block, report float64
	category             ingest.Category
}

// organic is how b takes a first message of the innocent a.
func (s *Simulator) organic(a, b int32) reception {
	switch {
	case s.accounts[b].persona == "support_line":
		return reception{reply: 0.97, block: 0.002, report: 0.0005, category: ingest.Other}
	case s.relation(a, b) == ingest.Mutual:
		return reception{reply: 0.88, block: 0.001, report: 0.0003, category: ingest.Other}
	case s.bound(a, b, knows|knows<<1):
		return reception{reply: 0.75, block: 0.004, report: 0.001, category: ingest.Other}
	case s.sharedGroups(a, b) > 0:
		return reception{reply: 0.68, block: 0.008, report: 0.002, category: ingest.Other}
	}
	return reception{reply: 0.40, block: 0.03, report: 0.006, category: ingest.Spam}
}

// receive decides what t.b makes of a message of t.a, with t.n turns to follow an answer, and tells whether it answers.
func (s *Simulator) receive(t task, how reception) (answers bool) {
	b := &s.accounts[t.b]
	switch u := b.rng.Float64(); {
	case u < how.reply:
		s.awake(s.delay(b), task{do: (*Simulator).turn, a: t.b, b: t.a, n: t.n - 1})
		return true
	case u < how.reply+how.block:
		s.awake(logNormal(b.rng, 8*minute, 1.5), task{do: (*Simulator).block, a: t.b, b: t.a})
	case u < how.reply+how.block+how.report:
		s.complain(t.b, t.a, how.category)
	}
	return false
}

// complain schedules a report. People seldom find the harm's exact name.
func (s *Simulator) complain(a, b int32, c ingest.Category) {
	r := s.accounts[a].rng
	if chance(r, 0.25) {
		c = ingest.Other
	}
	s.awake(logNormal(r, 12*minute, 1.5), task{do: (*Simulator).report, a: a, b: b, n: int32(c)})
}

// delay draws how many seconds an answer takes.
func (s *Simulator) delay(b *account) float64 {
	if b.persona == "support_line" {
		return min(logNormal(b.rng, 4*minute, 1), 12*hour)
	}
	return min(logNormal(b.rng, 55*b.slowness, 1.4), 20*hour)
}

// chat makes a start a conversation with b; -1 is nobody.
func (s *Simulator) chat(a, b int32) {
	if b < 0 {
		return
	}
	r := s.accounts[a].rng
	s.turn(task{a: a, b: b, n: int32(min(logNormal(r, 3, 0.8), 40))})
}

// turn makes t.a write to t.b: one or more messages, after which there may be t.n more turns.
func (s *Simulator) turn(t task) {
	if !s.open(t.a, t.b) {
		return
	}
	a := &s.accounts[t.a]
	t.do = (*Simulator).turn
	if s.message(t.a, t.b, smallTalk(a.rng)) {
		if s.receive(t, s.organic(t.a, t.b)) && a.crew == nil && a.persona != "support_line" && chance(a.rng, 0.35) {
			s.befriend(t.a, t.b)
		}
		return
	}
	if chance(a.rng, 0.35) {
		s.after(3+logNormal(a.rng, 8, 0.8), t) // more of the same turn
		return
	}
	if t.n > 0 && chance(a.rng, 0.93) {
		s.awake(s.delay(&s.accounts[t.b]), task{do: (*Simulator).turn, a: t.b, b: t.a, n: t.n - 1})
	}
}

// request makes a ask b for contact and tells whether b will accept.
func (s *Simulator) request(a, b int32, how reception) (accepts bool) {
	s.toward(ingest.ContactRequest, a, b)
	r := s.accounts[b].rng
	answer := task{do: (*Simulator).answerRequest, a: b, b: a}
	switch u := r.Float64(); {
	case u < how.reply:
		answer.n, accepts = 1, true
	case u < how.reply+how.block:
		answer.do = (*Simulator).block
	case u < how.reply+how.block+how.report:
		s.complain(b, a, how.category)
		return false
	case u < how.reply+how.block+how.report+0.2:
	default:
		return false // left unanswered
	}
	s.awake(logNormal(r, 30*minute, 1.5), answer)
	return accepts
}

// answerRequest accepts (t.n is 1) or declines the request of t.b.
func (s *Simulator) answerRequest(t task) {
	if !s.open(t.a, t.b) {
		return
	}
	if t.n == 0 {
		s.toward(ingest.ContactDecline, t.a, t.b)
		return
	}
	s.toward(ingest.ContactAccept, t.a, t.b)
	s.befriend(t.a, t.b)
	s.awake(s.delay(&s.accounts[t.b]), task{do: (*Simulator).turn, a: t.b, b: t.a, n: 4})
}

// ring calls a contact, who may call back.
func (s *Simulator) ring(a, b int32) {
	if b < 0 || !s.open(a, b) {
		return
	}
	s.call(a, b, 0.65)
}

// gather starts talk in a group; -1 is none.
func (s *Simulator) gather(a, g int32) {
	if g < 0 {
		return
	}
	s.groupTurn(task{a: a, b: g, n: int32(min(logNormal(s.accounts[a].rng, 3, 0.9), 60))})
}

// groupTurn makes t.a write to group t.b, after which members may write t.n times more.
func (s *Simulator) groupTurn(t task) {
	a := &s.accounts[t.a]
	members := s.groups[t.b].members
	if !a.present(s.now) || len(members) < 2 || !slices.Contains(a.groups, t.b) {
		return
	}
	e := s.inGroup(ingest.Message, t.a, -1, t.b)
	s.fill(e, smallTalk(a.rng))
	if t.n == 0 {
		return
	}
	next := members[a.rng.IntN(len(members))]
	s.awake(s.delay(&s.accounts[next]), task{do: (*Simulator).groupTurn, a: next, b: t.b, n: t.n - 1})
}
