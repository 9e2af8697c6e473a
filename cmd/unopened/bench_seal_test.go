package main

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"github.com/unopened/unopened/alerts"
	"github.com/unopened/unopened/engine"
	"github.com/unopened/unopened/features"
	"github.com/unopened/unopened/ingest"
)

// benchSeal measures the greatest part of what stops a shard: the table's snapshot of what changed, among a million accounts
// with a contact each. Besides there are the ids that came and a part of a sweep; the file is stored by another goroutine.
func benchSeal(t *testing.T) (rows []measured) {
	table, v := bigTable()
	take := func() float64 {
		var b bytes.Buffer
		if err := table.Snapshot(&b, 0, 0); err != nil {
			t.Fatal(err)
		}
		return float64(b.Len())
	}
	take() // all of it
	size, n := 0.0, 0
	for _, changed := range []int{1000, 10_000, 40_000} {
		took := beside(5, func() {
			for range changed {
				n += 7919
				ev := bigMessage(n%bigWorld, 1)
				table.Observe(&ev, &v)
				table.Stamps = table.Stamps[:0]
			}
		}, func() { size = take() })
		rows = append(rows, atMost(50, "seal, "+thousands(int64(changed))+" of 1 M accounts changed", took[1].wall.Seconds()*1000, "ms",
			fmt.Sprintf("the table's part of the pause; %.1f MB", size/1e6)))
	}
	return rows
}

// blackHole is a log of 16 partitions that takes everything and keeps nothing.
type blackHole struct{}

func (blackHole) Partitions() int                                 { return 16 }
func (blackHole) Append(context.Context, int, [][]byte) error     { return nil }
func (blackHole) Bury(context.Context, []ingest.DeadLetter) error { return nil }

// benchSplit measures the role split without brokers: from raw JSON to the encoded sides of each partition.
func benchSplit(t *testing.T) []measured {
	lines := simulated(200_000, 3000)
	e := &engine.Engine{
		Config: engine.DefaultConfig(), Features: features.DefaultConfig(), Alerts: alerts.DefaultConfig(), Models: shippedModels(t),
		Key: []byte("an identity key for this bench"), Accounts: blackHole{}, Letters: blackHole{},
	}
	if err := e.Prepare(); err != nil {
		t.Fatal(err)
	}
	records := make([]ingest.Record, len(lines))
	for i, line := range lines {
		records[i] = ingest.Record{Offset: int64(i), Value: line, Size: len(line)}
	}
	took := beside(3, func() {
		h, err := e.OpenSplit(t.Context(), ingest.Partition{Topic: "raw", Count: 1})
		if err != nil {
			t.Fatal(err)
		}
		for from := 0; from < len(records); from += 1000 {
			to := min(from+1000, len(records))
			if err := h.Handle(t.Context(), ingest.Batch{Records: records[from:to], Next: int64(to), CaughtUp: true}); err != nil {
				t.Fatal(err)
			}
		}
		if err := h.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
	return []measured{atLeast(200_000, "split, raw events a second and core", float64(len(records))/took[0].cpu.Seconds(), "events/s",
		"JSON decoded, sides encoded and gathered; brokers apart")}
}
