package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/unopened/unopened/evaluate"
)

// The titles of tables that have a figure.
const (
	rankingTitle     = "How accounts are ranked: each model beside a trivial rule and beside \"the account is new\""
	personaTitle     = "Who is hurt: innocent accounts over the action threshold of any harm"
	timeTitle        = "What had happened before detection, among the accounts that were detected"
	campaignTitle    = "Recall by campaign and how it evades"
	calibrationTitle = "Calibration: the share of abusive accounts among those whose greatest score lies there"
)

// table is a part of an evaluation for people; the terminal and the page show the same.
type table struct {
	title, note string
	head        []string
	rows        [][]string
}

// add adds a row.
func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

// print writes the tables, the first screen first.
func (e *evaluation) print(out io.Writer) error {
	return printTables(out, e.opening(), e.tables())
}

// printTables writes the opening lines, then the tables that have rows.
func printTables(out io.Writer, opening []string, tables []table) error {
	fmt.Fprintln(out, strings.Join(opening, "\n"))
	for _, t := range tables {
		if len(t.rows) == 0 {
			continue
		}
		fmt.Fprintf(out, "\n%s\n", t.title)
		if t.note != "" {
			fmt.Fprintf(out, "%s\n", t.note)
		}
		if err := writeTable(out, t.head, t.rows); err != nil {
			return err
		}
	}
	return nil
}

// opening says what was evaluated.
func (e *evaluation) opening() []string {
	s, a := &e.Stream, &e.Accounts
	lines := []string{
		fmt.Sprintf("%s: %s records, %s refused. %s abusive and %s innocent accounts acted.", s.Source, thousands(s.Records), thousands(s.Refused),
			thousands(int64(a.Members)), thousands(int64(a.Innocent))),
		fmt.Sprintf("Left out: %s accomplices, %s that never acted (%s of them abusive), %s that are not in the truth.", thousands(int64(a.Accomplices)),
			thousands(int64(a.Silent)), thousands(int64(a.SilentMembers)), thousands(int64(a.Unknown))),
	}
	if a.Members == 0 {
		lines = append(lines, "Nobody is known to be abusive: of all that follows only the false alarms mean anything.")
	}
	if e.Settings.Labels > 0 || a.Labelled > 0 {
		lines = append(lines, fmt.Sprintf("Labels written: %d abusive, %d benign. The evaluation of %d accounts ended at a label.",
			e.Labels["abusive"], e.Labels["benign"], a.Labelled))
	}
	return lines
}

// tables are all that is shown.
func (e *evaluation) tables() []table {
	all := []table{e.caughtTable(), e.rankingTable(), e.personaTable(), e.hurtTable(), e.timeTable(), e.campaignTable(), e.ageTable()}
	if e.Settings.Windows > 1 {
		all = append(all, e.windowTable(), e.driftTable())
	}
	return append(all, e.calibrationTable(), e.featureTable())
}

// caughtTable is what the action threshold does.
func (e *evaluation) caughtTable() table {
	t := table{title: "What is caught at the action threshold, and who is flagged for nothing (intervals of 95 %)",
		head: []string{"harm", "abusive", "caught", "recall", "innocent", "flagged", "false-positive rate", "precision", "model"}}
	for i := range e.Harms {
		h := &e.Harms[i]
		if h.Action == nil {
			t.add(h.Harm, fmt.Sprint(h.Positives), "–", "", thousands(int64(h.Negatives)), "–", "", "", unassessed(h))
			continue
		}
		a := h.Action
		t.add(h.Harm, fmt.Sprint(h.Positives), fmt.Sprint(a.Recall.Hits), shareText(a.Recall), thousands(int64(h.Negatives)),
			fmt.Sprint(a.FPR.Hits), shareText(a.FPR), shareText(a.Precision), h.Model)
	}
	return t
}

// unassessed says why there are no figures for a harm.
func unassessed(h *evaluate.Harm) string {
	if h.Off {
		return "off"
	}
	return "not assessable: missing " + strings.Join(h.Missing, " or ")
}

// rankingTable sets each model beside the trivial rules.
func (e *evaluation) rankingTable() table {
	t := table{title: rankingTitle,
		note: fmt.Sprintf("Recall where at most 1 or 0.1 %% of the innocent are flagged, and of %d accounts a day that analysts look at.", e.Settings.Budget),
		head: []string{"harm", "by", "AUC", "average precision", "model above it by", "recall at 1 %", "at 0.1 %", "precision at budget", "recall at budget"}}
	e.positive(func(h *evaluate.Harm) {
		for k := range h.Rankings {
			r := &h.Rankings[k]
			above := ""
			if k == 1 {
				above = estimate(h.Above.AP)
			}
			t.add(h.Harm, r.By, estimate(r.AUC), estimate(r.AP), above, percentage(r.Recall[1]), percentage(r.Recall[0]), shareText(r.Budget), shareText(r.Found))
		}
	})
	return t
}

// personaTable is who is hurt.
func (e *evaluation) personaTable() table {
	t := table{title: personaTitle, head: []string{"persona", "accounts", "flagged", "false-positive rate", "for"}}
	for i := range e.Personas {
		p := &e.Personas[i]
		var harms []string
		for _, by := range p.Harms {
			if by.Action.Hits > 0 {
				harms = append(harms, fmt.Sprintf("%s %d", by.Harm, by.Action.Hits))
			}
		}
		flagged := "–"
		if p.Any.Of > 0 {
			flagged = fmt.Sprint(p.Any.Hits)
		}
		t.add(p.Persona, thousands(int64(p.Accounts)), flagged, shareText(p.Any), strings.Join(harms, ", "))
	}
	return t
}

// hurtTable names the personas that are flagged too often.
func (e *evaluation) hurtTable() table {
	t := table{title: fmt.Sprintf("Personas whose rate lies, with its whole interval, above %v × that of all innocent accounts", evaluate.Unfair),
		head: []string{"persona", "harm", "at", "its rate", "of all"}}
	for _, h := range e.Hurt {
		t.add(h.Persona, h.Harm, h.At, shareText(h.FPR), shareText(h.Overall))
	}
	if len(t.rows) == 0 {
		t.add("none", "", "", "", "")
	}
	return t
}

// shareText writes a share with its interval.
func shareText(s evaluate.Share) string {
	if s.Of == 0 || !s.Value.Known() {
		return "–"
	}
	return fmt.Sprintf("%s %% (%s–%s)", short(100*s.Value), short(100*s.Low), short(100*s.High))
}

// percentage writes a share that was estimated.
func percentage(e evaluate.Estimate) string {
	e.Value, e.Low, e.High = 100*e.Value, 100*e.Low, 100*e.High
	return withUnit(e, " %")
}

// estimate writes a measure with its interval.
func estimate(e evaluate.Estimate) string {
	if !e.Low.Known() {
		return three(e.Value)
	}
	return fmt.Sprintf("%s (%s–%s)", three(e.Value), three(e.Low), three(e.High))
}

// three writes a measure with three decimals.
func three(x evaluate.Number) string {
	if !x.Known() {
		return "–"
	}
	return fmt.Sprintf("%.3f", float64(x))
}

// withUnit writes a measure of few digits with its interval.
func withUnit(e evaluate.Estimate, unit string) string {
	if !e.Value.Known() {
		return "–"
	}
	text := short(e.Value) + unit
	if e.Low.Known() {
		text += fmt.Sprintf(" (%s–%s)", short(e.Low), short(e.High))
	}
	return text
}

// short writes a number with about three digits.
func short(x evaluate.Number) string {
	switch {
	case !x.Known():
		return "–"
	case x != 0 && x < 0.1 && x > -0.1:
		return fmt.Sprintf("%.2g", float64(x))
	case x < 10:
		return strings.TrimSuffix(fmt.Sprintf("%.1f", float64(x)), ".0")
	}
	return fmt.Sprintf("%.0f", float64(x))
}
