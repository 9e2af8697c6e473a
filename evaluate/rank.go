package evaluate

import (
	"cmp"
	"math"
	"slices"
)

// Nominal are the false-positive rates at which recall is told.
var Nominal = [...]float64{0.001, 0.01}

// Ranking is accounts by descending score. Equal scores are one group, which is flagged as a whole or not at all.
type Ranking struct {
	score    []float64
	positive []bool
	who      []int32
}

// Rank ranks scores; the greater, the worse, and NaN is lowest. who names the place of each in the weights that Marks
// takes; nil where it is that in scores.
func Rank(scores []float64, positive []bool, who []int32) *Ranking {
	order := make([]int32, len(scores))
	for i := range order {
		order[i] = int32(i)
	}
	low := func(x float64) float64 {
		if x != x {
			return math.Inf(-1)
		}
		return x
	}
	slices.SortStableFunc(order, func(a, b int32) int { return cmp.Compare(low(scores[b]), low(scores[a])) })
	r := &Ranking{make([]float64, len(scores)), make([]bool, len(scores)), make([]int32, len(scores))}
	for i, j := range order {
		r.score[i], r.positive[i], r.who[i] = low(scores[j]), positive[j], j
		if who != nil {
			r.who[i] = who[j]
		}
	}
	return r
}

// Marks are what a ranking comes to. NaN where there is no positive or no negative.
type Marks struct {
	AUC float64 // area under the ROC curve: equal scores of a positive and a negative count half
	AP  float64 // average precision: the mean over positives of the precision at their score
	// Recall is the share of positives found where at most the nominal share of negatives is flagged. Thresholds lie
	// between groups, so ties speak against the ranking. Threshold is the least score flagged, +Inf for none.
	Recall    [len(Nominal)]float64
	Threshold [len(Nominal)]float64
}

// Marks reckons the measures with each account counted weights[who] times; once where weights is nil.
func (r *Ranking) Marks(weights []uint16) (m Marks) {
	pos, neg := r.totals(weights)
	for k := range m.Threshold {
		m.Threshold[k] = math.Inf(1)
	}
	var tp, fp, area, sum float64
	for i := 0; i < len(r.score); {
		j, b, g := r.group(i, weights)
		area += g * (tp + b/2)
		tp, fp = tp+b, fp+g
		if b > 0 {
			sum += b * tp / (tp + fp)
		}
		for k, nominal := range Nominal {
			if fp/neg <= nominal && !math.IsInf(r.score[i], -1) {
				m.Recall[k], m.Threshold[k] = tp/pos, r.score[i]
			}
		}
		i = j
	}
	m.AUC, m.AP = area/(pos*neg), sum/pos
	if pos == 0 || neg == 0 {
		m.AUC, m.AP, m.Recall = math.NaN(), math.NaN(), [len(Nominal)]float64{math.NaN(), math.NaN()}
	}
	return m
}

// group counts the accounts that have the score at place i: those before place j.
func (r *Ranking) group(i int, weights []uint16) (j int, positives, negatives float64) {
	for j = i; j < len(r.score) && r.score[j] == r.score[i]; j++ {
		if w := r.weight(j, weights); r.positive[j] {
			positives += w
		} else {
			negatives += w
		}
	}
	return j, positives, negatives
}

func (r *Ranking) weight(i int, weights []uint16) float64 {
	if weights == nil {
		return 1
	}
	return float64(weights[r.who[i]])
}

func (r *Ranking) totals(weights []uint16) (positives, negatives float64) {
	for i, is := range r.positive {
		if w := r.weight(i, weights); is {
			positives += w
		} else {
			negatives += w
		}
	}
	return positives, negatives
}

// Curve returns at most most points of recall against false-positive rate, one after each group, thinned evenly on a
// logarithmic axis of the rate. It begins with the last point without a false positive.
func (r *Ranking) Curve(most int) (points [][2]Number) {
	pos, neg := r.totals(nil)
	if pos == 0 || neg == 0 {
		return nil
	}
	var tp, fp float64
	last := -1
	for i := 0; i < len(r.score) && !math.IsInf(r.score[i], -1); {
		j, b, g := r.group(i, nil)
		tp, fp, i = tp+b, fp+g, j
		step := 0
		if fp > 0 {
			step = 1 + int(float64(most-2)*math.Log(fp)/math.Log(neg+1))
		}
		point := [2]Number{Number(fp / neg), Number(tp / pos)}
		if step == last {
			points[len(points)-1] = point
			continue
		}
		points, last = append(points, point), step
	}
	return points
}
