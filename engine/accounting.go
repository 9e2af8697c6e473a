package engine

import "fmt"

// Equation is a sum by which everything that came is accounted for. It holds when Left equals Right.
type Equation struct {
	Name        string // what the sides are, the role before it
	Left, Right int64
}

// Equations returns the sums that hold at every moment, over any number of crashes, since all that is counted lies in the
// checkpoints with the state. That a record has one dead letter is meant of its place: after a crash a letter may be
// written again, and is then not counted again.
func (s *Stats) Equations() []Equation {
	r, a, d := &s.Split, &s.Sides, &s.Desk
	return []Equation{
		{"split: offsets = fetched + gaps", r.Offsets, r.Fetched + r.Gaps},
		{"split: fetched = accepted + refused + skipped + unseen", r.Fetched, r.Accepted + r.RefusedTotal() + r.Skipped + r.UnseenTotal()},
		{"split: dead letters = refused", r.Letters, r.RefusedTotal()},
		{"score: offsets = sides read + gaps", a.Offsets, a.Read + a.Gaps},
		{"score: sides read = applied + duplicate + late + control + stamps + refused", a.Read,
			a.Applied + a.Duplicate + a.Late + a.Control + a.Stamps + a.Refused},
		{"score: dead letters = late + refused", a.Letters, a.Late + a.Refused},
		{"desk: offsets = candidates read + gaps", d.Offsets, d.Read + d.Gaps},
		{"desk: candidates read = taken + duplicate + refused", d.Read, d.Taken + d.Duplicate + d.Refused},
		{"desk: dead letters = refused", d.Letters, d.Refused},
	}
}

// Unbalanced names each equation that does not hold, with its two sides; nil is the only right answer.
func (s *Stats) Unbalanced() []string { return Unequal(s.Equations()) }

// Unequal names each of the equations that does not hold, with its two sides.
func Unequal(equations []Equation) (wrong []string) {
	for _, e := range equations {
		if e.Left != e.Right {
			wrong = append(wrong, fmt.Sprintf("%s: %d and %d", e.Name, e.Left, e.Right))
		}
	}
	return wrong
}
