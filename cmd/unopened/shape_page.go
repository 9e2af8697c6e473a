package main

import (
	"fmt"
	"html/template"
	"math"
	"slices"
	"strings"

	"github.com/unopened/unopened/evaluate"
)

// shapeLines are the classes of the lines of files, in order; further files are in the table alone.
var shapeLines = []string{"a", "b", "c"}

// page shows every measure as the share of values that lie at or below it, a line a file.
func (a *shapes) page() *page {
	p := &page{Heading: "How people write to each other:", Version: version, Opening: a.opening()}
	f := &figure{Caption: "Share at or below, on a logarithmic axis: "}
	var names []string
	for i, s := range a.Files {
		name := strings.TrimPrefix(s.File, "./")
		names = append(names, name)
		if i < len(shapeLines) {
			f.Caption += template.HTML(fmt.Sprintf(`<b class="%s">%s</b> `, shapeLines[i], template.HTMLEscapeString(name)))
		}
	}
	p.Name = strings.Join(names, ", ")
	for m := range a.Files[0].Measures {
		f.Plots = append(f.Plots, a.plot(m))
	}
	t := a.table()
	p.Parts = []pagePart{{Figure: f, Table: &shown{Title: t.title, Head: t.head, Rows: t.rows}}}
	return p
}

// plot draws one measure. Burstiness, which may be negative, has an even axis.
func (a *shapes) plot(m int) template.HTML {
	var all []float64
	for _, f := range a.Files {
		all = append(all, f.Measures[m].all.Values...)
	}
	one := &a.Files[0].Measures[m]
	x := axis{from: -1, to: 1}
	ticks := []float64{-1, -0.5, 0, 0.5, 1}
	if one.Unit != "" && len(all) > 0 {
		x, ticks = axis{from: 1, to: math.Pow(10, math.Ceil(math.Log10(max(10, slices.Max(all))))), log: true}, nil
		step := 10.0
		if x.to > 1e5 { // room for the labels
			step = 100
		}
		for v := x.from; v <= x.to; v *= step {
			ticks = append(ticks, v)
		}
	}
	s := plotted(one.Name, "", x, ticks, func(v float64) string {
		if one.Unit == "s" {
			return strings.ReplaceAll(amount(v, "s"), " ", "")
		}
		return strings.TrimSuffix(strings.TrimSuffix(fmt.Sprintf("%.1f", v), "0"), ".")
	})
	for i, f := range a.Files {
		if i < len(shapeLines) {
			s.cumulative(shapeLines[i], &f.Measures[m].all)
		}
	}
	return s.end()
}

// cumulative draws the share of values at or below, at two hundred shares.
func (s *svg) cumulative(class string, d *evaluate.Distribution) {
	if len(d.Values) == 0 {
		return
	}
	var places []float64
	for i := range 201 {
		share := float64(i) / 200
		places = append(places, s.x.at(d.Quantile(share)), s.y.at(share))
	}
	s.line(class, places...)
}
