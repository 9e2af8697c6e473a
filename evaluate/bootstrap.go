package evaluate

import (
	"math"
	"math/rand/v2"
	"slices"
)

// bootstrap finds intervals by drawing as many accounts as there are, with replacement, again and again (Efron 1979; the
// interval of percentiles). All statistics see the same draws.
type bootstrap struct {
	statistics []statistic
}

// statistic are some measures that are reckoned together: of the accounts each counted weights[account] times, once
// where weights is nil.
type statistic struct {
	reckon func(weights []uint16) []float64
	into   []*Estimate
	drawn  [][]float64
}

// add takes measures over. Their values are there at once, their intervals after run.
func (b *bootstrap) add(reckon func(weights []uint16) []float64, into ...*Estimate) {
	for i, x := range reckon(nil) {
		*into[i] = Estimate{Number(x), Number(math.NaN()), Number(math.NaN())}
	}
	b.statistics = append(b.statistics, statistic{reckon, into, make([][]float64, len(into))})
}

// run draws times times from a number of accounts. A draw in which a measure has no value (no positive was drawn) does not
// count for it.
func (b *bootstrap) run(accounts, times int, seed uint64) {
	weights := make([]uint16, accounts)
	for t := range times {
		r := rand.New(rand.NewPCG(seed, uint64(t)))
		clear(weights)
		for range accounts {
			weights[r.IntN(accounts)]++
		}
		for i := range b.statistics {
			s := &b.statistics[i]
			for k, x := range s.reckon(weights) {
				if !math.IsNaN(x) && !math.IsInf(x, 0) {
					s.drawn[k] = append(s.drawn[k], x)
				}
			}
		}
	}
	for i := range b.statistics {
		s := &b.statistics[i]
		for k, drawn := range s.drawn {
			slices.Sort(drawn)
			if len(drawn) > 0 && s.into[k].Value.Known() {
				s.into[k].Low, s.into[k].High = Number(between(drawn, 0.025)), Number(between(drawn, 0.975))
			}
		}
	}
}

// between is the quantile q of sorted values, interpolated between the two next to it.
func between(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	i := int(at)
	if i+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}

// counted is a value of an account.
type counted struct {
	value float64
	who   int32
}

// quantile is the least of the sorted values that at least the share q does not exceed; NaN of none.
func quantile(sorted []counted, weights []uint16, q float64) float64 {
	weight := func(c *counted) float64 {
		if weights == nil {
			return 1
		}
		return float64(weights[c.who])
	}
	var all, below float64
	for i := range sorted {
		all += weight(&sorted[i])
	}
	for i := range sorted {
		if below += weight(&sorted[i]); below > 0 && below >= q*all {
			return sorted[i].value
		}
	}
	return math.NaN()
}
