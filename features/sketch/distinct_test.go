package sketch

import (
	"math"
	"math/rand/v2"
	"testing"
)

// sketched counts n random digests.
func sketched(r *rand.Rand, n int) (d Distinct) {
	for range n {
		d.Add(r.Uint32())
	}
	return d
}

// TestDistinctWithinTheory holds the error over many seeds against the paper's, 1.04/sqrt(m). Where most registers are
// full it grows.
func TestDistinctWithinTheory(t *testing.T) {
	theory := 1.04 / math.Sqrt(registers)
	for _, c := range []struct {
		n, seeds int
		times    float64 // the theory's error
	}{{17, 2000, 1.05}, {50, 2000, 1.05}, {100, 2000, 1.05}, {500, 2000, 1.05}, {5_000, 1000, 1.1}, {100_000, 200, 1.15}, {1_000_000, 60, 1.25}, {5_000_000, 20, 2.5}} {
		var bias, square, worst float64
		for seed := range c.seeds {
			d := sketched(rand.New(rand.NewPCG(uint64(seed), uint64(c.n))), c.n)
			off := float64(d.Count())/float64(c.n) - 1
			bias, square, worst = bias+off/float64(c.seeds), square+off*off/float64(c.seeds), max(worst, math.Abs(off))
		}
		off := math.Sqrt(square)
		t.Logf("%9d distinct, %4d seeds: mean %+.4f, standard error %.4f (theory %.4f), worst %.3f", c.n, c.seeds, bias, off, theory, worst)
		if off > c.times*theory || math.Abs(bias) > 0.02+3*off/math.Sqrt(float64(c.seeds)) || worst > 6*theory {
			t.Errorf("%d distinct: beyond the theory", c.n)
		}
	}
}

func TestDistinctExactThenGrowing(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	var d Distinct
	for n := 1; n <= 3000; n++ {
		x := r.Uint32()
		d.Add(x)
		once := d
		if d.Add(x); d != once || !d.Valid() {
			t.Fatalf("%d: the same digest again changes it", n)
		}
		got := float64(d.Count())
		if n <= exact && got != float64(n) || n > exact && got <= exact || math.Abs(got/float64(n)-1) > 0.5 {
			t.Fatalf("%d distinct are counted as %v", n, got)
		}
	}
	if d.size = exact + 2; d.Valid() {
		t.Error("a size that cannot be is taken for valid")
	}
}

// TestDistinctFull has every register full, which 5 million digests do not reach: a number, not infinity.
func TestDistinctFull(t *testing.T) {
	d := Distinct{size: exact + 1}
	for i := range d.regs {
		d.regs[i] = math.MaxUint32
	}
	if got := float64(d.Count()); !(got > 5_000_000) {
		t.Errorf("full at %v", got)
	}
}

// TestOrderDoesNotMatter counts the same items, with repeats, forwards and backwards: lists and registers.
func TestOrderDoesNotMatter(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	for range 3000 {
		n, m := r.IntN(40), r.IntN(40)
		items := make([]uint32, n+m)
		for i := range items {
			items[i] = r.Uint32N(30) * 0x9e3779b1
		}
		var both, turned Distinct
		for i, x := range items {
			both.Add(x)
			turned.Add(items[len(items)-1-i])
		}
		if turned.Count() != both.Count() || both.size > exact && turned != both {
			t.Fatalf("the order of %d items matters", n+m)
		}
	}
}

func TestRemove(t *testing.T) {
	var d, want Distinct
	for _, x := range []uint32{5, 6, 7} {
		d.Add(x)
	}
	if !d.Remove(6) || d.Remove(9) {
		t.Error("6 was there, 9 was not")
	}
	want.Add(5)
	want.Add(7)
	if d != want || d.Count() != 2 || !d.Valid() {
		t.Errorf("left %v", d)
	}
}

func TestDistinctAllocatesNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	var d Distinct
	if n := testing.AllocsPerRun(1000, func() { d.Add(r.Uint32()); d.Count() }); n > 0 { // a count too, beside the update
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkDistinctCount(b *testing.B) {
	d := sketched(rand.New(rand.NewPCG(4, 4)), 1000)
	for b.Loop() {
		d.Count()
	}
}
