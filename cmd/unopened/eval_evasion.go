package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/unopened/unopened/evaluate"
	"github.com/unopened/unopened/ingest/simulate"
)

// evasionFlags ask what evading costs and buys.
type evasionFlags struct {
	asked    bool
	accounts int
}

// add adds the flags.
func (e *evasionFlags) add(flags *pflag.FlagSet) {
	flags.BoolVar(&e.asked, "evasion", false, "what it costs an attacker to stay unseen: the people of --scenario with campaigns at every step of every evasion")
	flags.IntVar(&e.accounts, "evasion-accounts", 40, "with --evasion: acting accounts of each kind of campaign at each step, at least, 1 to 10000")
}

// evasionAnswer is what evading costs and buys.
type evasionAnswer struct {
	Scenario string `json:"scenario"`
	Given    int    `json:"scenario_accounts"` // before the campaigns made more necessary
	Accounts int    `json:"accounts"`
	Days     int    `json:"days"`
	Acting   int    `json:"evasion_accounts"`
	Knobs    []knob `json:"knobs"`

	// Of is the evaluation that the curves are made of.
	Of *evaluation `json:"evaluation"`
}

// knob is one thing that an attacker can pay more or less of.
type knob struct {
	Name   string  `json:"knob"`
	Cost   string  `json:"cost"` // what a step counts
	Curves []curve `json:"curves"`
}

// curve is what paying for it buys the campaigns of one kind, from who pays nothing.
type curve struct {
	Campaign string  `json:"campaign"`
	Points   []point `json:"points"`
}

// point is one step of a curve.
type point struct {
	Step float64 `json:"step"`
	*evaluate.Campaign
}

// evaders is the scenario with its campaigns replaced, and with more accounts where these need them.
func (f *evalFlags) evaders() (w simulate.Scenario, given int, err error) {
	sc, err := f.world.choose()
	if err != nil {
		return w, 0, err
	}
	given = sc.Accounts
	sc.Campaigns = simulate.Curves(f.evasion.accounts)
	sc.Accounts = max(sc.Accounts, 2*sc.Abusive())
	if err := sc.Validate(); err != nil {
		return w, 0, usageError{err}
	}
	return *sc, given, nil
}

// runEvasion evaluates and tells.
func (f *evalFlags) runEvasion(cmd *cobra.Command) error {
	begin := time.Now()
	if err := needScenario(cmd, "evasion"); err != nil {
		return err
	}
	if f.evasion.accounts < 1 || f.evasion.accounts > 10_000 {
		return usageError{fmt.Errorf("--evasion-accounts: %d is not between 1 and 10000", f.evasion.accounts)}
	}
	if err := separate([]string{f.config, f.world.scenario}, []written{{"--html", f.html}}); err != nil {
		return err
	}
	w, given, err := f.evaders()
	if err != nil {
		return err
	}
	a, err := f.evade(cmd.Context(), w, given)
	if err != nil {
		return err
	}
	return f.tell(cmd.OutOrStdout(), begin, a)
}

// evade runs a scenario whose campaigns are steps of knobs.
func (f *evalFlags) evade(ctx context.Context, w simulate.Scenario, given int) (*evasionAnswer, error) {
	f.windows, f.budget = 1, 0
	found, err := f.measure(ctx, func() (*truthStream, error) { return simulatedStream(w) })
	if err != nil {
		return nil, err
	}
	a := &evasionAnswer{Scenario: f.world.scenario, Given: given, Accounts: w.Accounts, Days: w.Days, Acting: f.evasion.accounts, Of: found}
	a.Knobs = knobsOf(found.Campaigns, w.Campaigns)
	return a, nil
}

// knobsOf groups an evaluation's campaigns by what they pay. A kind is shown with the knobs of which its plans have a step.
func knobsOf(campaigns []evaluate.Campaign, plans []simulate.Plan) (all []knob) {
	type key struct{ campaign, variant string }
	of, planned := map[key]*evaluate.Campaign{}, map[key]bool{}
	for i := range campaigns {
		of[key{campaigns[i].Campaign, campaigns[i].Variant}] = &campaigns[i]
	}
	for _, p := range plans {
		planned[key{p.Kind, p.Evade.String()}] = true
	}
	kinds, _ := simulate.Kinds()
	for _, k := range simulate.Knobs() {
		shown := knob{Name: k.Name, Cost: k.Cost}
		for _, kind := range kinds {
			c := curve{Campaign: kind}
			for _, step := range k.Steps {
				at := key{kind, k.At(step).String()}
				if !planned[at] {
					continue
				}
				found := of[at]
				if found == nil { // none of its accounts acted
					none := evaluate.NewShare(0, 0)
					found = &evaluate.Campaign{Campaign: kind, Variant: at.variant, Action: none, Nominal: evaluate.AtNominal[evaluate.Share]{none, none},
						Victims: evaluate.Estimate{Value: none.Value, Low: none.Value, High: none.Value}}
				}
				c.Points = append(c.Points, point{step, found})
			}
			if len(c.Points) > 1 {
				shown.Curves = append(shown.Curves, c)
			}
		}
		all = append(all, shown)
	}
	return all
}

// opening says what was evaluated.
func (a *evasionAnswer) opening() []string {
	lines := []string{fmt.Sprintf("The people of scenario %s, %s accounts for %d days, and at each step at least %d acting accounts of each kind of campaign.",
		a.Scenario, thousands(int64(a.Accounts)), a.Days, a.Acting)}
	if a.Accounts > a.Given {
		lines = append(lines, fmt.Sprintf("The scenario has %s accounts; half of all must be innocent, so there are more.", thousands(int64(a.Given))))
	}
	return append(lines, a.Of.opening()...)
}

// title of a knob's table and figure.
func (k *knob) title() string { return strings.ReplaceAll(k.Name, "_", "-") + ": " + k.Cost }
