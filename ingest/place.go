package ingest

import (
	"encoding/binary"
	"math/bits"
)

// placePrefix begins the SubjectID of every device and network: 0xff, "place", 0xff. The decoders refuse an account's
// pseudonym that begins so ("reserved"), hence no account can be taken for a place. The first 7 bytes of an honest
// HMAC are these once in 2^56.
const placePrefix = 0xff706c616365ff

// DeviceSubject names a device by the keyed hash that the contract's field "device" has: the prefix of places, the
// letter d, and the hash, big endian.
func DeviceSubject(hash uint64) SubjectID { return place('d', hash) }

// NetworkSubject names a network by the contract's field "network": as DeviceSubject with the letter n.
func NetworkSubject(hash uint64) SubjectID { return place('n', hash) }

// GroupSubject names a group of accounts in lockstep: as DeviceSubject with the letter g and a hash that features make.
func GroupSubject(hash uint64) SubjectID { return place('g', hash) }

func place(letter byte, hash uint64) (s SubjectID) {
	binary.BigEndian.PutUint64(s[:8], placePrefix<<8|uint64(letter))
	binary.BigEndian.PutUint64(s[8:], hash)
	return s
}

// PartitionOf returns which of n partitions holds a subject. It never changes: checkpoints and logs rest on it. The
// two halves are folded and mixed by two rounds of multiply and shift (constants of MurmurHash3's finaliser, Appleby
// 2008), and the product with n is reduced by its high word (Lemire 2019), so that places spread as accounts do.
func PartitionOf(s SubjectID, n int) int {
	h := binary.LittleEndian.Uint64(s[:8]) ^ bits.RotateLeft64(binary.LittleEndian.Uint64(s[8:])*0x9e3779b97f4a7c15, 31)
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
	high, _ := bits.Mul64(h^h>>33, uint64(n))
	return int(high)
}

// PartitionsMeet tells whether some subject can be in partition i of n and in partition j of m: PartitionOf cuts one
// range into equal parts.
func PartitionsMeet(i, n, j, m int) bool { return i*m < (j+1)*n && j*n < (i+1)*m }
