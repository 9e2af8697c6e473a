package features

import "github.com/unopened/unopened/ingest"

// Vector is what the Catalogue reads from one account at one time. It belongs to the caller and is overwritten by
// the next observation.
type Vector struct {
	X      []float32     // one value a Def, in Catalogue order; NaN where unknown
	Seen   ingest.Fields // fields that the account's own acts have carried so far (FieldActor: it has acted at all)
	Events uint32        // events of the account so far
	// Only are the features that Table.Read reads, and with it Observe and ApplyStamp; the others are left as they were.
	// nil: all. A caller whose models use some features need not pay for all of them at each event.
	Only []int
}

// NewVector returns a vector with a place for each feature of the Catalogue.
func NewVector() Vector { return Vector{X: make([]float32, len(Catalogue))} }
