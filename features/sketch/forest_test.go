package sketch

import (
	"math/rand/v2"
	"testing"
)

// TestForestAgainstLabels unites at random, and holds every set against labels that are all rewritten each time.
func TestForestAgainstLabels(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	const n = 400
	f, labels := make(Forest, n), make([]uint32, n)
	for i := range labels {
		labels[i] = uint32(i)
	}
	for range 600 {
		a, b := r.Uint32N(n), r.Uint32N(n)
		f.Union(a, b)
		for i, from := 0, labels[b]; i < n; i++ {
			if labels[i] == from {
				labels[i] = labels[a]
			}
		}
		sizes := map[uint32]int{}
		for _, label := range labels {
			sizes[label]++
		}
		x := r.Uint32N(n)
		for y := range uint32(n) {
			if (f.Find(x) == f.Find(y)) != (labels[x] == labels[y]) {
				t.Fatalf("%d and %d: in one set or not", x, y)
			}
			if f.Size(y) != sizes[labels[y]] {
				t.Fatalf("the set of %d has %d, want %d", y, f.Size(y), sizes[labels[y]])
			}
		}
	}
}

// depth is how many steps lie between id and its root.
func depth(f Forest, id uint32) (steps int) {
	for ; f[id] > 0; id = uint32(f[id] - 1) {
		steps++
	}
	return steps
}

// TestForestStaysFlat: union by size keeps every path within log2 n, and finding halves it.
func TestForestStaysFlat(t *testing.T) {
	const n = 1 << 12
	f := make(Forest, n)
	for step := uint32(1); step < n; step *= 2 { // pairs of equal sets, the worst there is
		for i := uint32(0); i < n; i += 2 * step {
			f.Union(i, i+step)
		}
	}
	deepest := uint32(0)
	for i := range uint32(n) {
		if depth(f, i) > depth(f, deepest) {
			deepest = i
		}
	}
	before := depth(f, deepest)
	f.Find(deepest)
	if after := depth(f, deepest); before > 12 || before < 3 || after > (before+1)/2 {
		t.Errorf("the deepest path has %d steps, and %d once it was walked", before, after)
	}
	if n := testing.AllocsPerRun(100, func() { f.Union(3, 5); f.Find(7); f.Size(9) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
