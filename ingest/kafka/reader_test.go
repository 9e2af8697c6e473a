package kafka

import (
	"bytes"
	"log/slog"
	"math"
	"strings"
	"testing"

	"github.com/segmentio/kafka-go/compress"

	"github.com/unopened/unopened/ingest"
)

// What a reader makes of one answer: which records, up to where, and what it counts as a gap.
func TestDeliver(t *testing.T) {
	two := func(base int64) []byte {
		return makeBatch(base, 0, 2, plainRecords(testRecord{value: "a"}, testRecord{value: "b"}))
	}
	join := func(batches ...[]byte) []byte { return bytes.Join(batches, nil) }
	// A batch that once had ten records and, after compaction, has two.
	compacted := makeBatch(4, 0, 10, plainRecords(testRecord{value: "x"}, testRecord{value: "y"}))
	compacted[countAt+3] = 2
	compacted = checked(compacted)
	for name, test := range map[string]struct {
		raw      []byte
		next     int64
		stop     int64
		end      int64
		values   string
		to, gap  int64
		caughtUp bool
	}{
		"whole":                    {join(two(0), two(2)), 0, math.MaxInt64, 4, "a b a b", 4, 0, true},
		"more to come":             {join(two(0), two(2)), 0, math.MaxInt64, 9, "a b a b", 4, 0, false},
		"from the middle":          {join(two(0), two(2)), 1, math.MaxInt64, 4, "b a b", 4, 0, true},
		"an older batch first":     {join(two(0), two(2)), 2, math.MaxInt64, 4, "a b", 4, 0, true},
		"until the middle":         {join(two(0), two(2)), 0, 3, 9, "a b a", 3, 0, true},
		"a hole between":           {join(two(0), two(7)), 0, math.MaxInt64, 9, "a b a b", 9, 5, true},
		"a compacted batch":        {join(two(2), compacted), 2, math.MaxInt64, 20, "a b x y", 14, 8, false},
		"markers at the end":       {join(two(0), makeBatch(2, control, 1, nil)), 0, math.MaxInt64, 3, "a b", 3, 1, true},
		"only markers":             {makeBatch(2, control, 1, nil), 2, math.MaxInt64, 3, "", 3, 1, true},
		"the last one cut":         {join(two(0), two(2)[:70]), 0, math.MaxInt64, 4, "a b", 2, 0, false},
		"a spoilt one after":       {join(two(0), makeBatch(2, int16(compress.Zstd), 2, []byte("x"))), 0, math.MaxInt64, 4, "a b", 2, 0, false},
		"nothing, at the end":      {nil, 4, math.MaxInt64, 4, "", 4, 0, true},
		"nothing, not at the end":  {nil, 3, math.MaxInt64, 4, "none", 3, 0, false},
		"a spoilt one, first time": {makeBatch(2, int16(compress.Zstd), 2, []byte("x")), 2, math.MaxInt64, 4, "none", 2, 0, false},
	} {
		var got *ingest.Batch
		var values []string
		r := &reader{cluster: &Cluster{log: slog.New(slog.DiscardHandler)}, next: test.next, stop: test.stop, handler: &counting{func(b ingest.Batch) {
			got = &b
			for _, record := range b.Records {
				values = append(values, string(record.Value))
			}
		}}}
		if err := r.deliver(t.Context(), &partitionAnswer{LastStableOffset: test.end, Records: rawBatches{&test.raw}}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got == nil {
			if test.values != "none" || r.next != test.next {
				t.Errorf("%s: nothing was handed over", name)
			}
			continue
		}
		lost := test.gap
		if strings.Contains(name, "markers") {
			lost = 0
		}
		if all := strings.Join(values, " "); got.Lost != lost || all != test.values || got.Next != test.to || got.Gap != test.gap || got.CaughtUp != test.caughtUp || r.next != test.to {
			t.Errorf("%s: got %q, next %d, gap %d, lost %d, caught up %v", name, all, got.Next, got.Gap, got.Lost, got.CaughtUp)
		}
	}
}

// TestCutBatchBehindAFullHandIsNoPoison has answers in which so much comes that it is handed over before the last batch,
// of which the answer holds only the beginning, as brokers send it. That is no damage, however often it comes in a row.
func TestCutBatchBehindAFullHandIsNoPoison(t *testing.T) {
	many := make([]testRecord, manyRecords)
	full := func(base int64) []byte { return makeBatch(base, 0, manyRecords, plainRecords(many...)) }
	read, poison := int64(0), 0
	r := &reader{cluster: &Cluster{log: slog.New(slog.DiscardHandler)}, stop: math.MaxInt64, handler: &counting{func(b ingest.Batch) {
		for _, record := range b.Records {
			read++
			if record.Poison {
				poison++
			}
		}
	}}}
	const end = 10 * manyRecords
	for range 3 * strikes {
		if r.next == end {
			break
		}
		raw := full(r.next)
		if r.next+manyRecords < end {
			raw = append(raw, full(r.next + manyRecords)[:1000]...)
		}
		if err := r.deliver(t.Context(), &partitionAnswer{LastStableOffset: end, Records: rawBatches{&raw}}); err != nil {
			t.Fatal(err)
		}
	}
	if poison > 0 || read != int64(3*strikes)*manyRecords {
		t.Errorf("%d records read, of which %d as poison, after %d answers", read, poison, 3*strikes)
	}
	cut := full(r.next)[:1000] // the control: where a batch stays cut at the start of the answer, it is damage
	for range strikes {
		if err := r.deliver(t.Context(), &partitionAnswer{LastStableOffset: end, Records: rawBatches{&cut}}); err != nil {
			t.Fatal(err)
		}
	}
	if poison == 0 {
		t.Error("a batch that is always cut is never given up")
	}
}
