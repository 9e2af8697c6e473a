package sketch

import (
	"math"
	"math/rand/v2"
	"testing"
)

// overlapping returns two sets of n items of which so many are in both.
func overlapping(r *rand.Rand, n, both int) (a, b MinHash) {
	for i := range n {
		x := r.Uint64()
		a.Add(x)
		if i >= both {
			x = r.Uint64()
		}
		b.Add(x)
	}
	return a, b
}

// TestResemblanceWithinTheory holds estimates of J over many sets against its mean and its standard error, and each band
// and any three of them against the probability of a collision.
func TestResemblanceWithinTheory(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	const rounds = 8000
	for _, c := range []struct{ n, both int }{{10, 0}, {10, 2}, {40, 20}, {40, 36}, {300, 150}, {40, 40}} {
		j := float64(c.both) / float64(2*c.n-c.both)
		var mean, square, thrice float64
		var each [minima]float64
		for range rounds {
			a, b := overlapping(r, c.n, c.both)
			got := resemblance(&a, &b)
			mean, square = mean+got/rounds, square+(got-j)*(got-j)/rounds
			bands := b.Bands()
			for i, band := range a.Bands() {
				if band == bands[i] {
					each[i] += 1.0 / rounds
				}
			}
			if got >= 0.75 {
				thrice += 1.0 / rounds
			}
		}
		off, se := math.Sqrt(square), math.Sqrt(j*(1-j)/minima)
		t.Logf("J %.3f: mean %.3f, standard error %.3f (theory %.3f), bands %.3f", j, mean, off, se, each)
		margin := 4*math.Sqrt(j*(1-j)/rounds) + 1e-9
		if math.Abs(mean-j) > margin || math.Abs(off-se) > 0.05*se+1e-9 {
			t.Errorf("J %.3f: beyond the theory", j)
		}
		for i, got := range each {
			if math.Abs(got-j) > margin {
				t.Errorf("J %.3f: band %d collides with %.3f", j, i, got)
			}
		}
		if want := j*j*j*j + 4*j*j*j*(1-j); math.Abs(thrice-want) > 4*math.Sqrt(want*(1-want)/rounds)+1e-9 {
			t.Errorf("J %.3f: three bands collide with %.3f, want %.3f", j, thrice, want)
		}
	}
}

// TestMinHashSlides holds the signature and what is said to change of it against sets kept whole.
func TestMinHashSlides(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	var m MinHash
	var now, before []uint64
	changes := 0
	for range 5000 {
		last := m.Bands()
		var changed uint8
		if r.IntN(30) == 0 {
			changed = m.Renew()
			now, before = nil, now
		} else {
			x := r.Uint64()
			changed = m.Add(x)
			now = append(now, x)
			again := m
			if again.Add(x) != 0 || again != m {
				t.Fatal("the same item again changes the signature")
			}
		}
		var whole MinHash
		for _, x := range append(before[:len(before):len(before)], now...) {
			whole.Add(x)
		}
		bands := m.Bands()
		if bands != whole.Bands() {
			t.Fatalf("bands %x, of the set itself %x", bands, whole.Bands())
		}
		for i := range bands {
			if (changed>>i&1 != 0) != (bands[i] != last[i]) {
				t.Fatalf("changed %04b, but band %d went from %x to %x", changed, i, last[i], bands[i])
			}
			if bands[i] != last[i] {
				changes++
			}
		}
	}
	if changes < 500 {
		t.Errorf("%d changes show little", changes)
	}
	var empty MinHash
	if resemblance(&empty, &empty) != 0 || resemblance(&m, &m) != 1 {
		t.Error("the empty set resembles itself, or another does not")
	}
}

func TestMinHashAllocatesNothing(t *testing.T) {
	var m MinHash
	x := uint64(0)
	if n := testing.AllocsPerRun(1000, func() { x += 0x9e3779b97f4a7c15; m.Add(x); m.Bands() }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkMinHashAdd(b *testing.B) {
	var m MinHash
	for i := range b.N {
		m.Add(uint64(i) * 0x9e3779b97f4a7c15)
	}
}

// resemblance returns the estimate of J: the share of places that are equal, with a standard error of
// sqrt(J (1-J) / 4). With the empty set it is 0.
func resemblance(m, other *MinHash) float64 {
	equal, b := 0.0, other.Bands()
	for i, band := range m.Bands() {
		if band != 0 && band == b[i] {
			equal++
		}
	}
	return equal / minima
}
