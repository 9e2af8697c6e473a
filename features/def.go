package features

import (
	"time"

	"github.com/unopened/unopened/ingest"
)

// Def declares one feature. It gives the vector's place, the ClickHouse column and its COMMENT, the page in
// CATALOGUE.md, the sentence of a reason and the benchmark: a new feature is one Def in its family's file.
type Def struct {
	Name   string        // what and window in snake_case: "first_contacts_1d"; never changed once published
	Family string        // the family's name
	Unit   Unit          // of the value
	Window time.Duration // half-life of what is counted, 0 where nothing decays
	Help   string        // one sentence: what the value is
	Reason string        // the sentence of a reason, with one verb for the value: "%.0f first contacts in a day"
	Needs  ingest.Fields // optional fields of the contract without which the value is unknown (NaN)
	Sign   Sign          // which way a value speaks
	Harms  Harms         // the harms that it speaks to
	Source string        // the paper or published practice behind it, as CATALOGUE.md lists them: "SynchroTrap 2014"
	// Read reads the value from an account at the time that its state stands at (a.Last). r is the part of the
	// state that only accounts with dealings have, never nil. NaN says unknown.
	Read func(a *Account, r *Reach) float32
}

// Unit is the unit of a feature's value.
type Unit string

// The units.
const (
	Count Unit = "count"
	Share Unit = "share" // 0 to 1
	Ratio Unit = "ratio"
	Hours Unit = "hours"
	Days  Unit = "days"
	Log   Unit = "log"
	Bits  Unit = "bits"
)

// Sign says which way a feature speaks of the harms that it speaks to; what learns keeps to it.
type Sign int8

// The signs.
const (
	Worse  Sign = 1  // the more, the worse
	Better Sign = -1 // the more, the better: it speaks for the account
	Either Sign = 0  // neither holds by itself
)

// Harms is a set of categories of harm.
type Harms uint16

// The sets of one.
const (
	asSpam       Harms = 1 << ingest.Spam
	asScam       Harms = 1 << ingest.Scam
	asGrooming   Harms = 1 << ingest.Grooming
	asHarassment Harms = 1 << ingest.Harassment
	asSybil      Harms = 1 << ingest.Sybil
	asTakeover   Harms = 1 << ingest.Takeover
	everyHarm          = asSpam | asScam | asGrooming | asHarassment | asSybil | asTakeover
)

// Has tells whether the set has a category.
func (h Harms) Has(c ingest.Category) bool { return h>>c&1 != 0 }

// Names are the contract's names of the categories, in its order.
func (h Harms) Names() (names []string) {
	for c := ingest.Spam; c <= ingest.Other; c++ {
		if h.Has(c) {
			names = append(names, c.String())
		}
	}
	return names
}

// Index returns the place of the named feature in the Catalogue and in each Vector, and whether there is one.
func Index(name string) (int, bool) {
	for i := range Catalogue {
		if Catalogue[i].Name == name {
			return i, true
		}
	}
	return 0, false
}
