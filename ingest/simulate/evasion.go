package simulate

import (
	"fmt"
	"slices"
	"strings"
)

// Evasion is what an attacker pays to stay unseen. The zero value is an attacker who pays nothing.
type Evasion struct {
	// Slower is the factor on the time between two acts: with 4 a campaign goes on at a quarter of its rate. 0 is 1.
	Slower float64 `yaml:"slower" json:"slower,omitempty"`
	// Farmed is the share of an account's dialogues that it has with accomplices, who answer it.
	Farmed float64 `yaml:"farmed" json:"farmed,omitempty"`
	// Seeded is how many people of the place from which it takes its targets it has got to know beforehand; it is in
	// some of their groups.
	Seeded int `yaml:"seeded" json:"seeded,omitempty"`
	// Misdeclared accounts say that they are 16 or 17.
	Misdeclared bool `yaml:"misdeclared" json:"misdeclared,omitempty"`
	// WarmUp is how many days the accounts made for it live like others before they begin.
	WarmUp int `yaml:"warm_up" json:"warm_up,omitempty"`
	// Divided is how many accounts share the work of one. 0 is 1.
	Divided int `yaml:"divided" json:"divided,omitempty"`
}

// variant is a way to evade that has a name.
type variant struct {
	name string
	Evasion
}

// The names of the variants.
const (
	Plain       = "plain"
	Quarter     = "quarter_rate"
	Farmed      = "farmed_replies"
	Seeded      = "seeded_contacts"
	Misdeclared = "misdeclared_age"
	Warmed      = "warmed_up"
)

// variants lists them. Who seeds contacts needs some days for it.
var variants = []variant{
	{Plain, Evasion{}},
	{Quarter, Evasion{Slower: 4}},
	{Farmed, Evasion{Farmed: 0.5}},
	{Seeded, Evasion{Seeded: 10, WarmUp: 5}},
	{Misdeclared, Evasion{Misdeclared: true}},
	{Warmed, Evasion{WarmUp: 21}},
}

// evasion returns the evasion of a variant.
func evasion(name string) (Evasion, error) {
	for _, v := range variants {
		if v.name == name {
			return v.Evasion, nil
		}
	}
	return Evasion{}, fmt.Errorf("there is no variant %q: give %s", name, strings.Join(Variants(), ", "))
}

// Variants are the names of the ways to evade, plain first.
func Variants() (names []string) {
	for _, v := range variants {
		names = append(names, v.name)
	}
	return names
}

// Kinds are the names of the kinds of campaign, and for each the variants that make sense for it.
func Kinds() (names []string, fits map[string][]string) {
	fits = map[string][]string{}
	for _, c := range campaigns {
		names = append(names, c.name)
		for _, v := range variants {
			if !slices.Contains(c.unfit, v.name) {
				fits[c.name] = append(fits[c.name], v.name)
			}
		}
	}
	return names, fits
}

// problems tells what of an evasion cannot be.
func (e *Evasion) problems() (all []string) {
	if e.Slower != 0 && (e.Slower < 0.1 || e.Slower > 100) {
		all = append(all, fmt.Sprintf("slower %v: give 0.1 to 100", e.Slower))
	}
	if e.Farmed < 0 || e.Farmed > 0.95 {
		all = append(all, fmt.Sprintf("farmed %v: give 0 to 0.95", e.Farmed))
	}
	if e.Seeded < 0 || e.Seeded > 1000 {
		all = append(all, fmt.Sprintf("seeded %d: give 0 to 1000", e.Seeded))
	}
	if e.WarmUp < 0 || e.WarmUp > 1000 {
		all = append(all, fmt.Sprintf("warm_up %d: give 0 to 1000", e.WarmUp))
	}
	if e.Divided < 0 || e.Divided > 100 {
		all = append(all, fmt.Sprintf("divided %d: give 0 to 100", e.Divided))
	}
	return all
}

// String names what is paid: "slower 4, warm_up 21", or "plain".
func (e Evasion) String() string {
	var paid []string
	for _, k := range knobs {
		if v := k.get(&e); v != k.free {
			paid = append(paid, fmt.Sprintf("%s %v", k.Name, v))
		}
	}
	if len(paid) == 0 {
		return Plain
	}
	return strings.Join(paid, ", ")
}

// Knob is one thing that an attacker can pay more or less of.
type Knob struct {
	Name  string
	Cost  string    // what a step costs, in words
	Steps []float64 // the values that a curve is made of, from free
	free  float64
	get   func(*Evasion) float64
	set   func(*Evasion, float64)
	unfit string // the variant whose campaigns it makes no sense for
}

// At is the evasion of who pays a step and nothing else; its String is the variant's name.
func (k Knob) At(step float64) (e Evasion) {
	k.set(&e, step)
	return e
}

// knobs lists them.
var knobs = []Knob{
	{
		"slower", "times as long for the same work", []float64{1, 2, 4, 8, 16}, 1,
		func(e *Evasion) float64 { return max(1, e.Slower) }, func(e *Evasion, v float64) { e.Slower = v }, Quarter,
	},
	{
		"divided", "accounts for the work of one", []float64{1, 2, 4, 8}, 1,
		func(e *Evasion) float64 { return float64(max(1, e.Divided)) }, func(e *Evasion, v float64) { e.Divided = int(v) }, "",
	},
	{
		"farmed", "share of dialogues with accomplices who answer", []float64{0, 0.25, 0.5, 0.75, 0.9}, 0,
		func(e *Evasion) float64 { return e.Farmed }, func(e *Evasion, v float64) { e.Farmed = v }, Farmed,
	},
	{
		"seeded", "people of the targets' place befriended before", []float64{0, 5, 20, 60}, 0,
		func(e *Evasion) float64 { return float64(e.Seeded) }, func(e *Evasion, v float64) { e.Seeded, e.WarmUp = int(v), seedingDays(v) }, Seeded,
	},
	{
		"warm_up", "days of an ordinary life before", []float64{0, 3, 7, 21, 60}, 0,
		func(e *Evasion) float64 { return float64(e.WarmUp) }, func(e *Evasion, v float64) { e.WarmUp = int(v) }, Warmed,
	},
}

// seedingDays is how long it takes to get to know so many people.
func seedingDays(people float64) int {
	if people == 0 {
		return 0
	}
	return 5 + int(people/4)
}

// Knobs are what attackers can pay, for curves of what it buys.
func Knobs() []Knob { return slices.Clone(knobs) }

// Curves returns plans for every kind of campaign at every step of every knob that fits it, each with at least so many acting
// accounts; those that pay nothing are there once. Knob and step are in the variant's name: see String.
func Curves(accounts int) (plans []Plan) {
	for i := range campaigns {
		kind := &campaigns[i]
		plans = append(plans, Plan{Kind: kind.name, Evade: &Evasion{}, Accounts: accounts})
		for _, k := range knobs {
			if slices.Contains(kind.unfit, k.unfit) {
				continue
			}
			for _, step := range k.Steps {
				if step == k.free {
					continue
				}
				e := k.At(step)
				plans = append(plans, Plan{Kind: kind.name, Evade: &e, Accounts: accounts})
			}
		}
	}
	return plans
}
