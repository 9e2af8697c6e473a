package models

import (
	"fmt"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/unopened/unopened/features"
)

// guards are hard limits: a rule whose conditions all hold lifts the margin to at least its floor. They work from
// the first minute of a deployment, whatever the card's weights.
type guards []rule

// rule is one limit.
type rule struct {
	name  string
	floor float64
	all   []condition
}

// condition holds when the feature is at least (or at most) the limit. An unknown feature meets none.
type condition struct {
	feature int
	least   bool
	limit   float64
}

// guardsSpec is the parameters of guards as an artefact writes them.
type guardsSpec struct {
	Rules []ruleSpec `json:"rules"`
}

// ruleSpec is a rule as an artefact writes it.
type ruleSpec struct {
	Name   string          `json:"name"`   // the limit in words: "a new account floods strangers"
	Margin float64         `json:"margin"` // the floor
	All    []conditionSpec `json:"all"`
}

// conditionSpec is a condition as an artefact writes it: exactly one of the two limits.
type conditionSpec struct {
	Feature string   `json:"feature"`
	AtLeast *float64 `json:"at_least,omitempty"`
	AtMost  *float64 `json:"at_most,omitempty"`
}

// buildGuards makes guards out of their parameters.
func buildGuards(parameters jsontext.Value, uses *usage) (Model, error) {
	var spec guardsSpec
	if err := decode(parameters, &spec, "/parameters"); err != nil {
		return nil, err
	}
	var g guards
	for i := range spec.Rules {
		r, err := spec.Rules[i].build(uses, fmt.Sprintf("/parameters/rules/%d", i))
		if err != nil {
			return nil, err
		}
		g = append(g, r)
	}
	return g, nil
}

// build makes the rule. at is its place in the file.
func (s *ruleSpec) build(uses *usage, at string) (rule, error) {
	r := rule{name: s.Name, floor: s.Margin}
	if s.Name == "" || len(s.All) == 0 {
		return r, fmt.Errorf("%s: a rule needs a name and at least one condition in \"all\"", at)
	}
	for i := range s.All {
		c, place := &s.All[i], fmt.Sprintf("%s/all/%d", at, i)
		feature, err := uses.index(c.Feature, place+"/feature")
		if err != nil {
			return r, err
		}
		switch {
		case c.AtLeast != nil && c.AtMost == nil:
			r.all = append(r.all, condition{feature, true, *c.AtLeast})
		case c.AtMost != nil && c.AtLeast == nil:
			r.all = append(r.all, condition{feature, false, *c.AtMost})
		default:
			return r, fmt.Errorf("%s: give one of \"at_least\" and \"at_most\"", place)
		}
	}
	return r, nil
}

// Margin implements Model.
func (g guards) Margin(v *features.Vector, _ []float64, margin float64) float64 {
	for i := range g {
		if r := &g[i]; r.floor > margin && r.holds(v) {
			margin += r.floor - margin
		}
	}
	return margin
}

// Explain implements Model. Only rules that lift the margin have a reason.
func (g guards) Explain(v *features.Vector, _ []float64, margin float64, dst []Reason) []Reason {
	for i := range g {
		r := &g[i]
		if r.floor <= margin || !r.holds(v) {
			continue
		}
		lift := r.floor - margin
		margin += lift
		first := r.all[0].feature
		dst = append(dst, Reason{Kind: KindGuard, Feature: first, Name: r.name, Value: v.X[first], Contribution: lift})
	}
	return dst
}

// holds tells whether all conditions do.
func (r *rule) holds(v *features.Vector) bool {
	for _, c := range r.all {
		x := float64(v.X[c.feature])
		if c.least && !(x >= c.limit) || !c.least && !(x <= c.limit) {
			return false
		}
	}
	return true
}
