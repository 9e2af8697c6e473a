package ingest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"testing"

	jsonv2 "github.com/go-json-experiment/json"
)

// wireType is the contract as a struct for a general JSON decoder, with pointers where absence must be seen.
func wireType(pointers bool) reflect.Type {
	members := make([]reflect.StructField, len(fields))
	for i := range fields {
		typ := reflect.TypeFor[string]()
		switch fields[i].Value {
		case ValueInteger:
			typ = reflect.TypeFor[int64]()
		case ValueBool:
			typ = reflect.TypeFor[bool]()
		}
		if pointers {
			typ = reflect.PointerTo(typ)
		}
		members[i] = reflect.StructField{
			Name: fmt.Sprint("F", i), Type: typ, Tag: reflect.StructTag(`json:"` + fields[i].Name + `,omitzero"`),
		}
	}
	return reflect.StructOf(members)
}

// benchRecords are records as a messenger writes them: the same order, now one optional field, now another.
func benchRecords() (records [][]byte) {
	rng := seeded()
	for range 1024 {
		ev := randomRaw(rng, &Row{Type: Message, Kinds: []Kind{Direct}, Needs: FieldKind | actorTarget | FieldConversation |
			FieldMedia | FieldSize | FieldSessionNew | FieldRelation | FieldActorAge | FieldTargetAge | FieldDevice |
			FieldNetwork | FieldCountry | FieldClient})
		records = append(records, AppendJSON(nil, &ev))
	}
	return records
}

func BenchmarkDecode(b *testing.B) {
	records := benchRecords()
	bench := func(name string, decode func([]byte) bool) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(records[0])))
			for i := 0; b.Loop(); i++ {
				if !decode(records[i%len(records)]) {
					b.Fatal("refused")
				}
			}
		})
	}
	var d Decoder
	var ev Event
	flat := reflect.New(wireType(false))
	bench("ours", func(r []byte) bool { return d.Decode(&ev, r) == Accepted })
	bench("json-v2-strict", func(r []byte) bool {
		flat.Elem().SetZero()
		return jsonv2.Unmarshal(r, flat.Interface(), jsonv2.RejectUnknownMembers(true)) == nil
	})
	bench("encoding-json-strict", func(r []byte) bool {
		flat.Elem().SetZero()
		dec := json.NewDecoder(bytes.NewReader(r))
		dec.DisallowUnknownFields()
		return dec.Decode(flat.Interface()) == nil
	})
}

func BenchmarkEntry(b *testing.B) {
	ev := randomRaw(seeded(), &rows[6])
	routed := Split(nil, &ev, Cause{Origin: OriginRaw}, 8)
	var buf []byte
	b.Run("append", func(b *testing.B) {
		for b.Loop() {
			buf = AppendEntry(buf[:0], &routed[0].Entry)
		}
	})
	b.Run("decode", func(b *testing.B) {
		var e Entry
		for b.Loop() {
			if err := DecodeEntry(&e, buf); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("split", func(b *testing.B) {
		for b.Loop() {
			routed = Split(routed[:0], &ev, Cause{Origin: OriginRaw}, 8)
		}
	})
	b.Run("json", func(b *testing.B) {
		for b.Loop() {
			buf = AppendJSON(buf[:0], &ev)
		}
	})
}
