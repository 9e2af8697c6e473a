package evaluate

import (
	"cmp"
	"slices"

	"github.com/unopened/unopened/features"
	"github.com/unopened/unopened/models"
)

// features rank every harm by every feature alone.
func (r *reckoner) features() {
	n := len(features.Catalogue)
	for h := range models.Harm(models.Harms) {
		if r.report.Harms[h].Positives == 0 {
			continue
		}
		who := r.population(h, nil)
		var all []FeatureRanking
		for f := range features.Catalogue {
			best := FeatureRanking{Harm: h.String(), Feature: features.Catalogue[f].Name}
			for extreme, name := range []string{"greatest", "least"} {
				auc := r.rankBy(who, func(i int32) float64 { return float64(r.extremes[(int(i)*2+extreme)*n+f]) }).Marks(nil).AUC
				less := r.rankBy(who, func(i int32) float64 { return -float64(r.extremes[(int(i)*2+extreme)*n+f]) }).Marks(nil).AUC
				if Number(auc) > best.AUC {
					best.AUC, best.Extreme, best.Speaks = Number(auc), name, "more is worse"
				}
				if Number(less) > best.AUC {
					best.AUC, best.Extreme, best.Speaks = Number(less), name, "less is worse"
				}
			}
			all = append(all, best)
		}
		slices.SortStableFunc(all, func(a, b FeatureRanking) int { return cmp.Compare(b.AUC, a.AUC) })
		r.report.Features = append(r.report.Features, all...)
	}
}
