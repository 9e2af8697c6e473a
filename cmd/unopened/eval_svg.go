package main

import (
	"fmt"
	"html/template"
	"math"
	"strings"

	"github.com/unopened/unopened/evaluate"
)

// figure is plots side by side. They are drawn here rather than by gonum/plot, whose SVG has fixed colours: these take the
// page's, light or dark.
type figure struct {
	Caption template.HTML
	Plots   []template.HTML
}

// axis is a scale from values to places on the page.
type axis struct {
	from, to   float64 // values
	start, end float64 // places
	log        bool
}

// at is the place of a value; what lies beyond an end is drawn at the end.
func (a axis) at(x float64) float64 {
	from, to := a.from, a.to
	if a.log {
		x, from, to = math.Log(max(x, a.from)), math.Log(from), math.Log(to)
	}
	return a.start + (min(max(x, from), to)-from)/(to-from)*(a.end-a.start)
}

// svg is a drawing under way.
type svg struct {
	b             strings.Builder
	width, height float64
	x, y          axis
}

// newSVG begins a drawing with a name that is also read to who cannot see it.
func newSVG(width, height float64, name string) *svg {
	s := &svg{width: width, height: height}
	name = template.HTMLEscapeString(name)
	fmt.Fprintf(&s.b, `<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%.0f" viewBox="0 0 %[1]g %[2]g" role="img" aria-label="%[3]s"><title>%[3]s</title>`, width, height, name)
	return s
}

// end returns the drawing.
func (s *svg) end() template.HTML {
	s.b.WriteString("</svg>")
	return template.HTML(s.b.String()) // every text in it was escaped
}

// text writes a text; anchor is start, middle or end.
func (s *svg) text(x, y float64, anchor, class, text string) {
	fmt.Fprintf(&s.b, `<text x="%.1f" y="%.1f" text-anchor="%s" class="%s">%s</text>`, x, y, anchor, class, template.HTMLEscapeString(text))
}

// line draws through places.
func (s *svg) line(class string, places ...float64) {
	fmt.Fprintf(&s.b, `<polyline class="%s" points="`, class)
	for i := 0; i+1 < len(places); i += 2 {
		fmt.Fprintf(&s.b, "%.1f,%.1f ", places[i], places[i+1])
	}
	s.b.WriteString(`"/>`)
}

// dot draws a point.
func (s *svg) dot(x, y float64) {
	fmt.Fprintf(&s.b, `<circle class="dot" cx="%.1f" cy="%.1f" r="3"/>`, x, y)
}

// frame draws a plot's axes with ticks at values, each with its label.
func (s *svg) frame(xs, ys []float64, xLabel, yLabel func(float64) string) {
	for _, x := range xs {
		s.line("grid", s.x.at(x), s.y.start, s.x.at(x), s.y.end)
		s.text(s.x.at(x), s.y.start+14, "middle", "faint", xLabel(x))
	}
	for _, y := range ys {
		s.line("grid", s.x.start, s.y.at(y), s.x.end, s.y.at(y))
		if yLabel != nil {
			s.text(s.x.start-5, s.y.at(y)+4, "end", "faint", yLabel(y))
		}
	}
}

// plotted begins a square plot of shares (upwards) against something.
func plotted(name, below string, x axis, ticks []float64, label func(float64) string) *svg {
	s := newSVG(345, 250, name)
	s.x, s.y = axis{x.from, x.to, 42, 320, x.log}, axis{from: 0, to: 1, start: 205, end: 24}
	s.text(42, 14, "start", "name", name)
	s.frame(ticks, []float64{0, 0.25, 0.5, 0.75, 1}, label, perCent)
	s.text(181, 242, "middle", "faint", below)
	return s
}

// perCent labels a share.
func perCent(x float64) string { return short(evaluate.Number(100*x)) + " %" }

// shareRows draws shares with their intervals, one below the other. most is the greatest share that fits.
func shareRows(name string, most float64, labels []string, shares []evaluate.Share) template.HTML {
	const left, row = 230.0, 20.0
	s := newSVG(800, 40+row*float64(len(shares)), name)
	s.x, s.y = axis{from: 0, to: most, start: left, end: 700}, axis{start: 12 + row*float64(len(shares)), end: 8}
	s.frame([]float64{0, most / 4, most / 2, most * 3 / 4, most}, nil, perCent, nil)
	for i, share := range shares {
		y := 20 + row*float64(i)
		s.text(left-8, y+4, "end", "", labels[i])
		if !share.Value.Known() {
			continue
		}
		fmt.Fprintf(&s.b, `<rect class="bar" x="%.1f" y="%.1f" width="%.1f" height="10"/>`, left, y-5, s.x.at(float64(share.Value))-left)
		s.line("a", s.x.at(float64(share.Low)), y, s.x.at(float64(share.High)), y)
		s.dot(s.x.at(float64(share.Value)), y)
		s.text(705, y+4, "start", "faint", fmt.Sprintf("%d of %s", share.Hits, thousands(int64(share.Of))))
	}
	return s.end()
}
