package models

import (
	"cmp"
	"math"
	"slices"

	"github.com/unopened/unopened/features"
)

// curves are the curves of all models of a Set, ordered by what they read: a feature that several harms look at is read
// once, and its logarithm taken once. Most features of most accounts do not reach the first point of any curve, which
// costs one comparison.
type curves struct {
	inputs  []input
	resting []float64 // each curve's y before its first point
}

// input is a feature and the curves that read it.
type input struct {
	feature int
	first   float64 // the least of the curves'
	curves  []curve
}

// newCurves orders all, which it keeps. A curve's place is its index before that.
func newCurves(all []curve) *curves {
	c := &curves{}
	for i := range all {
		all[i].place = int32(i)
		c.resting = append(c.resting, all[i].knots[0].y)
	}
	slices.SortStableFunc(all, func(a, b curve) int { return cmp.Compare(a.feature, b.feature) })
	for len(all) > 0 {
		in := input{feature: all[0].feature, first: all[0].first}
		n := 0
		for ; n < len(all) && all[n].feature == in.feature; n++ {
			in.first = min(in.first, all[n].first)
		}
		in.curves, all = all[:n], all[n:]
		c.inputs = append(c.inputs, in)
	}
	return c
}

// read writes each curve's y into its place in ys, which has one for each.
func (c *curves) read(v *features.Vector, ys []float64) {
	copy(ys, c.resting)
	for i := range c.inputs {
		in := &c.inputs[i]
		x := float64(v.X[in.feature])
		if x <= in.first {
			continue
		}
		log := 0.0 // of x, once a curve asks for it: above its first point, x is above 0
		for k := range in.curves {
			c := &in.curves[k]
			switch {
			case x <= c.first:
			case x >= c.last:
				ys[c.place] = c.knots[len(c.knots)-1].y
			case x != x:
				ys[c.place] = c.unknown
			case !c.log:
				ys[c.place] = c.between(x)
			default:
				if log == 0 {
					log = math.Log1p(x)
				}
				ys[c.place] = c.between(log)
			}
		}
	}
}
