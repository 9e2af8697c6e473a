package models

import (
	"github.com/unopened/unopened/features"
	"github.com/unopened/unopened/ingest"
)

// Harm is a kind of abuse that accounts are scored for. It counts from 0 so that it can index; Harm + 1 is the
// ingest.Category of the same name.
type Harm uint8

// The harms.
const (
	Spam Harm = iota
	Scam
	Grooming
	Harassment
	Sybil
	Takeover
	Harms = 6 // how many there are
)

// Names are the harms' names in the contract, indexed by Harm.
var Names = [Harms]string{"spam", "scam", "grooming", "harassment", "sybil", "takeover"}

// String returns the harm's name in the contract.
func (h Harm) String() string { return Names[h] }

// Score is a model's answer for one harm. When Assessable is false, Missing has the contract's fields whose absence
// is the reason, and Margin and Value mean nothing: that is not the same as a low score.
type Score struct {
	Margin     float64 // bias + the sum of all contributions
	Value      float64 // calibrate(Margin), in [0,1]; higher is worse
	Assessable bool
	Off        bool // the harm is switched off: nothing was computed
	Missing    ingest.Fields
}

// Verdict is what the models say of one account at one time. It belongs to the shard and is overwritten by the next.
type Verdict struct {
	Account ingest.SubjectID
	Event   ingest.EventID // the event after which it was made
	At      int64          // event time, Unix milliseconds
	Where   ingest.Position
	Vector  features.Vector
	Scores  [Harms]Score
}

// Reason is one contribution to a margin.
type Reason struct {
	Kind         ReasonKind
	Feature      int    // index into features.Catalogue; -1 for the bias
	Name         string // the feature's name; the gate's or guard's for those
	Value        float32
	Contribution float64
}

// ReasonKind says where a contribution comes from.
type ReasonKind uint8

// The kinds of contribution.
const (
	KindBias  ReasonKind = iota
	KindTerm             // a feature's own weight
	KindGate             // a condition that must hold; at most 0
	KindGuard            // a hard limit that lifted the margin
)

// Model scores one harm. Both methods may be called from several goroutines; neither keeps v. Score allocates
// nothing. Explain appends one Reason for the bias and one for each contribution to dst, in the artefact's order,
// so that their contributions added in that order are Score's Margin exactly.
type Model interface {
	Score(v *features.Vector) Score
	Explain(v *features.Vector, dst []Reason) []Reason
	// Name is the artefact's name and version, "grooming-card@3".
	Name() string
}
