package sketch

import (
	"math"
	"math/bits"
	"slices"
)

const (
	exact     = 16        // items that are kept one by one
	registers = exact * 8 // of four bits, which take over beyond
	highest   = 15        // what a register can hold
)

// Distinct counts distinct digests: exactly up to 16, then in the same 64 bytes by HyperLogLog (Flajolet, Fusy, Gandouet,
// Meunier 2007) with 128 registers of 4 bits and the improved raw estimator of Ertl ("New cardinality estimation
// algorithms for HyperLogLog sketches", 2017), which allows for registers that are full. The standard error is 7 % up to
// 100, 9 % up to a million, where a third of the registers is full, and 14 % at five million. The zero Distinct is empty.
type Distinct struct {
	size uint32        // items in the list; exact+1 once regs are registers
	regs [exact]uint32 // the list, or eight registers each
}

// Add counts a digest, whose bits must be as good as random.
func (d *Distinct) Add(digest uint32) {
	if d.size > exact {
		d.raise(digest)
		return
	}
	switch {
	case slices.Contains(d.regs[:d.size], digest):
	case d.size < exact:
		d.regs[d.size] = digest
		d.size++
	default:
		d.spread()
		d.raise(digest)
	}
}

// spread turns the list into registers.
func (d *Distinct) spread() {
	list := d.regs
	n := d.size
	d.regs, d.size = [exact]uint32{}, exact+1
	for _, digest := range list[:n] {
		d.raise(digest)
	}
}

// raise puts a digest into the register that its low 7 bits name: the place of the first bit set from above, of 14.
func (d *Distinct) raise(digest uint32) {
	rank := min(uint32(bits.LeadingZeros32(digest))+1, highest)
	word, shift := &d.regs[digest%registers/8], digest%8*4
	if rank > *word>>shift&15 {
		*word = *word&^(15<<shift) | rank<<shift
	}
}

// Remove takes a digest out if it is kept by itself, and tells whether it was; registers cannot name any, and keep what
// they have.
func (d *Distinct) Remove(digest uint32) bool {
	if d.size > exact {
		return false
	}
	i := slices.Index(d.regs[:d.size], digest)
	if i < 0 {
		return false
	}
	copy(d.regs[i:], d.regs[i+1:d.size])
	d.size--
	d.regs[d.size] = 0
	return true
}

// weights are what a register adds up to in Count: empty ones from bit 32 on, full ones from bit 48 on, the others 2^-rank
// in units of 2^-14.
var weights = [highest + 1]uint64{
	1 << 32, 1 << 13, 1 << 12, 1 << 11, 1 << 10, 1 << 9, 1 << 8, 1 << 7, 1 << 6, 1 << 5, 1 << 4, 1 << 3, 1 << 2, 1 << 1, 1, 1 << 48,
}

// Count returns the number of distinct digests.
func (d *Distinct) Count() float32 {
	if d.size <= exact {
		return float32(d.size)
	}
	var sum uint64
	for _, word := range d.regs {
		for range 8 {
			sum += weights[word&15]
			word >>= 4
		}
	}
	const unit = 1.0 / (1 << (highest - 1))
	empty, full := float64(sum>>32&0xffff), float64(sum>>48)
	z := float64(uint32(sum))*unit + registers*sigma(empty/registers) + registers*unit*tau(1-full/registers)
	return float32(max(exact+1, math.Round(alpha*registers*registers/z)))
}

// alpha takes the bias of 128 registers away (Flajolet et al.); Ertl's 1/(2 ln 2), for many registers, counts 0.8 % more.
const alpha = 0.7213 / (1 + 1.079/registers)

// sigma is Ertl's correction for registers that are empty, a share x of them: x + x^2 + 2 x^4 + 4 x^8 ...
func sigma(x float64) float64 {
	sum, power := x, 0.5
	for last := -1.0; sum != last; {
		x, power, last = x*x, 2*power, sum
		sum += x * power
	}
	return sum
}

// tau is that for registers that are full, all but a share x of them: a third of 1 - x less the sum of
// (1 - x^(1/2^k))^2 / 2^k.
func tau(x float64) float64 {
	if x == 0 || x == 1 {
		return 0
	}
	sum, power := 1-x, 1.0
	for last := 0.0; sum != last; {
		x, power, last = math.Sqrt(x), power/2, sum
		sum -= (1 - x) * (1 - x) * power
	}
	return sum / 3
}

// Valid tells whether d is a state that Add can lead to, for bytes read back from a disk.
func (d *Distinct) Valid() bool { return d.size <= exact+1 }
