package ingest

import (
	"encoding/binary"
	"math/bits"
)

// The wire types of Protobuf (protobuf.dev, "Encoding") that matter here. 6 and 7 do not exist.
const (
	wireVarint   = 0
	wireBytes    = 2
	wireGroup    = 3
	wireGroupEnd = 4
	wireLast     = 5
)

// largestNumber is the largest number that Protobuf has for a field.
const largestNumber = 1<<29 - 1

// wire is the field's wire type.
func (f *Field) wire() uint64 {
	if f.Value == ValueHex {
		return wireBytes
	}
	return wireVarint
}

// message reads the one message that b is. It is stricter than Protobuf, in which a field may come again, a number may be
// written longer than it is, and what is unknown is kept or passed over.
func (e *Event) message(b []byte) Refusal {
	for p := 0; p < len(b); {
		field, wire, value, r := tag(b, p)
		if r != Accepted {
			return r
		}
		f := &fields[field]
		switch {
		case e.Has.Any(f.Bit):
			return RefusedDuplicateField
		case wire == wireGroup:
			return RefusedNesting
		case wire != f.wire():
			return RefusedBadValue
		}
		e.Has |= f.Bit
		if p, r = e.wireValue(b, value, field); r != Accepted {
			return r
		}
	}
	return Accepted
}

// tag reads the tag at p; it returns the field, its wire type, and where its value starts.
func tag(b []byte, p int) (field int, wire uint64, value int, r Refusal) {
	n, value, r := varint(b, p)
	number := n >> 3
	wire = n & 7
	switch {
	case r != Accepted:
		return 0, 0, p, r
	case number == 0 || number > largestNumber || wire == wireGroupEnd || wire > wireLast:
		return 0, 0, p, RefusedSyntax
	case number > uint64(len(fields)):
		return 0, 0, p, RefusedUnknownField
	}
	return int(number) - 1, wire, value, Accepted
}

// varint reads a number in base 128 of at most 64 bits, which must not be longer than it needs to be.
func varint(b []byte, p int) (n uint64, end int, r Refusal) {
	if p < len(b) && b[p] < 0x80 {
		return uint64(b[p]), p + 1, Accepted
	}
	for shift := 0; p < len(b); shift += 7 {
		c := b[p]
		p++
		switch {
		case shift == 63 && c > 1:
			return 0, p, RefusedSyntax
		case shift > 0 && c == 0:
			return 0, p, RefusedNumber
		}
		n |= uint64(c&0x7f) << shift
		if c < 0x80 {
			return n, p, Accepted
		}
	}
	return 0, p, RefusedSyntax
}

// wireValue reads the value at p into its member; it returns where the value ends.
func (e *Event) wireValue(b []byte, p, field int) (int, Refusal) {
	f := &fields[field]
	n, p, r := varint(b, p)
	if r != Accepted {
		return p, r
	}
	switch f.Value {
	case ValueHex:
		return e.wireBytes(b, p, n, field)
	case ValueInteger:
		switch {
		case f.Bit == FieldV && n != uint64(f.Max):
			return p, RefusedVersion
		case n < uint64(f.Min) || n > uint64(f.Max):
			return p, RefusedOutOfRange
		}
		e.setNumber(field, int64(n))
	case ValueEnum:
		if n-1 >= uint64(len(f.Names)) { // 0 is "unspecified", which a producer leaves out instead
			return p, RefusedBadValue
		}
		e.setNumber(field, int64(n))
	case ValueBool:
		if n > 1 {
			return p, RefusedBadValue
		}
		e.True |= f.Bit * Fields(n)
	case ValueCountry:
		first, second := byte(n>>5)+'A'-1, byte(n&31)+'A'-1
		if n >= 1<<10 || !isCountry(first, second) {
			return p, RefusedBadValue
		}
		*at[[2]byte](e, field) = [2]byte{first, second}
	}
	return p, Accepted
}

// wireBytes reads the n bytes at p.
func (e *Event) wireBytes(b []byte, p int, n uint64, field int) (int, Refusal) {
	switch {
	case n > uint64(len(b)-p):
		return p, RefusedSyntax
	case n != uint64(fields[field].Digits)/2:
		return p, RefusedBadValue
	}
	end := p + int(n)
	high := binary.BigEndian.Uint64(b[p:])
	if n == 8 {
		e.setNumber(field, int64(high))
		return end, Accepted
	}
	return end, e.setID(field, high, binary.BigEndian.Uint64(b[p+8:]))
}

// countryNumber is the number of a country in Protobuf: five bits for each letter, of which A is 1.
func countryNumber(code [2]byte) uint64 { return uint64(code[0]-'A'+1)<<5 | uint64(code[1]-'A'+1) }

// AppendProtobuf appends a raw event as the contract's Protobuf message, its fields in the order of their numbers, and
// returns the longer slice. The event's Has says which fields; a valid event is read back the same by a Decoder of
// Protobuf. It does not allocate beyond dst.
func AppendProtobuf(dst []byte, ev *Event) []byte {
	for has := ev.Has | FieldV; has != 0; has &= has - 1 {
		i := bits.TrailingZeros32(uint32(has))
		if i >= len(fields) {
			break
		}
		f := &fields[i]
		dst = binary.AppendUvarint(dst, uint64(i+1)<<3|f.wire())
		switch f.Value {
		case ValueHex:
			dst = append(dst, byte(f.Digits/2))
			if f.Digits == 16 {
				dst = binary.BigEndian.AppendUint64(dst, uint64(ev.number(i)))
				break
			}
			dst = append(dst, at[[16]byte](ev, i)[:]...)
		case ValueBool:
			dst = append(dst, byte((ev.True&f.Bit)>>i))
		case ValueCountry:
			dst = binary.AppendUvarint(dst, countryNumber(*at[[2]byte](ev, i)))
		default:
			dst = binary.AppendUvarint(dst, uint64(ev.number(i)))
		}
	}
	return dst
}
