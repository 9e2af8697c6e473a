package features

import (
	"math"
	"slices"
)

// Catalogue is every feature, in the order of each Vector. A family is one file; a feature is one Def in it.
var Catalogue = slices.Concat(
	volumeDefs, rhythmDefs, lifecycleDefs, outreachDefs, targetsDefs, consentDefs, agegapDefs,
	escalationDefs, feedbackDefs, lockstepDefs, takeoverDefs,
)

// family names the family of its Defs.
func family(name string, defs ...Def) []Def {
	for i := range defs {
		defs[i].Family = name
	}
	return defs
}

// shrunk returns the share part/whole drawn towards prior by the weight of one observation, so that a share of few
// says little; NaN where there is nothing to take a share of.
func shrunk(part, whole, prior float32) float32 {
	if whole == 0 {
		return nan
	}
	return min(1, (part+prior)/(whole+1))
}

// logRatio returns ln((a+1)/(b+1)).
func logRatio(a, b float32) float32 {
	return float32(math.Log(float64(a+1) / float64(b+1)))
}
