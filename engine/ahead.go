package engine

import (
	"github.com/unopened/unopened/features"
	"github.com/unopened/unopened/ingest"
)

// ahead decodes entries a batch at a time, and has the table touch their subjects, so that one wait for memory serves them
// all (measured at 10 M accounts: docs/performance.md). What an entry means is decided one by one, in order, by step.
type ahead struct {
	entries  [features.Batch]ingest.Entry
	readable [features.Batch]bool
	subjects [features.Batch]ingest.SubjectID
}

// read decodes the first records, as many as a batch has, and returns how many.
func (a *ahead) read(records []ingest.Record, table *features.Table) int {
	n := min(len(records), features.Batch)
	for i := range n {
		e := &a.entries[i]
		a.readable[i] = !records[i].Poison && ingest.DecodeEntry(e, records[i].Value) == nil
		if a.subjects[i] = e.Event.Subject; e.Kind == ingest.EntryStamp {
			a.subjects[i] = e.Stamp.Subject
		}
	}
	table.Ahead(a.subjects[:n])
	return n
}

// entry returns one that was read, nil where the record is none.
func (a *ahead) entry(i int) *ingest.Entry {
	if !a.readable[i] {
		return nil
	}
	return &a.entries[i]
}
