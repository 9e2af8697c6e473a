package ingest

import (
	"fmt"
	"strings"
)

// protoHead begins the .proto file.
const protoHead = `// The event contract of Unopened, version 1: metadata of one thing that happened. "unopened schema --format proto"
// prints this file; names and numbers are for ever.
//
// There is no string, no message within a message and nothing repeated: no field can carry text. Which fields a type of
// record needs and may carry stands in docs/contract.md, and is the same as for JSON.
//
// A record is one serialised RawRecord as it is: no length before it, no schema registry's magic byte and id. Every
// library writes it as it must be. It is refused whole when it has an unknown field, a field twice, another wire type, a
// group, a varint longer than need be, an enum's number that is not named here, a number out of its range, bytes of
// another length, or more than 2048 bytes. Value 0 of an enum is never written: a field that is not known is left out.
// A country's number has five bits for each letter, of which A is 1.
syntax = "proto3";

package unopened.contract.v1;

// RawRecord is one thing that happened.
message RawRecord {
`

// Proto returns the contract as a Protobuf file (proto3).
func Proto() string {
	var b strings.Builder
	b.WriteString(protoHead)
	for i := range fields {
		f := &fields[i]
		fmt.Fprintf(&b, "  // %s%s\n  ", f.Help, f.protoLimits(" (%s)"))
		if !FieldsAlways.Any(f.Bit) {
			b.WriteString("optional ")
		}
		fmt.Fprintf(&b, "%s %s = %d;\n", f.protoType(), f.Name, f.Number())
	}
	b.WriteString("}\n")
	written := map[string]bool{"": true}
	for i := range fields {
		if f := &fields[i]; !written[f.Enum] {
			written[f.Enum] = true
			f.writeEnum(&b)
		}
	}
	return b.String()
}

// protoType is the field's type in the .proto file.
func (f *Field) protoType() string {
	switch f.Value {
	case ValueHex:
		return "bytes"
	case ValueBool:
		return "bool"
	case ValueInteger:
		if f.Max > 1<<31-1 {
			return "int64"
		}
		return "uint32"
	default:
		return f.Enum
	}
}

// protoLimits says what the type does not, in the given format; nothing where the type says all.
func (f *Field) protoLimits(format string) string {
	switch {
	case f.Value == ValueHex:
		return fmt.Sprintf(format, fmt.Sprintf("exactly %d bytes", f.Digits/2))
	case f.Value == ValueInteger && f.Min == f.Max:
		return fmt.Sprintf(format, fmt.Sprint(f.Max))
	case f.Value == ValueInteger:
		return fmt.Sprintf(format, fmt.Sprintf("%d to %d", f.Min, f.Max))
	}
	return ""
}

// writeEnum writes the enum of the field's values. The names of all values share one scope, so each begins with its
// enum's name.
func (f *Field) writeEnum(b *strings.Builder) {
	prefix := strings.ToUpper(strings.ReplaceAll(f.Enum, "AgeBand", "Age_Band"))
	fmt.Fprintf(b, "\n// %s has the values of %s.\nenum %s {\n  %s_UNSPECIFIED = 0;\n", f.Enum, strings.Join(enumFields(f.Enum), ", "), f.Enum, prefix)
	for i, name := range f.Names {
		fmt.Fprintf(b, "  %s_%s = %d;\n", prefix, strings.ToUpper(name), i+1)
	}
	if f.Value == ValueCountry {
		for _, code := range countryCodes {
			fmt.Fprintf(b, "  %s_%s = %d;\n", prefix, code, countryNumber([2]byte([]byte(code))))
		}
	}
	b.WriteString("}\n")
}

// enumFields are the names of the fields that have the values of an enum.
func enumFields(enum string) (names []string) {
	for i := range fields {
		if fields[i].Enum == enum {
			names = append(names, fields[i].Name)
		}
	}
	return names
}
