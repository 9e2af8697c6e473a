package ingest

import (
	"encoding/binary"
	"math/bits"
)

// hexValue reads a string of exactly the field's number of lower-case hexadecimal digits.
func hexValue(ev *Event, b []byte, p, field int) (int, Refusal) {
	digits := fields[field].Digits
	end := p + 1 + digits
	if end >= len(b) || b[p] != '"' || b[end] != '"' {
		return p, fault(b, p)
	}
	high, ok := hex16(b[p+1:])
	if digits == 16 {
		if !ok {
			return p, fault(b, p)
		}
		ev.setNumber(field, int64(high))
		return end + 1, Accepted
	}
	low, ok2 := hex16(b[p+17:])
	if !ok || !ok2 {
		return p, fault(b, p)
	}
	id := at[[16]byte](ev, field)
	binary.BigEndian.PutUint64(id[:8], high)
	binary.BigEndian.PutUint64(id[8:], low)
	if Fields(1)<<field&actorTarget != 0 && isReserved(high, low) {
		return p, RefusedReserved
	}
	return end + 1, Accepted
}

// isReserved tells whether the halves of an account's pseudonym mean something else: zero is none, and those of places
// are ours (see DeviceSubject).
func isReserved(high, low uint64) bool { return high|low == 0 || high>>8 == placePrefix }

// hex16 reads 16 lower-case hexadecimal digits, big endian.
func hex16(b []byte) (v uint64, ok bool) {
	high, ok1 := hex8(binary.LittleEndian.Uint64(b))
	low, ok2 := hex8(binary.LittleEndian.Uint64(b[8:]))
	return uint64(high)<<32 | uint64(low), ok1 && ok2
}

// hex8 reads eight digits at once, one in each byte of x, the first in the lowest. Digits are 0x30–0x39, letters
// 0x61–0x66; bit 6 tells them apart. A nibble n is right when n+6 carries out of four bits for letters only.
func hex8(x uint64) (v uint32, ok bool) {
	const ones = 0x0101010101010101
	letter := x >> 6 & ones
	nibbles := x&(0x0f*ones) + 9*letter
	wrong := x&(0xf0*ones) ^ (0x30*ones + 0x30*letter)
	wrong |= nibbles & (0x10 * ones)
	wrong |= ((nibbles+6*ones)>>4 ^ letter) & ones
	pairs := (nibbles<<4 | nibbles>>8) & 0x00ff00ff00ff00ff
	pairs = (pairs | pairs>>8) & 0x0000ffff0000ffff
	return bits.ReverseBytes32(uint32(pairs | pairs>>16)), wrong == 0
}
