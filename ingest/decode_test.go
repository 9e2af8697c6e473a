package ingest

import (
	"bufio"
	"bytes"
	"os"
	"reflect"
	"strconv"
	"strings"
	"testing"
)

const (
	testID      = "018f6f3c9a7e4b0b8d5e2c1a7f3b9d10"
	testMessage = `"v":1,"id":"` + testID + `","at":1795341600123,"type":"message","actor":"0123456789abcdef0123456789abcdef",` +
		`"target":"fedcba9876543210fedcba9876543210","kind":"direct"`
)

var placeholders = strings.NewReplacer("$M", testMessage, "$H", `"v":1,"id":"`+testID+`","at":1795341600123`,
	"$I", testID, "$A", "0123456789abcdef0123456789abcdef", "$B", "fedcba9876543210fedcba9876543210",
	"$C", "00112233445566778899aabbccddeeff", "$D", "0011223344556677")

type hostileCase struct {
	line   int
	want   string
	record []byte
}

func hostileCases(t testing.TB) (cases []hostileCase) {
	f, err := os.Open("testdata/hostile.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() // only read
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		want, record, ok := strings.Cut(lines.Text(), "\t")
		if !ok {
			continue
		}
		if strings.HasPrefix(record, `"`) {
			if record, err = strconv.Unquote(record); err != nil {
				t.Fatalf("line %d: %v", n, err)
			}
		}
		cases = append(cases, hostileCase{n, want, []byte(placeholders.Replace(record))})
	}
	return cases
}

func TestHostile(t *testing.T) {
	seen := testHostile(t, Decoder{}, hostileCases(t))
	for r := RefusedSyntax; r <= RefusedSelf; r++ {
		if !seen[r.String()] {
			t.Errorf("no case for %s", r)
		}
	}
}

// testHostile decodes the cases, of which a refused one leaves nothing, and returns what came out.
func testHostile(t *testing.T, d Decoder, cases []hostileCase) (seen map[string]bool) {
	t.Helper()
	seen = map[string]bool{}
	for _, c := range cases {
		seen[c.want] = true
		ev := Event{Members: 7}
		if got := d.Decode(&ev, c.record).String(); got != c.want {
			t.Errorf("line %d: %s, want %s: %q", c.line, got, c.want, c.record)
		}
		if c.want != "accepted" && ev != (Event{}) {
			t.Errorf("line %d: a refused record left %+v", c.line, ev)
		}
	}
	return seen
}

func TestTooLarge(t *testing.T) {
	var d Decoder
	var ev Event
	record := []byte("{" + testMessage + strings.Repeat(" ", MaxRecord-len(testMessage)-2) + "}")
	if got := d.Decode(&ev, record); got != Accepted {
		t.Errorf("%d bytes: %s", len(record), got)
	}
	if got := d.Decode(&ev, append([]byte("{ "), record[1:]...)); got != RefusedTooLarge {
		t.Errorf("%d bytes: %s", len(record)+1, got)
	}
}

func TestRefusalNames(t *testing.T) {
	if RefusalCount > 32 {
		t.Errorf("%d refusals: the contract has at most 32", RefusalCount)
	}
	seen := map[string]bool{"": true}
	for i := range refusals {
		name, help := refusals[i].name, refusals[i].help
		if seen[name] || strings.ToLower(name) != name || (help == "") != (i == 0) {
			t.Errorf("name %q is empty, not snake_case, there twice or not explained: %q", name, help)
		}
		seen[name] = true
	}
}

func TestRoundTrip(t *testing.T) {
	rng := seeded()
	var d Decoder
	var got Event
	for i := range rows {
		for range 500 {
			want := randomRaw(rng, &rows[i])
			b := AppendJSON(nil, &want)
			if r := d.Decode(&got, b); r != Accepted || got != want {
				t.Fatalf("%s: %s\n got %+v\nwant %+v\n%s", want.Type, r, got, want, b)
			}
			if len(b) > MaxRecord {
				t.Fatalf("a record of %d bytes", len(b))
			}
		}
	}
}

// A record has the same meaning in any order of its fields, and a decoder's memory of other orders changes nothing.
func TestFieldOrder(t *testing.T) {
	rng := seeded()
	var d Decoder
	var got Event
	for range 2000 {
		want := randomRaw(rng, &rows[rng.IntN(len(rows))])
		members := bytes.Split(bytes.Trim(AppendJSON(nil, &want), "{}"), []byte(","))
		rng.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
		b := append(append([]byte("{"), bytes.Join(members, []byte(" ,\n"))...), '}')
		if r := d.Decode(&got, b); r != Accepted || got != want {
			t.Fatalf("%s: %s", r, b)
		}
	}
}

// Each field, added to or taken from a record of each row, is refused or accepted as the row says.
func TestRows(t *testing.T) {
	rng := seeded()
	var d Decoder
	var got Event
	for i := range rows {
		row := &rows[i]
		for j := range fields {
			f := &fields[j]
			ev := randomRaw(rng, row)
			want := Accepted
			switch {
			case (FieldsAlways | row.Needs).Any(f.Bit) && f.Bit != FieldV:
				ev.Has &^= f.Bit
				ev.setNumber(j, 0)
				want = RefusedMissingField
			case f.Bit != FieldV && !ev.Has.Any(f.Bit):
				randomValue(rng, &ev, f, j)
				ev.Has |= f.Bit
				if !row.May.Any(f.Bit) || f.Bit&FieldsOfActor != 0 && !ev.Has.Any(FieldActor) {
					want = RefusedFieldNotForType
				}
			}
			if r := d.Decode(&got, AppendJSON(nil, &ev)); r != want {
				t.Errorf("%s %s with or without %s: %s, want %s", row.Type, ev.Kind, f.Name, r, want)
			}
		}
	}
}

func TestCountries(t *testing.T) {
	n := 0
	for a := range 256 {
		for b := range 256 {
			if isCountry(byte(a), byte(b)) {
				n++
			}
		}
	}
	if n != 249 || len(countryCodes) != 249 {
		t.Errorf("%d countries, want the 249 assigned codes", n)
	}
}

// hex8 agrees with a plain reading for every byte in every place.
func TestHex8(t *testing.T) {
	const digits = "0123456789abcdef"
	for place := range 16 {
		for c := range 256 {
			b := []byte("0f1e2d3c4b5a6978")
			want := c < 128 && strings.IndexByte(digits, byte(c)) >= 0
			b[place] = byte(c)
			v, ok := hex16(b)
			if ok != want {
				t.Fatalf("byte %#x at %d: %v", c, place, ok)
			}
			if exact, err := strconv.ParseUint(string(b), 16, 64); ok && (err != nil || v != exact) {
				t.Fatalf("%s: %x", b, v)
			}
		}
	}
}

// The type of events holds nothing that could point to text.
func TestEventIsFlat(t *testing.T) {
	if got := pointed(reflect.TypeFor[Event]()); got != "" {
		t.Error("Event has " + got)
	}
	if got := pointed(reflect.TypeFor[Entry]()); got != "" {
		t.Error("Entry has " + got)
	}
	if pointed(reflect.TypeFor[Record]()) == "" {
		t.Error("the control, Record, has slices and was not seen to")
	}
}

func pointed(typ reflect.Type) string {
	switch typ.Kind() {
	case reflect.Struct:
		for f := range typ.Fields() {
			if found := pointed(f.Type); found != "" {
				return f.Name + " " + found
			}
		}
	case reflect.Array:
		return pointed(typ.Elem())
	case reflect.String, reflect.Slice, reflect.Map, reflect.Pointer, reflect.Interface, reflect.Func, reflect.Chan:
		return typ.String()
	}
	return ""
}

func TestNoAllocations(t *testing.T) {
	rng := seeded()
	d, p := Decoder{}, Decoder{Encoding: Protobuf}
	var ev Event
	var entry Entry
	var routed []Routed
	records := make([][]byte, 0, 4*len(rows))
	for i := range cap(records) {
		ev = randomRaw(rng, &rows[i%len(rows)])
		records = append(records, AppendJSON(nil, &ev))
	}
	buf := make([]byte, 0, MaxRecord)
	i := 0
	if n := testing.AllocsPerRun(10_000, func() {
		d.Decode(&ev, records[i%len(records)])
		buf = AppendProtobuf(buf[:0], &ev)
		if p.Decode(&ev, buf) != Accepted {
			t.Error("a message of ours was refused")
		}
		buf = AppendJSON(buf[:0], &ev)
		routed = Split(routed[:0], &ev, Cause{Origin: OriginRaw}, 4)
		for k := range routed {
			buf = AppendEntry(buf[:0], &routed[k].Entry)
			if DecodeEntry(&entry, buf) != nil {
				t.Error("an entry of ours was refused")
			}
		}
		i++
	}); n != 0 {
		t.Errorf("%v allocations an event", n)
	}
	cases, messages := hostileCases(t), hostileMessages(t)
	if n := testing.AllocsPerRun(10_000, func() {
		d.Decode(&ev, cases[i%len(cases)].record)
		p.Decode(&ev, messages[i%len(messages)].record)
		i++
	}); n != 0 {
		t.Errorf("%v allocations a hostile record", n)
	}
}
