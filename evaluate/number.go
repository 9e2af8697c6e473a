package evaluate

import (
	"encoding/json"
	"math"
	"strconv"
)

// Number is a measure: in JSON six significant digits, and null where there is none (NaN, infinite).
type Number float64

// MarshalJSON implements json.Marshaler.
func (n Number) MarshalJSON() ([]byte, error) {
	if !n.Known() {
		return []byte("null"), nil
	}
	x, _ := strconv.ParseFloat(strconv.FormatFloat(float64(n), 'g', 6, 64), 64) // it was just written
	return strconv.AppendFloat(nil, x, 'f', -1, 64), nil
}

// UnmarshalJSON implements json.Unmarshaler: null is no number.
func (n *Number) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		*n = Number(math.NaN())
		return nil
	}
	x, err := strconv.ParseFloat(string(text), 64)
	*n = Number(x)
	return err
}

// Known tells whether there is a measure.
func (n Number) Known() bool { return !math.IsNaN(float64(n)) && !math.IsInf(float64(n), 0) }

// AtNominal has a measure for each of the rates in Nominal; in JSON an object with the rates as names.
type AtNominal[T any] [len(Nominal)]T

// MarshalJSON implements json.Marshaler.
func (a AtNominal[T]) MarshalJSON() ([]byte, error) {
	named := make(map[string]T, len(a))
	for k, rate := range Nominal {
		named[rateName(rate)] = a[k]
	}
	return json.Marshal(named)
}

// UnmarshalJSON implements json.Unmarshaler.
func (a *AtNominal[T]) UnmarshalJSON(data []byte) error {
	var named map[string]T
	err := json.Unmarshal(data, &named)
	for k, rate := range Nominal {
		a[k] = named[rateName(rate)]
	}
	return err
}

// rateName is how JSON names a rate: "0.001".
func rateName(rate float64) string { return strconv.FormatFloat(rate, 'f', -1, 64) }

// Estimate is a measure with its interval of 95 %, found by resampling accounts.
type Estimate struct {
	Value Number `json:"value"`
	Low   Number `json:"low"`
	High  Number `json:"high"`
}

// Share is a share with its interval of 95 % after Wilson.
type Share struct {
	Hits  int    `json:"hits"`
	Of    int    `json:"of"`
	Value Number `json:"value"`
	Low   Number `json:"low"`
	High  Number `json:"high"`
}

// NewShare returns hits of all; a share of none has no value.
func NewShare(hits, of int) Share {
	s := Share{Hits: hits, Of: of, Value: Number(float64(hits) / float64(of))}
	low, high := Wilson(hits, of)
	s.Low, s.High = Number(low), Number(high)
	return s
}

// z95 is the quantile of the normal distribution for an interval of 95 %.
const z95 = 1.959963984540054

// Wilson returns the score interval of 95 % of a binomial share, without correction for continuity (Wilson 1927); NaN of
// nothing.
func Wilson(hits, of int) (low, high float64) {
	if of == 0 {
		return math.NaN(), math.NaN()
	}
	n, p := float64(of), float64(hits)/float64(of)
	centre := p + z95*z95/(2*n)
	reach := z95 * math.Sqrt(p*(1-p)/n+z95*z95/(4*n*n))
	scale := 1 + z95*z95/n
	low, high = (centre-reach)/scale, (centre+reach)/scale
	if hits == 0 {
		low = 0 // which rounding misses
	}
	if hits == of {
		high = 1
	}
	return low, high
}
