package sketch

import "math/bits"

// minima is how many hashes a MinHash has.
const minima = 4

// MinHash is a signature of the set of items that came in this period or the one before (Broder: "On the resemblance and
// containment of documents", 1997): under each of four hashes the item that comes first. The same place in two signatures
// is equal with the probability J = |A ∩ B| / |A ∪ B| of their sets. Accounts in lockstep have the same items: targets
// together with the time in steps (CopyCatch: Beutel et al., WWW 2013; SynchroTrap: Cao et al., CCS 2014). First is who has the
// greatest hash, so that the zero MinHash is that of the empty set.
type MinHash struct{ now, before [minima]uint32 }

// minKeys are odd numbers without a pattern (splitmix64 from 1 on); the secret is in the items.
var minKeys = [minima][2]uint64{
	{0x910a2dec89025cc1, 0xbeeb8da1658eec67},
	{0xf893a2eefb32555f, 0x71c18690ee42c90b},
	{0x71bb54d8d101b5b9, 0xc34d0bff90150281},
	{0xe099ec6cd7363ca5, 0x85e7bb0f12278575},
}

// Add puts an item into the set and returns a bit for each place of the signature that changed. The item must be as good
// as random for everybody outside, as Mix(key, target, hour) is.
func (m *MinHash) Add(item uint64) (changed uint8) {
	for i, key := range minKeys {
		hi, lo := bits.Mul64(item^key[0], key[1])
		if v := max(1, uint32(hi^lo)); v > m.now[i] {
			if v > m.before[i] {
				changed |= 1 << i
			}
			m.now[i] = v
		}
	}
	return changed
}

// Renew begins a new period: the items of the one before the last are forgotten. It returns a bit for each place of the
// signature that changed.
func (m *MinHash) Renew() (changed uint8) {
	for i := range m.now {
		if m.before[i] > m.now[i] {
			changed |= 1 << i
		}
	}
	m.now, m.before = [minima]uint32{}, m.now
	return changed
}

// Bands returns the signature as keys of four indexes in one, to find candidates by (locality-sensitive hashing): two
// sets share a given one with probability J, three of the four with J^4 + 4 J^3 (1-J). The empty set has 0.
func (m *MinHash) Bands() (bands [minima]uint64) {
	for i := range m.now {
		if v := max(m.now[i], m.before[i]); v != 0 {
			bands[i] = uint64(i+1)<<32 | uint64(v)
		}
	}
	return bands
}
