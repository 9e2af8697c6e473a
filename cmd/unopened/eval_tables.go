package main

import (
	"fmt"

	"github.com/unopened/unopened/evaluate"
)

// timeTable is how early the detected are detected.
func (e *evaluation) timeTable() table {
	t := table{title: timeTitle,
		head: []string{"harm", "detected", "first contacts: median", "p90", "innocent victims: median", "p90", "hours: median", "p90", "in time, of all abusive"}}
	e.positive(func(h *evaluate.Harm) {
		a, within := h.Action, ""
		for _, w := range a.Within {
			within = fmt.Sprintf("%s within %d %s", shareText(w.Share), w.Limit, w.What)
		}
		t.add(h.Harm, fmt.Sprint(len(a.Delays)), withUnit(a.Firsts.Median, ""), withUnit(a.Firsts.P90, ""), withUnit(a.Victims.Median, ""),
			withUnit(a.Victims.P90, ""), withUnit(a.Hours.Median, ""), withUnit(a.Hours.P90, ""), within)
	})
	return t
}

// campaignTable is the recall of each way of abuse.
func (e *evaluation) campaignTable() table {
	t := table{title: campaignTitle, head: []string{"campaign", "variant", "harm", "accounts", "at the action threshold", "at FPR 1 %", "at FPR 0.1 %"}}
	for i := range e.Campaigns {
		c := &e.Campaigns[i]
		action := shareText(c.Action)
		if !c.Assessable {
			action = "not assessable"
		}
		t.add(c.Campaign, c.Variant, c.Harm, fmt.Sprint(c.Accounts), action, shareText(c.Nominal[1]), shareText(c.Nominal[0]))
	}
	return t
}

// ageTable is how the models do by the age of accounts.
func (e *evaluation) ageTable() table {
	t := table{title: "By the account's age at its greatest score", head: []string{"harm", "age", "abusive", "innocent", "AUC", "recall", "false-positive rate"}}
	e.slices(func(h *evaluate.Harm) []evaluate.Slice { return h.Ages }, func(h *evaluate.Harm, s *evaluate.Slice) {
		t.add(h.Harm, s.Name, fmt.Sprint(s.Positives), thousands(int64(s.Negatives)), estimate(s.AUC), shareText(*s.Recall), shareText(*s.FPR))
	})
	return t
}

// windowTable is how the models do over time.
func (e *evaluation) windowTable() table {
	t := table{title: "By time", head: []string{"harm", "from", "abusive", "innocent", "AUC", "average precision"}}
	e.slices(func(h *evaluate.Harm) []evaluate.Slice { return h.Windows }, func(h *evaluate.Harm, s *evaluate.Slice) {
		t.add(h.Harm, s.Name, fmt.Sprint(s.Positives), thousands(int64(s.Negatives)), estimate(s.AUC), estimate(s.AP))
		if s == &h.Windows[len(h.Windows)-1] {
			t.add(h.Harm, "worst", "", "", three(h.Worst.AUC), three(h.Worst.AP))
		}
	})
	return t
}

// slices calls f with each slice of each harm that has positives.
func (e *evaluation) slices(of func(*evaluate.Harm) []evaluate.Slice, f func(*evaluate.Harm, *evaluate.Slice)) {
	e.positive(func(h *evaluate.Harm) {
		for k := range of(h) {
			if s := &of(h)[k]; s.Positives+s.Negatives > 0 {
				f(h, s)
			}
		}
	})
}

// driftTable is what the threshold of one window gives in the next.
func (e *evaluation) driftTable() table {
	t := table{title: "Drift: the threshold that flags 1 % of the innocent in one window, in the next", head: []string{"harm", "window", "flagged", "realised rate", "× nominal"}}
	for i := range e.Harms {
		h := &e.Harms[i]
		for _, d := range h.Drift {
			t.add(h.Harm, d.To, fmt.Sprint(d.Realised.Hits), shareText(d.Realised), short(d.Ratio))
		}
	}
	return t
}

// calibrationTable is whether a score means what it says.
func (e *evaluation) calibrationTable() table {
	t := table{title: calibrationTitle, head: []string{"harm", "score", "mean", "accounts", "abusive"}}
	e.positive(func(h *evaluate.Harm) {
		for _, b := range h.Calibrate.Bins {
			if b.Abusive.Of > 0 {
				t.add(h.Harm, fmt.Sprintf("%.1f to %.1f", float64(b.From), float64(b.To)), three(b.Score), thousands(int64(b.Abusive.Of)), shareText(b.Abusive))
			}
		}
		t.add(h.Harm, "expected error", estimate(h.Calibrate.Error), "", "")
	})
	return t
}

// singles is how many features a harm is shown with.
const singles = 10

// featureTable is what one feature alone comes to.
func (e *evaluation) featureTable() table {
	t := table{title: "The features that separate best by themselves, in the better direction", head: []string{"harm", "feature", "AUC", "extreme", "speaks"}}
	n := map[string]int{}
	for _, f := range e.Features {
		if n[f.Harm]++; n[f.Harm] <= singles {
			t.add(f.Harm, f.Feature, three(f.AUC), f.Extreme, f.Speaks)
		}
	}
	return t
}
