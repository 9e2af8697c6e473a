package models

import (
	"math"

	"github.com/unopened/unopened/features"
	"github.com/unopened/unopened/ingest"
)

// Scorer scores with the models of a Set. It holds room for what they compute, so it belongs to one goroutine.
type Scorer struct {
	set *Set
	ys  []float64
}

// Scorer returns a Scorer of the set.
func (s *Set) Scorer() *Scorer { return &Scorer{s, make([]float64, len(s.curves.resting))} }

// Score writes each harm's score into out. It allocates nothing.
func (s *Scorer) Score(v *features.Vector, out *[Harms]Score) {
	s.set.curves.read(v, s.ys)
	seen := v.Seen &^ s.set.never
	for h := range s.set.chains {
		s.set.chains[h].score(v, s.ys, seen, &out[h])
	}
	for h := range out { // apart, since the processor takes exponentials that do not wait for each other at once
		if out[h].Assessable {
			out[h].Value = s.set.chains[h].calibration.score(out[h].Margin)
		}
	}
}

// Explain appends the harm's contributions to dst, in order; added in that order they are the margin exactly. It
// appends nothing where the harm is off or not assessable: then there is no margin.
func (s *Scorer) Explain(h Harm, v *features.Vector, dst []Reason) []Reason {
	c := &s.set.chains[h]
	if c.off || c.missing(v.Seen&^s.set.never) != 0 {
		return dst
	}
	s.set.curves.read(v, s.ys)
	margin := 0.0
	for i := range c.links {
		l := &c.links[i]
		ys := s.ys[l.from:l.to]
		dst = l.Explain(v, ys, margin, dst)
		margin = l.Margin(v, ys, margin)
	}
	return dst
}

// Score scores one vector; who has many keeps a Scorer.
func (s *Set) Score(v *features.Vector, out *[Harms]Score) { s.Scorer().Score(v, out) }

// Explain explains one vector's score; who has many keeps a Scorer.
func (s *Set) Explain(h Harm, v *features.Vector, dst []Reason) []Reason {
	return s.Scorer().Explain(h, v, dst)
}

// score writes the chain's answer without its Value. seen is the fields that the account's acts gave.
func (c *chain) score(v *features.Vector, ys []float64, seen ingest.Fields, out *Score) {
	*out = Score{Off: c.off}
	if c.off {
		return
	}
	if out.Missing = c.missing(seen); out.Missing != 0 {
		return
	}
	margin := 0.0
	for i := range c.links {
		l := &c.links[i]
		margin = l.Margin(v, ys[l.from:l.to], margin)
	}
	out.Margin, out.Assessable = margin, true
}

// score calibrates a margin.
func (c Calibration) score(margin float64) float64 {
	return 1 / (1 + math.Exp(-(c.Slope*margin + c.Offset)))
}
