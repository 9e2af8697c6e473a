package simulate

import (
	"slices"

	"github.com/unopened/unopened/ingest"
)

// found makes an account create a group, which it returns, and add the people to it within minutes.
func (s *Simulator) found(a *account, people []*account) *group {
	g := s.newGroup([]*account{a})
	g.within(s.record(ingest.GroupCreate, a))
	at := 20.0
	for _, b := range people {
		at += 1 + s.logNormal(5, 0.8)
		s.after(at, a, func() { s.admit(a, b, g) })
	}
	return g
}

// admit makes a add b to a group.
func (s *Simulator) admit(a, b *account, g *group) {
	if s.open(a, b) && !b.in(g) {
		g.join(b)
		g.within(s.toward(ingest.GroupAdd, a, b))
	}
}

// rally makes a write to n members of a group in turn.
func (s *Simulator) rally(a *account, g *group, n int) {
	s.turn(a, g.members[(n+s.rng.IntN(3))%len(g.members)], 1+s.rng.IntN(4))
	if n > 1 {
		s.awake(30+s.logNormal(4*minute, 1.2), a, func() { s.rally(a, g, n-1) })
	}
}

// errand is a row of messages of an innocent account to people who did not expect them.
type errand struct {
	left   int
	gap    tail            // seconds from one to the next
	pick   func() *account // whom next; nil where there is nobody
	say    func() content
	how    reception
	turns  int     // that may follow an answer
	secret float64 // share of the conversations that get a disappearing timer
	again  float64 // chance of one more message where no answer comes
	asks   float64 // share of strangers who are asked for contact instead
}

// run makes an account write to one, and later to the others.
func (s *Simulator) run(a *account, e *errand) {
	if b := e.pick(); s.open(a, b) && a.ties[b]&talked == 0 && s.chance(e.asks) {
		s.request(a, b, e.how)
	} else if s.open(a, b) {
		if s.chance(e.secret) {
			bind(a, b, vanishes)
		}
		s.message(a, b, e.say())
		if !s.receive(a, b, e.turns, e.how) && s.chance(e.again) {
			s.awake(s.tail(tail{20 * hour, 0.6, 96 * hour}), a, func() { s.remind(a, b, e) })
		}
	}
	if e.left--; e.left > 0 {
		s.awake(s.tail(e.gap), a, func() { s.run(a, e) })
	}
}

// remind writes once more to who has not answered.
func (s *Simulator) remind(a, b *account, e *errand) {
	if s.open(a, b) {
		s.message(a, b, e.say())
		s.receive(a, b, e.turns, reception{e.how.reply / 2, e.how.block, e.how.report, e.how.category})
	}
}

// inTurn picks one of a list after the other.
func inTurn(list []*account) func() *account {
	return func() *account {
		if len(list) == 0 {
			return nil
		}
		b := list[0]
		list = list[1:]
		return b
	}
}

// same says the same each time.
func same(c content) func() content { return func() content { return c } }

// forward passes one thing on to many within minutes.
func (s *Simulator) forward(a *account, to []*account) {
	c := s.attachment(ingest.MediaNone + ingest.Media(s.weighted(0.4, 0.35, 0.2)))
	c.forwards = uint8(1 + s.rng.IntN(5))
	s.run(a, &errand{
		left: len(to), gap: tail{8, 1, 10 * minute}, pick: inTurn(to), say: same(c), turns: 1,
		how: reception{0.3, 0.002, 0.001, ingest.Spam},
	})
}

// visits is a stream of people who write to an account first.
type visits struct {
	rate   float64 // a day
	until  int64
	who    func() *account
	nights float64 // share that come in their own night
	secret float64 // share with a disappearing timer
	calls  float64 // share that begin with a call
	guests []*account
}

// receiveVisits brings the next visitor, and the others later.
func (s *Simulator) receiveVisits(a *account, v *visits) {
	if b := v.who(); b != nil {
		at := s.waking(b, s.now)
		if s.chance(v.nights) {
			at = s.night(b, s.now)
		}
		s.schedule(at, b, func() { s.visit(b, a, v) })
	}
	next := s.now + int64(s.exponential()/v.rate*day)
	if next < v.until {
		s.schedule(next, a, func() { s.receiveVisits(a, v) })
	}
}

func (s *Simulator) visit(b, a *account, v *visits) {
	if !s.open(b, a) {
		return
	}
	if s.chance(v.secret) {
		bind(a, b, vanishes)
	}
	if s.chance(v.calls) {
		s.call(b, a, 0.7)
	}
	s.chat(b, a)
	v.guests = append(v.guests, b)
}

// night returns a time of the account's next night.
func (s *Simulator) night(a *account, at int64) int64 {
	hour, _ := a.clock(at)
	return at + (46-hour)%24*hourMs + s.rng.Int64N(5*hourMs)
}

// move makes an account act from another place; a new device is added to it.
func (s *Simulator) move(a *account, to place) {
	fresh := to.device != a.here.device
	a.here = to
	s.record(ingest.Login, a)
	if fresh {
		s.record(ingest.DeviceAdded, a)
	}
}

// uproot takes an account out of all address books and groups, without a record of it.
func (a *account) uproot() {
	a.quit()
	for b := range a.ties {
		delete(b.ties, a)
		b.contacts = slices.DeleteFunc(b.contacts, func(c *account) bool { return c == a })
	}
	clear(a.ties)
	a.contacts = nil
}

// smear makes people report an account within some hours, some of them after a word to it.
func (s *Simulator) smear(a *account, by []*account, hours, words float64) {
	harms := []ingest.Category{ingest.Harassment, ingest.Spam, ingest.Scam, ingest.Grooming, ingest.Other}
	c := harms[s.rng.IntN(len(harms))]
	for _, b := range by {
		s.awake(hours*hour*s.rng.Float64(), b, func() {
			if b.born > s.now || a == b {
				return
			}
			if s.chance(words) && s.open(b, a) {
				s.message(b, a, s.smallTalk())
			}
			s.complain(b, a, c)
		})
	}
}

// somebody draws an account of anywhere, a minor with a probability.
func (s *Simulator) somebody(minor float64) *account {
	if s.chance(minor) {
		return one(s.dice, one(s.dice, s.towns).minors)
	}
	return one(s.dice, s.accounts)
}

// fellow draws somebody out of a group of the account.
func (s *Simulator) fellow(a *account) *account {
	if g := one(s.dice, a.groups); g != nil {
		return one(s.dice, g.members)
	}
	return nil
}

// enterGroups makes an account join n groups of people of a list.
func (s *Simulator) enterGroups(a *account, of []*account, n int) {
	for range n {
		if b := one(s.dice, of); b != nil && s.open(a, b) {
			s.enter(a, one(s.dice, b.groups))
		}
	}
}

// distinct returns n different people for whom draw may be asked, or fewer where few are found.
func distinct(n int, draw func() *account) (people []*account) {
	for range 3 * n {
		if b := draw(); len(people) < n && b != nil && !slices.Contains(people, b) {
			people = append(people, b)
		}
	}
	return people
}
