package ingest

import (
	"fmt"
	"strings"
	"testing"
)

// sides writes whom the entries concern: side:subject>peer, a for the actor and b for the target.
func sides(raw *Event, routed []Routed) string {
	name := func(s SubjectID) string {
		switch s {
		case SubjectID{}:
			return "-"
		case raw.Subject:
			return "a"
		case raw.Peer:
			return "b"
		case DeviceSubject(raw.Device):
			return "d"
		case NetworkSubject(raw.Network):
			return "n"
		}
		return "?"
	}
	var all []string
	for i := range routed {
		e := &routed[i].Entry
		all = append(all, fmt.Sprintf("%d %s:%s>%s", e.Cause.Number, e.Event.Side, name(e.Event.Subject), name(e.Event.Peer)))
	}
	return strings.Join(all, ", ")
}

func TestSplit(t *testing.T) {
	a, b, c := "0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210", "00112233445566778899aabbccddeeff"
	for _, test := range []struct{ record, want string }{
		{`"type":"message","kind":"direct","actor":"` + a + `","target":"` + b + `"`, "0 acted:a>b, 1 received:b>a"},
		{`"type":"message","kind":"group","actor":"` + a + `","conversation":"` + c + `"`, "0 acted:a>-"},
		{`"type":"report","category":"spam","actor":"` + a + `","target":"` + b + `"`, "0 acted:a>b, 1 received:b>a"},
		{`"type":"label","category":"spam","verdict":"benign","actor":"` + a + `","target":"` + b + `"`, "0 received:b>-"},
		{`"type":"group_add","actor":"` + a + `","target":"` + b + `","conversation":"` + c + `"`, "0 acted:a>b, 1 received:b>a"},
		{`"type":"login","actor":"` + a + `"`, "0 acted:a>-"},
		{`"type":"login","actor":"` + a + `","device":"0000000000000001","network":"0000000000000001"`, "0 acted:a>-, 1 device:d>a, 2 network:n>a"},
		{`"type":"device_added","actor":"` + a + `","network":"0000000000000002"`, "0 acted:a>-, 1 network:n>a"},
		{`"type":"challenge_failed","actor":"` + a + `","device":"0000000000000001"`, "0 acted:a>-"},
		{`"type":"block","actor":"` + a + `","target":"` + b + `","device":"0000000000000001"`, "0 acted:a>b, 1 received:b>a"},
	} {
		var d Decoder
		var raw Event
		if r := d.Decode(&raw, []byte(`{"v":1,"id":"`+testID+`","at":1795341600123,`+test.record+"}")); r != Accepted {
			t.Fatalf("%s: %s", r, test.record)
		}
		routed := Split(nil, &raw, Cause{Origin: OriginRaw, Offset: 5}, 7)
		if got := sides(&raw, routed); got != test.want {
			t.Errorf("%s: %s, want %s", test.record, got, test.want)
		}
		for _, r := range routed {
			if r.Partition != PartitionOf(r.Entry.Event.Subject, 7) || r.Entry.Cause.Offset != 5 || r.Entry.Kind != EntrySide {
				t.Errorf("%s: %+v", test.record, r)
			}
		}
	}
}

// Under sealed sender the target's side has no peer, and nothing of an actor.
func TestSplitHidden(t *testing.T) {
	raw := Event{Type: Message, Kind: Direct, Peer: SubjectID{2}, At: Earliest, PeerAge: Age13to15, Has: FieldsAlways | FieldTarget | FieldKind | FieldTargetAge}
	routed := Split(nil, &raw, Cause{}, 1)
	ev := &routed[0].Entry.Event
	if len(routed) != 1 || ev.Side != SideReceived || ev.Subject != raw.Peer || !ev.Peer.IsZero() {
		t.Fatalf("%+v", routed)
	}
	if ev.Age != Age13to15 || ev.PeerAge != 0 || ev.Has != FieldsAlways|FieldActor|FieldKind|FieldActorAge {
		t.Errorf("fields of the subject: %+v", ev)
	}
}

func TestSplitControl(t *testing.T) {
	raw := Event{Type: Erase, Peer: SubjectID{2}, At: Earliest, Has: FieldsAlways | FieldTarget}
	before := []Routed{{Partition: 99}}
	routed := Split(before, &raw, Cause{Origin: OriginRaw, Offset: 8, Number: 4}, 5)
	if len(routed) != 6 || routed[0].Partition != 99 {
		t.Fatalf("%d entries", len(routed))
	}
	for p, r := range routed[1:] {
		e := &r.Entry
		if r.Partition != p || e.Kind != EntryControl || e.Event.Side != SideControl || e.Event.Subject != raw.Peer ||
			!e.Event.Peer.IsZero() || e.Cause.Number != 0 || e.Cause.Offset != 8 || e.Event.Has != FieldsAlways|FieldActor {
			t.Errorf("partition %d: %+v", p, r)
		}
	}
}

// PartitionOf is stable for ever: these values were written down once.
func TestPartitionOfStable(t *testing.T) {
	for _, test := range []struct {
		s    SubjectID
		n    int
		want int
	}{
		{SubjectID{}, 1000, 0},
		{SubjectID{15: 1}, 1000, 190},
		{SubjectID{0: 1}, 1000, 704},
		{SubjectID{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}, 1000, 786},
		{DeviceSubject(1), 1000, 174},
		{NetworkSubject(1), 1000, 837},
		{DeviceSubject(1), 1, 0},
	} {
		if got := PartitionOf(test.s, test.n); got != test.want {
			t.Errorf("PartitionOf(%s, %d) = %d, want %d", test.s, test.n, got, test.want)
		}
	}
}

// Accounts, places and plain counters spread evenly: no partition of 64 has more than 1.3 times its share.
func TestPartitionOfSpreads(t *testing.T) {
	const n, each = 64, 1000
	rng := seeded()
	for name, subject := range map[string]func(i int) SubjectID{
		"random": func(int) (s SubjectID) {
			for i := range s {
				s[i] = byte(rng.Uint32())
			}
			return s
		},
		"device":      func(i int) SubjectID { return DeviceSubject(uint64(i)) },
		"network":     func(i int) SubjectID { return NetworkSubject(uint64(i) << 40) },
		"first bytes": func(i int) SubjectID { return SubjectID{byte(i), byte(i >> 8)} },
		"last bytes":  func(i int) SubjectID { return SubjectID{15: byte(i), 14: byte(i >> 8)} },
	} {
		var counts [n]int
		for i := range n * each {
			counts[PartitionOf(subject(i), n)]++
		}
		for p, got := range counts {
			if got < each*7/10 || got > each*13/10 {
				t.Errorf("%s: partition %d has %d of %d", name, p, got, each)
			}
		}
	}
}

func TestPlaces(t *testing.T) {
	if DeviceSubject(7) == NetworkSubject(7) {
		t.Error("a device is the network of the same hash")
	}
	for _, s := range []SubjectID{DeviceSubject(0), NetworkSubject(1 << 63)} {
		var d Decoder
		var ev Event
		record := `{"v":1,"id":"` + testID + `","at":1795341600123,"type":"login","actor":"` + s.String() + `"}`
		if r := d.Decode(&ev, []byte(record)); r != RefusedReserved {
			t.Errorf("an account with the name of a place: %s", r)
		}
	}
}
