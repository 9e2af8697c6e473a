package simulate

import "github.com/unopened/unopened/ingest"

// reception is how somebody who did not expect a message takes it: the probabilities of an answer, a block and a
// report, and what a report calls it.
type reception struct {
	reply, block, report float64
	category             ingest.Category
}

// organic is how b takes a first message of the innocent a.
func (s *Simulator) organic(a, b *account) (how reception) {
	p := &s.ordinary
	switch rel := relation(a, b); {
	case b.counter != nil:
		return reception{b.counter.replies, 0.002, 0.0005, ingest.Other}
	case rel == ingest.Mutual:
		how = p.friend
	case rel == ingest.OneWay:
		how = p.oneWay
	case sharedGroups(a, b) > 0:
		how = p.grouped
	default:
		how = p.stranger
	}
	how.reply *= b.replies
	return how
}

// receive decides what b makes of a message of a, with some turns to follow an answer, and tells whether it answers.
func (s *Simulator) receive(a, b *account, turns int, how reception) (answers bool) {
	return s.react(a, b, how, func() { s.reply(b, a, turns-1) })
}

// react decides what b makes of something that came from a: it answers, blocks, complains, or lets it be.
func (s *Simulator) react(a, b *account, how reception, answer func()) (answers bool) {
	switch u := s.rng.Float64(); {
	case u < how.reply:
		answer()
		return true
	case u < how.reply+how.block:
		s.awake(s.logNormal(8*minute, 1.5), b, func() { s.block(b, a) })
	case u < how.reply+how.block+how.report:
		s.complain(b, a, how.category)
	}
	return false
}

// reply makes a write to b after as long as its answers take.
func (s *Simulator) reply(a, b *account, turns int) {
	s.awake(s.delay(a), a, func() { s.turn(a, b, turns) })
}

// keeps returns the chance that an account goes on with a conversation.
func (a *account) keeps() float64 {
	if a.counter != nil {
		return a.counter.replies
	}
	return 0.96 * a.replies
}

// complain schedules a report. People seldom find the harm's exact name.
func (s *Simulator) complain(a, b *account, c ingest.Category) {
	if s.chance(0.25) {
		c = ingest.Other
	}
	s.awake(s.logNormal(12*minute, 1.5), a, func() { s.report(a, b, c) })
}

// counter is how an account answers to which strangers write: a line, a desk, a shop.
type counter struct {
	replies float64 // chance of an answer
	delay   tail    // seconds that it takes
	nights  bool    // somebody is there at night
}

// delay draws how many seconds an answer takes.
func (s *Simulator) delay(b *account) float64 {
	if b.counter != nil {
		return s.tail(b.counter.delay)
	}
	if s.chance(s.ordinary.quick) {
		return b.slowness * s.tail(s.ordinary.now)
	}
	return b.slowness * s.tail(s.ordinary.later)
}

// chat makes a start a conversation with b, who may be nobody.
func (s *Simulator) chat(a, b *account) {
	turns := int(s.tail(s.ordinary.turns))
	if s.chance(s.ordinary.brief) {
		turns = s.rng.IntN(2)
	}
	s.turn(a, b, turns)
}

// turn makes a write to b: one or more messages, after which there may be more turns.
func (s *Simulator) turn(a, b *account, turns int) {
	if !s.open(a, b) || a.taken { // a stranger does not go on with the owner's talk
		return
	}
	switch {
	case s.message(a, b, s.smallTalk()):
		answers := s.receive(a, b, turns, s.organic(a, b))
		if answers && a.crew == nil && a.counter == nil && s.chance(0.35) {
			befriend(a, b)
		}
	case s.chance(0.35): // more of the same turn
		s.after(3+s.logNormal(8, 0.8), a, func() { s.turn(a, b, turns) })
	case turns > 0 && s.chance(b.keeps()):
		s.reply(b, a, turns-1)
	}
}

// request makes a ask b for contact and tells whether b will accept. Who does not often declines.
func (s *Simulator) request(a, b *account, how reception) (accepts bool) {
	s.toward(ingest.ContactRequest, a, b)
	wait := s.logNormal(30*minute, 1.5)
	accepts = s.react(a, b, how, func() {
		s.awake(wait, b, func() { s.accept(b, a) })
	})
	if !accepts && s.chance(0.3) {
		s.awake(wait, b, func() {
			if s.open(b, a) {
				s.toward(ingest.ContactDecline, b, a)
			}
		})
	}
	return accepts
}

// accept makes a accept the request of b.
func (s *Simulator) accept(a, b *account) {
	if s.open(a, b) {
		s.toward(ingest.ContactAccept, a, b)
		befriend(a, b)
		s.reply(b, a, 4)
	}
}

// gather makes a start talk in a group, which may be none.
func (s *Simulator) gather(a *account, g *group) {
	s.groupTurn(a, g, int(min(s.logNormal(3, 0.9), 60)))
}

// groupTurn makes a write to a group, after which members may write some more times.
func (s *Simulator) groupTurn(a *account, g *group, turns int) {
	if g == nil || len(g.members) < 2 || a.born > s.now || a.taken {
		return
	}
	fill(g.within(s.record(ingest.Message, a)), s.smallTalk())
	if turns > 0 {
		next := one(s.dice, g.members)
		s.awake(s.delay(next), next, func() { s.groupTurn(next, g, turns-1) })
	}
}
