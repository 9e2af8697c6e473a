package models

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/unopened/unopened/features"
)

// vector has the given features; all others are unknown.
func vector(t testing.TB, values map[string]float64) features.Vector {
	v := features.NewVector()
	v.Seen = everything
	for i := range v.X {
		v.X[i] = float32(math.NaN())
	}
	for name, x := range values {
		i, ok := features.Index(name)
		if !ok {
			t.Fatalf("no feature %q", name)
		}
		v.X[i] = float32(x)
	}
	return v
}

// built is a model that reads its curves itself.
type built struct {
	Model
	curves *curves
}

func (b *built) Margin(v *features.Vector, margin float64) float64 {
	return b.Model.Margin(v, b.read(v), margin)
}

func (b *built) Explain(v *features.Vector, margin float64, dst []Reason) []Reason {
	return b.Model.Explain(v, b.read(v), margin, dst)
}

func (b *built) read(v *features.Vector) []float64 {
	ys := make([]float64, len(b.curves.resting))
	b.curves.read(v, ys)
	return ys
}

// build makes a model out of parameters.
func build(t testing.TB, kind, parameters string) *built {
	uses := &usage{}
	for i := range features.Catalogue {
		uses.listed = append(uses.listed, features.Catalogue[i].Name)
	}
	m, err := kinds[kind].build([]byte(parameters), uses)
	if err != nil {
		t.Fatal(err)
	}
	return &built{m, newCurves(uses.curves)}
}

func TestCurve(t *testing.T) {
	plain := build(t, "scorecard", `{"bias": 0, "terms": [{"feature": "sent_1d", "points": [[2, -1], [4, 0], [8, 2]], "unknown": 0.25}]}`)
	logged := build(t, "scorecard", `{"bias": 0, "terms": [{"feature": "sent_1d", "log1p": true, "points": [[0, 0], [1, 1], [7, 3]]}]}`)
	for _, c := range []struct {
		m       *built
		x, want float64
	}{
		{plain, -5, -1}, {plain, 2, -1}, {plain, 3, -0.5}, {plain, 4, 0}, {plain, 7, 1.5}, {plain, 8, 2}, {plain, math.Inf(1), 2},
		{plain, math.NaN(), 0.25},
		{logged, 0, 0}, {logged, 1, 1}, {logged, 3, 2}, {logged, 7, 3}, {logged, 1e9, 3}, {logged, math.NaN(), 0},
	} {
		v := vector(t, map[string]float64{"sent_1d": c.x})
		if got := c.m.Margin(&v, 0); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("at %v: %v, want %v", c.x, got, c.want)
		}
	}
}

// TestCurvesOfOneFeature holds curves that share a feature, on both scales, against each computed alone: at their points,
// beside and between them, outside all, and where the feature is unknown.
func TestCurvesOfOneFeature(t *testing.T) {
	m := build(t, "scorecard", `{"bias": 0, "terms": [
		{"feature": "sent_1d", "points": [[2, -1], [4, 0], [8, 2]], "unknown": 0.25},
		{"feature": "sent_1h", "points": [[1, 0], [2, 1]]},
		{"feature": "sent_1d", "log1p": true, "points": [[1, 3], [3, 0]]},
		{"feature": "sent_1d", "log1p": true, "points": [[3, 0], [6, 1], [30, 4], [40, 5]], "unknown": -1}],
		"gates": [{"name": "g", "any": [{"feature": "sent_1d", "points": [[5, -3], [20, 0]]}], "unknown": -2}]}`)
	alone := func(log bool, unknown float64, points ...[2]float64) func(float64) float64 {
		scale := func(x float64) float64 { return x }
		if log {
			scale = math.Log1p
		}
		return func(x float64) float64 {
			y := points[0][1]
			for i, to := range points[1:] {
				if from := points[i]; x > from[0] {
					share := (scale(min(x, to[0])) - scale(from[0])) / (scale(to[0]) - scale(from[0]))
					y = from[1] + share*(to[1]-from[1])
				}
			}
			if math.IsNaN(x) {
				y = unknown
			}
			return y
		}
	}
	want := []func(float64) float64{
		alone(false, 0.25, [2]float64{2, -1}, [2]float64{4, 0}, [2]float64{8, 2}),
		func(float64) float64 { return 0.5 },
		alone(true, 0, [2]float64{1, 3}, [2]float64{3, 0}),
		alone(true, -1, [2]float64{3, 0}, [2]float64{6, 1}, [2]float64{30, 4}, [2]float64{40, 5}),
		alone(false, -2, [2]float64{5, -3}, [2]float64{20, 0}),
	}
	for _, x := range []float64{math.Inf(-1), 0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 5, 5.5, 6, 7, 8, 19, 20, 29, 30, 35, 40, 41, math.Inf(1), math.NaN()} {
		v := vector(t, map[string]float64{"sent_1d": x, "sent_1h": 1.5})
		for i, r := range m.Explain(&v, 0, nil)[1:] {
			if y := want[i](x); math.Abs(r.Contribution-y) > 1e-12 {
				t.Errorf("curve %d at %v: %v, alone %v", i, x, r.Contribution, y)
			}
		}
	}
}

func TestGateIsAsOpenAsItsMostOpenCurve(t *testing.T) {
	m := build(t, "scorecard", `{"bias": 1, "terms": [], "gates": [{"name": "g", "unknown": -2, "any": [
		{"feature": "sent_1h", "points": [[0, -8], [10, 0]]},
		{"feature": "sent_1d", "points": [[0, -6], [10, 0]]}]}]}`)
	for _, c := range []struct {
		values  map[string]float64
		want    float64
		feature string
	}{
		{map[string]float64{"sent_1h": 0, "sent_1d": 0}, -5, "sent_1d"},
		{map[string]float64{"sent_1h": 10, "sent_1d": 0}, 1, "sent_1h"},
		{map[string]float64{"sent_1h": 0, "sent_1d": 99}, 1, "sent_1d"},
		{map[string]float64{"sent_1h": 5}, -3, "sent_1h"}, // the unknown one does not hold the gate open
		{nil, -1, "sent_1h"},
	} {
		v := vector(t, c.values)
		reasons := m.Explain(&v, 0, nil)
		gate := reasons[len(reasons)-1]
		if got := m.Margin(&v, 0); got != c.want || features.Catalogue[gate.Feature].Name != c.feature || gate.Kind != KindGate {
			t.Errorf("%v: margin %v, want %v; decided by %v", c.values, got, c.want, gate)
		}
	}
}

func TestGuards(t *testing.T) {
	m := build(t, "guards", `{"rules": [
		{"name": "low", "margin": 2, "all": [{"feature": "sent_1m", "at_least": 100}]},
		{"name": "high", "margin": 5, "all": [{"feature": "sent_1m", "at_least": 100}, {"feature": "age_days", "at_most": 1}]}]}`)
	for _, c := range []struct {
		sent, age, before, want float64
		reasons                 int
	}{
		{100, 0, -3, 5, 2},
		{100, 2, -3, 2, 1},
		{100, math.NaN(), -3, 2, 1}, // unknown meets no condition
		{99, 0, -3, -3, 0},
		{100, 0, 3, 5, 1},
		{100, 0, 7, 7, 0}, // a guard never lowers
		{math.NaN(), 0, -3, -3, 0},
	} {
		v := vector(t, map[string]float64{"sent_1m": c.sent, "age_days": c.age})
		reasons := m.Explain(&v, c.before, nil)
		if got := m.Margin(&v, c.before); got != c.want || len(reasons) != c.reasons || c.before+sum(reasons) != c.want {
			t.Errorf("%+v: margin %v, reasons %v", c, got, reasons)
		}
	}
}

func TestTop(t *testing.T) {
	reasons := []Reason{{Name: "bias", Contribution: 9}, {KindTerm, 0, "a", 1, 0.5}, {KindTerm, 0, "b", 1, 0}, {KindGate, 0, "c", 1, -2},
		{KindTerm, 0, "d", 1, 3}, {KindTerm, 0, "e", 1, 0.5}}
	for n, want := range []string{"", "d", "da", "dae", "daec", "daec", "daec"} {
		var got strings.Builder
		for _, r := range Top(append([]Reason(nil), reasons...), n) {
			got.WriteString(r.Name)
		}
		if got.String() != want {
			t.Errorf("top %d: %s, want %s", n, got.String(), want)
		}
	}
}

func TestText(t *testing.T) {
	sent, _ := features.Index("sent_1d")
	fact := Text(&Reason{Kind: KindTerm, Feature: sent, Name: "sent_1d", Value: 12})
	if !strings.Contains(fact, "12") {
		t.Errorf("%q does not say the value", fact)
	}
	unknown := float32(math.NaN())
	for _, c := range []struct {
		r    Reason
		want string
	}{
		{Reason{KindBias, -1, "bias", 0, -3}, "where every account starts"},
		{Reason{KindTerm, sent, "sent_1d", unknown, 0}, "sent_1d is not known"},
		{Reason{KindGate, sent, "writes a lot", 12, 0}, "holds: writes a lot (" + fact + ")"},
		{Reason{KindGate, sent, "writes a lot", 12, -0.5}, "holds in part: writes a lot (" + fact + ")"},
		{Reason{KindGate, sent, "writes a lot", 12, -5}, "does not hold: writes a lot (" + fact + ")"},
		{Reason{KindGate, sent, "writes a lot", unknown, -5}, "not known whether: writes a lot (sent_1d is not known)"},
		{Reason{KindGuard, sent, "a flood", 12, 2}, "hard limit: a flood (" + fact + ")"},
	} {
		if got := Text(&c.r); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
	r := Reason{Kind: KindTerm, Value: 1}
	for r.Feature = range features.Catalogue {
		if got := Text(&r); strings.Contains(got, "%!") {
			t.Errorf("%s: %q", features.Catalogue[r.Feature].Name, got)
		}
	}
}

// formatted is a contribution with its sentence.
func formatted(r *Reason) string { return fmt.Sprintf("%+.2f %s", r.Contribution, Text(r)) }
