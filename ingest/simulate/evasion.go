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
