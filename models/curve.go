package models

import (
	"errors"
	"fmt"
	"math"
)

// curveSpec is a curve as an artefact writes it.
type curveSpec struct {
	Feature string       `json:"feature"`
	Log1p   bool         `json:"log1p,omitempty"` // interpolate over log(1+x), for counts; Points stay in x
	Points  [][2]float64 `json:"points"`          // [x, y], x rising; before the first and after the last y stays
}

// curve is a piecewise-linear function of one feature. It has the size of a cache line.
type curve struct {
	feature int
	place   int32 // of its y among those of all curves of a Set
	log     bool
	first   float64 // the feature's value at the first and last knots
	last    float64
	unknown float64 // y while the feature is unknown
	knots   []knot
}

// knot is a point of a curve; x lies on the scale of interpolation, slope leads to the next point.
type knot struct{ x, y, slope float64 }

// build checks the curve and finds its feature. at is its place in the file.
func (s *curveSpec) build(uses *usage, at string) (curve, error) {
	feature, err := uses.index(s.Feature, at+"/feature")
	if err != nil {
		return curve{}, err
	}
	n := len(s.Points)
	if n < 2 {
		return curve{}, fmt.Errorf("%s/points: at least two points are needed", at)
	}
	c := curve{feature: feature, log: s.Log1p, first: s.Points[0][0], last: s.Points[n-1][0]}
	for i, p := range s.Points {
		if i > 0 && p[0] <= s.Points[i-1][0] || c.log && p[0] < 0 {
			return curve{}, fmt.Errorf("%s/points/%d: x must rise from point to point (and not be below 0 with log1p)", at, i)
		}
		x := p[0]
		if c.log {
			x = math.Log1p(x)
		}
		c.knots = append(c.knots, knot{x: x, y: p[1]})
	}
	for i := range n - 1 {
		from, to := &c.knots[i], &c.knots[i+1]
		from.slope = (to.y - from.y) / (to.x - from.x)
	}
	return c, nil
}

// between is the curve's y between its first and last points, at x on the scale of interpolation. The conversion to
// float64 keeps the compiler from fusing the product with the sum (Go specification, "Floating-point operators"), which
// would make scores differ from one architecture to the next.
func (c *curve) between(x float64) float64 {
	i := 0
	for i < len(c.knots)-2 && x >= c.knots[i+1].x {
		i++
	}
	k := &c.knots[i]
	return k.y + float64(k.slope*(x-k.x))
}

// notAbove0 returns an error if any y is above 0, as a gate's must not be.
func (c *curve) notAbove0() error {
	for _, k := range c.knots {
		if k.y > 0 {
			return errors.New("a gate only pulls down; no y may be above 0")
		}
	}
	return nil
}
