package evaluate

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"
)

// TestWilsonAsPublished holds the intervals of Newcombe (1998, Statistics in Medicine 17, table I, method 3).
func TestWilsonAsPublished(t *testing.T) {
	for _, test := range []struct {
		hits, of  int
		low, high float64
	}{{81, 263, 0.2553, 0.3662}, {15, 148, 0.0624, 0.1605}, {0, 20, 0, 0.1611}, {1, 29, 0.0061, 0.1718}} {
		low, high := Wilson(test.hits, test.of)
		if math.Abs(low-test.low) > 5e-5 || math.Abs(high-test.high) > 5e-5 {
			t.Errorf("%d of %d: %.4f to %.4f, want %.4f to %.4f", test.hits, test.of, low, high, test.low, test.high)
		}
	}
	for n := range 1000 {
		if low, _ := Wilson(0, n+1); low != 0 {
			t.Errorf("0 of %d begins at %v", n+1, low)
		}
		if _, high := Wilson(n+1, n+1); high != 1 {
			t.Errorf("%d of %[1]d ends at %v", n+1, high)
		}
	}
	if low, _ := Wilson(0, 0); low == low {
		t.Errorf("of none: %v", low)
	}
}

// TestBootstrapCovers draws many samples of a known distribution: about 95 of 100 intervals must have its median and its
// mean in them. The control is the interval of one draw, which has no width.
func TestBootstrapCovers(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	const samples, size = 300, 80
	covered, narrow := 0, 0
	for range samples {
		x := make([]float64, size)
		for i := range x {
			x[i] = r.ExpFloat64()
		}
		mean := func(weights []uint16) []float64 {
			sum := 0.0
			for i := range x {
				if weights == nil {
					sum += x[i]
				} else {
					sum += x[i] * float64(weights[i])
				}
			}
			return []float64{sum / size}
		}
		var many, one Estimate
		for _, b := range []struct {
			times int
			into  *Estimate
		}{{400, &many}, {1, &one}} {
			var all bootstrap
			all.add(mean, b.into)
			all.run(size, b.times, r.Uint64())
		}
		if many.Low <= 1 && 1 <= many.High {
			covered++
		}
		if one.Low <= 1 && 1 <= one.High {
			narrow++
		}
	}
	if share := float64(covered) / samples; share < 0.88 || share > 0.99 {
		t.Errorf("%.3f of the intervals cover the mean", share)
	}
	if narrow > samples/2 {
		t.Errorf("%d intervals of one draw cover the mean: this test shows nothing", narrow)
	}
}

func TestQuantileOfFew(t *testing.T) {
	values := []counted{{1, 0}, {2, 1}, {2, 2}, {7, 3}}
	for _, test := range []struct {
		weights []uint16
		q, want float64
	}{{nil, 0.5, 2}, {nil, 0.9, 7}, {nil, 0.25, 1}, {[]uint16{5, 1, 0, 0}, 0.5, 1}, {[]uint16{0, 0, 0, 3}, 0.1, 7}} {
		if got := quantile(values, test.weights, test.q); got != test.want {
			t.Errorf("%v of %v: %v, want %v", test.q, test.weights, got, test.want)
		}
	}
	if x := quantile(values, make([]uint16, 4), 0.5); x == x {
		t.Errorf("of nobody: %v", x)
	}
}

func TestNumbersInJSON(t *testing.T) {
	got, err := json.Marshal([]Number{Number(math.NaN()), Number(math.Inf(1)), 1.0 / 3, 0, 1e-9, 1795341600123})
	if want := `[null,null,0.333333,0,0.000000001,1795340000000]`; err != nil || string(got) != want {
		t.Errorf("%s, %v; want %s", got, err, want)
	}
}
