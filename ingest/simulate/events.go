package simulate

import (
	"math/rand/v2"

	"github.com/unopened/unopened/ingest"
)

// content is what the messenger sees of a message's content: never more than its class and size.
type content struct {
	media    ingest.Media
	size     uint8 // log2 of bytes
	forwards uint8
}

// media classes of organic messages: how often they are sent, and the range of their size.
var (
	mediaWeights = []float64{0, 0.80, 0.08, 0.02, 0.03, 0.012, 0.045, 0.004, 0.004}
	mediaSizes   = [...]span{{}, {5, 10}, {15, 20}, {19, 26}, {13, 19}, {14, 24}, {12, 16}, {7, 9}, {8, 11}}
)

// smallTalk draws the content of an ordinary message.
func smallTalk(r *rand.Rand) content {
	m := weighted(r, mediaWeights)
	c := content{media: ingest.Media(m), size: uint8(mediaSizes[m].count(r))}
	if chance(r, 0.03) {
		c.forwards = uint8(1 + weighted(r, []float64{0.6, 0.2, 0.1, 0.05, 0.05}))
	}
	return c
}

// picture draws the content of an image or a video.
func picture(r *rand.Rand) content {
	m := ingest.MediaImage
	if chance(r, 0.3) {
		m = ingest.MediaVideo
	}
	return content{media: m, size: uint8(mediaSizes[m].count(r))}
}

// record begins an event of an account, with all that the contract lets it say of its actor. The event may be
// changed until the next one is begun.
func (s *Simulator) record(typ ingest.Type, a int32) *ingest.Event {
	s.out = append(s.out, output{})
	e := &s.out[len(s.out)-1].event
	from := &s.accounts[a]
	e.ID = ingest.EventID(s.name128(domainEvent, s.events))
	s.events++
	e.Type, e.At, e.Subject = typ, s.now, from.id
	s.set(e, ingest.FieldV|ingest.FieldID|ingest.FieldType|ingest.FieldAt|ingest.FieldActor|ingest.FieldActorCreated)
	e.Created = uint16(from.born / day)
	if from.ageGiven && s.set(e, ingest.FieldActorAge) {
		e.Age = from.age
	}
	if s.set(e, ingest.FieldDevice|ingest.FieldNetwork|ingest.FieldCountry|ingest.FieldPhoneCountry|ingest.FieldClient) {
		e.Device, e.Network, e.Country, e.Client = from.here.device, from.here.network, from.here.country, from.here.client
		e.PhoneCountry = from.phone
	}
	return e
}

// set marks fields as given, unless the messenger never gives them.
func (s *Simulator) set(e *ingest.Event, f ingest.Fields) bool {
	if !s.given.All(f) {
		return false
	}
	e.Has |= f
	return true
}

// toward begins an event of account a on account b.
func (s *Simulator) toward(typ ingest.Type, a, b int32) *ingest.Event {
	e := s.record(typ, a)
	to := &s.accounts[b]
	e.Peer, e.PeerCreated = to.id, uint16(to.born/day)
	s.set(e, ingest.FieldTarget|ingest.FieldTargetCreated)
	if to.ageGiven && s.set(e, ingest.FieldTargetAge) {
		e.PeerAge = to.age
	}
	if s.set(e, ingest.FieldRelation|ingest.FieldSharedGroups) {
		e.Relation, e.SharedGroups = s.relation(a, b), s.sharedGroups(a, b)
	}
	return e
}

// direct begins a message or call of a to b, after which they have talked.
func (s *Simulator) direct(typ ingest.Type, a, b int32) *ingest.Event {
	e := s.toward(typ, a, b)
	s.bind(a, b, talked)
	e.Kind, e.Conversation = ingest.Direct, s.name128(domainPair, pair(a, b))
	s.set(e, ingest.FieldKind|ingest.FieldConversation)
	return e
}

// message makes a write to b and tells whether that is the first word between them.
func (s *Simulator) message(a, b int32, c content) (first bool) {
	t := s.ties[pair(a, b)]
	first = t&talked == 0
	e := s.direct(ingest.Message, a, b)
	s.fill(e, c)
	if s.set(e, ingest.FieldSessionNew|ingest.FieldDisappearing) {
		if first || chance(s.accounts[a].rng, 0.005) {
			e.True |= ingest.FieldSessionNew
		}
		if t&vanishes != 0 {
			e.True |= ingest.FieldDisappearing
		}
	}
	return first
}

// fill gives a message its content.
func (s *Simulator) fill(e *ingest.Event, c content) {
	if s.set(e, ingest.FieldMedia|ingest.FieldSize|ingest.FieldForwards) {
		e.Media, e.Size, e.Forwards = c.media, c.size, c.forwards
	}
}

// inGroup begins an event of account a in a group; with a target where b is one.
func (s *Simulator) inGroup(typ ingest.Type, a, b, g int32) *ingest.Event {
	var e *ingest.Event
	if b >= 0 {
		e = s.toward(typ, a, b)
	} else {
		e = s.record(typ, a)
	}
	e.Kind, e.Conversation, e.Members = ingest.Group, s.groups[g].id, int32(len(s.groups[g].members))
	s.set(e, ingest.FieldKind|ingest.FieldConversation|ingest.FieldMembers)
	return e
}

// call makes a call b, who answers or does not.
func (s *Simulator) call(a, b int32, answers float64) {
	e := s.direct(ingest.Call, a, b)
	s.set(e, ingest.FieldAnswered)
	r := s.accounts[a].rng
	if chance(r, answers) {
		e.True |= ingest.FieldAnswered
		s.set(e, ingest.FieldDuration)
		e.Duration = uint8(span{3, 11}.count(r))
	}
}

// block makes t.a block t.b.
func (s *Simulator) block(t task) {
	if !s.accounts[t.a].present(s.now) || s.bound(t.a, t.b, blocks.of(t.a, t.b)) {
		return
	}
	s.toward(ingest.Block, t.a, t.b)
	s.bind(t.a, t.b, blocks.of(t.a, t.b))
}

// unblock takes that back.
func (s *Simulator) unblock(t task) {
	if s.accounts[t.a].present(s.now) && s.bound(t.a, t.b, blocks.of(t.a, t.b)) {
		s.toward(ingest.Unblock, t.a, t.b)
		s.ties[pair(t.a, t.b)] &^= blocks.of(t.a, t.b)
	}
}

// report makes t.a report t.b for the category t.n, and often block it as well.
func (s *Simulator) report(t task) {
	a := &s.accounts[t.a]
	if !a.present(s.now) {
		return
	}
	e := s.toward(ingest.Report, t.a, t.b)
	e.Category = ingest.Category(t.n)
	s.set(e, ingest.FieldCategory|ingest.FieldVerified)
	if chance(a.rng, 0.9) {
		e.True |= ingest.FieldVerified
	}
	if chance(a.rng, 0.5) {
		s.after(2+10*a.rng.Float64(), task{do: (*Simulator).block, a: t.a, b: t.b})
	}
}
