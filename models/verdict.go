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
	Feature      int     // index into features.Catalogue; -1 for the bias
	Name         string  // the feature's name; the gate's or guard's for those; "bias"
	Value        float32 // of the feature, NaN where it is unknown
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

// Model adds contributions to a margin. ys are the values at v of the curves that the model's builder asked for, in that
// order. Both methods may be called from several goroutines, neither keeps v or ys, and Margin allocates nothing. Both
// start from the margin that the models before it in a harm's chain came to (0 for the first) and add their contributions
// one by one in the artefact's order; Explain appends a Reason for each, so that the contributions of all reasons of a
// chain, added in that order, are the margin exactly.
type Model interface {
	Margin(v *features.Vector, ys []float64, margin float64) float64
	Explain(v *features.Vector, ys []float64, margin float64, dst []Reason) []Reason
}
