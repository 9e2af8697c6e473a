package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"testing"

	jsonv2 "github.com/go-json-experiment/json"

	"github.com/unopened/unopened/ingest"
)

// flatRecord is the contract as a struct for general JSON decoders, without pointers: the form that they read fastest.
func flatRecord() reflect.Value {
	var members []reflect.StructField
	for i, f := range ingest.Schema() {
		typ := reflect.TypeFor[string]()
		switch f.Value {
		case ingest.ValueInteger:
			typ = reflect.TypeFor[int64]()
		case ingest.ValueBool:
			typ = reflect.TypeFor[bool]()
		}
		members = append(members, reflect.StructField{Name: fmt.Sprint("F", i), Type: typ, Tag: reflect.StructTag(`json:"` + f.Name + `"`)})
	}
	return reflect.New(reflect.StructOf(members))
}

// benchDecode compares the decoding of a raw record, strict on all sides.
func benchDecode(t *testing.T) []measured {
	lines := simulated(100_000, 600)
	var decoder ingest.Decoder
	var ev ingest.Event
	ours := func() {
		for _, line := range lines {
			if refusal := decoder.Decode(&ev, line); refusal != ingest.Accepted {
				t.Fatal(refusal)
			}
		}
	}
	flat := flatRecord()
	allocs := testing.AllocsPerRun(1, ours) / float64(len(lines))
	took := beside(7, ours, func() {
		for _, line := range lines {
			flat.Elem().SetZero()
			d := json.NewDecoder(bytes.NewReader(line))
			d.DisallowUnknownFields()
			if err := d.Decode(flat.Interface()); err != nil {
				t.Fatal(err)
			}
		}
	}, func() {
		for _, line := range lines {
			flat.Elem().SetZero()
			if err := jsonv2.Unmarshal(line, flat.Interface(), jsonv2.RejectUnknownMembers(true)); err != nil {
				t.Fatal(err)
			}
		}
	})
	us, v1, v2 := took[0].per(len(lines)), took[1].per(len(lines)), took[2].per(len(lines))
	return []measured{
		plain("decode JSON", us, "ns", "a raw record, strict"),
		atLeast(10, "decode JSON / encoding/json strict", took[1].over(took[0]), "x", fmt.Sprintf("%.0f ns there", v1)),
		atLeast(3, "decode JSON / json v2 strict", took[2].over(took[0]), "x", fmt.Sprintf("%.0f ns there", v2)),
		atMost(0, "decode JSON, allocations", allocs, "an event", ""),
	}
}
