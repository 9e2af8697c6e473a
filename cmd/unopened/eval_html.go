package main

import (
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"os"
	"time"
)

// evalPage is the page, well-formed as XML too, without scripts and without anything from elsewhere.
//
//go:embed eval.html
var evalPage string

// page is what the template shows.
type page struct {
	Heading       string // empty for "Evaluation of"
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

// answer is what a question of eval came to; its JSON is the document of --json.
type answer interface {
	page() *page
	print(io.Writer) error
}

// tell writes the page, where one is wanted, and the answer.
func (f *evalFlags) tell(out io.Writer, begin time.Time, a answer) error {
	if f.html != "" {
		if err := writePage(f.html, a.page()); err != nil {
			return err
		}
	}
	return show(out, f.asJSON, a, func(w io.Writer) error {
		if err := a.print(w); err != nil {
			return err
		}
		_, err := fmt.Fprintf(w, "\ntook %.1f s\n", time.Since(begin).Seconds())
		return err
	})
}

// writePage writes one page.
func writePage(name string, p *page) (err error) {
	t, err := template.New("page").Parse(evalPage)
	if err != nil {
		return fmt.Errorf("the page's template: %w", err)
	}
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(t.Execute(f, p), f.Close())
}

// page puts each figure before the table that has its numbers.
func (e *evaluation) page() *page {
	p := &page{Name: e.Stream.Source, Version: version, Opening: e.opening(), Draws: e.Settings.Bootstrap}
	figures := map[string]*figure{
		rankingTitle: e.curveFigure(), personaTitle: e.personaFigure(), timeTitle: e.delayFigure(), campaignTitle: e.campaignFigure(),
		calibrationTitle: e.calibrationFigure(),
	}
	p.add(e.tables(), figures)
	return p
}

// add puts tables that have rows on the page, each with its figure.
func (p *page) add(tables []table, figures map[string]*figure) {
	for _, t := range tables {
		if len(t.rows) > 0 {
			p.Parts = append(p.Parts, pagePart{Table: &shown{t.title, t.note, t.head, t.rows}}, pagePart{Figure: figures[t.title]})
		}
	}
}
