package simulate

import "github.com/unopened/unopened/ingest"

// content is what the messenger sees of a message's content: never more than its class and size.
type content struct {
	media    ingest.Media
	size     uint8 // log2 of bytes
	forwards uint8
}

// Classes of organic messages, from MediaNone on: how often they are sent, and the range of their size.
var (
	mediaWeights = []float64{0.80, 0.08, 0.02, 0.03, 0.012, 0.045, 0.004, 0.004}
	mediaSizes   = []span{{5, 10}, {15, 20}, {19, 26}, {13, 19}, {14, 24}, {12, 16}, {7, 9}, {8, 11}}
)

// attachment draws the content of a message of a class.
func (s *Simulator) attachment(m ingest.Media) content {
	return content{media: m, size: uint8(s.count(mediaSizes[m-ingest.MediaNone]))}
}

// smallTalk draws the content of an ordinary message.
func (s *Simulator) smallTalk() content {
	c := s.attachment(ingest.MediaNone + ingest.Media(s.weighted(mediaWeights...)))
	if s.chance(0.03) {
		c.forwards = uint8(1 + s.weighted(0.6, 0.2, 0.1, 0.05, 0.05))
	}
	return c
}

// record hands over an event of an account, with all that the contract lets it say of its actor. The event may be
// changed as long as its task lasts.
func (s *Simulator) record(typ ingest.Type, a *account) *ingest.Event {
	e := &ingest.Event{
		ID: s.name(), Type: typ, At: s.now, Subject: a.id, Created: uint16(a.born / day), Age: a.told,
		PhoneCountry: a.town.country.code, Has: ingest.FieldsAlways | ingest.FieldActor | ingest.FieldsOfActor,
	}
	a.here.locate(e)
	if a.told == 0 {
		e.Has &^= ingest.FieldActorAge
	}
	s.out = append(s.out, Item{At: s.now, Event: e})
	return e
}

// locate says where an event was done from.
func (p *place) locate(e *ingest.Event) {
	e.Device, e.Network, e.Country, e.Client = p.device, p.network, p.country, p.client
}

// toward records something that account a does to account b.
func (s *Simulator) toward(typ ingest.Type, a, b *account) *ingest.Event {
	e := s.record(typ, a)
	e.Peer, e.PeerCreated, e.PeerAge = b.id, uint16(b.born/day), b.told
	e.Relation, e.SharedGroups = relation(a, b), sharedGroups(a, b)
	e.Has |= ingest.FieldTarget | ingest.FieldsOfTarget
	if b.told == 0 {
		e.Has &^= ingest.FieldTargetAge
	}
	return e
}

// direct records a message or call of a to b, after which they have talked.
func (s *Simulator) direct(typ ingest.Type, a, b *account) *ingest.Event {
	e := s.toward(typ, a, b)
	bind(a, b, talked)
	for i := range e.Conversation {
		e.Conversation[i] = a.id[i] ^ b.id[i]
	}
	e.Kind = ingest.Direct
	e.Has |= ingest.FieldKind | ingest.FieldConversation
	return e
}

// message makes a write to b and tells whether that is the first word between them.
func (s *Simulator) message(a, b *account, c content) (first bool) {
	t := a.ties[b]
	first = t&talked == 0
	e := s.direct(ingest.Message, a, b)
	fill(e, c)
	e.Has |= ingest.FieldSessionNew | ingest.FieldDisappearing
	if first || t&renewed != 0 || s.chance(0.005) {
		e.True |= ingest.FieldSessionNew
		a.ties[b] &^= renewed
	}
	if t&vanishes != 0 {
		e.True |= ingest.FieldDisappearing
	}
	return first
}

// fill gives a message its content.
func fill(e *ingest.Event, c content) {
	e.Media, e.Size, e.Forwards = c.media, c.size, c.forwards
	e.Has |= ingest.FieldMedia | ingest.FieldSize | ingest.FieldForwards
}

// call makes a call b where it can, who answers with a probability.
func (s *Simulator) call(a, b *account, answers float64) {
	if !s.open(a, b) {
		return
	}
	e := s.direct(ingest.Call, a, b)
	e.Has |= ingest.FieldAnswered
	if s.chance(answers) {
		e.True |= ingest.FieldAnswered
		e.Has |= ingest.FieldDuration
		e.Duration = uint8(s.count(span{3, 11}))
	}
}

// within says that an event happened in a group.
func (g *group) within(e *ingest.Event) *ingest.Event {
	e.Kind, e.Conversation, e.Members = ingest.Group, g.id, int32(len(g.members))
	e.Has |= ingest.FieldKind | ingest.FieldConversation | ingest.FieldMembers
	return e
}

// enter makes an account join a group by itself, if it is not in it.
func (s *Simulator) enter(a *account, g *group) {
	if g != nil && !a.in(g) {
		g.join(a)
		g.within(s.record(ingest.GroupJoin, a))
	}
}

// block makes a block b, if it is still there.
func (s *Simulator) block(a, b *account) {
	if s.there(b) && a.ties[b]&blocks == 0 {
		s.toward(ingest.Block, a, b)
		a.ties[b] |= blocks
	}
}

// report makes a report b for a category, if it is still there, and often block it as well.
func (s *Simulator) report(a, b *account, c ingest.Category) {
	if !s.there(b) {
		return
	}
	e := s.toward(ingest.Report, a, b)
	e.Category = c
	e.Has |= ingest.FieldCategory | ingest.FieldVerified
	if s.chance(0.9) {
		e.True |= ingest.FieldVerified
	}
	if s.chance(0.5) {
		s.after(2+10*s.rng.Float64(), a, func() { s.block(a, b) })
	}
}
