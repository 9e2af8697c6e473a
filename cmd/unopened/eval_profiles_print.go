package main

import (
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"

	"github.com/unopened/unopened/evaluate"
)

// The titles of the tables; the first has the figure.
const (
	sightTitle   = "Recall where 1 % of the innocent are flagged, by what a messenger's servers see"
	encryptTitle = "What does end-to-end encryption cost? The same messenger without and with it"
)

// encrypted ends the name of the profile of a messenger with E2EE whose other profile is without.
const encrypted = "-e2ee"

// notAssessable is never shown as low.
const notAssessable = "not assessable"

// opening says what was run.
func (a *profilesAnswer) opening() []string {
	doubts := "not seen"
	if a.Doubtful {
		doubts = "seen"
	}
	return []string{
		fmt.Sprintf("Scenario %s: %s accounts, %d days, %s records, run %d times. What a profile marks as doubtful counts as %s.",
			a.Scenario, thousands(int64(a.Accounts)), a.Days, thousands(a.Records), a.Runs, doubts),
		"Not assessable is not harmless: the fields that a harm's model needs are not seen, so nothing is said of anybody.",
	}
}

// tables are all that is shown.
func (a *profilesAnswer) tables() []table {
	return []table{a.overview(), a.detail(), a.encryption(), a.gainTable()}
}

// overview has a messenger a row and a harm a column.
func (a *profilesAnswer) overview() table {
	t := table{title: sightTitle, head: []string{"profile"}}
	for _, h := range a.Messengers[0].Harms {
		t.head = append(t.head, h.Harm)
	}
	for _, m := range a.Messengers {
		row := []string{m.Profile}
		for i := range m.Harms {
			row = append(row, m.Harms[i].atOne())
		}
		t.rows = append(t.rows, row)
	}
	return t
}

// figure of a harm, or why it has none.
func (h *harmSeen) figure(text func() string) string {
	switch {
	case h.Off:
		return "off"
	case !h.Assessable:
		return notAssessable
	}
	return text()
}

// atOne is the recall at the rate of 1 %.
func (h *harmSeen) atOne() string { return h.figure(func() string { return percentage(*h.AtOne) }) }

// detail has each harm of each messenger.
func (a *profilesAnswer) detail() table {
	t := table{title: "Each harm under each profile",
		note: "Abusive accounts are those that are seen to act; who acts in ways that the servers do not see is in no figure.",
		head: []string{"harm", "profile", "abusive", "recall at action", "recall at FPR 1 %", "FPR at action", "average precision", "missing"}}
	for i, first := range a.Messengers[0].Harms {
		for _, m := range a.Messengers {
			h := &m.Harms[i]
			t.add(first.Harm, m.Profile, fmt.Sprint(h.Positives), h.figure(func() string { return shareText(*h.Recall) }), h.atOne(),
				h.figure(func() string { return shareText(*h.FPR) }), h.figure(func() string { return estimate(*h.AP) }), strings.Join(h.Missing, " or "))
		}
	}
	return t
}

// encryption sets the profiles of one messenger side by side.
func (a *profilesAnswer) encryption() table {
	t := table{title: encryptTitle, head: []string{"messenger", "harm", "without: recall at FPR 1 %", "with", "without: recall at action", "with", "without: FPR at action", "with"}}
	for _, with := range a.Messengers {
		name, is := strings.CutSuffix(with.Profile, encrypted)
		at := slices.IndexFunc(a.Messengers, func(m messenger) bool { return m.Profile == name })
		if !is || at < 0 {
			continue
		}
		for i := range with.Harms {
			w, o := &with.Harms[i], &a.Messengers[at].Harms[i]
			recall, rate := func(h *harmSeen) string { return h.figure(func() string { return shareText(*h.Recall) }) },
				func(h *harmSeen) string { return h.figure(func() string { return shareText(*h.FPR) }) }
			t.add(name, w.Harm, o.atOne(), w.atOne(), recall(o), recall(w), rate(o), rate(w))
		}
	}
	return t
}

// gainTable is what one more field buys.
func (a *profilesAnswer) gainTable() table {
	t := table{title: "What one more field would buy: recall at FPR 1 %",
		note: fmt.Sprintf("Only what changes by more than %d standard errors, or becomes assessable. With so many runs a few changes are chance; one below nothing is a loss.", noise),
		head: []string{"profile", "one more field", "harm", "before", "after"}}
	for _, m := range a.Messengers {
		var idle []string
		for _, more := range m.OneMore {
			if len(more.Gains) == 0 {
				idle = append(idle, more.Field)
			}
			for _, g := range more.Gains {
				before := notAssessable
				if g.Before != nil {
					before = percentage(*g.Before)
				}
				t.add(m.Profile, more.Field, g.Harm, before, percentage(*g.After))
			}
		}
		if len(idle) > 0 {
			t.add(m.Profile, strings.Join(idle, " "), "none", "", "")
		}
	}
	return t
}

// figures has for each harm the recall at the action threshold by messenger.
func (a *profilesAnswer) figures() *figure {
	f := &figure{Caption: template.HTML("Recall at the action threshold, with intervals of 95 %; what is not assessable has no bar")}
	for i, first := range a.Messengers[0].Harms {
		var labels []string
		var shares []evaluate.Share
		for _, m := range a.Messengers {
			h, label, share := &m.Harms[i], m.Profile, evaluate.NewShare(0, 0)
			if h.Recall == nil {
				label += ": " + h.figure(func() string { return "–" })
			} else {
				share = *h.Recall
			}
			labels, shares = append(labels, label), append(shares, share)
		}
		f.Plots = append(f.Plots, shareRows(first.Harm, 1, labels, shares))
	}
	return f
}

// print writes the answer for people.
func (a *profilesAnswer) print(out io.Writer) error { return printTables(out, a.opening(), a.tables()) }

// page is the answer as a page.
func (a *profilesAnswer) page() *page {
	p := &page{Name: "scenario " + a.Scenario + " under each visibility profile", Version: version, Opening: a.opening(), Draws: a.Draws}
	p.add(a.tables(), map[string]*figure{sightTitle: a.figures()})
	return p
}
