package main

import (
	"fmt"
	"testing"

	"github.com/unopened/unopened/features"
	"github.com/unopened/unopened/ingest"
)

// benchStamps tells what the signals that need both sides cost: how many stamps events cause, what they take in the account
// log beside the sides, and what applying one takes.
func benchStamps(t *testing.T) []measured {
	const events = 100_000
	records := sides(t, simulated(events, 3000), 1)
	table, v := features.New(features.Config{}), features.NewVector()
	v.Only = shippedModels(t).Uses()
	var entry ingest.Entry
	var stamps []ingest.Stamp
	var sideBytes, stampBytes int
	for i := range records {
		if err := ingest.DecodeEntry(&entry, records[i].Value); err != nil {
			t.Fatal(err)
		}
		sideBytes += len(records[i].Value)
		table.Observe(&entry.Event, &v)
		for k := 0; k < len(table.Stamps); k++ {
			st := table.Stamps[k]
			stamps = append(stamps, st)
			stampBytes += len(ingest.AppendEntry(nil, &ingest.Entry{Kind: ingest.EntryStamp, Stamp: st}))
			table.ApplyStamp(&st, &v)
		}
		table.Stamps = table.Stamps[:0]
	}
	took := beside(3, func() {
		for i := range stamps {
			table.ApplyStamp(&stamps[i], &v)
			table.Stamps = table.Stamps[:0]
		}
	})
	return []measured{
		plain("stamps", float64(len(stamps))*100/events, "% of events", fmt.Sprintf("%s; first contacts, complaints, logins, groups in lockstep", thousands(int64(len(stamps))))),
		plain("stamps, bytes of the account log", float64(stampBytes)*100/float64(sideBytes), "% of sides", fmt.Sprintf("%d bytes each", stampBytes/len(stamps))),
		plain("a stamp applied", took[0].per(len(stamps)), "ns", "and the account's vector read, as far as models look at it"),
	}
}
