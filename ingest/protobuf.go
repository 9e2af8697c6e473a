package ingest

import (
	"encoding/binary"
	"math/bits"
	"unsafe"
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

// wireForm is how one field is read: what follows its tag is a number from min to min+span, which is the value or the
// length of the value.
type wireForm struct {
	min, span uint64
	bit       Fields // 0 for a tag that no field has
	offset    uint16 // of the member
	put       put
	refusal   Refusal // of a number outside the range
}

// put is how a value is put into its member. There is one for each case: a switch costs fewer guesses of the processor
// than one question after the other.
type put uint8

const (
	putNothing put = iota // v, which is always 1
	put8
	put16
	put32
	put64
	putBool
	putCountry
	putHash    // 8 bytes
	putID      // 16 bytes
	putAccount // 16 bytes that may not be a reserved identifier
)

// putOf returns how the field at i of the table is put.
func putOf(i int) put {
	switch f := &fields[i]; f.Value {
	case ValueBool:
		return putBool
	case ValueCountry:
		return putCountry
	case ValueHex:
		switch {
		case f.Digits == 16:
			return putHash
		case f.Bit&actorTarget != 0:
			return putAccount
		}
		return putID
	}
	return map[uint8]put{0: putNothing, 1: put8, 2: put16, 4: put32, 8: put64}[members[i].size]
}

// wireForms are the forms by tag. The fields' numbers are below 32, so each tag is below 256: where it has two bytes the
// second is 1, and the first is the tag.
var wireForms = wireFormsByTag()

func wireFormsByTag() (by [256]wireForm) {
	for i := range fields {
		f := &fields[i]
		w := wireForm{bit: f.Bit, offset: members[i].offset, put: putOf(i), refusal: RefusedBadValue}
		switch f.Value {
		case ValueHex:
			w.min = uint64(f.Digits) / 2
		case ValueInteger:
			w.min, w.span, w.refusal = uint64(f.Min), uint64(f.Max-f.Min), RefusedOutOfRange
		case ValueEnum:
			w.min, w.span = 1, uint64(len(f.Names)-1) // 0 is "unspecified", which a producer leaves out instead
		case ValueBool:
			w.span = 1
		case ValueCountry:
			w.span = 1<<10 - 1
		}
		if f.Bit == FieldV {
			w.refusal = RefusedVersion
		}
		by[f.tag()] = w
	}
	return by
}

// tag is what stands before the field's value: its number and wire type.
func (f *Field) tag() uint64 {
	wire := uint64(wireVarint)
	if f.Value == ValueHex {
		wire = wireBytes
	}
	return uint64(f.Number())<<3 | wire
}

// message reads the one message that b is. It is stricter than Protobuf, in which a field may come again, a number may be
// written longer than it is, and what is unknown is kept or passed over.
func (e *Event) message(b []byte) (r Refusal) {
	var has Fields // in a register: each field waits for the one before
	for p := 0; p < len(b); {
		w, value := &wireForms[b[p]], p+1
		if b[p] >= 0x80 {
			if value >= len(b) || b[value] != 1 {
				return strangeTag(b, p, has)
			}
			value++
		}
		if w.bit&^has == 0 {
			return strangeTag(b, p, has)
		}
		has |= w.bit
		if value >= len(b) {
			return RefusedSyntax
		}
		n := uint64(b[value])
		if p = value + 1; n >= 0x80 {
			if n, p, r = varint(b, value); r != Accepted {
				return r
			}
		}
		if n-w.min > w.span {
			return w.outside(n, len(b)-p)
		}
		switch to := unsafe.Add(unsafe.Pointer(e), w.offset); w.put {
		case put8:
			*(*uint8)(to) = uint8(n)
		case put16:
			*(*uint16)(to) = uint16(n)
		case put32:
			*(*uint32)(to) = uint32(n)
		case put64:
			*(*uint64)(to) = n
		case putBool:
			e.True |= w.bit * Fields(n)
		case putCountry:
			code := countryOf(n)
			if !isCountry(code[0], code[1]) {
				return RefusedBadValue
			}
			*(*[2]byte)(to) = code
		case putHash, putID, putAccount:
			if len(b)-p < int(n) {
				return RefusedSyntax
			}
			if !w.putBytes(to, b[p:p+int(n)]) {
				return RefusedReserved
			}
			p += int(n)
		}
	}
	e.Has = has
	return Accepted
}

// putBytes puts the 8 or 16 bytes b. It tells whether they may stand there.
func (w *wireForm) putBytes(to unsafe.Pointer, b []byte) bool {
	if w.put == putHash {
		*(*uint64)(to) = binary.BigEndian.Uint64(b)
		return true
	}
	*(*[16]byte)(to) = [16]byte(b)
	return w.put != putAccount || !isReserved(binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:]))
}

// outside says why n, before which rest bytes are left, is outside the range.
func (w *wireForm) outside(n uint64, rest int) Refusal {
	if w.put >= putHash && n > uint64(rest) {
		return RefusedSyntax
	}
	return w.refusal
}

// strangeTag says why the tag at p is not one that may follow the fields that were read.
func strangeTag(b []byte, p int, has Fields) Refusal {
	n, _, r := varint(b, p)
	number, wire := n>>3, n&7
	switch {
	case r != Accepted:
		return r
	case number == 0 || number > largestNumber || wire == wireGroupEnd || wire > wireLast:
		return RefusedSyntax
	case number > uint64(len(fields)):
		return RefusedUnknownField
	case has.Any(1 << (number - 1)):
		return RefusedDuplicateField
	case wire == wireGroup:
		return RefusedNesting
	}
	return RefusedBadValue // another wire type than the field's
}

// varint reads a number in base 128 of at most 64 bits, which must not be longer than it needs to be.
func varint(b []byte, p int) (n uint64, end int, r Refusal) {
	for shift := 0; shift < 63 && p < len(b); shift += 7 {
		c := b[p]
		p++
		n |= uint64(c&0x7f) << (shift & 63)
		if c < 0x80 {
			if c == 0 && shift > 0 {
				return 0, p, RefusedNumber
			}
			return n, p, Accepted
		}
	}
	switch { // either b ends here, or nine bytes gave 63 bits and the tenth has the last
	case p >= len(b) || b[p] > 1:
		return 0, p, RefusedSyntax
	case b[p] == 0:
		return 0, p, RefusedNumber
	}
	return n | 1<<63, p + 1, Accepted
}

// countryNumber is the number of a country in Protobuf: five bits for each letter, of which A is 1.
func countryNumber(code [2]byte) uint64 { return uint64(code[0]-'A'+1)<<5 | uint64(code[1]-'A'+1) }

// countryOf is the other way.
func countryOf(n uint64) [2]byte { return [2]byte{byte(n>>5) + 'A' - 1, byte(n&31) + 'A' - 1} }

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
		dst = binary.AppendUvarint(dst, f.tag())
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
