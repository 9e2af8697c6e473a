package ingest

import (
	"encoding/hex"
	"math"
	"strings"
	"testing"
)

var testStamp = Entry{
	Kind:  EntryStamp,
	Cause: Cause{Origin: OriginAccount, Partition: 3, Incarnation: 9, Offset: 1 << 40, Number: 2},
	Stamp: Stamp{
		Kind: StampReport, Category: Grooming, Subject: SubjectID{1}, From: SubjectID{2}, Event: EventID{3}, At: Earliest,
		Values: [StampValues]float32{1, -2.5, 0, 1e30, 5, 6, 7, 11: 12}, Peers: [StampPeers]uint32{1, 5, 1 << 31},
	},
}

func TestEntryRoundTrip(t *testing.T) {
	rng := seeded()
	var got Entry
	for i := range rows {
		for n := range 200 {
			ev := randomRaw(rng, &rows[i])
			cause := Cause{Origin: OriginRaw, Partition: int32(n), Incarnation: rng.Uint32(), Offset: rng.Int64()}
			for _, r := range Split(nil, &ev, cause, 3) {
				if err := DecodeEntry(&got, AppendEntry(nil, &r.Entry)); err != nil || got != r.Entry {
					t.Fatalf("%s %s: %v\n got %+v\nwant %+v", ev.Type, r.Entry.Event.Side, err, got, r.Entry)
				}
			}
		}
	}
	if err := DecodeEntry(&got, AppendEntry(nil, &testStamp)); err != nil || got != testStamp {
		t.Errorf("stamp: %v: %+v", err, got)
	}
	plain := testStamp
	plain.Stamp.Peers = [StampPeers]uint32{}
	short := AppendEntry(nil, &plain)
	if err := DecodeEntry(&got, short); err != nil || got != plain || len(short) != len(AppendEntry(nil, &testStamp))-4*StampPeers {
		t.Errorf("a stamp without peers: %v: %+v", err, got)
	}
	plain.Stamp.Values = [StampValues]float32{1, 2, 3, 4, 5, 6, 0, 0}
	first := AppendEntry(nil, &plain) // as stamps were first written
	if err := DecodeEntry(&got, first[:len(first)-4*(StampValues-6)]); err != nil || got != plain {
		t.Errorf("a stamp of six values: %v: %+v", err, got)
	}
	nan := testStamp
	nan.Stamp.Values[1] = float32(math.NaN())
	if err := DecodeEntry(&got, AppendEntry(nil, &nan)); err != nil || got.Stamp.Values[1] == got.Stamp.Values[1] {
		t.Errorf("a stamp with an unknown value: %v", err)
	}
}

// Each case makes one thing wrong in an entry that is right.
func TestEntryRefused(t *testing.T) {
	rng := seeded()
	raw := randomRaw(rng, &Row{Type: Message, Kinds: []Kind{Direct}, Needs: ^Fields(0) >> 2 &^ FieldMembers})
	good := Split(nil, &raw, Cause{Origin: OriginRaw}, 1)[0].Entry
	event := func(change func(*Event)) Entry { e := good; change(&e.Event); return e }
	stamp := func(change func(*Stamp)) Entry { e := testStamp; change(&e.Stamp); return e }
	cause := func(change func(*Cause)) Entry { e := good; change(&e.Cause); return e }
	for name, e := range map[string]Entry{
		"kind 0":                    {Cause: good.Cause, Event: good.Event},
		"kind 4":                    {Kind: 4, Cause: good.Cause, Event: good.Event},
		"control of a message":      {Kind: EntryControl, Cause: good.Cause, Event: good.Event},
		"origin 0":                  cause(func(c *Cause) { c.Origin = 0 }),
		"origin 4":                  cause(func(c *Cause) { c.Origin = 4 }),
		"offset -1":                 cause(func(c *Cause) { c.Offset = -1 }),
		"partition -1":              cause(func(c *Cause) { c.Partition = -1 }),
		"number -1":                 cause(func(c *Cause) { c.Number = -1 }),
		"raw side":                  event(func(e *Event) { e.Side = SideRaw }),
		"control side":              event(func(e *Event) { e.Side = SideControl }),
		"side 6":                    event(func(e *Event) { e.Side = SideControl + 1 }),
		"type 0":                    event(func(e *Event) { e.Type = 0 }),
		"type 27":                   event(func(e *Event) { e.Type = Object + 1 }),
		"erase as a side":           event(func(e *Event) { e.Type = Erase }),
		"kind of conversation 4":    event(func(e *Event) { e.Kind = Channel + 1 }),
		"media 10":                  event(func(e *Event) { e.Media = MediaUnknown + 1 }),
		"media 0":                   event(func(e *Event) { e.Media = 0 }),
		"size 41":                   event(func(e *Event) { e.Size = 41 }),
		"members without their bit": event(func(e *Event) { e.Members = 1 }),
		"members -1":                event(func(e *Event) { e.Members, e.Has = -1, e.Has|FieldMembers }),
		"age 8":                     event(func(e *Event) { e.PeerAge = Age50Up + 1 }),
		"created":                   event(func(e *Event) { e.Created = lastDay + 1 }),
		"country":                   event(func(e *Event) { e.Country = [2]byte{'X', 'K'} }),
		"too early":                 event(func(e *Event) { e.At = Earliest - 1 }),
		"no subject":                event(func(e *Event) { e.Subject = SubjectID{} }),
		"no peer":                   event(func(e *Event) { e.Peer = SubjectID{} }),
		"no bit for the subject":    event(func(e *Event) { e.Has &^= FieldActor }),
		"no id":                     event(func(e *Event) { e.Has &^= FieldID }),
		"a device without its bit":  event(func(e *Event) { e.Has &^= FieldDevice; e.Device = 1 }),
		"a bit beyond the last":     event(func(e *Event) { e.Has |= 1 << 30 }),
		"true without presence":     event(func(e *Event) { e.True |= FieldVerified; e.Has &^= FieldVerified }),
		"true of no boolean":        event(func(e *Event) { e.True |= FieldAt }),
		"stamp kind 0":              stamp(func(s *Stamp) { s.Kind = 0 }),
		"stamp kind 5":              stamp(func(s *Stamp) { s.Kind = StampLockstep + 1 }),
		"stamp category 8":          stamp(func(s *Stamp) { s.Category = Other + 1 }),
		"stamp for nobody":          stamp(func(s *Stamp) { s.Subject = SubjectID{} }),
		"stamp of infinity":         stamp(func(s *Stamp) { s.Values[5] = float32(math.Inf(-1)) }),
		"stamp of the year 1970":    stamp(func(s *Stamp) { s.At = 0 }),
	} {
		var got Entry
		if DecodeEntry(&got, AppendEntry(nil, &e)) == nil {
			t.Errorf("%s was accepted", name)
		}
	}
	var got Entry
	b := AppendEntry(nil, &good)
	if err := DecodeEntry(&got, b); err != nil {
		t.Fatalf("the control: %v", err)
	}
	for n := range b {
		if DecodeEntry(&got, b[:n]) == nil {
			t.Errorf("accepted the first %d bytes", n)
		}
	}
	b[0]++
	if DecodeEntry(&got, b) == nil {
		t.Error("accepted another version")
	}
}

// Each number, set alone, is bounded by its own limits, and is 0 where it is absent.
func TestValidField(t *testing.T) {
	for i := range fields {
		f := &fields[i]
		lowest, highest := f.Min, f.Max
		if f.Value == ValueEnum {
			lowest, highest = 1, int64(len(f.Names))
		}
		if f.Value != ValueInteger && f.Value != ValueEnum || f.Bit == FieldV {
			continue
		}
		for n, want := range map[int64]bool{lowest: true, highest: true, highest + 1: false, lowest - 1: false} {
			ev := Event{Has: f.Bit}
			ev.setNumber(i, n)
			if ev.number(i) == n && ev.inRange() != want {
				t.Errorf("%s = %d: valid is %v", f.Name, n, !want)
			}
			ev.Has = 0
			if ev.inRange() != (ev.number(i) == 0) {
				t.Errorf("%s = %d without its bit: valid is %v", f.Name, n, ev.number(i) != 0)
			}
		}
	}
}

// The tags of Event name each field once, with a member of the size that its values need.
func TestMembers(t *testing.T) {
	seen := map[uint16]bool{}
	for i := range fields {
		f, m := &fields[i], members[i]
		switch {
		case f.Bit == FieldV || f.Value == ValueBool:
			if m.size != 0 {
				t.Errorf("%s has a member of its own", f.Name)
			}
			continue
		case seen[m.offset]:
			t.Errorf("%s shares its member", f.Name)
		case f.Value == ValueHex && int(m.size) != f.Digits/2, f.Value == ValueCountry && m.size != 2, f.Value == ValueEnum && m.size != 1:
			t.Errorf("%s has %d bytes", f.Name, m.size)
		case f.Value == ValueInteger:
			var ev Event
			if ev.setNumber(i, f.Max); ev.number(i) != f.Max {
				t.Errorf("%s has %d bytes, too few for %d", f.Name, m.size, f.Max)
			}
		}
		seen[m.offset] = true
	}
}

// The bytes of an entry are the same on every machine and in every build.
func TestEntryForm(t *testing.T) {
	ev := Event{
		ID: EventID{15: 1}, Subject: SubjectID{15: 2}, Peer: SubjectID{15: 3}, Conversation: SubjectID{15: 4}, At: Earliest,
		Device: 0x0102030405060708, Network: 0x1112131415161718, Has: 0x21222324, True: 0x31323334, Members: 0x41424344,
		Created: 0x5152, PeerCreated: 0x6162, SharedGroups: 0x7172, Country: [2]byte{'N', 'L'}, PhoneCountry: [2]byte{'D', 'E'},
		Type: 1, Side: 2, Kind: 3, Media: 4, Size: 5, Forwards: 6, Duration: 7, Relation: 8, Age: 9, PeerAge: 10, Client: 11,
		Category: 12, Verdict: 13,
	}
	side := Entry{Kind: EntrySide, Cause: testStamp.Cause, Event: ev}
	head := "02" + "03000000" + "09000000" + "0000000000010000" + "02000000"
	zeros := strings.Repeat("00", 15)
	for _, test := range []struct {
		entry Entry
		want  string
	}{
		{side, "0101" + head + zeros + "01" + zeros + "02" + zeros + "03" + zeros + "04" + "00accf6adc000000" +
			"0807060504030201" + "1817161514131211" + "24232221" + "34333231" + "44434241" + "5251" + "6261" + "7271" + "4e4c" + "4445" +
			"0102030405060708090a0b0c0d"},
		{testStamp, "0103" + head + "0103" + "01" + zeros + "02" + zeros + "03" + zeros + "00accf6adc000000" +
			"0000803f" + "000020c0" + "00000000" + "caf24971" + "0000a040" + "0000c040" + "0000e040" +
			strings.Repeat("00000000", 4) + "00004041" + "01000000" + "05000000" + "00000080" + strings.Repeat("00000000", 21)},
	} {
		if got := hex.EncodeToString(AppendEntry(nil, &test.entry)); got != test.want {
			t.Errorf("%s\nwant %s", got, test.want)
		}
	}
}

// Whatever was refused before leaves nothing in what is read next: a stamp without peers is written without their places.
func TestRefusedStampLeavesNothing(t *testing.T) {
	good := Entry{Kind: EntryStamp, Cause: Cause{Origin: OriginAccount, Offset: 1, Number: 1}}
	good.Stamp = Stamp{Kind: StampPlace, Subject: SubjectID{1}, From: SubjectID{2}, At: Earliest}
	bad := good
	bad.Stamp.Kind, bad.Stamp.Peers, bad.Stamp.Values[11] = 0, [StampPeers]uint32{7, 9}, 5
	var e Entry
	if DecodeEntry(&e, AppendEntry(nil, &bad)) == nil || e != (Entry{}) {
		t.Errorf("of a refused stamp is left %v", e.Stamp)
	}
	if err := DecodeEntry(&e, AppendEntry(nil, &good)); err != nil || e != good {
		t.Errorf("read %v, %v; written was %v", e, err, good)
	}
}
