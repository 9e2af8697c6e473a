package ingest

import (
	"bytes"
	"encoding/json"
	"math"
	"math/rand/v2"
	"reflect"
	"regexp"
	"slices"
	"testing"
)

// freeForm is how many bytes of the producer's own choice a field's value has room for: none where the table closes its
// set of values or fixes its count of hexadecimal digits, a whole record where it does not.
func freeForm(f *Field) int {
	switch {
	case f.Value == ValueInteger && f.Min >= 0 && f.Max >= f.Min && f.Max <= Latest,
		f.Value == ValueEnum && len(f.Names) > 0 && !slices.Contains(f.Names, ""),
		f.Value == ValueHex && (f.Digits == 16 || f.Digits == 32),
		f.Value == ValueBool, f.Value == ValueCountry:
		return 0
	}
	return MaxRecord
}

// bits is how much a field's value says at most: the logarithm of the number of its values. Of 128 bits that are a keyed
// pseudonym none are the producer's to choose, but nobody without the key can tell them from others.
func (f *Field) bits() float64 {
	switch f.Value {
	case ValueInteger:
		return math.Log2(float64(f.Max - f.Min + 1))
	case ValueEnum:
		return math.Log2(float64(len(f.Names)))
	case ValueHex:
		return float64(4 * f.Digits)
	case ValueBool:
		return 1
	default:
		return math.Log2(float64(len(countryCodes)))
	}
}

// TestFreeFormCapacity computes from the contract's table how many bytes of free text a record can carry (P01): 0. It
// states beside it what a record can say at all.
func TestFreeFormCapacity(t *testing.T) {
	free, named, other := 0, 0.0, 0.0
	for i := range rows {
		hex, rest := 0.0, 0.0
		for j := range fields {
			f := &fields[j]
			if !(FieldsAlways | rows[i].Needs | rows[i].May).Any(f.Bit) {
				continue
			}
			free += freeForm(f)
			if f.Value == ValueHex {
				hex += f.bits()
			} else {
				rest += f.bits()
			}
		}
		named, other = max(named, hex), max(other, rest)
	}
	if free != 0 {
		t.Errorf("the contract has room for %d bytes of free text", free)
	}
	t.Logf("free text: %d bytes; ids and keyed hashes: at most %.0f bits a record; all other fields together: at most %.0f bits", free, named, other)
	for _, f := range []Field{
		{Name: "text", Value: ValueCountry + 1}, {Name: "digits", Value: ValueHex}, {Name: "names", Value: ValueEnum},
		{Name: "anything", Value: ValueEnum, Names: []string{"none", ""}}, {Name: "big", Value: ValueInteger, Max: math.MaxInt64},
	} {
		if freeForm(&f) == 0 {
			t.Errorf("the control, a field %s with an open value, has no room", f.Name)
		}
	}
}

// closed matches every value that a record may show: a name of the tables, digits of a fixed count, a bounded number.
var closed = regexp.MustCompile(`^([0-9a-f]{16}|[0-9a-f]{32}|[0-9]{1,13}|true|false)$`)

// isClosed tells whether a value is one of a closed form.
func isClosed(value string) bool {
	if closed.MatchString(value) || slices.Contains(countryCodes, value) {
		return true
	}
	return slices.ContainsFunc(fields[:], func(f Field) bool { return slices.Contains(f.Names, value) })
}

// open puts every byte in every place of records and returns the values that came through and are not closed, and the
// number of records of which something was kept that their values do not say. read returns what is kept of a record as
// JSON without white space, in the record's order, or nil.
func open(records [][]byte, read func([]byte) []byte) (values []string, hidden int) {
	for _, record := range records {
		b := bytes.Clone(record)
		for i := range b {
			for c := range 256 {
				b[i] = byte(c)
				kept := read(b)
				if kept == nil {
					continue
				}
				if !bytes.Equal(kept, withoutSpace(b)) {
					hidden++
				}
				for _, member := range bytes.Split(bytes.Trim(kept, "{}"), []byte(",")) {
					_, value, _ := bytes.Cut(member, []byte(":"))
					if v := string(bytes.Trim(value, `"`)); !isClosed(v) {
						values = append(values, v)
					}
				}
			}
			b[i] = record[i]
		}
	}
	return values, hidden
}

// withoutSpace leaves out the white space of JSON, which no string of a record can have.
func withoutSpace(b []byte) []byte {
	return bytes.Map(func(r rune) rune {
		if r == ' ' || r == '\t' || r == '\n' || r == '\r' {
			return -1
		}
		return r
	}, b)
}

// TestNothingOpenComesThrough measures the same at the decoder: whatever byte stands in whatever place of a record, what
// is kept of it are values of closed forms, and they are all that the record said.
func TestNothingOpenComesThrough(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	var records [][]byte
	for i := range rows {
		ev := randomRaw(rng, &rows[i])
		records = append(records, AppendJSON(nil, &ev))
	}
	var d Decoder
	var ev Event
	var kept []byte
	accepted := 0
	values, hidden := open(records, func(b []byte) []byte {
		if d.Decode(&ev, b) != Accepted {
			return nil
		}
		accepted++
		kept = AppendJSON(kept[:0], &ev)
		return kept
	})
	if len(values) != 0 || hidden != 0 || accepted < 100*len(records) {
		t.Errorf("%d open values (first %.1q), %d records with more than their values, of %d accepted", len(values), values, hidden, accepted)
	}
	lax := func(b []byte) []byte { // the control: a reader that only wants JSON
		if !json.Valid(b) {
			return nil
		}
		return withoutSpace(b)
	}
	if values, _ := open(records[:1], lax); len(values) == 0 {
		t.Error("the control, any JSON, lets nothing open through")
	}
}

// TestOnlyTheValueIsHandedOver holds that of a log's record nothing but its value reaches a handler as bytes: the type has
// no place for a key or a header.
func TestOnlyTheValueIsHandedOver(t *testing.T) {
	roomy := func(typ reflect.Type) (names []string) {
		for f := range typ.Fields() {
			if pointed(f.Type) != "" {
				names = append(names, f.Name)
			}
		}
		return names
	}
	if got := roomy(reflect.TypeFor[Record]()); !slices.Equal(got, []string{"Value"}) {
		t.Errorf("a record has room in %v", got)
	}
	if got := roomy(reflect.TypeFor[struct{ Key, Value []byte }]()); len(got) != 2 {
		t.Error("the control, a record with a key, was not seen to have one")
	}
}
