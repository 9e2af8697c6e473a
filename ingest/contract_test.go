package ingest

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestFieldTable(t *testing.T) {
	for i, f := range Schema() {
		if f.Bit != 1<<i {
			t.Errorf("%s stands at %d but has bit %b", f.Name, i, f.Bit)
		}
		if got, ok := ParseField(f.Name); !ok || got != f.Bit {
			t.Errorf("ParseField(%s) = %b, %v", f.Name, got, ok)
		}
		if (f.Value == ValueEnum) != (f.Names != nil) || (f.Value == ValueHex) != (f.Digits != 0) || f.Help == "" {
			t.Errorf("%s: %+v", f.Name, f)
		}
	}
	if f, ok := ParseField("text"); ok {
		t.Errorf("a field text: %b", f)
	}
	if got := strings.Join((FieldActor | FieldV | 1<<31).Names(), " "); got != "v actor" {
		t.Errorf("names: %s", got)
	}
}

// The tables of names have as many entries as there are constants.
func TestNames(t *testing.T) {
	for got, want := range map[string]string{
		Object.String(): "object", Channel.String(): "channel", MediaUnknown.String(): "unknown", Mutual.String(): "mutual",
		Age50Up.String(): "50_up", ClientUnknown.String(): "unknown", Other.String(): "other", Withdrawn.String(): "withdrawn",
		Message.String(): "message", Age16to17.String(): "16_17", ClientDesktop.String(): "desktop", Takeover.String(): "takeover",
		SideRaw.String(): "raw", SideControl.String(): "control", SideActed.String(): "acted", GroupRemove.String(): "group_remove",
		Type(0).String() + (Object + 1).String() + Category(0).String() + (Other + 1).String() + (SideControl + 1).String(): "",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// Every type has a row; no row lets in a field that no record of its type could have.
func TestRowsAreComplete(t *testing.T) {
	var seen []Type
	for _, r := range Rows() {
		seen = append(seen, r.Type)
		if (r.Needs | r.May).Any(FieldsAlways) || r.Needs.Any(r.May) {
			t.Errorf("%s: a field stands twice", r.Type)
		}
		if r.May.Any(FieldsOfActor) && !(r.Needs | r.May).Any(FieldActor) {
			t.Errorf("%s: fields of an actor without one", r.Type)
		}
	}
	for typ := AccountRegistered; typ <= Object; typ++ {
		if !slices.Contains(seen, typ) {
			t.Errorf("%s has no row", typ)
		}
	}
}

// The free-form capacity of the contract is 0 bytes: each value is of a closed set or of a fixed count of digits.
func TestNoRoomForText(t *testing.T) {
	raw, err := JSONSchema()
	if err != nil {
		t.Fatal(err)
	}
	var schema struct {
		OneOf []struct {
			Properties           map[string]map[string]any
			Required             []string
			AdditionalProperties *bool
		} `json:"oneOf"`
		Defs map[string]map[string]any `json:"$defs"`
	}
	if err := json.Unmarshal(raw, &schema); err != nil {
		t.Fatal(err)
	}
	for name, def := range schema.Defs {
		if room(def) {
			t.Errorf("%s has room for text: %v", name, def)
		}
	}
	if !room(map[string]any{"type": "string"}) || !room(map[string]any{"type": "string", "pattern": "^.{32}$"}) {
		t.Error("the control, a string of any kind, has no room")
	}
	if len(schema.OneOf) != len(rows) || len(schema.Defs) != len(fields) {
		t.Errorf("%d rows and %d fields", len(schema.OneOf), len(schema.Defs))
	}
	for i, v := range schema.OneOf {
		if v.AdditionalProperties == nil || *v.AdditionalProperties {
			t.Errorf("row %d is open", i)
		}
		want := slices.Sorted(slices.Values((FieldsAlways | rows[i].Needs | rows[i].May).Names()))
		if got := slices.Sorted(maps.Keys(v.Properties)); !slices.Equal(got, want) {
			t.Errorf("row %d has %v, want %v", i, got, want)
		}
		if got := v.Properties["type"]["const"]; got != rows[i].Type.String() {
			t.Errorf("row %d is of type %v", i, got)
		}
	}
}

var digitsOnly = regexp.MustCompile(`^\^\[0-9a-f\]\{(16|32)\}\$$`)

// room tells whether a definition of the JSON schema leaves a string open.
func room(def map[string]any) bool {
	pattern, _ := def["pattern"].(string)
	return def["enum"] == nil && def["type"] != "boolean" && def["type"] != "integer" && !digitsOnly.MatchString(pattern)
}

func TestMarkdown(t *testing.T) {
	text := Markdown()
	for i := range fields {
		if !strings.Contains(text, "| `"+fields[i].Name+"` |") {
			t.Errorf("no row for %s", fields[i].Name)
		}
	}
	for i := range rows {
		if !strings.Contains(text, "| `"+rows[i].Type.String()+"` |") {
			t.Errorf("no row for %s", rows[i].Type)
		}
	}
}

func TestDeadLetter(t *testing.T) {
	for size, want := range map[int]int{0: 0, 1: 0, 2: 1, 2047: 10, 2048: 11, -1: 0} {
		got := NewDeadLetter(Partition{Topic: "raw", ID: 2}, &Record{Offset: 7, Size: size}, RefusedSelf)
		if got != (DeadLetter{Topic: "raw", Partition: 2, Offset: 7, Reason: "self", SizeLog2: want}) {
			t.Errorf("size %d: %+v", size, got)
		}
	}
}

// TestMayIsWhatTheDecoderTakes adds each field to records of each row: one that May lacks is refused, the others are not.
func TestMayIsWhatTheDecoderTakes(t *testing.T) {
	rng, refused := seeded(), 0
	var d Decoder
	for i := range rows {
		for range 40 {
			ev := randomRaw(rng, &rows[i])
			may := ev.May()
			for k := range fields {
				with := ev
				if with.Has |= fields[k].Bit; with.Has == ev.Has || fields[k].Bit == FieldActor {
					continue // an actor lets others in
				}
				randomValue(rng, &with, &fields[k], k)
				var got Event
				r := d.Decode(&got, AppendJSON(nil, &with))
				if changes := fields[k].Bit == FieldKind; may.Any(fields[k].Bit) != (r == Accepted) && !changes {
					t.Fatalf("%s with %s: %s, but May says %v", ev.Type, fields[k].Name, r, may.Any(fields[k].Bit))
				}
				if r != Accepted {
					refused++
				}
			}
		}
	}
	if refused == 0 {
		t.Error("no field was refused: the test shows nothing")
	}
	if none := (&Event{}); none.May() != 0 {
		t.Errorf("a record without a type may carry %v", none.May().Names())
	}
}
