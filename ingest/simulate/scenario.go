package simulate

import (
	"errors"
	"fmt"

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
	Seed     uint64
	Split    Split
	Start    int64 // Unix milliseconds
	Days     int
	Accounts int // of all kinds, abusive ones among them

	// How many campaigns of each kind there are; a groomer and a takeover concern one account, the others many.
	SpamBursts int
	Groomers   int
	Brigades   int
	Takeovers  int

	Hostile int // records that every decoder must refuse, spread over the whole time
	Repeats int // exact copies of earlier lines that come again within the hour

	Encoding ingest.Encoding // of the lines; it changes nothing of what happens
}

// Default returns the scenario of the demo: a week of about 600,000 records, of whose accounts some two in a hundred
// are abusive.
func Default() Scenario {
	return Scenario{
		Seed: 1, Split: Test, Start: 1748822400000 /* Monday, 2025-06-02 */, Days: 7, Accounts: 7000,
		SpamBursts: 3, Groomers: 20, Brigades: 2, Takeovers: 16,
		Hostile: 120, Repeats: 1200,
	}
}

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
	check(sc.Start >= ingest.Earliest && sc.Start+int64(sc.Days)*day <= ingest.Latest,
		"start %d: give Unix milliseconds such that all days lie in the years 2000 to 2099", sc.Start)
	check(sc.Accounts >= 200 && sc.Accounts <= 10_000_000, "accounts %d: give 200 to 10000000", sc.Accounts)
	var abusive int
	for i := range campaigns {
		c := &campaigns[i]
		n := c.count(sc)
		check(n >= 0 && n <= sc.Accounts, "%d campaigns of %s: give 0 to the number of accounts", n, c.name)
		abusive += n * int(c.ranges[sc.Split].members.hi)
	}
	check(abusive <= sc.Accounts/2, "up to %d abusive accounts of %d: give fewer, or more accounts; half must be innocent",
		abusive, sc.Accounts)
	check(sc.Hostile >= 0 && sc.Repeats >= 0, "hostile %d, repeats %d: give 0 or more", sc.Hostile, sc.Repeats)
	return errors.Join(problems...)
}
