package ingest

import (
	"slices"
	"strings"
	"testing"
)

// allSeen is a profile of which everything is seen, changed as asked.
func allSeen(change func(*Profile)) *Profile {
	p := &Profile{
		Title: "Test", About: "For tests.", AsOf: "2026-11", Types: map[string]Claim{}, Fields: map[string]Claim{},
		Sources: map[string]Citation{"page": {URL: "https://example.org/a", Date: "undated", Says: "All."}},
	}
	for _, name := range typeNames {
		p.Types[name] = Claim{Seen: SeenYes, From: []string{"page"}}
		if typeOf(name).own() {
			p.Types[name] = Claim{Seen: SeenAlways}
		}
	}
	for _, name := range fieldNames() {
		p.Fields[name] = Claim{Seen: SeenYes, From: []string{"page"}}
		if f, _ := ParseField(name); (FieldsAlways | ours).Any(f) {
			p.Fields[name] = Claim{Seen: SeenAlways}
		}
	}
	if change != nil {
		change(p)
	}
	return p
}

// sealed hides the sender of messages and calls, and media everywhere; reports have their reporter.
func sealed(p *Profile) {
	for _, name := range []string{"message", "call"} {
		p.Types[name] = Claim{Seen: SeenYes, From: []string{"page"}, Hides: []string{"actor", "conversation"}, Kinds: []string{"direct"}}
	}
	p.Fields["media"] = Claim{Seen: SeenNo, From: []string{"page"}}
	p.Fields["network"] = Claim{Seen: SeenDoubtful, Why: "Who knows."}
	p.Types["group_create"] = Claim{Seen: SeenNo, From: []string{"page"}}
}

// TestMaskedIsOfTheContract masks random records of every row: what is left is valid, is the same after another time and
// after either encoding, has no more than it had, and nothing that is hidden. The record before is the control.
func TestMaskedIsOfTheContract(t *testing.T) {
	p := allSeen(sealed)
	if err := p.Validate(); err != nil {
		t.Fatal(err)
	}
	m, rng := p.Mask(false), seeded()
	changed, unseen := 0, map[string]int{}
	for i := range 20_000 {
		row := &rows[i%len(rows)]
		ev := randomRaw(rng, row)
		was := ev
		if !m.Apply(&ev) {
			if ev != was {
				t.Fatal("an event that is not seen was changed")
			}
			unseen[ev.Type.String()+" "+ev.Kind.String()]++
			continue
		}
		if ev != was {
			changed++
		}
		again := ev
		if r := ev.check(); r != Accepted || !m.Apply(&again) || again != ev || !was.Has.All(ev.Has) {
			t.Fatalf("%s: %s, or another time is another thing: %v", row.Type, r, ev.Has.Names())
		}
		if !row.Type.own() && ev.Has.Any(FieldMedia|FieldNetwork) || ev.Type == Message && ev.Has.Any(FieldActor|FieldsOfActor|FieldConversation) {
			t.Fatalf("%s still has %v", row.Type, ev.Has.Names())
		}
		if row.Type.own() && ev != was {
			t.Fatalf("%s, which is ours, was changed", row.Type)
		}
		for _, form := range []Encoding{JSON, Protobuf} {
			var back Event
			if r := (&Decoder{Encoding: form}).Decode(&back, form.Append(nil, &ev)); r != Accepted || back != ev {
				t.Fatalf("%s as %s: %s, %+v is not %+v", row.Type, form, r, back, ev)
			}
		}
	}
	for _, name := range []string{"group_create ", "message group", "call channel"} {
		if unseen[name] == 0 {
			t.Errorf("no %q was dropped: %v", name, unseen)
		}
	}
	if changed == 0 || unseen["message direct"]+unseen["report "]+unseen["label "] > 0 {
		t.Errorf("%d changed, dropped %v", changed, unseen)
	}
	var nothing *Mask
	ev := randomRaw(rng, &rows[6])
	if was := ev; !nothing.Apply(&ev) || ev != was || nothing.Never() != 0 {
		t.Error("no mask hides something")
	}
}

// TestMaskHidesFromModels holds what counts as never given: that a reporter is seen does not show who writes.
func TestMaskHidesFromModels(t *testing.T) {
	for _, test := range []struct {
		name     string
		change   func(*Profile)
		doubtful bool
		want     string
	}{
		{"everything", nil, false, ""},
		{"sealed", sealed, false, "actor media network"},
		{"sealed, doubts seen", sealed, true, "actor media"},
		{"no messages", func(p *Profile) { p.Types["message"] = Claim{Seen: SeenNo, From: []string{"page"}} }, false,
			"actor target relation shared_groups target_age target_created"},
		{"ages of reports only", func(p *Profile) {
			p.Types["message"] = Claim{Seen: SeenYes, From: []string{"page"}, Hides: []string{"target_age"}}
		}, false, "target_age"},
	} {
		p := allSeen(test.change)
		if err := p.Validate(); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(p.Mask(test.doubtful).Never().Names(), " "); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

// TestMaskOfOneFieldMore: a field is shown where it was hidden and nowhere else, and nothing changes with one that was seen, or that only
// records carry that are not seen. The profile itself stays as it was.
func TestMaskOfOneFieldMore(t *testing.T) {
	p := allSeen(sealed)
	call := p.Types["call"]
	call.Seen = SeenNo
	p.Types["call"] = call
	p.Fields["answered"] = Claim{Seen: SeenNo, From: []string{"page"}} // which only calls carry
	base := *p.Mask(false)
	for _, test := range []struct {
		field string
		never string // "" where nothing changes
	}{
		{"media", "actor network answered duration"}, {"network", "actor media answered duration"}, {"actor", "media network answered duration"},
		{"size", ""}, {"answered", ""}, {"conversation", "actor media network answered duration"},
	} {
		more := *p.With(test.field).Mask(false)
		if (more == base) != (test.never == "") {
			t.Errorf("%s: the mask changed: %v", test.field, more != base)
		}
		if got := strings.Join(more.Never().Names(), " "); test.never != "" && !sameWords(got, test.never) {
			t.Errorf("%s: never %q, want %q", test.field, got, test.never)
		}
	}
	if *p.Mask(false) != base {
		t.Error("the profile was changed")
	}
}

// sameWords compares words whatever their order.
func sameWords(a, b string) bool {
	x, y := strings.Fields(a), strings.Fields(b)
	slices.Sort(x)
	slices.Sort(y)
	return slices.Equal(x, y)
}

// TestProfileRefusesWhatCannotBe feeds profiles with one mistake each; the one without is the control.
func TestProfileRefusesWhatCannotBe(t *testing.T) {
	if err := allSeen(nil).Validate(); err != nil {
		t.Fatal(err)
	}
	claim := func(section func(*Profile) map[string]Claim, name string, c Claim) func(*Profile) {
		return func(p *Profile) { section(p)[name] = c }
	}
	types := func(p *Profile) map[string]Claim { return p.Types }
	fields := func(p *Profile) map[string]Claim { return p.Fields }
	page := []string{"page"}
	for _, test := range []struct {
		want   string
		change func(*Profile)
	}{
		{"types.call: is missing; say whether the servers see it", func(p *Profile) { delete(p.Types, "call") }},
		{"fields.media: is missing", func(p *Profile) { delete(p.Fields, "media") }},
		{"fields.mood: the contract has no such", claim(fields, "mood", Claim{Seen: SeenNo, From: page})},
		{"fields.media.seen: \"perhaps\" is not yes, no or doubtful", claim(fields, "media", Claim{Seen: "perhaps", From: page})},
		{"fields.media.from: names no source", claim(fields, "media", Claim{Seen: SeenNo})},
		{"fields.media.why: is empty", claim(fields, "media", Claim{Seen: SeenDoubtful})},
		{"there is no source \"hearsay\"; the sources are page", claim(fields, "media", Claim{Seen: SeenNo, From: []string{"hearsay"}})},
		{"types.label.seen: \"yes\" is not always", claim(types, "label", Claim{Seen: SeenYes, From: page})},
		{"fields.id.seen: \"no\" is not always", claim(fields, "id", Claim{Seen: SeenNo, From: page})},
		{"types.block: is seen without actor, which such a record needs: say seen: no of the type", claim(types, "block", Claim{Seen: SeenYes, From: page, Hides: []string{"actor"}})},
		{"types.message: is seen without actor, which such a record needs: leave group and channel out of its kinds", claim(types, "message", Claim{Seen: SeenYes, From: page, Hides: []string{"actor"}})},
		{"types.group_join: is seen without conversation", claim(fields, "conversation", Claim{Seen: SeenDoubtful, Why: "Who knows."})},
		{"types.call.hides: the contract has no field \"mood\"", claim(types, "call", Claim{Seen: SeenYes, From: page, Hides: []string{"mood"}})},
		{"types.block.kinds: goes with message and call", claim(types, "block", Claim{Seen: SeenYes, From: page, Kinds: []string{"direct"}})},
		{"types.call.kinds: \"secret\" is not direct, group, channel", claim(types, "call", Claim{Seen: SeenYes, From: page, Kinds: []string{"secret"}})},
		{"fields.media: hides and kinds go with types", claim(fields, "media", Claim{Seen: SeenYes, From: page, Kinds: []string{"direct"}})},
		{"sources.page.url: \"ftp\" is no address", func(p *Profile) { p.Sources["page"] = Citation{"ftp", "2026", "All."} }},
		{"sources.page.date: \"soon\" is no year", func(p *Profile) { p.Sources["page"] = Citation{"https://a.example", "soon", "All."} }},
		{"sources.other: no claim rests on it", func(p *Profile) { p.Sources["other"] = Citation{"https://a.example", "2026", "All."} }},
		{"as_of: \"\" is no year", func(p *Profile) { p.AsOf = "" }},
	} {
		if err := allSeen(test.change).Validate(); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v\nwant %s", err, test.want)
		}
	}
}

func TestMaskAllocatesNothing(t *testing.T) {
	m, ev := allSeen(sealed).Mask(false), randomRaw(seeded(), &rows[slices.IndexFunc(rows, func(r Row) bool { return r.Type == Message })])
	if n := testing.AllocsPerRun(100, func() { one := ev; m.Apply(&one) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
