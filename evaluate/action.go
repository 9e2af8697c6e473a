package evaluate

import (
	"cmp"
	"math"
	"slices"

	"github.com/unopened/unopened/models"
)

// inTime says by when a harm should be detected: by so many of what its members do. The limits are those of the design.
var inTime = map[models.Harm]struct {
	what  string
	limit uint32
	of    func(*counts) uint32
}{
	models.Spam:     {"first contacts", 20, func(c *counts) uint32 { return c.firsts }},
	models.Grooming: {"first contacts with minors", 5, func(c *counts) uint32 { return c.minors }},
}

// hourMs is an hour in milliseconds.
const hourMs = 3_600_000

// action reckons what happens at the action threshold.
func (r *reckoner) action(h models.Harm, who []int32) *Action {
	reaches := r.reaches(h)
	a := &Action{
		Recall: share(who, r.positive, reaches), FPR: share(who, r.negative, reaches), Precision: share(who, reaches, r.positive),
		Delays: []Number{},
	}
	var found []int32
	for _, i := range who {
		if r.positive(i) && r.lives[i].caught.at != 0 {
			found = append(found, i)
		}
	}
	hours := func(l *life) float64 { return float64(l.caught.at-l.from) / hourMs }
	r.before(found, &a.Firsts, func(l *life) float64 { return float64(l.caught.firsts) })
	r.before(found, &a.Minors, func(l *life) float64 { return float64(l.caught.minors) })
	r.before(found, &a.Victims, func(l *life) float64 { return float64(l.caught.victims) })
	for _, c := range r.before(found, &a.Hours, hours) {
		a.Delays = append(a.Delays, Number(c.value))
	}
	if limit, ok := inTime[h]; ok {
		a.Within = []Within{{limit.what, int(limit.limit), share(who, r.positive, func(i int32) bool {
			l := &r.lives[i]
			return l.caught.at != 0 && limit.of(&l.caught.counts) <= limit.limit
		})}}
	}
	return a
}

// before reckons how much of something there was before detection, and returns it of each account, sorted.
func (r *reckoner) before(found []int32, into *Before, of func(*life) float64) []counted {
	values := make([]counted, len(found))
	for k, i := range found {
		values[k] = counted{of(&r.lives[i]), i}
	}
	slices.SortFunc(values, func(a, b counted) int { return cmp.Compare(a.value, b.value) })
	r.intervals.add(func(weights []uint16) []float64 {
		return []float64{quantile(values, weights, 0.5), quantile(values, weights, 0.9)}
	}, &into.Median, &into.P90)
	return values
}

// scoreBins is how many equal bins calibration has.
const scoreBins = 10

// bin counts the accounts of a bin of scores.
type bin struct{ accounts, score, abusive float64 }

// calibration compares greatest scores with what is true: the error is the mean over accounts of the difference, bin by
// bin, of mean score and share of abusive accounts (Naeini 2015).
func (r *reckoner) calibration(h models.Harm, who []int32) *Calibrate {
	out := &Calibrate{}
	assessed := slices.DeleteFunc(slices.Clone(who), func(i int32) bool { return r.lives[i].assessed>>h&1 == 0 })
	fill := func(weights []uint16) (bins [scoreBins]bin, all float64) {
		for _, i := range assessed {
			n := 1.0
			if weights != nil {
				n = float64(weights[i])
			}
			score := float64(r.lives[i].score[h])
			b := &bins[min(scoreBins-1, int(score*scoreBins))]
			b.accounts, b.score, all = b.accounts+n, b.score+n*score, all+n
			if r.positive(i) {
				b.abusive += n
			}
		}
		return bins, all
	}
	r.intervals.add(func(weights []uint16) []float64 {
		bins, all := fill(weights)
		sum := 0.0
		for _, b := range bins {
			sum += math.Abs(b.score - b.abusive)
		}
		return []float64{sum / all}
	}, &out.Error)
	bins, _ := fill(nil)
	for k, b := range bins {
		out.Bins = append(out.Bins, ScoreBin{
			From: Number(float64(k) / scoreBins), To: Number(float64(k+1) / scoreBins), Score: Number(b.score / b.accounts),
			Abusive: NewShare(int(b.abusive), int(b.accounts)),
		})
	}
	return out
}
