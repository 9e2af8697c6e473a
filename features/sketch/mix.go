package sketch

import "math/bits"

// Mix is a keyed hash of two numbers: both halves of the product of each under its part of the key, folded (as wyhash
// does). Its bits are as good as random for who does not know the key.
func Mix(key [2]uint64, a, b uint64) uint64 {
	hi, lo := bits.Mul64(a^key[0], b^key[1])
	return hi ^ lo
}
