package ingest

import (
	"bytes"
	"encoding/hex"
	"reflect"
	"strings"
	"testing"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

var oracleType = wireType(true)

// oracle reads a record with json/v2: strict about unknown and repeated names, their case, and UTF-8.
func oracle(b []byte) (reflect.Value, error) {
	w := reflect.New(oracleType)
	err := jsonv2.Unmarshal(b, w.Interface(), jsonv2.RejectUnknownMembers(true))
	return w.Elem(), err
}

// sameAs tells how the event differs from what the oracle read, or "".
func sameAs(ev *Event, w reflect.Value) string {
	for i := range fields {
		f, got := &fields[i], w.Field(i)
		if ev.Has.Any(f.Bit) == got.IsNil() {
			return f.Name + ": presence"
		}
		if got.IsNil() {
			continue
		}
		var want any
		switch f.Value {
		case ValueInteger:
			want = ev.number(i)
		case ValueBool:
			want = ev.True.Any(f.Bit)
		default:
			want = strings.Trim(string(appendValue(nil, ev, i)), `"`)
		}
		if got.Elem().Interface() != want {
			return f.Name + ": value"
		}
	}
	return ""
}

// FuzzDecode holds the decoder against json/v2: what we accept, it accepts with the same values, and it comes out of
// the encoder the same; what it finds unknown or repeated, we refuse, since it must not accept less than we do.
func FuzzDecode(f *testing.F) {
	for _, c := range hostileCases(f) {
		f.Add(c.record)
	}
	rng := seeded()
	for i := range rows {
		ev := randomRaw(rng, &rows[i])
		f.Add(AppendJSON(nil, &ev))
	}
	var warm Decoder
	f.Fuzz(func(t *testing.T, b []byte) {
		var ev, again, cold Event
		got := warm.Decode(&ev, b)
		if r := new(Decoder).Decode(&cold, b); r != got || cold != ev {
			t.Fatalf("%s with an order remembered, %s without: %s", got, r, b)
		}
		w, err := oracle(b)
		if got != Accepted {
			if err == nil && got == RefusedUnknownField {
				t.Fatalf("json/v2 knows every field of %s", b)
			}
			return
		}
		if err != nil {
			t.Fatalf("accepted what json/v2 refuses: %v: %s", err, b)
		}
		if diff := sameAs(&ev, w); diff != "" {
			t.Fatalf("%s differs: %s", diff, b)
		}
		if bytes.ContainsAny(b, `\`) || !isASCII(b) {
			t.Fatalf("an escape or a byte beyond ASCII was accepted: %s", b)
		}
		plain := AppendJSON(nil, &ev)
		if r := warm.Decode(&again, plain); r != Accepted || again != ev {
			t.Fatalf("%s after encoding: %s", r, plain)
		}
		// With the same order of fields and without white space nothing is left that could differ.
		if a, b := canonical(t, plain), canonical(t, b); a != b {
			t.Fatalf("encoded as %s, was %s", a, b)
		}
	})
}

// canonical is RFC 8785's form of a record.
func canonical(t *testing.T, b []byte) string {
	v := jsontext.Value(bytes.Clone(b))
	if err := v.Canonicalize(); err != nil {
		t.Fatal(err)
	}
	return string(v)
}

func isASCII(b []byte) bool {
	for _, c := range b {
		if c >= 0x80 {
			return false
		}
	}
	return true
}

// FuzzEntry: what is read as an entry has exactly one form, the one that was read.
func FuzzEntry(f *testing.F) {
	rng := seeded()
	for i := range rows {
		ev := randomRaw(rng, &rows[i])
		for _, r := range Split(nil, &ev, Cause{Origin: OriginRaw}, 2) {
			f.Add(AppendEntry(nil, &r.Entry))
		}
	}
	f.Add(AppendEntry(nil, &testStamp))
	f.Fuzz(func(t *testing.T, b []byte) {
		var e Entry
		if err := DecodeEntry(&e, b); err != nil {
			if e != (Entry{}) {
				t.Fatal("a refused entry left something")
			}
			return
		}
		if again := AppendEntry(nil, &e); !bytes.Equal(again, b) {
			t.Fatalf("read %s\nwrote %s", hex.EncodeToString(b), hex.EncodeToString(again))
		}
		if e.Kind == EntrySide && e.Event.Type > Object {
			t.Fatal("a type that does not exist")
		}
	})
}

// FuzzSplit splits whatever the decoders accept: each entry is one that its topic takes, goes to the partition of its
// subject, and is numbered from 0; a control record goes to every partition.
func FuzzSplit(f *testing.F) {
	rng := seeded()
	for i := range rows {
		ev := randomRaw(rng, &rows[i])
		f.Add(AppendJSON(nil, &ev), uint8(3))
		f.Add(AppendProtobuf(nil, &ev), uint8(5))
	}
	f.Fuzz(func(t *testing.T, b []byte, partitions uint8) {
		n := int(partitions)%64 + 1
		for _, encoding := range []Encoding{JSON, Protobuf} {
			var ev Event
			d := Decoder{Encoding: encoding}
			if d.Decode(&ev, b) != Accepted {
				continue
			}
			routed := Split(nil, &ev, Cause{Origin: OriginRaw}, n)
			if len(routed) == 0 || ev.Type.Control() && len(routed) != n {
				t.Fatalf("%d entries for %d partitions", len(routed), n)
			}
			for i := range routed {
				var back Entry
				e := &routed[i].Entry
				if err := DecodeEntry(&back, AppendEntry(nil, e)); err != nil || back != *e {
					t.Fatalf("entry %d is not taken: %v", i, err)
				}
				if !ev.Type.Control() && (routed[i].Partition != PartitionOf(e.Event.Subject, n) || int(e.Cause.Number) != i) {
					t.Fatalf("entry %d goes to partition %d as number %d", i, routed[i].Partition, e.Cause.Number)
				}
			}
		}
	})
}
