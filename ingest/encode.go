package ingest

import (
	"encoding/binary"
	"encoding/hex"
	"math/bits"
	"strconv"
)

// AppendJSON appends a raw event as the contract's JSON, its fields in the contract's order, and returns the longer
// slice. The event's Has says which fields; a valid event is read back the same by Decode. It does not allocate
// beyond dst.
func AppendJSON(dst []byte, ev *Event) []byte {
	dst = append(dst, `{"v":1`...)
	for has := ev.Has &^ FieldV; has != 0; has &= has - 1 {
		i := bits.TrailingZeros32(uint32(has))
		if i >= len(fields) {
			break
		}
		dst = append(dst, ',')
		dst = append(dst, quoted[i]...)
		dst = appendValue(dst, ev, i)
	}
	return append(dst, '}')
}

// appendValue appends the value of a field.
func appendValue(dst []byte, ev *Event, field int) []byte {
	f := &fields[field]
	switch f.Value {
	case ValueInteger:
		return strconv.AppendInt(dst, ev.number(field), 10)
	case ValueBool:
		return strconv.AppendBool(dst, ev.True.Any(f.Bit))
	}
	dst = append(dst, '"')
	switch f.Value {
	case ValueHex:
		if f.Digits == 32 {
			dst = hex.AppendEncode(dst, at[[16]byte](ev, field)[:])
			break
		}
		var b [8]byte
		binary.BigEndian.PutUint64(b[:], uint64(ev.number(field)))
		dst = hex.AppendEncode(dst, b[:])
	case ValueEnum:
		dst = append(dst, nameOf(f.Names, uint8(ev.number(field)))...)
	case ValueCountry:
		dst = append(dst, at[[2]byte](ev, field)[:]...)
	}
	return append(dst, '"')
}
