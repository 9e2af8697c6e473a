package ingest

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
)

// pieces are what the names in hostile_protobuf.txt stand for.
var pieces = func() map[string]string {
	p := map[string]string{
		"$V": "0801", "$I": "1210" + testID, "$T": "20fb8acb95a034", "$a": "0123456789abcdef0123456789abcdef",
		"$b": "fedcba9876543210fedcba9876543210", "$C": "3a1000112233445566778899aabbccddeeff", "$D": "ba01080011223344556677",
	}
	p["$A"], p["$B"], p["$H"] = "2a10"+p["$a"], "3210"+p["$b"], p["$V"]+p["$I"]+p["$T"]
	p["$M"] = p["$H"] + "1807" + p["$A"] + p["$B"] + "4001"
	return p
}()

// hostileMessages are the cases of hostile_protobuf.txt.
func hostileMessages(t testing.TB) (cases []hostileCase) {
	t.Helper()
	text, err := os.ReadFile("testdata/hostile_protobuf.txt")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(text)) {
		n++
		want, spec, ok := strings.Cut(strings.TrimSpace(line), "\t")
		if !ok {
			continue
		}
		record, err := assemble(spec)
		if err != nil {
			t.Fatalf("line %d: %v", n, err)
		}
		cases = append(cases, hostileCase{n, want, record})
	}
	return cases
}

// assemble makes a record of pieces, quoted text and hexadecimal digits.
func assemble(spec string) (record []byte, err error) {
	for spec = strings.TrimSpace(spec); spec != "" && spec[0] != '#'; spec = strings.TrimSpace(spec) {
		if spec[0] == '"' {
			quoted, err := strconv.QuotedPrefix(spec)
			if err != nil {
				return nil, err
			}
			text, _ := strconv.Unquote(quoted) // QuotedPrefix returned it
			record, spec = append(record, text...), spec[len(quoted):]
			continue
		}
		word, rest, _ := strings.Cut(spec, " ")
		digits, named := pieces[word]
		if !named {
			digits = word
		}
		if record, err = hex.AppendDecode(record, []byte(digits)); err != nil {
			return nil, fmt.Errorf("%q: %w", word, err)
		}
		spec = rest
	}
	return record, nil
}

func TestHostileProtobuf(t *testing.T) {
	d := Decoder{Encoding: Protobuf}
	seen := testHostile(t, d, hostileMessages(t))
	for r := Accepted; r <= RefusedSelf; r++ {
		switch r {
		case RefusedTooLarge: // below
		case RefusedUTF8, RefusedEscape, RefusedTrailing, RefusedFieldCase: // there is no such thing in Protobuf
		default:
			if !seen[r.String()] {
				t.Errorf("no case for %s", r)
			}
		}
	}
	var ev Event
	if got := d.Decode(&ev, make([]byte, MaxRecord+1)); got != RefusedTooLarge {
		t.Errorf("%d bytes: %s", MaxRecord+1, got)
	}
}

// Each cut of a record is refused or, between two fields, lacks what was cut off; and one byte more is refused.
func TestCutMessage(t *testing.T) {
	rng := seeded()
	d := Decoder{Encoding: Protobuf}
	var ev Event
	for i := range rows {
		whole := randomRaw(rng, &rows[i])
		b := AppendProtobuf(nil, &whole)
		for n := range b {
			if r := d.Decode(&ev, b[:n]); r == Accepted && ev.Has == whole.Has {
				t.Fatalf("%d of %d bytes have every field: %x", n, len(b), b)
			}
		}
		for c := range 256 {
			if r := d.Decode(&ev, append(bytes.Clone(b), byte(c))); r == Accepted {
				t.Fatalf("with %#x behind it: %x", c, b)
			}
		}
	}
}

// Protobuf and JSON of an event are read as the same event, and any order of a message's fields is the same message.
func TestEncodingsAgree(t *testing.T) {
	rng := seeded()
	j, p := Decoder{}, Decoder{Encoding: Protobuf}
	var ofJSON, ofProtobuf Event
	for i := range rows {
		for range 500 {
			want := randomRaw(rng, &rows[i])
			text, message := JSON.Append(nil, &want), Protobuf.Append(nil, &want)
			if r := j.Decode(&ofJSON, text); r != Accepted || ofJSON != want {
				t.Fatalf("JSON: %s %s", r, text)
			}
			if r := p.Decode(&ofProtobuf, message); r != Accepted || ofProtobuf != want {
				t.Fatalf("Protobuf: %s\n got %+v\nwant %+v\n%x", r, ofProtobuf, want, message)
			}
			if 2*len(message) > len(text) {
				t.Fatalf("%d bytes of Protobuf for %d of JSON", len(message), len(text))
			}
			var parts [][]byte
			for k := range fields {
				if want.Has.Any(fields[k].Bit) {
					parts = append(parts, AppendProtobuf(nil, only(&want, k))[2:]) // after v
				}
			}
			parts[0] = AppendProtobuf(nil, &Event{})
			rng.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
			if r := p.Decode(&ofProtobuf, bytes.Join(parts, nil)); r != Accepted || ofProtobuf != want {
				t.Fatalf("in another order: %s", r)
			}
		}
	}
	// The controls: neither reads the other's.
	ev := randomRaw(rng, &rows[6])
	if r := p.Decode(&ofProtobuf, AppendJSON(nil, &ev)); r != RefusedNesting {
		t.Errorf("JSON as Protobuf: %s", r)
	}
	if r := j.Decode(&ofJSON, AppendProtobuf(nil, &ev)); r != RefusedSyntax {
		t.Errorf("Protobuf as JSON: %s", r)
	}
}

// only is an event with one of its fields.
func only(ev *Event, field int) *Event {
	one := *ev
	one.Has = fields[field].Bit
	return &one
}

func TestEncodingNames(t *testing.T) {
	for _, e := range []Encoding{JSON, Protobuf} {
		if got, err := ParseEncoding(e.String()); err != nil || got != e {
			t.Errorf("%s: %v, %v", e, got, err)
		}
	}
	if _, err := ParseEncoding("avro"); err == nil || !strings.Contains(err.Error(), "json or protobuf") {
		t.Errorf("avro: %v", err)
	}
}

// The numbers of fields and the names and numbers of enums' values are in producers for ever: these were written down
// once, and new ones come at the end.
func TestNumbersAreForEver(t *testing.T) {
	const numbers = "v=1 id=2 type=3 at=4 actor=5 target=6 conversation=7 kind=8 members=9 media=10 size=11 forwards=12 session_new=13 " +
		"disappearing=14 answered=15 duration=16 relation=17 shared_groups=18 actor_age=19 target_age=20 actor_created=21 " +
		"target_created=22 device=23 network=24 country=25 phone_country=26 client=27 category=28 verdict=29 verified=30"
	var got []string
	for _, f := range Schema() {
		got = append(got, fmt.Sprintf("%s=%d", f.Name, f.Number()))
	}
	if got := strings.Join(got, " "); got != numbers {
		t.Errorf("the fields' numbers are %s", got)
	}
	for _, last := range []struct {
		names []string
		value int
		name  string
	}{
		{typeNames, 26, "object"}, {kindNames, 3, "channel"}, {mediaNames, 9, "unknown"}, {relationNames, 3, "mutual"}, {ageNames, 7, "50_up"},
		{clientNames, 6, "unknown"}, {categoryNames, 7, "other"}, {verdictNames, 3, "withdrawn"},
	} {
		if got := nameOf(last.names, uint8(last.value)); got != last.name {
			t.Errorf("value %d is %s, was %s", last.value, got, last.name)
		}
	}
	for code, want := range map[string]uint64{"AA": 33, "AD": 36, "NL": 460, "ZW": 855} {
		if got := countryNumber([2]byte([]byte(code))); got != want {
			t.Errorf("%s has the number %d, want %d", code, got, want)
		}
	}
}

// The hostile messages are spoilt from a sound one, which is the sound one of the hostile JSON.
func TestPieces(t *testing.T) {
	var ofJSON, ofProtobuf Event
	message, err := assemble("$M")
	if err != nil {
		t.Fatal(err)
	}
	j, p := Decoder{}, Decoder{Encoding: Protobuf}
	if a, b := j.Decode(&ofJSON, []byte("{"+testMessage+"}")), p.Decode(&ofProtobuf, message); a != Accepted || b != Accepted || ofJSON != ofProtobuf {
		t.Errorf("%s %+v\n%s %+v", a, ofJSON, b, ofProtobuf)
	}
}
