package evaluate

import (
	"cmp"
	"slices"

	"github.com/unopened/unopened/features"
	"github.com/unopened/unopened/models"
)

// ways are how a feature can separate by itself. That abusive accounts have a greater least value is none, nor is a lesser
// greatest one: they count from the begin of their abuse on, so they have less time in which to reach either.
var ways = []struct {
	extreme, speaks string
	place           int // in the watch's extremes
	sign            float64
}{{"greatest", "more is worse", 0, 1}, {"least", "less is worse", 1, -1}}

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
			for _, way := range ways {
				auc := Number(r.rankBy(who, func(i int32) float64 {
					return way.sign * float64(r.extremes[(int(i)*2+way.place)*n+f])
				}).Marks(nil).AUC)
				if auc > best.AUC {
					best.AUC, best.Extreme, best.Speaks = auc, way.extreme, way.speaks
				}
			}
			all = append(all, best)
		}
		slices.SortStableFunc(all, func(a, b FeatureRanking) int { return cmp.Compare(b.AUC, a.AUC) })
		r.report.Features = append(r.report.Features, all...)
	}
}
