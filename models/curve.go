package models

import (
	"errors"
	"fmt"
	"math"

	"github.com/unopened/unopened/features"
)

// curveSpec is a curve as an artefact writes it.
type curveSpec struct {
	Feature string       `json:"feature"`
	Log1p   bool         `json:"log1p,omitempty"` // interpolate over log(1+x), for counts; Points stay in x
	Points  [][2]float64 `json:"points"`          // [x, y], x rising; before the first and after the last y stays
}

// curve is a piecewise-linear function of one feature.
type curve struct {
	feature int
	log     bool
	first   float64 // the feature's value at the first and last knots
	last    float64
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
		c.knots = append(c.knots, knot{x: c.scale(p[0]), y: p[1]})
	}
	for i := range n - 1 {
		from, to := &c.knots[i], &c.knots[i+1]
		from.slope = (to.y - from.y) / (to.x - from.x)
	}
	return c, nil
}

// scale puts x on the scale of interpolation.
func (c *curve) scale(x float64) float64 {
	if c.log {
		return math.Log1p(x)
	}
	return x
}

// at reads the feature and returns the curve's y there; false where the feature is unknown. The conversion to
// float64 keeps the compiler from fusing the sum with the caller's, which would break exact explanations (Go
// specification, "Floating-point operators").
func (c *curve) at(v *features.Vector) (float64, bool) {
	x := float64(v.X[c.feature])
	switch {
	case x <= c.first:
		return c.knots[0].y, true
	case x >= c.last:
		return c.knots[len(c.knots)-1].y, true
	case x != x:
		return 0, false
	}
	x = c.scale(x)
	i := 0
	for i < len(c.knots)-2 && x >= c.knots[i+1].x {
		i++
	}
	k := &c.knots[i]
	return float64(k.y + float64(k.slope*(x-k.x))), true
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
