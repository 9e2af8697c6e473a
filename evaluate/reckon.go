package evaluate

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"github.com/unopened/unopened/models"
)

// reckoner makes a Report of what a Watch has kept.
type reckoner struct {
	*Watch
	set       *models.Set
	report    *Report
	intervals bootstrap
	// thresholds are each harm's margins at the nominal rates, +Inf for none.
	thresholds [models.Harms][len(Nominal)]float64
}

// Report ends the last day and reckons all measures. The watch must not be used any more.
func (w *Watch) Report(set *models.Set) *Report {
	w.endDay()
	r := &reckoner{Watch: w, set: set, report: &Report{Labels: map[string]int{}, Harms: make([]Harm, models.Harms)}}
	if w.Labels != nil {
		for verdict, n := range w.Labels.written {
			r.report.Labels[verdict.String()] = n
		}
	}
	r.count()
	for h := range models.Harm(models.Harms) {
		r.harm(h)
	}
	r.campaigns()
	r.personas()
	if w.Features {
		r.features()
	}
	r.intervals.run(len(w.lives), w.Bootstrap, w.Seed)
	return r.report
}

// count says who takes part.
func (r *reckoner) count() {
	a := &r.report.Accounts
	a.Unknown = len(r.strangers)
	for i := range r.lives {
		l := &r.lives[i]
		switch kind := r.accounts[i].Kind; {
		case kind == Accomplice:
			a.Accomplices++
		case !l.acted:
			a.Silent++
			if kind == Member {
				a.SilentMembers++
			}
		case kind == Member:
			a.Members++
		default:
			a.Innocent++
		}
		if l.ended && r.accounts[i].Kind != Accomplice {
			a.Labelled++
		}
	}
}

// population are the accounts that count for a harm and that pick takes; a nil pick takes all.
func (r *reckoner) population(h models.Harm, pick func(i int32) bool) (who []int32) {
	for i := range r.lives {
		if r.lives[i].acted && r.concerns(int32(i), h) && (pick == nil || pick(int32(i))) {
			who = append(who, int32(i))
		}
	}
	return who
}

// rankBy ranks accounts by a value.
func (r *reckoner) rankBy(who []int32, value func(i int32) float64) *Ranking {
	scores, positive := make([]float64, len(who)), make([]bool, len(who))
	for k, i := range who {
		scores[k], positive[k] = value(i), r.accounts[i].Kind == Member
	}
	return Rank(scores, positive, who)
}

// share counts the accounts of those that is holds for.
func share(who []int32, of, is func(i int32) bool) Share {
	hits, all := 0, 0
	for _, i := range who {
		if of(i) {
			all++
			if is(i) {
				hits++
			}
		}
	}
	return NewShare(hits, all)
}

func (r *reckoner) positive(i int32) bool { return r.accounts[i].Kind == Member }
func (r *reckoner) negative(i int32) bool { return r.accounts[i].Kind == Innocent }

// reaches tells whether an account reached the action threshold of a harm.
func (r *reckoner) reaches(h models.Harm) func(i int32) bool {
	return func(i int32) bool { return r.lives[i].reached>>h&1 != 0 }
}

// harm reckons one harm.
func (r *reckoner) harm(h models.Harm) {
	out := &r.report.Harms[h]
	*out = Harm{Harm: h.String(), Model: r.set.Name(h), Off: r.set.Off(h)}
	for k := range r.thresholds[h] {
		r.thresholds[h][k] = math.Inf(1)
	}
	who := r.population(h, nil)
	for _, i := range who {
		assessed := int(r.lives[i].assessed >> h & 1)
		if r.positive(i) {
			out.Positives++
			out.AssessedPositives += assessed
		} else {
			out.Negatives++
			out.AssessedNegatives += assessed
		}
	}
	out.Assessable = out.AssessedPositives+out.AssessedNegatives > 0
	if !out.Assessable {
		for _, need := range r.set.Unmet(h, r.seen) {
			out.Missing = append(out.Missing, need.Names()...)
		}
		return
	}
	r.rankings(h, who, out)
	out.Action = r.action(h, who)
	out.Calibrate = r.calibration(h, who)
	out.Ages = r.ages(h)
	if r.windows != nil {
		r.byWindow(h, out)
	}
}

// marks reckons a ranking's AUC and average precision, with their intervals.
func (r *reckoner) marks(ranking *Ranking, auc, ap *Estimate) Marks {
	r.intervals.add(func(weights []uint16) []float64 {
		m := ranking.Marks(weights)
		return []float64{m.AUC, m.AP}
	}, auc, ap)
	return ranking.Marks(nil)
}

// curvePoints is how many points a curve has at most.
const curvePoints = 120

// rankings are those of the model, of its rule, and of newness. Model and rule are compared draw by draw.
func (r *reckoner) rankings(h models.Harm, who []int32, out *Harm) {
	out.Rankings, out.Above = make([]Ranked, perHarm), &Above{} // the intervals keep the places of its estimates
	var rankings [perHarm]*Ranking
	var into []*Estimate
	for k, c := range contests(h) {
		rankings[k] = r.rankBy(who, func(i int32) float64 { return r.lives[i].best[c.signal] })
		x := &out.Rankings[k]
		x.By, x.Curve = "model", rankings[k].Curve(curvePoints)
		if k > 0 {
			x.By = trivial[c.signal-firstRule]
		}
		into = append(into, &x.AUC, &x.AP, &x.Recall[0], &x.Recall[1])
		for n, threshold := range rankings[k].Marks(nil).Threshold {
			x.Thresholds[n] = Number(threshold)
			if k == 0 {
				r.thresholds[h][n] = threshold
			}
		}
		review := r.queue.reviews[h][k]
		x.Budget, x.Found = NewShare(review.found, review.looked), NewShare(review.found, out.Positives)
	}
	r.intervals.add(func(weights []uint16) (all []float64) {
		var m [perHarm]Marks
		for k, ranking := range rankings {
			m[k] = ranking.Marks(weights)
			all = append(all, m[k].AUC, m[k].AP, m[k].Recall[0], m[k].Recall[1])
		}
		return append(all, m[0].AUC-m[1].AUC, m[0].AP-m[1].AP)
	}, append(into, &out.Above.AUC, &out.Above.AP)...)
}

// campaigns are each campaign and variant.
func (r *reckoner) campaigns() {
	type key struct {
		harm     models.Harm
		campaign string
		variant  string
	}
	members := make(map[key][]int32)
	for i := range r.lives {
		if a := &r.accounts[i]; a.Kind == Member && r.lives[i].acted {
			k := key{a.Harm, a.Group, a.Variant}
			members[k] = append(members[k], int32(i))
		}
	}
	keys := slices.SortedFunc(maps.Keys(members), func(a, b key) int {
		return cmp.Or(cmp.Compare(a.harm, b.harm), cmp.Compare(a.campaign, b.campaign), cmp.Compare(a.variant, b.variant))
	})
	r.report.Campaigns = make([]Campaign, len(keys)) // the intervals keep the places of its estimates
	for n, k := range keys {
		who, c := members[k], &r.report.Campaigns[n]
		*c = Campaign{Campaign: k.campaign, Variant: k.variant, Harm: k.harm.String(), Accounts: len(who), Assessable: r.report.Harms[k.harm].Assessable}
		r.reach(who, &c.Victims)
		if !c.Assessable {
			who = nil
		}
		c.Action = share(who, r.positive, r.reaches(k.harm))
		for n, threshold := range r.thresholds[k.harm] {
			c.Nominal[n] = share(who, r.positive, func(i int32) bool { return r.lives[i].best[k.harm] >= threshold })
		}
	}
}

// reach is how many innocent accounts members wrote to before they were detected, in the mean.
func (r *reckoner) reach(who []int32, into *Estimate) {
	r.intervals.add(func(weights []uint16) []float64 {
		var victims, all float64
		for _, i := range who {
			n, l := 1.0, &r.lives[i]
			if weights != nil {
				n = float64(weights[i])
			}
			count := &l.count
			if l.caught.at != 0 {
				count = &l.caught.counts
			}
			victims, all = victims+n*float64(count.victims), all+n
		}
		return []float64{victims / all}
	}, into)
}
