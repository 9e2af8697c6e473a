package main

import (
	"fmt"
	"html/template"
	"io"

	"github.com/unopened/unopened/evaluate"
)

// victimsHead heads the column of what an attacker still reaches.
const victimsHead = "innocent victims an account before detection"

// tables are all that is shown: what the dearest steps buy, then each knob.
func (a *evasionAnswer) tables() []table {
	all := []table{a.dearest()}
	for i := range a.Knobs {
		all = append(all, a.Knobs[i].table())
	}
	return all
}

// dearest sets the greatest step of each knob beside who pays nothing.
func (a *evasionAnswer) dearest() table {
	t := table{title: "What the dearest step of each evasion buys: recall at FPR 1 %, and " + victimsHead,
		note: "Victims are those of one acting account, all of them where it was never detected; who divides the work reaches those of several.",
		head: []string{"campaign", "evasion", "plain: recall", "victims", "dearest: recall", "victims"}}
	kinds := map[string][][]string{}
	var order []string
	for _, k := range a.Knobs {
		for _, c := range k.Curves {
			if kinds[c.Campaign] == nil {
				order = append(order, c.Campaign)
			}
			first, last := c.Points[0], c.Points[len(c.Points)-1]
			kinds[c.Campaign] = append(kinds[c.Campaign], []string{c.Campaign, last.Variant, first.atOne(), withUnit(first.Victims, ""), last.atOne(), withUnit(last.Victims, "")})
		}
	}
	for _, kind := range order {
		t.rows = append(t.rows, kinds[kind]...)
	}
	return t
}

// atOne is the recall at the false-positive rate of 1 %.
func (p *point) atOne() string { return p.share(p.Nominal[1]) }

// share writes a share; where the harm could not be assessed there is none.
func (p *point) share(s evaluate.Share) string {
	if p.Accounts > 0 && !p.Assessable {
		return "not assessable"
	}
	return shareText(s)
}

// table is one knob's.
func (k *knob) table() table {
	t := table{title: k.title(), head: []string{"campaign", "step", "accounts", "at the action threshold", "at FPR 1 %", "at FPR 0.1 %", victimsHead}}
	for _, c := range k.Curves {
		for _, p := range c.Points {
			t.add(c.Campaign, short(evaluate.Number(p.Step)), fmt.Sprint(p.Accounts), p.share(p.Action), p.share(p.Nominal[1]), p.share(p.Nominal[0]), withUnit(p.Victims, ""))
		}
	}
	return t
}

// figure draws one knob's curves.
func (k *knob) figure() *figure {
	f := &figure{Caption: template.HTML(`Recall by ` + template.HTMLEscapeString(k.Cost) +
		`: <b class="a">at the action threshold</b>, with intervals of 95 %, <b class="b">at FPR 1 %</b>, <b class="c">at FPR 0.1 %</b>`)}
	for _, c := range k.Curves {
		var ticks []float64
		for i := range c.Points {
			ticks = append(ticks, float64(i))
		}
		label := func(x float64) string { return short(evaluate.Number(c.Points[int(x)].Step)) }
		s := plotted(c.Campaign, k.Name, axis{from: 0, to: float64(len(c.Points) - 1)}, ticks, label)
		c.draw(s, "c", func(p *point) evaluate.Share { return p.Nominal[0] })
		c.draw(s, "b", func(p *point) evaluate.Share { return p.Nominal[1] })
		c.draw(s, "a", func(p *point) evaluate.Share { return p.Action })
		for i := range c.Points {
			if action := &c.Points[i].Action; action.Value.Known() {
				x := s.x.at(float64(i))
				s.line("a", x, s.y.at(float64(action.Low)), x, s.y.at(float64(action.High)))
				s.dot(x, s.y.at(float64(action.Value)))
			}
		}
		f.Plots = append(f.Plots, s.end())
	}
	return f
}

// draw draws one line through the steps that have a share.
func (c *curve) draw(s *svg, class string, of func(*point) evaluate.Share) {
	var places []float64
	for i := range c.Points {
		if share := of(&c.Points[i]); share.Value.Known() {
			places = append(places, s.x.at(float64(i)), s.y.at(float64(share.Value)))
		}
	}
	s.line(class, places...)
}

// print writes the answer for people.
func (a *evasionAnswer) print(out io.Writer) error { return printTables(out, a.opening(), a.tables()) }

// page is the answer as a page.
func (a *evasionAnswer) page() *page {
	p := &page{Name: "evasion in scenario " + a.Scenario, Version: version, Opening: a.opening(), Draws: a.Of.Settings.Bootstrap}
	figures := map[string]*figure{}
	for i := range a.Knobs {
		figures[a.Knobs[i].title()] = a.Knobs[i].figure()
	}
	p.add(a.tables(), figures)
	return p
}
