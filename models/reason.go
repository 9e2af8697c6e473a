package models

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/unopened/unopened/features"
)

// ParseHarm returns the harm of that name in the contract.
func ParseHarm(name string) (Harm, bool) {
	i := slices.Index(Names[:], name)
	return Harm(max(i, 0)), i >= 0
}

// MissingNames are the contract's names of the fields whose absence makes a score not assessable.
func MissingNames(s Score) []string { return s.Missing.Names() }

// Top puts the n largest contributions first and returns them, largest first. The bias and contributions of 0 are
// not among them. It reorders reasons and allocates nothing.
func Top(reasons []Reason, n int) []Reason {
	slices.SortStableFunc(reasons, func(a, b Reason) int {
		switch {
		case a.silent() == b.silent():
			return cmp.Compare(b.Contribution, a.Contribution)
		case a.silent():
			return 1
		}
		return -1
	})
	n = min(n, len(reasons))
	for n > 0 && reasons[n-1].silent() {
		n--
	}
	return reasons[:n]
}

// silent tells whether the reason says nothing of the account.
func (r *Reason) silent() bool { return r.Kind == KindBias || r.Contribution == 0 }

// Text is the reason as a sentence.
func Text(r *Reason) string {
	switch r.Kind {
	case KindBias:
		return "where every account starts"
	case KindGate:
		return fmt.Sprintf("%s: %s (%s)", gateState(r), r.Name, fact(r))
	case KindGuard:
		return fmt.Sprintf("hard limit: %s (%s)", r.Name, fact(r))
	}
	return fact(r)
}

// gateState says how far a gate's condition holds.
func gateState(r *Reason) string {
	switch {
	case r.Value != r.Value:
		return "not known whether"
	case r.Contribution == 0:
		return "holds"
	case r.Contribution > -1:
		return "holds in part"
	}
	return "does not hold"
}

// fact is the feature's own sentence.
func fact(r *Reason) string {
	def := &features.Catalogue[r.Feature]
	if r.Value != r.Value {
		return def.Name + " is not known"
	}
	return fmt.Sprintf(def.Reason, r.Value)
}

// FeatureName is the catalogue's name of the feature behind a reason; gates and guards stand on one, too.
func FeatureName(r *Reason) string {
	if r.Feature < 0 {
		return r.Name
	}
	return features.Catalogue[r.Feature].Name
}
