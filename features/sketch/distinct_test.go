package sketch

import (
	"math/rand/v2"
	"testing"
)

func TestDistinct(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	var d Distinct
	seen := map[uint32]bool{}
	for len(seen) < 500 {
		x := r.Uint32()
		d.Add(x)
		d.Add(x)
		seen[x] = true
		n, got := float32(len(seen)), d.Count()
		if n <= exact && got != n || got < 0.88*n || got > 1.12*n {
			t.Fatalf("%v distinct are counted as %v", n, got)
		}
	}
	for range 100000 {
		d.Add(r.Uint32())
	}
	if got := d.Count(); got != 3194 {
		t.Errorf("full at %v", got)
	}
}

func TestRemove(t *testing.T) {
	var d, want Distinct
	for _, x := range []uint32{5, 6, 7} {
		d.Add(x)
	}
	d.Remove(6)
	d.Remove(9)
	want.Add(5)
	want.Add(7)
	if d != want || d.Count() != 2 || !d.Valid() {
		t.Errorf("left %v", d)
	}
}
