package evaluate

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// slowAUC compares each positive with each negative.
func slowAUC(scores []float64, positive []bool) float64 {
	won, pairs := 0.0, 0.0
	for i := range scores {
		for j := range scores {
			if positive[i] && !positive[j] {
				pairs++
				if scores[i] > scores[j] {
					won++
				} else if scores[i] == scores[j] {
					won += 0.5
				}
			}
		}
	}
	return won / pairs
}

// slowFlagged counts who has a score of at least s.
func slowFlagged(scores []float64, positive []bool, s float64) (tp, fp float64) {
	for i := range scores {
		if scores[i] >= s && positive[i] {
			tp++
		} else if scores[i] >= s {
			fp++
		}
	}
	return tp, fp
}

// slowAP is the mean over positives of the precision at their score.
func slowAP(scores []float64, positive []bool) float64 {
	sum, n := 0.0, 0.0
	for i := range scores {
		if positive[i] {
			tp, fp := slowFlagged(scores, positive, scores[i])
			sum, n = sum+tp/(tp+fp), n+1
		}
	}
	return sum / n
}

// slowRecall tries each score as a threshold.
func slowRecall(scores []float64, positive []bool, rate float64) (best float64) {
	pos, neg := slowFlagged(scores, positive, math.Inf(-1))
	for _, s := range scores {
		if tp, fp := slowFlagged(scores, positive, s); fp/neg <= rate && !math.IsInf(s, -1) {
			best = max(best, tp/pos)
		}
	}
	return best
}

// drawn makes scores with many ties, and a few that are unknown.
func drawn(r *rand.Rand, n int) (scores []float64, positive []bool) {
	for i := range n {
		positive = append(positive, i < 2 || r.IntN(8) == 0)
		x := math.Floor(r.NormFloat64()*3 + 2)
		if positive[i] {
			x += 3
		}
		if r.IntN(20) == 0 {
			x = math.Inf(-1)
		}
		scores = append(scores, x)
	}
	positive[n-1] = false
	return scores, positive
}

// TestMarksAgreeWithTheirDefinitions compares with definitions that are slow and plain, on data with ties; with weights,
// with the same accounts written down so many times.
func TestMarksAgreeWithTheirDefinitions(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		scores, positive := drawn(r, 30+r.IntN(200))
		weights := make([]uint16, len(scores))
		var many []float64
		var manyPositive []bool
		for i := range weights {
			weights[i] = uint16(r.IntN(4))
			if i < 1 || i == len(weights)-1 {
				weights[i] = 1
			}
			for range weights[i] {
				many, manyPositive = append(many, scores[i]), append(manyPositive, positive[i])
			}
		}
		ranking := Rank(scores, positive, nil)
		same(t, ranking.Marks(nil), scores, positive)
		same(t, ranking.Marks(weights), many, manyPositive)
	}
}

func same(t *testing.T, got Marks, scores []float64, positive []bool) {
	t.Helper()
	near := func(name string, got, want float64) {
		if math.Abs(got-want) > 1e-12 {
			t.Errorf("%s %v, want %v", name, got, want)
		}
	}
	near("AUC", got.AUC, slowAUC(scores, positive))
	near("AP", got.AP, slowAP(scores, positive))
	for k, rate := range Nominal {
		near("recall", got.Recall[k], slowRecall(scores, positive, rate))
		tp, fp := slowFlagged(scores, positive, got.Threshold[k])
		pos, neg := slowFlagged(scores, positive, math.Inf(-1))
		near("recall at the threshold", got.Recall[k], tp/pos)
		if fp/neg > rate {
			t.Errorf("the threshold for %v flags %v of %v", rate, fp, neg)
		}
	}
}

// TestMarksOfAPublishedExample holds the example of scikit-learn's documentation of roc_auc_score and
// average_precision_score.
func TestMarksOfAPublishedExample(t *testing.T) {
	m := Rank([]float64{0.1, 0.4, 0.35, 0.8}, []bool{false, false, true, true}, nil).Marks(nil)
	if m.AUC != 0.75 || math.Abs(m.AP-0.8333333) > 1e-6 {
		t.Errorf("AUC %v, AP %v; want 0.75 and 0.83", m.AUC, m.AP)
	}
}

// TestTiesSpeakAgainstTheRanking: where all have one score, nobody can be flagged without flagging all.
func TestTiesSpeakAgainstTheRanking(t *testing.T) {
	scores, positive := make([]float64, 1000), make([]bool, 1000)
	for i := range 100 {
		positive[i] = true
	}
	m := Rank(scores, positive, nil).Marks(nil)
	if m.AUC != 0.5 || math.Abs(m.AP-0.1) > 1e-12 || m.Recall != [2]float64{0, 0} || !math.IsInf(m.Threshold[1], 1) {
		t.Errorf("all equal: %+v", m)
	}
	scores[0] = 1 // the control: one positive stands out
	if m := Rank(scores, positive, nil).Marks(nil); m.Recall != [2]float64{0.01, 0.01} || m.Threshold[0] != 1 {
		t.Errorf("one stands out: %+v", m)
	}
}

// TestShuffledTruthSeparatesNothing is the control of all measures: with truth dealt out at random the AUC is about 0.5.
func TestShuffledTruthSeparatesNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	scores, positive := drawn(r, 20000)
	if auc := Rank(scores, positive, nil).Marks(nil).AUC; auc < 0.7 {
		t.Errorf("AUC %v before: the control shows nothing", auc)
	}
	r.Shuffle(len(positive), func(i, j int) { positive[i], positive[j] = positive[j], positive[i] })
	if auc := Rank(scores, positive, nil).Marks(nil).AUC; math.Abs(auc-0.5) > 0.02 {
		t.Errorf("AUC %v after shuffling", auc)
	}
}

// TestWithoutPositivesThereIsNoMeasure: thresholds there are, since they rest on negatives alone.
func TestWithoutPositivesThereIsNoMeasure(t *testing.T) {
	m := Rank([]float64{3, 2, 1}, []bool{false, false, false}, nil).Marks(nil)
	if m.AUC == m.AUC || m.AP == m.AP || m.Recall[0] == m.Recall[0] {
		t.Errorf("%+v", m)
	}
	scores := make([]float64, 200)
	for i := range scores {
		scores[i] = float64(i)
	}
	if m := Rank(scores, make([]bool, 200), nil).Marks(nil); m.Threshold[1] != 198 {
		t.Errorf("threshold at 1 %% of 200 is %v, want 198", m.Threshold[1])
	}
}

// TestCurveEndsWhereEverybodyIsFlagged and goes through the recall at the nominal rates.
func TestCurveEndsWhereEverybodyIsFlagged(t *testing.T) {
	scores, positive := drawn(rand.New(rand.NewPCG(5, 6)), 5000)
	for i, x := range scores {
		scores[i] = max(x, -100) // all known
	}
	c := Rank(scores, positive, nil).Curve(50)
	last := c[len(c)-1]
	rising := slices.IsSortedFunc(c, func(a, b [2]Number) int { return int(1e9 * (a[0] - b[0])) })
	if len(c) > 50 || len(c) < 5 || last != [2]Number{1, 1} || !rising {
		t.Errorf("%d points, the last %v, rising: %v", len(c), last, rising)
	}
}
