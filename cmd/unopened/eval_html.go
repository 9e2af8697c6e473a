package main

import (
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"os"
)

// evalPage is the page, well-formed as XML too, without scripts and without anything from elsewhere.
//
//go:embed eval.html
var evalPage string

// page is what the template shows.
type page struct {
	Name, Version string
	Opening       []string
	Draws         int
	Parts         []pagePart
}

// pagePart is a figure, a table, or both.
type pagePart struct {
	Figure *figure
	Table  *shown
}

// shown is a table of the terminal, for the template.
type shown struct {
	Title, Note string
	Head        []string
	Rows        [][]string
}

// writePage writes an evaluation as one page.
func writePage(name string, e *evaluation) (err error) {
	t, err := template.New("page").Parse(evalPage)
	if err != nil {
		return fmt.Errorf("the page's template: %w", err)
	}
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(t.Execute(f, e.page()), f.Close())
}

// page puts each figure before the table that has its numbers.
func (e *evaluation) page() *page {
	p := &page{Name: e.Stream.Source, Version: version, Opening: e.opening(), Draws: e.Settings.Bootstrap}
	figures := map[string]*figure{
		rankingTitle: e.curveFigure(), personaTitle: e.personaFigure(), timeTitle: e.delayFigure(), campaignTitle: e.campaignFigure(),
		calibrationTitle: e.calibrationFigure(),
	}
	for _, t := range e.tables() {
		if len(t.rows) > 0 {
			p.Parts = append(p.Parts, pagePart{Table: &shown{t.title, t.note, t.head, t.rows}}, pagePart{Figure: figures[t.title]})
		}
	}
	return p
}
