package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/unopened/unopened/evaluate"
)

// The measured tables of docs/evaluation.md stand between these two lines.
const (
	figuresBegin = "<!-- written by make eval: begin -->\n"
	figuresEnd   = "<!-- written by make eval: end -->\n"
)

// writeFigures writes the tables into the document.
func writeFigures(name string, found map[string][]*evaluation, more further) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	before, rest, ok := strings.Cut(string(text), figuresBegin)
	_, after, ok2 := strings.Cut(rest, figuresEnd)
	if !ok || !ok2 {
		return fmt.Errorf("%s lacks the two lines between which the tables stand: %s and %s", name, strings.TrimSpace(figuresBegin), strings.TrimSpace(figuresEnd))
	}
	var b strings.Builder
	for _, sc := range fixed {
		all := found[sc.name]
		fmt.Fprintf(&b, "\n### Scenario `%s`\n\n%s\n", sc.name, populationLine(all, sc.seeds))
		markdown(&b, harmFigures(all))
		if sc.name == "cells" {
			for _, t := range []table{all[0].timeTable(), all[0].campaignTable(), all[0].personaTable(), all[0].hurtTable(), singleFigures(all[0])} {
				t.title += ", seed " + sc.seeds[0]
				markdown(&b, t)
			}
		} else {
			t := all[0].driftTable()
			t.title += ", seed " + sc.seeds[0]
			markdown(&b, t)
		}
	}
	for _, q := range []struct {
		title   string
		opening []string
		tables  []table
	}{{"What evading costs", more.evasion.opening(), more.evasion.tables()}, {"Each messenger", more.profiles.opening(), more.profiles.tables()}} {
		fmt.Fprintf(&b, "\n### %s\n\n%s\n", q.title, strings.Join(q.opening, "\n"))
		for _, t := range q.tables {
			markdown(&b, t)
		}
	}
	return os.WriteFile(name, []byte(before+figuresBegin+b.String()+"\n"+figuresEnd+after), 0o644)
}

// populationLine says who was measured.
func populationLine(all []*evaluation, seeds []string) string {
	var records, innocent, members int64
	for _, e := range all {
		records, innocent, members = records+e.Stream.Records, innocent+int64(e.Accounts.Innocent), members+int64(e.Accounts.Members)
	}
	return fmt.Sprintf("Seeds %s, split test: %s events, %s innocent accounts that acted and %s abusive ones in all.",
		strings.Join(seeds, ", "), thousands(records), thousands(innocent), thousands(members))
}

// harmFigures has the mean over seeds, with the least and the greatest, of each harm's measures and of its trivial rule's.
func harmFigures(all []*evaluation) table {
	t := table{title: "Mean over seeds (least to greatest)", head: []string{"harm"}}
	rules := []struct {
		name string
		of   func(*evaluate.Harm) evaluate.Number
	}{
		{"trivial rule: average precision", func(h *evaluate.Harm) evaluate.Number { return h.Rankings[1].AP.Value }},
		{"trivial rule: recall at FPR 1 %", func(h *evaluate.Harm) evaluate.Number { return h.Rankings[1].Recall[1].Value }},
	}
	for _, m := range slices.Concat(measures, rules) {
		t.head = append(t.head, m.name)
	}
	for i := range all[0].Harms {
		row := []string{all[0].Harms[i].Harm}
		for _, m := range slices.Concat(measures, rules) {
			row = append(row, spreadText(overSeeds(all, i, m.of)))
		}
		t.rows = append(t.rows, row)
	}
	return t
}

// spreadText writes the mean with the least and the greatest.
func spreadText(values []float64) string {
	if len(values) == 0 {
		return "–"
	}
	return fmt.Sprintf("%.3f (%.3f–%.3f)", noiseOf(values, leastBand).Mean, slices.Min(values), slices.Max(values))
}

// singleFigures has the three features that separate each harm best by themselves.
func singleFigures(e *evaluation) table {
	t := table{title: "The features that separate best by themselves, of all in the catalogue", head: []string{"harm", "feature", "AUC"}}
	count := map[string]int{}
	for i := range e.Features {
		f := &e.Features[i]
		if count[f.Harm]++; count[f.Harm] <= 3 {
			t.add(f.Harm, "`"+f.Feature+"`", three(f.AUC))
		}
	}
	return t
}

// markdown writes a table.
func markdown(b *strings.Builder, t table) {
	fmt.Fprintf(b, "\n**%s**\n\n| %s |\n|%s\n", t.title, strings.Join(t.head, " | "), strings.Repeat("---|", len(t.head)))
	for _, row := range t.rows {
		row = slices.Concat(row, make([]string, max(0, len(t.head)-len(row))))
		fmt.Fprintf(b, "| %s |\n", strings.Join(row, " | "))
	}
	if t.note != "" {
		fmt.Fprintf(b, "\n%s\n", t.note)
	}
}

// The document has a place for the tables, and what is written there twice stands there once.
func TestFiguresHaveTheirPlace(t *testing.T) {
	text, err := os.ReadFile("../../docs/evaluation.md")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Count(string(text), figuresBegin) != 1 || strings.Count(string(text), figuresEnd) != 1 {
		t.Errorf("docs/evaluation.md has not one line %q and one line %q", figuresBegin, figuresEnd)
	}
	if _, err := os.Stat("../../docs/evaluation.json"); err != nil {
		t.Errorf("%v: make eval writes it", err)
	}
}
