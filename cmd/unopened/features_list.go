package main

import (
	"cmp"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/unopened/unopened/features"
)

// declared is what a Def says, for machines.
type declared struct {
	Name     string        `json:"name"`
	Family   string        `json:"family"`
	Unit     features.Unit `json:"unit"`
	HalfLife float64       `json:"half_life_seconds"` // 0 where nothing decays
	Help     string        `json:"help"`
	Reason   string        `json:"reason"` // with one verb of printf for the value
	Needs    []string      `json:"needs"`
	Harms    []string      `json:"harms"`
	Sign     string        `json:"sign"`
	Source   string        `json:"source"`
}

// declared are the chosen features.
func (f *featuresFlags) declared() []declared {
	all := make([]declared, len(f.chosen))
	for i, place := range f.chosen {
		d := &features.Catalogue[place]
		all[i] = declared{
			Name: d.Name, Family: d.Family, Unit: d.Unit, HalfLife: d.Window.Seconds(), Help: d.Help, Reason: d.Reason,
			Needs: append([]string{}, d.Needs.Names()...), Harms: append([]string{}, d.Harms.Names()...), // none is [], not null
			Sign: d.Sign.String(), Source: d.Source,
		}
	}
	return all
}

// printList writes a table.
func (f *featuresFlags) printList(out io.Writer) error {
	rows := make([][]string, len(f.chosen))
	for i, place := range f.chosen {
		d := &features.Catalogue[place]
		rows[i] = []string{d.Name, d.Family, string(d.Unit), d.HalfLife(), strings.Join(d.Harms.Names(), ", "), d.Sign.String(),
			strings.Join(d.Needs.Names(), ", ")}
	}
	return writeTable(out, []string{"name", "family", "unit", "half-life", "harms", "sign", "needs"}, rows)
}

// printEach writes all about each feature.
func (f *featuresFlags) printEach(out io.Writer) error {
	for i, place := range f.chosen {
		if i > 0 {
			fmt.Fprintln(out)
		}
		d := &features.Catalogue[place]
		list := func(names []string, none string) string { return cmp.Or(strings.Join(names, ", "), none) }
		for _, row := range [][2]string{
			{"name", d.Name},
			{"family", d.Family},
			{"meaning", d.Help},
			{"reason", decimals.ReplaceAllString(d.Reason, "N")},
			{"unit", string(d.Unit)},
			{"half-life", cmp.Or(d.HalfLife(), "none")},
			{"needs", list(d.Needs.Names(), "no optional field")},
			{"harms", list(d.Harms.Names(), "none in particular")},
			{"sign", d.Sign.String()},
			{"source", cmp.Or(d.Source, "none")},
		} {
			if _, err := fmt.Fprintf(out, "%-9s  %s\n", row[0], row[1]); err != nil {
				return err
			}
		}
	}
	return nil
}

// decimals finds the verb of a feature's sentence, which has the decimals of its value.
var decimals = regexp.MustCompile(`%\.\df`)
