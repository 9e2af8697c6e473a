package simulate

import (
	"errors"
	"fmt"
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
	Seed     uint64 `yaml:"seed" json:"seed"`
	Split    Split  `yaml:"split" json:"split"`
	Start    int64  `yaml:"start" json:"start"` // Unix milliseconds
	Days     int    `yaml:"days" json:"days"`
	Accounts int    `yaml:"accounts" json:"accounts"` // of all kinds, abusive ones among them

	// The share of the accounts that lives as an innocent persona; the rest is ordinary.
	Newcomers    float64 `yaml:"newcomers" json:"newcomers"`
	SupportLines float64 `yaml:"support_lines" json:"support_lines"`
	Coaches      float64 `yaml:"coaches" json:"coaches"`
	Organisers   float64 `yaml:"organisers" json:"organisers"`

	// How many campaigns of each kind there are; a groomer and a takeover concern one account, the others many.
	SpamBursts int `yaml:"spam_bursts" json:"spam_bursts"`
	Groomers   int `yaml:"groomers" json:"groomers"`
	Brigades   int `yaml:"brigades" json:"brigades"`
	Takeovers  int `yaml:"takeovers" json:"takeovers"`

	// Which optional fields the messenger gives.
	Ages      bool `yaml:"ages" json:"ages"`           // age bands, of nine accounts in ten
	Relations bool `yaml:"relations" json:"relations"` // relation and shared_groups
	Places    bool `yaml:"places" json:"places"`       // device, network, countries and client
	Media     bool `yaml:"media" json:"media"`         // media, size, forwards, session_new and disappearing

	// Hostile counts the records that every decoder must refuse, spread over the whole time.
	Hostile int `yaml:"hostile" json:"hostile"`
	// Repeats counts the exact copies of earlier lines that come again within minutes.
	Repeats int `yaml:"repeats" json:"repeats"`
}

// Default returns the scenario of the demo: a week of about 600,000 records, of whose accounts some two in a hundred
// are abusive.
func Default() Scenario {
	return Scenario{
		Seed: 1, Split: Test, Start: 1748822400000 /* Monday, 2025-06-02 */, Days: 7, Accounts: 7000,
		Newcomers: 0.03, SupportLines: 0.001, Coaches: 0.008, Organisers: 0.008,
		SpamBursts: 3, Groomers: 20, Brigades: 2, Takeovers: 16,
		Ages: true, Relations: true, Places: true, Media: true,
		Hostile: 120, Repeats: 1200,
	}
}

// The contract's range of "at", and the room that accounts older than the start need.
const (
	earliest = 946684800000  // 2000-01-01
	latest   = 4102444800000 // 2100-01-01
)

// Validate returns all problems of the scenario at once, each naming its field and range.
func (sc *Scenario) Validate() error {
	var problems []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			problems = append(problems, fmt.Errorf("simulate: "+format, args...))
		}
	}
	check(sc.Split == Train || sc.Split == Test, "split %q: give %q or %q", sc.Split, Train, Test)
	check(sc.Days >= 1 && sc.Days <= 366, "days %d: give 1 to 366", sc.Days)
	check(sc.Start >= earliest && sc.Start+int64(sc.Days)*day <= latest,
		"start %d: give Unix milliseconds such that all days lie in the years 2000 to 2099", sc.Start)
	check(sc.Accounts >= 200 && sc.Accounts <= 10_000_000, "accounts %d: give 200 to 10000000", sc.Accounts)
	var shares float64
	for _, p := range personas {
		share := p.share(sc)
		check(share >= 0 && share <= 0.5, "%s share %v: give 0 to 0.5", p.name, share)
		shares += share
	}
	var abusive int
	for i := range campaigns {
		c := &campaigns[i]
		n := c.count(sc)
		check(n >= 0 && n <= sc.Accounts, "%d campaigns of %s: give 0 to the number of accounts", n, c.name)
		abusive += n * int(c.tuning(sc.Split).members.hi)
	}
	check(float64(abusive)+shares*float64(sc.Accounts) <= 0.6*float64(sc.Accounts),
		"up to %d abusive accounts and personas for %.0f %% of %d accounts: give fewer, or more accounts; 40 %% must "+
			"stay ordinary", abusive, 100*shares, sc.Accounts)
	check(sc.Hostile >= 0, "hostile %d: give 0 or more", sc.Hostile)
	check(sc.Repeats >= 0, "repeats %d: give 0 or more", sc.Repeats)
	return errors.Join(problems...)
}
