package simulate

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/unopened/unopened/ingest"
)

// Split says which ranges the campaigns draw their parameters from, so that what is fitted on one is tested on the
// other. The same seed gives different worlds in the two.
type Split string

// The splits.
const (
	Train Split = "train"
	Test  Split = "test"
)

// Scenario is all that a simulation depends on.
type Scenario struct {
	Seed     uint64 `yaml:"seed"`
	Split    Split  `yaml:"split"`
	Start    int64  `yaml:"-"` // Unix milliseconds; a day in a file
	Days     int    `yaml:"days"`
	Accounts int    `yaml:"accounts"` // of all kinds, abusive ones among them

	// Personas has the share of all accounts that each innocent persona has, where it is not the usual one.
	Personas  map[string]float64 `yaml:"personas"`
	Campaigns []Plan             `yaml:"campaigns"`

	Missing float64 `yaml:"missing"` // share of the optional fields that a client does not send
	Holiday Holiday `yaml:"holiday"`
	Release int     `yaml:"release"` // the day, from 1, on which a new client comes out; 0 for none

	Hostile int `yaml:"hostile"` // records that every decoder must refuse, spread over the whole time
	Repeats int `yaml:"repeats"` // exact copies of earlier lines that come again within the hour

	Encoding ingest.Encoding `yaml:"-"` // of the lines; it changes nothing of what happens
}

// Plan is how many campaigns of a kind there are, and how they evade.
type Plan struct {
	Kind    string   `yaml:"kind"`
	Variant string   `yaml:"variant"` // a way to evade that has a name; empty is plain
	Evade   *Evasion `yaml:"evade"`   // or one of its own
	Crews   int      `yaml:"crews"`   // campaigns
	// Accounts, instead of Crews, is how many acting accounts the campaigns have together, at least.
	Accounts int `yaml:"accounts"`
}

// Holiday is a time when people are free and write to those of whom they seldom think. No days are none.
type Holiday struct {
	Day  int `yaml:"day"` // its first, from 1
	Days int `yaml:"days"`
}

// Default returns the scenario of the demo: a week of about 600,000 records, of whose accounts some two in a hundred
// are abusive.
func Default() Scenario {
	sc := Scenario{
		Seed: 1, Split: Test, Start: 1748822400000 /* Monday, 2025-06-02 */, Days: 7, Accounts: 7000,
		Hostile: 120, Repeats: 1200,
	}
	sc.Plain(3, 20, 2, 16)
	return sc
}

// Set gives the scenario so many campaigns of a kind in a variant, whatever it had of these; it returns the scenario.
func (sc *Scenario) Set(kind, variant string, crews int) *Scenario {
	of := func(p Plan) bool { return p.Kind == kind && p.Evade == nil && p.name() == variant }
	sc.Campaigns = slices.DeleteFunc(slices.Clone(sc.Campaigns), of)
	if crews != 0 {
		sc.Campaigns = append(sc.Campaigns, Plan{Kind: kind, Variant: variant, Crews: crews})
	}
	slices.SortStableFunc(sc.Campaigns, func(a, b Plan) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.name(), b.name()))
	})
	return sc
}

// Plain sets how many plain campaigns of burst spam, grooming, brigades and takeovers there are.
func (sc *Scenario) Plain(spam, groomers, brigades, takeovers int) {
	sc.Set("burst_spam", Plain, spam).Set("grooming", Plain, groomers).Set("brigade", Plain, brigades).Set("takeover", Plain, takeovers)
}

// Validate returns all problems of the scenario at once, each naming its field and range.
func (sc *Scenario) Validate() error {
	var problems []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			problems = append(problems, fmt.Errorf(format, args...))
		}
	}
	check(sc.Split == Train || sc.Split == Test, "split %q: give %q or %q", sc.Split, Train, Test)
	check(sc.Days >= 1 && sc.Days <= 366, "days %d: give 1 to 366", sc.Days)
	check(sc.Start >= ingest.Earliest && sc.Start+int64(sc.Days)*day <= ingest.Latest,
		"start %d: give Unix milliseconds such that all days lie in the years 2000 to 2099", sc.Start)
	check(sc.Accounts >= 200 && sc.Accounts <= 10_000_000, "accounts %d: give 200 to 10000000", sc.Accounts)
	check(sc.Missing >= 0 && sc.Missing <= 0.9, "missing %v: give 0 to 0.9", sc.Missing)
	check(sc.Holiday.Days >= 0 && (sc.Holiday.Days == 0 || sc.Holiday.Day >= 1), "holiday: give a day from 1, and 0 days or more")
	check(sc.Release >= 0, "release %d: give a day from 1, or 0 for none", sc.Release)
	check(sc.Hostile >= 0 && sc.Repeats >= 0, "hostile %d, repeats %d: give 0 or more", sc.Hostile, sc.Repeats)
	problems = append(problems, sc.checkPersonas()...)
	problems = append(problems, sc.checkCampaigns()...)
	for i := range problems {
		problems[i] = fmt.Errorf("simulate: %w", problems[i])
	}
	return errors.Join(problems...)
}

// checkPersonas tells which shares cannot be.
func (sc *Scenario) checkPersonas() (problems []error) {
	var all float64
	for _, name := range slices.Sorted(maps.Keys(sc.Personas)) {
		share := sc.Personas[name]
		if i := slices.IndexFunc(personas, func(p persona) bool { return p.name == name }); i < 0 {
			problems = append(problems, fmt.Errorf("personas: there is no %q: give %s", name, strings.Join(Personas(), ", ")))
		}
		if share < 0 || share > 1 {
			problems = append(problems, fmt.Errorf("personas: %s %v: give a share from 0 to 1", name, share))
		}
	}
	for i := range personas {
		all += sc.share(&personas[i])
	}
	if all > 0.9 {
		problems = append(problems, fmt.Errorf("personas are %.0f %% of all accounts: give at most 90, since they are made of ordinary people", 100*all))
	}
	return problems
}

// share is the share of all accounts that a persona has.
func (sc *Scenario) share(p *persona) float64 {
	if share, given := sc.Personas[p.name]; given {
		return share
	}
	return p.share
}

// checkCampaigns tells which plans cannot be.
func (sc *Scenario) checkCampaigns() (problems []error) {
	for i := range sc.Campaigns {
		p := &sc.Campaigns[i]
		for _, problem := range p.problems() {
			problems = append(problems, fmt.Errorf("campaign %d (%s): %s", i+1, p.Kind, problem))
		}
	}
	if abusive := sc.Abusive(); abusive > sc.Accounts/2 {
		problems = append(problems, fmt.Errorf("up to %d abusive accounts and accomplices of %d: give fewer, or more accounts; half must be innocent",
			abusive, sc.Accounts))
	}
	return problems
}

// Abusive is how many accounts the campaigns have at most, accomplices among them; at least twice as many must there be in
// all. Plans that cannot be have none.
func (sc *Scenario) Abusive() (n int) {
	for i := range sc.Campaigns {
		if p := &sc.Campaigns[i]; len(p.problems()) == 0 && (sc.Split == Train || sc.Split == Test) {
			n += p.most(sc.Split)
		}
	}
	return n
}

// problems tells what of a plan cannot be.
func (p *Plan) problems() (all []string) {
	kind := p.kind()
	if kind == nil {
		names, _ := Kinds()
		return []string{fmt.Sprintf("there is no such kind: give %s", strings.Join(names, ", "))}
	}
	if _, err := evasion(p.name()); p.Evade == nil && err != nil {
		all = append(all, err.Error())
	}
	if p.Evade != nil {
		all = append(all, p.Evade.problems()...)
	}
	if p.Evade != nil && p.Variant != "" {
		all = append(all, "give a variant or evade, not both")
	}
	if slices.Contains(kind.unfit, p.Variant) {
		all = append(all, fmt.Sprintf("%s makes no sense for it", p.Variant))
	}
	if p.Crews < 0 || p.Accounts < 0 || (p.Crews > 0) == (p.Accounts > 0) {
		all = append(all, fmt.Sprintf("crews %d, accounts %d: give one of them, above 0", p.Crews, p.Accounts))
	}
	return all
}

// most is how many accounts the plan's campaigns may have at most, accomplices among them.
func (p *Plan) most(split Split) int {
	each := int(p.kind().ranges[split].members.hi) * max(1, p.evasion().Divided)
	n := p.Crews * each
	if p.Crews == 0 {
		n = p.Accounts + each
	}
	return n + accomplices(p.evasion(), n)
}

func (p *Plan) kind() *campaign {
	for i := range campaigns {
		if campaigns[i].name == p.Kind {
			return &campaigns[i]
		}
	}
	return nil
}

// name is the variant's name; of an evasion of its own it says what is paid.
func (p *Plan) name() string {
	switch {
	case p.Evade != nil:
		return p.Evade.String()
	case p.Variant == "":
		return Plain
	}
	return p.Variant
}

// evasion is what the plan's campaigns do to stay unseen.
func (p *Plan) evasion() Evasion {
	e, _ := evasion(p.name())
	if p.Evade != nil {
		e = *p.Evade
	}
	if e.Slower == 0 {
		e.Slower = 1
	}
	e.Divided = max(1, e.Divided)
	return e
}
