package evaluate

import (
	"math"
	"time"

	"github.com/unopened/unopened/models"
)

// ages cuts the accounts by their age at their greatest score; who could not be assessed is in none.
func (r *reckoner) ages(h models.Harm) []Slice {
	out := make([]Slice, len(ages)) // the intervals keep the places of its estimates
	for band := range ages {
		who := r.population(h, func(i int32) bool { return r.lives[i].assessed>>h&1 != 0 && int(r.lives[i].band[h]) == band })
		recall, fpr := share(who, r.positive, r.reaches(h)), share(who, r.negative, r.reaches(h))
		out[band] = Slice{Name: ages[band].name, Positives: recall.Of, Negatives: fpr.Of, Recall: &recall, FPR: &fpr}
		r.marks(r.rankBy(who, func(i int32) float64 { return r.lives[i].best[h] }), &out[band].AUC, &out[band].AP)
	}
	return out
}

// byWindow cuts the time, ranks the accounts that turned to others in a window by their greatest margin in it, and applies
// each window's threshold to the next.
func (r *reckoner) byWindow(h models.Harm, out *Harm) {
	out.Windows = make([]Slice, r.Windows) // the intervals keep the places of its estimates
	out.Worst = &Worst{Number(math.NaN()), Number(math.NaN())}
	threshold := math.Inf(1)
	for window := range r.Windows {
		margin := func(i int32) float64 {
			return float64(r.windows[(int(i)*r.Windows+window)*models.Harms+int(h)])
		}
		who := r.population(h, func(i int32) bool { return r.lives[i].active>>window&1 != 0 })
		s := &out.Windows[window]
		s.Name = r.windowName(window)
		m := r.marks(r.rankBy(who, margin), &s.AUC, &s.AP)
		over := share(who, r.negative, func(i int32) bool { return margin(i) >= threshold })
		s.Negatives, s.Positives = over.Of, len(who)-over.Of
		if window > 0 {
			out.Drift = append(out.Drift, driftOf(out.Windows[window-1].Name, s.Name, over, threshold))
		}
		threshold = m.Threshold[len(Nominal)-1]
		out.Worst.take(s)
	}
}

// driftOf tells what a threshold gave; nothing where there was none.
func driftOf(from, to string, over Share, threshold float64) Drift {
	d := Drift{From: from, To: to, Nominal: Number(Nominal[len(Nominal)-1]), Realised: over, Ratio: over.Value / Number(Nominal[len(Nominal)-1])}
	if math.IsInf(threshold, 1) {
		d.Realised, d.Ratio = Share{Of: over.Of, Value: Number(math.NaN()), Low: Number(math.NaN()), High: Number(math.NaN())}, Number(math.NaN())
	}
	return d
}

// take keeps the least.
func (w *Worst) take(s *Slice) {
	if s.AUC.Value.Known() && !(w.AUC <= s.AUC.Value) {
		w.AUC = s.AUC.Value
	}
	if s.AP.Value.Known() && !(w.AP <= s.AP.Value) {
		w.AP = s.AP.Value
	}
}

// windowName is when a window begins, as people and machines read it.
func (r *reckoner) windowName(window int) string {
	n := int64(r.Windows)
	return time.UnixMilli(r.First + (r.Last-r.First+1)*int64(window)/n).UTC().Format("2006-01-02T15:04Z")
}
