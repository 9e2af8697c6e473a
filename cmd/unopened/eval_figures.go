package main

import (
	"fmt"
	"html/template"
	"math"
	"sort"

	"github.com/unopened/unopened/evaluate"
)

// curveFigure is recall against false-positive rate, on a logarithmic axis.
func (e *evaluation) curveFigure() *figure {
	f := &figure{Caption: `Recall against the false-positive rate: <b class="a">the model</b>, <b class="b">its trivial rule</b>, <b class="c">the account is new</b>`}
	e.positive(func(h *evaluate.Harm) {
		least := math.Pow(10, math.Floor(math.Log10(1/float64(max(2, h.Negatives)))))
		var ticks []float64
		for x := least; x < 1.5; x *= 10 {
			ticks = append(ticks, x)
		}
		s := plotted(h.Harm, "innocent accounts flagged", axis{from: least, to: 1, log: true}, ticks, perCent)
		for k := len(h.Rankings) - 1; k >= 0; k-- {
			places := []float64{s.x.start, s.y.start}
			recall := 0.0
			for _, p := range h.Rankings[k].Curve {
				places = append(places, s.x.at(float64(p[0])), s.y.at(recall), s.x.at(float64(p[0])), s.y.at(float64(p[1])))
				recall = float64(p[1])
			}
			s.line([]string{"a", "b", "c"}[k], append(places, s.x.end, s.y.at(recall))...)
		}
		f.Plots = append(f.Plots, s.end())
	})
	return f
}

// positive calls f with each harm that has positives and figures.
func (e *evaluation) positive(f func(*evaluate.Harm)) {
	for i := range e.Harms {
		if h := &e.Harms[i]; h.Positives > 0 && h.Action != nil {
			f(h)
		}
	}
}

// campaignFigure is the recall of each way of abuse.
func (e *evaluation) campaignFigure() *figure {
	var labels []string
	var shares []evaluate.Share
	for i := range e.Campaigns {
		c := &e.Campaigns[i]
		labels, shares = append(labels, c.Campaign+", "+c.Variant), append(shares, c.Action)
	}
	return &figure{"Recall at the action threshold, with intervals of 95 %", []template.HTML{shareRows("recall by campaign and variant", 1, labels, shares)}}
}

// personaFigure is how often each persona is flagged.
func (e *evaluation) personaFigure() *figure {
	var labels []string
	var shares []evaluate.Share
	var most evaluate.Number
	for i := range e.Personas {
		p := &e.Personas[i]
		labels, shares = append(labels, p.Persona), append(shares, p.Any)
		if p.Any.High.Known() {
			most = max(most, p.Any.High)
		}
	}
	ends := []float64{0.02, 0.04, 0.2, 0.4, 0.6, 0.8, 1} // whose quarters are round
	end := ends[min(len(ends)-1, sort.SearchFloat64s(ends, float64(most)))]
	return &figure{"Innocent accounts over the action threshold of any harm, with intervals of 95 %", []template.HTML{shareRows("false-positive rate by persona", end, labels, shares)}}
}

// delayFigure is what share of all abusive accounts is detected within how many hours.
func (e *evaluation) delayFigure() *figure {
	f := &figure{Caption: "Share of all abusive accounts detected by so many hours after their abuse began"}
	label := func(x float64) string { return short(evaluate.Number(x)) }
	e.positive(func(h *evaluate.Harm) {
		s := plotted(h.Harm, "hours", axis{from: 0.1, to: 1000, log: true}, []float64{0.1, 1, 10, 100, 1000}, label)
		places, share := []float64{s.x.start, s.y.start}, 0.0
		for i, hours := range h.Action.Delays {
			places = append(places, s.x.at(float64(hours)), s.y.at(share))
			share = float64(i+1) / float64(h.Positives)
			places = append(places, s.x.at(float64(hours)), s.y.at(share))
		}
		s.line("a", append(places, s.x.end, s.y.at(share))...)
		f.Plots = append(f.Plots, s.end())
	})
	return f
}

// calibrationFigure is whether a score means what it says.
func (e *evaluation) calibrationFigure() *figure {
	f := &figure{Caption: "Share of abusive accounts against the mean greatest score; what is calibrated lies on the dashed line"}
	e.positive(func(h *evaluate.Harm) {
		s := plotted(h.Harm, "mean score", axis{from: 0, to: 1}, []float64{0, 0.25, 0.5, 0.75, 1}, func(x float64) string { return fmt.Sprint(x) })
		s.line("c", s.x.start, s.y.start, s.x.end, s.y.end)
		for _, b := range h.Calibrate.Bins {
			if b.Abusive.Of == 0 {
				continue
			}
			x := s.x.at(float64(b.Score))
			s.line("a", x, s.y.at(float64(b.Abusive.Low)), x, s.y.at(float64(b.Abusive.High)))
			s.dot(x, s.y.at(float64(b.Abusive.Value)))
		}
		f.Plots = append(f.Plots, s.end())
	})
	return f
}
