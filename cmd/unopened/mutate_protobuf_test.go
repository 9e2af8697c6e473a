package main

import (
	"encoding/hex"
	"slices"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/unopened/unopened/ingest"
)

// parts are the fields of a message, tag and value, as they come from the encoder.
func parts(b []byte) (all [][]byte) {
	for len(b) > 0 {
		_, _, n := protowire.ConsumeField(b)
		all, b = append(all, b[:n]), b[n:]
	}
	return all
}

// number is the number of a field's part.
func number(part []byte) protowire.Number {
	n, _, _ := protowire.ConsumeTag(part)
	return n
}

// named is the contract's field of that name.
func named(name string) *ingest.Field {
	schema := ingest.Schema()
	return &schema[slices.IndexFunc(schema, func(f ingest.Field) bool { return f.Name == name })]
}

// replaced is the message with another part for the field of that name, or without one for nil; nil where it has none.
func replaced(b []byte, name string, part []byte) (out []byte) {
	found := false
	for _, p := range parts(b) {
		if number(p) == protowire.Number(named(name).Number()) {
			p, found = part, true
		}
		out = append(out, p...)
	}
	if !found {
		return nil
	}
	return out
}

// part makes a part of a field: of a string's bytes, or of a number.
func part[T string | uint64](name string, value T) []byte {
	n := protowire.Number(named(name).Number())
	switch v := any(value).(type) {
	case string:
		return protowire.AppendString(protowire.AppendTag(nil, n, protowire.BytesType), v)
	case uint64:
		return protowire.AppendVarint(protowire.AppendTag(nil, n, protowire.VarintType), v)
	}
	return nil
}

// lacking is a field of the given forms that the message does not have; ok is false where there is none.
func lacking(b []byte, m *marks, forms ...ingest.Value) (f ingest.Field, ok bool) {
	has := make(map[protowire.Number]bool)
	for _, p := range parts(b) {
		has[number(p)] = true
	}
	schema := ingest.Schema()
	m.Shuffle(len(schema), func(i, k int) { schema[i], schema[k] = schema[k], schema[i] })
	for _, f = range schema {
		for _, form := range forms {
			if f.Value == form && !has[protowire.Number(f.Number())] {
				return f, true
			}
		}
	}
	return f, false
}

// plus adds a part of a field that the message lacks, made by add.
func plus(b []byte, m *marks, add func(f *ingest.Field) []byte, forms ...ingest.Value) []byte {
	f, ok := lacking(b, m, forms...)
	if !ok {
		return nil
	}
	return append(b, add(&f)...)
}

// protobufMutations are the ways in which a Protobuf record is refused for its bytes; each reason that those can have is
// there.
var protobufMutations = []mutation{
	{"unknown field", ingest.RefusedUnknownField, func(b []byte, m *marks) []byte {
		n := protowire.Number(anyOf(m, len(ingest.Schema())+1, 100, 1000, 1<<28))
		return append(b, protowire.AppendString(protowire.AppendTag(nil, n, protowire.BytesType), m.text)...)
	}},
	{"unknown message before", ingest.RefusedUnknownField, func(b []byte, m *marks) []byte {
		inner := protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), m.text)
		return append(protowire.AppendBytes(protowire.AppendTag(nil, 99, protowire.BytesType), inner), b...)
	}},
	{"twice", ingest.RefusedDuplicateField, func(b []byte, m *marks) []byte { return append(b, anyOf(m, parts(b)...)...) }},
	{"twice, with text", ingest.RefusedDuplicateField, func(b []byte, m *marks) []byte { return append(b, part("id", m.text)...) }},
	{"text for a number", ingest.RefusedBadValue, func(b []byte, m *marks) []byte {
		return plus(b, m, func(f *ingest.Field) []byte { return part(f.Name, m.text) }, ingest.ValueInteger, ingest.ValueEnum, ingest.ValueBool, ingest.ValueCountry)
	}},
	{"text for an id", ingest.RefusedBadValue, func(b []byte, m *marks) []byte { return replaced(b, "id", part("id", m.text)) }},
	{"digits for an id", ingest.RefusedBadValue, func(b []byte, m *marks) []byte { return replaced(b, "id", part("id", m.hex)) }},
	{"not of the enum", ingest.RefusedBadValue, func(b []byte, m *marks) []byte {
		return plus(b, m, func(f *ingest.Field) []byte { return part(f.Name, anyOf(m, uint64(0), 200, 1<<40)) }, ingest.ValueEnum)
	}},
	{"range", ingest.RefusedOutOfRange, func(b []byte, m *marks) []byte {
		return plus(b, m, func(f *ingest.Field) []byte { return part(f.Name, uint64(f.Max)+1+m.Uint64N(1<<50)) }, ingest.ValueInteger)
	}},
	{"group", ingest.RefusedNesting, func(b []byte, m *marks) []byte {
		return plus(b, m, func(f *ingest.Field) []byte {
			n := protowire.Number(f.Number())
			inner := protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), m.text)
			return protowire.AppendGroup(protowire.AppendTag(nil, n, protowire.StartGroupType), n, inner)
		}, ingest.ValueInteger, ingest.ValueEnum, ingest.ValueHex)
	}},
	{"longer than it needs to be", ingest.RefusedNumber, func(b []byte, m *marks) []byte {
		return plus(b, m, func(f *ingest.Field) []byte {
			return append(part(f.Name, uint64(1<<7))[:1+(f.Number()/16)], 0x81, 0x00)
		}, ingest.ValueEnum)
	}},
	{"version", ingest.RefusedVersion, func(b []byte, m *marks) []byte { return replaced(b, "v", part("v", 2+m.Uint64N(1<<50))) }},
	{"missing", ingest.RefusedMissingField, func(b []byte, m *marks) []byte { return replaced(b, anyOf(m, "v", "type", "at"), nil) }},
	{"not for the type", ingest.RefusedFieldNotForType, func(b []byte, m *marks) []byte {
		if replaced(b, "verdict", nil) != nil {
			return nil
		}
		return append(b, part("verdict", uint64(1))...)
	}},
	{"self", ingest.RefusedSelf, func(b []byte, _ *marks) []byte {
		for _, p := range parts(b) {
			if number(p) == protowire.Number(named("actor").Number()) {
				return replaced(b, "target", part("target", string(p[len(p)-16:])))
			}
		}
		return nil
	}},
	{"reserved", ingest.RefusedReserved, func(b []byte, m *marks) []byte {
		id, _ := hex.DecodeString("ff706c616365ff64" + m.hex[16:])
		return replaced(b, "actor", part("actor", string(id)))
	}},
	{"ends early", ingest.RefusedSyntax, func(b []byte, m *marks) []byte {
		return append(protowire.AppendTag(b, protowire.Number(named("id").Number()), protowire.EndGroupType), m.text...)
	}},
	{"cut", ingest.RefusedSyntax, func(b []byte, _ *marks) []byte { return b[:len(b)-1] }},
	{"JSON", ingest.RefusedNesting, func(_ []byte, m *marks) []byte { return []byte(`{"text":"` + m.text + `"}`) }},
	{"too large", ingest.RefusedTooLarge, func(b []byte, m *marks) []byte { return append(b, strings.Repeat(m.text, ingest.MaxRecord/24)...) }},
	{"future", ingest.RefusedFuture, func(b []byte, _ *marks) []byte { return replaced(b, "at", part("at", uint64(ingest.Latest-1))) }},
}
