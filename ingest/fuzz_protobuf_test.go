package ingest

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/bufbuild/protocompile"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"
)

// compiled is the message of a .proto file as a compiler and the official runtime take it.
func compiled(t testing.TB, text string) protoreflect.MessageDescriptor {
	t.Helper()
	compiler := protocompile.Compiler{Resolver: &protocompile.SourceResolver{
		Accessor: protocompile.SourceAccessorFromMap(map[string]string{"contract.proto": text}),
	}}
	files, err := compiler.Compile(context.Background(), "contract.proto")
	if err != nil {
		t.Fatal(err)
	}
	file, err := protodesc.NewFile(protodesc.ToFileDescriptorProto(files[0]), nil)
	if err != nil {
		t.Fatal(err)
	}
	return file.Messages().ByName("RawRecord")
}

// TestProtoSaysWhatTheTableSays compiles the .proto file and holds it to the contract's table. No field of it is text.
func TestProtoSaysWhatTheTableSays(t *testing.T) {
	message := compiled(t, Proto())
	if message.Fields().Len() != len(fields) {
		t.Errorf("%d fields, the table has %d", message.Fields().Len(), len(fields))
	}
	if other := compiled(t, strings.Replace(Proto(), "bytes id = 2", "string id = 2", 1)); isField(&fields[1], other.Fields().ByName("id")) {
		t.Error("the control, an id of text, is taken for a field of the table")
	}
	for i := range fields {
		f := &fields[i]
		got := message.Fields().ByName(protoreflect.Name(f.Name))
		if !isField(f, got) {
			t.Fatalf("%s: %v", f.Name, got)
		}
		if f.Value != ValueEnum {
			continue
		}
		values := got.Enum().Values()
		if values.Len() != len(f.Names)+1 {
			t.Errorf("%s has %d values", f.Name, values.Len())
		}
		for k, name := range f.Names {
			if v := values.ByNumber(protoreflect.EnumNumber(k + 1)); v == nil || !strings.HasSuffix(string(v.Name()), "_"+strings.ToUpper(name)) {
				t.Errorf("%s %d is %v, want %s", f.Name, k+1, v, name)
			}
		}
	}
	if n := message.Fields().ByName("country").Enum().Values().Len(); n != len(countryCodes)+1 {
		t.Errorf("%d countries", n)
	}
}

// isField tells whether a field of the message is that of the table.
func isField(f *Field, got protoreflect.FieldDescriptor) bool {
	kinds := map[Value]string{ValueHex: "bytes", ValueBool: "bool", ValueEnum: "enum", ValueCountry: "enum", ValueInteger: "uint32 int64"}
	return got != nil && int(got.Number()) == f.Number() && got.HasPresence() != FieldsAlways.Any(f.Bit) &&
		got.Cardinality() != protoreflect.Repeated && strings.Contains(kinds[f.Value], got.Kind().String())
}

// reading is what the official runtime and protowire make of a message.
type reading struct {
	json  []byte // the same record in JSON, its fields in the order of the message
	fault bool   // it is no message, has an unknown field, or is not written as the contract wants it
	cut   bool   // a number has more bits than the runtime gives its field
}

// official reads a message with the official runtime, which is lenient, and finds with protowire what it lets pass:
// fields that come again, and tags, lengths and numbers that are longer than need be.
func official(message protoreflect.MessageDescriptor, b []byte) (r reading) {
	m := dynamicpb.NewMessage(message)
	if err := (proto.UnmarshalOptions{}).Unmarshal(b, m); err != nil {
		r.fault = true
		return r
	}
	r.fault = len(m.GetUnknown()) > 0
	seen := map[protowire.Number]bool{}
	r.json = []byte("{")
	for rest := b; len(rest) > 0 && !r.fault; {
		number, wire, n := protowire.ConsumeField(rest)
		again := protowire.AppendTag(nil, number, wire)
		raw := rest[:n]
		rest = rest[n:]
		fd := message.Fields().ByNumber(number)
		value, _ := protowire.ConsumeVarint(raw[protowire.SizeTag(number):])
		switch wire {
		case protowire.VarintType:
			again = protowire.AppendVarint(again, value)
		case protowire.BytesType:
			content, _ := protowire.ConsumeBytes(raw[protowire.SizeTag(number):])
			again = protowire.AppendBytes(again, content)
		}
		if seen[number] || !bytes.Equal(again, raw) {
			r.fault = true
			return r
		}
		seen[number] = true
		r.cut = r.cut || cut(fd.Kind(), value)
		if len(seen) > 1 {
			r.json = append(r.json, ',')
		}
		r.json = fmt.Appendf(r.json, `"%s":%s`, fd.Name(), inJSON(fd, m))
	}
	r.json = append(r.json, '}')
	return r
}

// cut tells whether the runtime cuts a number to the size of its field.
func cut(kind protoreflect.Kind, value uint64) bool {
	switch kind {
	case protoreflect.Uint32Kind:
		return value > 1<<32-1
	case protoreflect.EnumKind:
		return value > 1<<31-1
	case protoreflect.BoolKind:
		return value > 1
	}
	return false
}

// inJSON writes the value of a field as the contract's JSON has it, by the descriptor alone.
func inJSON(fd protoreflect.FieldDescriptor, m protoreflect.Message) string {
	v := m.Get(fd)
	switch fd.Kind() {
	case protoreflect.BytesKind:
		return `"` + hex.EncodeToString(v.Bytes()) + `"`
	case protoreflect.EnumKind:
		value := fd.Enum().Values().ByNumber(v.Enum())
		if value == nil || v.Enum() == 0 {
			return `"?"`
		}
		name, _ := strings.CutPrefix(string(value.Name()), strings.TrimSuffix(string(fd.Enum().Values().Get(0).Name()), "UNSPECIFIED"))
		if fd.Enum().Name() == "Country" {
			return `"` + name + `"`
		}
		return `"` + strings.ToLower(name) + `"`
	case protoreflect.Int64Kind:
		return fmt.Sprint(uint64(v.Int())) // so that below 0 is out of range, not another form
	}
	return v.String()
}

// What the official runtime writes is accepted as the same event. (It is the runtime of Go; the others' writers follow the
// same canonical rules: each field once, no number longer than need be.)
func TestOfficialWriterIsAccepted(t *testing.T) {
	message := compiled(t, Proto())
	rng := seeded()
	d := Decoder{Encoding: Protobuf}
	var got Event
	for i := range 50 * len(rows) {
		want := randomRaw(rng, &rows[i%len(rows)])
		m := dynamicpb.NewMessage(message)
		if err := proto.Unmarshal(AppendProtobuf(nil, &want), m); err != nil {
			t.Fatal(err)
		}
		b, err := proto.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		if r := d.Decode(&got, b); r != Accepted || got != want {
			t.Fatalf("%s: %x", r, b)
		}
	}
}

// The oracle refuses what the corpus says is hostile, and takes the rest; the runtime alone would take many of the hostile
// ones too, so it would be none.
func TestOracle(t *testing.T) {
	message := compiled(t, Proto())
	var d Decoder
	var ev Event
	passed := 0
	for _, c := range hostileMessages(t) {
		r := official(message, c.record)
		refused := r.fault || r.cut || d.Decode(&ev, r.json) != Accepted
		if refused != (c.want != "accepted") {
			t.Errorf("line %d: refused is %v, want %s: %x", c.line, refused, c.want, c.record)
		}
		if m := dynamicpb.NewMessage(message); refused && proto.Unmarshal(c.record, m) == nil && len(m.GetUnknown()) == 0 {
			passed++
		}
	}
	if passed < 40 {
		t.Errorf("the runtime alone lets only %d hostile messages pass: the rest of the oracle is not needed", passed)
	}
}

// FuzzDecodeProtobuf holds the decoder of Protobuf against the official runtime in both directions: what the runtime
// takes without an unknown field, and protowire writes back the same, is accepted or refused as the JSON of its values
// is, for the same reason and with the same values. All else is refused.
func FuzzDecodeProtobuf(f *testing.F) {
	message := compiled(f, Proto())
	for _, c := range hostileMessages(f) {
		f.Add(c.record)
	}
	rng := seeded()
	for i := range rows {
		ev := randomRaw(rng, &rows[i])
		f.Add(AppendProtobuf(nil, &ev))
	}
	j, p := Decoder{}, Decoder{Encoding: Protobuf}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > MaxRecord {
			return
		}
		var ev, ofJSON Event
		got := p.Decode(&ev, b)
		r := official(message, b)
		switch {
		case r.fault && got == Accepted:
			t.Fatalf("accepted, against the runtime: %x", b)
		case got == RefusedUnknownField && !r.fault:
			t.Fatalf("the runtime knows every field of %x", b)
		case r.fault:
			return
		}
		want := j.Decode(&ofJSON, r.json)
		if r.cut { // its JSON has another number
			if got == Accepted {
				t.Fatalf("accepted a number that the runtime cuts: %x", b)
			}
			return
		}
		if got != want || ev != ofJSON {
			t.Fatalf("%s, as JSON %s: %x\n%s", got, want, b, r.json)
		}
		if got == Accepted {
			plain := AppendProtobuf(nil, &ev)
			if r := p.Decode(&ofJSON, plain); r != Accepted || ofJSON != ev {
				t.Fatalf("%s after encoding: %x", r, plain)
			}
		}
	})
}
