package main

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/unopened/unopened/ingest"
)

// encoding is a form in which the raw topic may carry records, with the ways in which a record of it can be spoilt.
type encoding struct {
	ingest.Encoding
	append    func(dst []byte, ev *ingest.Event) []byte
	mutations []mutation
}

// encodings are all there are. A new one has its line here, and the tests of refusals range over it.
var encodings = []encoding{
	{ingest.JSON, ingest.AppendJSON, jsonMutations},
	{ingest.Protobuf, ingest.AppendProtobuf, protobufMutations},
}

// mutation spoils a valid record so that it must be refused for a certain reason. It returns nil where the record has no
// place for it. Each plants something of the marks.
type mutation struct {
	name  string
	want  ingest.Refusal
	spoil func(b []byte, m *marks) []byte
}

// marks are what one mutated record plants, found nowhere else. Hex is its event id in any case.
type marks struct {
	*rand.Rand
	text   string // 24 letters
	hex    string // 32 digits
	digits string // 17 digits
}

// newMarks draws marks of a source.
func newMarks(rng *rand.Rand) *marks {
	m := &marks{Rand: rng, hex: fmt.Sprintf("c0ffee%010x%016x", rng.Uint64N(1<<40), rng.Uint64()), digits: fmt.Sprint(1e16 + rng.Uint64N(8e16))}
	text := []byte("kanari")
	for len(text) < 24 {
		text = append(text, byte('a'+rng.IntN(26)))
	}
	m.text = string(text)
	return m
}

// id is the event id that the record gets.
func (m *marks) id() (id ingest.EventID) {
	b, err := hex.DecodeString(m.hex)
	if err != nil || copy(id[:], b) != len(id) {
		panic("marks without an id")
	}
	return id
}

// members are the members of a record as it comes from the encoder: no string of it has a comma.
func members(b []byte) [][]byte { return bytes.Split(bytes.Trim(b, "{}"), []byte(",")) }

// object puts members together again.
func object(all [][]byte) []byte {
	return append(append([]byte("{"), bytes.Join(all, []byte(","))...), '}')
}

// with puts a member at a random place.
func with(b []byte, m *marks, format string, args ...any) []byte {
	all := members(b)
	i := m.IntN(len(all) + 1)
	added := append(all[:i:i], fmt.Appendf(nil, format, args...))
	return object(append(added, all[i:]...))
}

// set gives the field of that name, or any one for "", another value.
func set(b []byte, m *marks, name, value string) []byte {
	all := members(b)
	i := m.IntN(len(all))
	for k := range all {
		if name != "" && bytes.HasPrefix(all[k], []byte(`"`+name+`":`)) {
			i = k
		}
	}
	found, _, _ := bytes.Cut(all[i], []byte(":"))
	if name != "" && string(found) != `"`+name+`"` {
		return nil
	}
	all[i] = fmt.Appendf(nil, "%s:%s", found, value)
	return object(all)
}

// without leaves the field of that name out.
func without(b []byte, name string) []byte {
	var kept [][]byte
	for _, member := range members(b) {
		if !bytes.HasPrefix(member, []byte(`"`+name+`":`)) {
			kept = append(kept, member)
		}
	}
	return object(kept)
}

// valueOf is the value of the field of that name as it stands in the record, "" for none.
func valueOf(b []byte, name string) string {
	for _, member := range members(b) {
		if value, ok := bytes.CutPrefix(member, []byte(`"`+name+`":`)); ok {
			return string(value)
		}
	}
	return ""
}

// anyOf chooses one.
func anyOf[T any](m *marks, all ...T) T { return all[m.IntN(len(all))] }

// fieldName is the name of any field of the contract for which ok holds.
func fieldName(m *marks, ok func(string) bool) string {
	for schema := ingest.Schema(); ; {
		if name := anyOf(m, schema...).Name; ok(name) {
			return name
		}
	}
}

// folded writes a name with a letter beyond ASCII that folds to one of its own.
func folded(name string) string {
	return strings.NewReplacer("s", "\u017f", "k", "\u212a").Replace(name)
}

// jsonMutations are the ways in which a JSON record is refused for its bytes; each reason that bytes can have is there.
var jsonMutations = []mutation{
	{"unknown name", ingest.RefusedUnknownField, func(b []byte, m *marks) []byte { return with(b, m, `"%s":1`, m.text) }},
	{"unknown field", ingest.RefusedUnknownField, func(b []byte, m *marks) []byte { return with(b, m, `"text":"%s"`, m.text) }},
	{"unknown object", ingest.RefusedUnknownField, func(b []byte, m *marks) []byte { return with(b, m, `"meta":{"t":["%s"]}`, m.text) }},
	{"name and more", ingest.RefusedUnknownField, func(b []byte, m *marks) []byte {
		return with(b, m, `"%s_%s":1`, fieldName(m, func(string) bool { return true }), m.text)
	}},
	{"case", ingest.RefusedFieldCase, func(b []byte, m *marks) []byte {
		name := fieldName(m, func(string) bool { return true })
		return with(b, m, `"%s%s":"%s"`, strings.ToUpper(name[:1]), name[1:], m.text)
	}},
	{"fold", ingest.RefusedFieldCase, func(b []byte, m *marks) []byte {
		name := fieldName(m, func(name string) bool { return folded(name) != name })
		return with(b, m, `"%s":"%s"`, folded(name), m.text)
	}},
	{"twice", ingest.RefusedDuplicateField, func(b []byte, m *marks) []byte { return object(append(members(b), anyOf(m, members(b)...))) }},
	{"twice, another value", ingest.RefusedDuplicateField, func(b []byte, m *marks) []byte {
		name, _, _ := bytes.Cut(anyOf(m, members(b)...), []byte(":"))
		return object(append(members(b), fmt.Appendf(nil, `%s:"%s"`, name, m.text)))
	}},
	{"escaped name", ingest.RefusedEscape, func(b []byte, m *marks) []byte {
		name := fieldName(m, func(string) bool { return true })
		return with(b, m, `"\u%04x%s":"%s"`, name[0], name[1:], m.text)
	}},
	{"escaped value", ingest.RefusedEscape, func(b []byte, m *marks) []byte { return set(b, m, "", `"`+m.text+`\n"`) }},
	{"object", ingest.RefusedNesting, func(b []byte, m *marks) []byte { return set(b, m, "", `{"t":"`+m.text+`"}`) }},
	{"array", ingest.RefusedNesting, func(b []byte, m *marks) []byte { return set(b, m, "", `["`+m.text+`"]`) }},
	{"trailing", ingest.RefusedTrailing, func(b []byte, m *marks) []byte {
		return append(b, anyOf(m, "", " ", "\n", "\x00", "{}", "//")+m.text...)
	}},
	{"two records", ingest.RefusedTrailing, func(b []byte, _ *marks) []byte { return append(b, b...) }},
	{"text for a value", ingest.RefusedBadValue, func(b []byte, m *marks) []byte { return set(b, m, "", `"`+m.text+`"`) }},
	{"null", ingest.RefusedBadValue, func(b []byte, m *marks) []byte { return set(b, m, anyOf(m, "v", "type", "at"), "null") }},
	{"upper case", ingest.RefusedBadValue, func(b []byte, m *marks) []byte { return set(b, m, "id", `"`+strings.ToUpper(m.hex)+`"`) }},
	{"digits too many", ingest.RefusedBadValue, func(b []byte, m *marks) []byte { return set(b, m, "id", `"`+m.hex+m.digits+`"`) }},
	{"number", ingest.RefusedNumber, func(b []byte, m *marks) []byte {
		return set(b, m, "at", anyOf(m, "-"+m.digits, m.digits+".5", m.digits+"e3", "0"+m.digits))
	}},
	{"range", ingest.RefusedOutOfRange, func(b []byte, m *marks) []byte { return set(b, m, "at", anyOf(m, "", m.digits)+m.digits) }},
	{"version", ingest.RefusedVersion, func(b []byte, m *marks) []byte { return set(b, m, "v", m.digits) }},
	{"missing", ingest.RefusedMissingField, func(b []byte, m *marks) []byte { return without(b, anyOf(m, "v", "type", "at")) }},
	{"not for the type", ingest.RefusedFieldNotForType, func(b []byte, m *marks) []byte {
		if valueOf(b, "type") == `"label"` {
			return nil
		}
		return with(b, m, `"verdict":"abusive"`)
	}},
	{"self", ingest.RefusedSelf, func(b []byte, m *marks) []byte {
		if actor := valueOf(b, "actor"); actor != "" {
			return set(b, m, "target", actor)
		}
		return nil
	}},
	{"reserved", ingest.RefusedReserved, func(b []byte, m *marks) []byte { return set(b, m, "actor", `"ff706c616365ff64`+m.hex[16:]+`"`) }},
	{"broken UTF-8", ingest.RefusedUTF8, func(b []byte, m *marks) []byte { return set(b, m, "", `"`+m.text+anyOf(m, "\xff", "\xc3\x28")+`"`) }},
	{"broken name", ingest.RefusedUTF8, func(b []byte, m *marks) []byte { return with(b, m, "\"\xed\xa0\x80%s\":1", m.text) }},
	{"too large", ingest.RefusedTooLarge, func(b []byte, m *marks) []byte { return append(b, strings.Repeat(m.text, ingest.MaxRecord/24)...) }},
	{"no record", ingest.RefusedSyntax, func(_ []byte, m *marks) []byte { return []byte(m.text) }},
	{"cut", ingest.RefusedSyntax, func(b []byte, _ *marks) []byte { return b[:len(b)-1] }},
	{"not quite JSON", ingest.RefusedSyntax, func(b []byte, m *marks) []byte {
		return anyOf(m, with(b, m, `%s:1`, m.text), with(b, m, `'%s':1`, m.text), append([]byte("\ufeff"), b...), append([]byte("["), b...))
	}},
	{"control character", ingest.RefusedSyntax, func(b []byte, m *marks) []byte { return set(b, m, "", "\""+m.text+"\x01\"") }},
	{"future", ingest.RefusedFuture, func(b []byte, m *marks) []byte { return set(b, m, "at", fmt.Sprint(ingest.Latest-1)) }},
}

// wellFormed is a traceparent that may come with a record.
const wellFormed = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

// strays are headers for which a good record is refused, in any encoding.
var strays = []func(m *marks) []kafkago.Header{
	func(m *marks) []kafkago.Header { return headers(m.text, "1") },
	func(m *marks) []kafkago.Header { return headers("", m.text) },
	func(m *marks) []kafkago.Header { return headers("tracestate", "t="+m.text) },
	func(m *marks) []kafkago.Header { return headers("traceparent", m.text) },
	func(m *marks) []kafkago.Header { return headers("traceparent", wellFormed+"-"+m.text) },
	func(m *marks) []kafkago.Header { return headers("traceparent", "01"+wellFormed[2:]) },
	func(m *marks) []kafkago.Header { return headers("traceparent", strings.ToUpper(wellFormed)) },
	func(m *marks) []kafkago.Header { return headers("Traceparent", wellFormed) },
	func(m *marks) []kafkago.Header { return headers("traceparent", wellFormed, "traceparent", wellFormed) },
	func(m *marks) []kafkago.Header { return headers("traceparent", wellFormed, m.text, m.text) },
}

// headers makes headers of keys and values.
func headers(pairs ...string) (all []kafkago.Header) {
	for i := 0; i < len(pairs); i += 2 {
		all = append(all, kafkago.Header{Key: pairs[i], Value: []byte(pairs[i+1])})
	}
	return all
}

// mutated spoils an event's record in one of the encoding's ways or, as often as any of these, by a header.
func (e *encoding) mutated(ev ingest.Event, m *marks) posted {
	ev.ID = m.id()
	for {
		b := e.append(nil, &ev)
		i := m.IntN(len(e.mutations) + 1)
		if i == len(e.mutations) {
			return posted{value: b, headers: anyOf(m, strays...)(m), want: ingest.RefusedHeader, how: "header"}
		}
		way := &e.mutations[i]
		if b = way.spoil(b, m); b != nil {
			return posted{value: b, want: way.want, how: way.name}
		}
	}
}
