package sketch

import (
	"math"
	"testing"
	"unsafe"
)

// TestCellByHand holds a cell against the papers' formulas, worked out by hand: 1, 3 and 8 in ticks 1, 2 and 4.
func TestCellByHand(t *testing.T) {
	add := func(tick uint32, n int, add func(uint32) float32) (score float32) {
		for range n {
			score = add(tick)
		}
		return score
	}
	var r, f Cell
	filtered := func(tick uint32) float32 { return f.AddF(tick, 1000) }
	for _, c := range []struct {
		tick  uint32
		n     int
		wantR float64 // a = 0.5^k of what was before + n, s = all: (a - s/t)^2 t^2 / (s (t-1))
		wantF float64 // s = what the ends of ticks have left: (a + s - at)^2 / (s (t-1))
	}{
		{1, 1, 0, 0},
		{2, 3, squared(3.5-4./2) * 4 / (4 * 1), squared(3.5+1-7) / (1 * 1)},
		{4, 8, squared(8.875-12./4) * 16 / (12 * 3), squared(8.875+6.25-35.5) / (6.25 * 3)}, // 1 + 3.5 + 1.75
	} {
		if got := add(c.tick, c.n, r.AddR); math.Abs(float64(got)-c.wantR) > 1e-5 {
			t.Errorf("R, tick %d: %v, want %v", c.tick, got, c.wantR)
		}
		if got := add(c.tick, c.n, filtered); math.Abs(float64(got)-c.wantF) > 1e-5 {
			t.Errorf("F, tick %d: %v, want %v", c.tick, got, c.wantF)
		}
	}
}

// TestFilterKeepsTheMean has a long burst: MIDAS-R comes to think it usual, MIDAS-F does not.
func TestFilterKeepsTheMean(t *testing.T) {
	var r, f Cell
	var firstR, firstF, lastR, lastF float32
	for tick := uint32(1); tick <= 200; tick++ {
		n := 1
		if tick > 100 {
			n = 100
		}
		for range n {
			lastR, lastF = r.AddR(tick), f.AddF(tick, 1000)
		}
		if tick == 101 {
			firstR, firstF = lastR, lastF
		}
	}
	if lastR > firstR/2 || lastF < firstF {
		t.Errorf("from the first tick of the burst to the last R went from %v to %v, F from %v to %v", firstR, lastR, firstF, lastF)
	}
}

// TestMidasWithoutCollisionsIsItsCells holds the sketch against cells of the accounts' own.
func TestMidasWithoutCollisionsIsItsCells(t *testing.T) {
	r, f := NewF([2]uint64{3, 4}, 1<<16, 0), NewF([2]uint64{3, 4}, 1<<16, 50)
	var edge, from, to [2]Cell
	for i := range uint32(3000) {
		tick := 1 + i/7 + i/1000*400
		if got, want := r.Add(1, 2, tick), max(edge[0].AddR(tick), from[0].AddR(tick), to[0].AddR(tick)); got != want {
			t.Fatalf("edge %d: R gives %v, cells %v", i, got, want)
		}
		if got, want := f.Add(1, 2, tick), max(edge[1].AddF(tick, 50), from[1].AddF(tick, 50), to[1].AddF(tick, 50)); got != want {
			t.Fatalf("edge %d: F gives %v, cells %v", i, got, want)
		}
	}
}

// TestFourTogetherAsEachAlone holds cells that are swept four at a time against each brought forward alone, to the bit. As
// the control, a tick less makes all of them differ.
func TestFourTogetherAsEachAlone(t *testing.T) {
	for _, ticks := range []uint32{0, 1, 63, 64, 65, 5000} {
		var together, alone, less [4]Cell
		var cells [4]*Cell
		for i := range cells {
			together[i] = Cell{now: 3.25 * float32(i+1), total: 1e4 / float32(3*i+7), last: 50, tick: 9}
			alone[i], less[i], cells[i] = together[i], together[i], &together[i]
			alone[i].forward(9+ticks, 50)
			less[i].forward(8+max(ticks, 1), 50)
		}
		forwardHot(cells, 9+ticks)
		if together != alone {
			t.Errorf("%d ticks: %v, want %v", ticks, together, alone)
		}
		for i := range less {
			if ticks > 0 && less[i] == together[i] {
				t.Errorf("cell %d is the same after %d ticks and one less: this test shows nothing", i, ticks)
			}
		}
	}
}

func TestLateEdgeCountsNow(t *testing.T) {
	late, inTime := NewF([2]uint64{5, 6}, 64, 1000), NewF([2]uint64{5, 6}, 64, 1000)
	for i := range uint32(500) {
		tick, shown := 1+i/5, 1+i/5
		if i%5 > 2 {
			shown = tick / 2 // others of this tick came before
		}
		got, want := late.Add(uint64(i%9), 1, shown), inTime.Add(uint64(i%9), 1, tick)
		if got != want {
			t.Fatalf("edge %d: %v, want %v", i, got, want)
		}
	}
}

// TestOtherKeyCollidesElsewhere: edges found to collide under one key do not under another.
func TestOtherKeyCollidesElsewhere(t *testing.T) {
	column := func(key [2]uint64, source uint64) uint64 { return Mix(key, source, 0) % 1024 }
	a, b := [2]uint64{0x1234567890abcdef, 0xfedcba0987654321}, [2]uint64{0xabcdef1234567890, 0x1f2e3d4c5b6a7988}
	var colliding, still int
	for source := uint64(1); colliding < 300; source++ {
		if column(a, source) == column(a, 0) {
			colliding++
			if column(b, source) == column(b, 0) {
				still++
			}
		}
	}
	if still > 5 {
		t.Errorf("%d of %d collide under the other key", still, colliding)
	}
}

func TestMidasAllocatesNothing(t *testing.T) {
	if size := unsafe.Sizeof(Cell{}); size != 16 {
		t.Errorf("a cell has %d bytes", size)
	}
	m, tick := NewF([2]uint64{7, 8}, 1024, 1000), uint32(1)
	if n := testing.AllocsPerRun(1000, func() { tick++; m.Add(uint64(tick%7), uint64(tick%5), tick) }); n > 0 {
		t.Errorf("%v allocations an edge", n)
	}
}

func BenchmarkMidasF(b *testing.B) {
	m := NewF([2]uint64{7, 8}, 1024, 1000)
	for i := range b.N {
		m.Add(uint64(i%977), uint64(i%613), uint32(1+i/98))
	}
}

func squared(x float64) float64 { return x * x }
