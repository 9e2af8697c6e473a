package features

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/unopened/unopened/ingest"
)

// noon is a time that tests begin at.
const noon = int64(1795348800000) // 2026-11-22 12:00 UTC

// who names an account by a number.
func who(n int) (id ingest.SubjectID) {
	r := rand.NewPCG(uint64(n), 7)
	binary.BigEndian.PutUint64(id[:8], r.Uint64())
	binary.BigEndian.PutUint64(id[8:], r.Uint64())
	return id
}

// world is a table with a clock, to tell stories to.
type world struct {
	t     testing.TB
	table *Table
	now   int64
	v     Vector
}

func newWorld(t testing.TB) *world {
	return &world{t: t, table: New(Config{}), now: noon, v: NewVector()}
}

// raw makes a raw event at the world's time.
func (w *world) raw(typ ingest.Type, from, to int) ingest.Event {
	ev := ingest.Event{Type: typ, Side: ingest.SideRaw, At: w.now, Subject: who(from), Has: ingest.FieldActor}
	if to >= 0 {
		ev.Peer, ev.Has = who(to), ev.Has|ingest.FieldTarget
	}
	if typ == ingest.Message || typ == ingest.Call {
		ev.Kind, ev.Has = ingest.Direct, ev.Has|ingest.FieldKind
	}
	return ev
}

// tell observes both sides of a raw event, and drains and applies the stamps.
func (w *world) tell(ev ingest.Event) {
	w.table.Observe(side(ev, ingest.SideActed), &w.v)
	if ev.Has.Any(ingest.FieldTarget) {
		w.table.Observe(side(ev, ingest.SideReceived), &w.v)
	}
	w.drain()
}

func (w *world) drain() {
	for i := 0; i < len(w.table.Stamps); i++ { // a stamp can cause another one
		st := w.table.Stamps[i]
		w.table.ApplyStamp(&st, &w.v)
	}
	w.table.Stamps = w.table.Stamps[:0]
}

func (w *world) do(typ ingest.Type, from, to int, with ...func(*ingest.Event)) {
	ev := w.raw(typ, from, to)
	for _, f := range with {
		f(&ev)
	}
	w.tell(ev)
}

func side(ev ingest.Event, s ingest.Side) *ingest.Event {
	if s == ingest.SideReceived {
		ev.Flip()
	}
	ev.Side = s
	return &ev
}

// value reads one feature of an account.
func (w *world) value(account int, name string) float32 {
	w.t.Helper()
	i, ok := Index(name)
	if !ok {
		w.t.Fatalf("no feature %q", name)
	}
	a := w.table.Account(who(account))
	if a == nil {
		w.t.Fatalf("no account %d", account)
	}
	w.table.Read(a, &w.v)
	return w.v.X[i]
}

// want compares a feature with a value, within a hundredth of it.
func (w *world) want(account int, name string, want float32) {
	w.t.Helper()
	got := w.value(account, name)
	if want != want {
		if got == got {
			w.t.Errorf("%s = %v, want unknown", name, got)
		}
		return
	}
	if d := got - want; !(d <= 0.01*max(1, want, -want) && -d <= 0.01*max(1, want, -want)) {
		w.t.Errorf("%s = %v, want %v", name, got, want)
	}
}

// The fields that stories give.
func relation(r ingest.Relation) func(*ingest.Event) {
	return func(ev *ingest.Event) { ev.Relation, ev.Has = r, ev.Has|ingest.FieldRelation }
}

func groups(n uint16) func(*ingest.Event) {
	return func(ev *ingest.Event) { ev.SharedGroups, ev.Has = n, ev.Has|ingest.FieldSharedGroups }
}

func ages(own, peer ingest.AgeBand) func(*ingest.Event) {
	return func(ev *ingest.Event) {
		ev.Age, ev.PeerAge, ev.Has = own, peer, ev.Has|ingest.FieldActorAge|ingest.FieldTargetAge
	}
}

func says(f ingest.Fields, on bool) func(*ingest.Event) {
	return func(ev *ingest.Event) {
		ev.Has |= f
		if on {
			ev.True |= f
		}
	}
}

func place(device, network uint64) func(*ingest.Event) {
	return func(ev *ingest.Event) {
		ev.Device, ev.Network, ev.Has = device, network, ev.Has|ingest.FieldDevice|ingest.FieldNetwork
	}
}

// randomSides makes n sides of a small world in which everything happens, with repeats in time, late events and all
// fields now given, now not.
func randomSides(seed uint64, n, accounts int) []ingest.Event {
	r := rand.New(rand.NewPCG(seed, 1))
	at := noon
	var sides []ingest.Event
	for len(sides) < n {
		at += int64(r.ExpFloat64() * float64([]int64{0, second, 60 * second, 6 * hourMs}[r.IntN(4)]))
		ev := ingest.Event{Type: ingest.Type(1 + r.IntN(int(ingest.Label))), At: at, Subject: who(r.IntN(accounts)), Has: ingest.FieldActor}
		if r.IntN(3) > 0 {
			ev.Type = ingest.Message
		}
		if r.IntN(10) == 0 {
			ev.At -= int64(r.ExpFloat64() * float64(hourMs))
		}
		randomFields(r, &ev)
		binary.BigEndian.PutUint64(ev.ID[:], r.Uint64())
		if ev.Type >= ingest.Message && ev.Type <= ingest.Report || ev.Type >= ingest.GroupAdd && ev.Type <= ingest.GroupRemove || ev.Type == ingest.Label {
			ev.Peer, ev.Has = who(r.IntN(accounts)), ev.Has|ingest.FieldTarget
		}
		sides = append(sides, sidesOf(ev, r.IntN(20) == 0)...)
	}
	return sides[:n]
}

func randomFields(r *rand.Rand, ev *ingest.Event) {
	ev.Kind = ingest.Direct
	ev.Has |= ingest.Fields(r.Uint32()) & (ingest.FieldForwards | ingest.FieldMedia | ingest.FieldDisappearing |
		ingest.FieldAnswered | ingest.FieldRelation | ingest.FieldSharedGroups | ingest.FieldActorAge | ingest.FieldTargetAge |
		ingest.FieldActorCreated | ingest.FieldTargetCreated | ingest.FieldDevice | ingest.FieldNetwork | ingest.FieldCountry |
		ingest.FieldPhoneCountry | ingest.FieldSize | ingest.FieldSessionNew)
	ev.True = ev.Has & ingest.Fields(r.Uint32())
	give := func(f ingest.Fields, set func()) {
		if ev.Has.Any(f) {
			set()
		}
	}
	give(ingest.FieldForwards, func() { ev.Forwards = uint8(r.IntN(6)) })
	give(ingest.FieldMedia, func() { ev.Media = ingest.Media(1 + r.IntN(8)) })
	give(ingest.FieldRelation, func() { ev.Relation = ingest.Relation(1 + r.IntN(3)) })
	give(ingest.FieldSharedGroups, func() { ev.SharedGroups = uint16(r.IntN(3)) })
	give(ingest.FieldActorAge, func() { ev.Age = ingest.AgeBand(1 + r.IntN(7)) })
	give(ingest.FieldTargetAge, func() { ev.PeerAge = ingest.AgeBand(1 + r.IntN(7)) })
	give(ingest.FieldActorCreated, func() { ev.Created = uint16(r.IntN(47483)) })
	give(ingest.FieldTargetCreated, func() { ev.PeerCreated = uint16(r.IntN(47483)) })
	give(ingest.FieldDevice, func() { ev.Device = uint64(r.IntN(5)) * 0x9e3779b97f4a7c15 })
	give(ingest.FieldNetwork, func() { ev.Network = uint64(r.IntN(20)) * 0x9e3779b97f4a7c15 })
	give(ingest.FieldCountry, func() { ev.Country = [2]byte{'A', byte('A' + r.IntN(4))} })
	give(ingest.FieldPhoneCountry, func() { ev.PhoneCountry = [2]byte{'A', byte('A' + r.IntN(4))} })
	give(ingest.FieldSize, func() { ev.Size = uint8(r.IntN(25)) })
	ev.Category = ingest.Category(1 + r.IntN(7))
	ev.Verdict = ingest.LabelVerdict(1 + r.IntN(3))
}

// sidesOf splits a raw event as ingest does.
func sidesOf(ev ingest.Event, hidden bool) (sides []ingest.Event) {
	if ev.Type != ingest.Label && !hidden {
		sides = append(sides, *side(ev, ingest.SideActed))
	}
	if !ev.Peer.IsZero() && ev.Peer != ev.Subject {
		got := *side(ev, ingest.SideReceived)
		if hidden || ev.Type == ingest.Label {
			got.Peer = ingest.SubjectID{}
		}
		sides = append(sides, got)
	}
	switch ev.Type {
	case ingest.AccountRegistered, ingest.Login, ingest.LoginFailed, ingest.DeviceAdded:
		at := ev
		at.Peer, at.Subject, at.Side = ev.Subject, who(int(1000+ev.Device%97)), ingest.SideDevice
		sides = append(sides, at)
		at.Subject, at.Side = who(int(2000+ev.Network%97)), ingest.SideNetwork
		sides = append(sides, at)
	}
	return sides
}

// run observes sides and applies what stamps they cause at once.
func run(t *Table, sides []ingest.Event, each func(*Account, *Vector)) {
	v := NewVector()
	for i := range sides {
		if a := t.Observe(&sides[i], &v); a != nil && each != nil {
			each(a, &v)
		}
		for j := 0; j < len(t.Stamps); j++ {
			st := t.Stamps[j]
			t.ApplyStamp(&st, &v)
		}
		t.Stamps = t.Stamps[:0]
	}
}
