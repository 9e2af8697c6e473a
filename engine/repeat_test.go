package engine

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/unopened/unopened/ingest"
)

// deliveries is how often the stream comes in the tests of repeats.
const deliveries = 10

// behindItself merges the deliveries of a stream, each two thousandths of the stream behind the one before it and as
// fast: what comes first is the first delivery of each record, in order.
func behindItself(records [][]byte, rng *rand.Rand) (all [][]byte) {
	next := make([]int, deliveries)
	for next[deliveries-1] < len(records) {
		for k := range next {
			if k == 0 || next[k]+len(records)/500 < next[k-1] || next[k-1] == len(records) {
				n := min(1+rng.IntN(20), len(records)-next[k])
				all = append(all, records[next[k]:next[k]+n]...)
				next[k] += n
			}
		}
	}
	return all
}

// again gives each record another id, as a producer would that sends it as something new.
func again(records [][]byte, rng *rand.Rand) (all [][]byte) {
	var d ingest.Decoder
	var ev ingest.Event
	for _, r := range records {
		if d.Decode(&ev, r) == ingest.Accepted {
			ev.ID = ingest.EventID{1: byte(rng.Uint32()), 2: byte(rng.Uint32()), 3: byte(rng.Uint32()), 4: byte(rng.Uint32()), 15: 1}
			r = ingest.AppendJSON(nil, &ev)
		}
		all = append(all, r)
	}
	return all
}

// TestStreamDeliveredTenTimesIsTheSame delivers the whole stream ten times (S08), one after the other and each in the
// middle of the one before. State, verdicts and alerts are those of once, and every repeat is a duplicate or late, counted
// exactly. The control, the same repeats under fresh ids, has another state. The short form has 200 accounts, the long one
// 5,000; the log says how many records.
func TestStreamDeliveredTenTimesIsTheSame(t *testing.T) {
	w := newWorld(t, long(200, 5000))
	rng := rand.New(rand.NewPCG(8, 8))
	records := w.inOrder()
	once := w.replay(t, records, 100, 2)
	if len(once.alerts) == 0 || once.stats.Sides.Late != 0 {
		t.Fatalf("%d alerts, %d late sides in one delivery: the test shows nothing", len(once.alerts), once.stats.Sides.Late)
	}
	for name, stream := range map[string][][]byte{
		"one after the other": slices.Repeat(records, deliveries), "in one another": behindItself(records, rng),
	} {
		if len(stream) != deliveries*len(records) {
			t.Fatalf("%s: %d records of %d", name, len(stream), deliveries*len(records))
		}
		w.letters = letters{}
		got := w.replay(t, stream, 100, 2)
		if got.hash != once.hash || !slices.Equal(sortedLines(got.verdicts), sortedLines(once.verdicts)) || !maps.Equal(got.alerts, once.alerts) {
			t.Errorf("%s: another state, other verdicts or alerts than once", name)
		}
		s, o := &got.stats.Sides, &once.stats.Sides
		repeats := (deliveries - 1) * (o.Applied + o.Duplicate)
		if s.Applied != o.Applied || s.Duplicate-o.Duplicate+s.Late != repeats || s.Stamps != o.Stamps || len(got.stats.Unbalanced()) > 0 {
			t.Errorf("%s: %d repeats must be duplicate or late: %+v, once %+v", name, repeats, *s, *o)
		}
		split, first := &got.stats.Split, &once.stats.Split
		if split.Fetched != deliveries*first.Fetched || split.Accepted != deliveries*first.Accepted || split.Refused != timesTen(first.Refused) ||
			int64(len(w.letters)) != split.RefusedTotal()+s.Late {
			t.Errorf("%s: %+v with %d letters, once %+v", name, *split, len(w.letters), *first)
		}
		t.Logf("%s: %d records, of %d repeats %d duplicate and %d late", name, split.Fetched, repeats, s.Duplicate-o.Duplicate, s.Late)
	}
	if s := w.replay(t, append(slices.Clone(records), again(records, rng)...), 100, 2); s.hash == once.hash || s.stats.Sides.Applied == once.stats.Sides.Applied {
		t.Error("the control, repeats under fresh ids, has the state of once")
	}
}

// timesTen is what the deliveries together are refused for.
func timesTen(refused [ingest.RefusalCount]int64) [ingest.RefusalCount]int64 {
	for i := range refused {
		refused[i] *= deliveries
	}
	return refused
}

// TestTenDeliveriesWithKills delivers the stream ten times to a deployment that is killed meanwhile. The order in which its
// partitions meet differs from that of one delivery, and with it the stamps; so it is held against a clean replay of its
// own account topic, and as many sides are applied as one delivery has.
func TestTenDeliveriesWithKills(t *testing.T) {
	w := newWorld(t, long(150, 3000))
	once := w.replay(t, w.inOrder(), 100, 1).stats
	w.letters = letters{}
	for i := range w.raw.parts {
		w.raw.parts[i] = slices.Repeat(w.raw.parts[i], deliveries)
	}
	e := w.live(t, long(5, 100), false)
	clean, ref := w.clean(t)
	for _, d := range differences(e, w, clean, ref) {
		t.Errorf("ten deliveries with kills: %s", d)
	}
	s := e.Stats()
	if s.Sides.Applied != once.Sides.Applied || len(s.Unbalanced()) > 0 || s.Sides.Read != w.accounts.size() ||
		s.Sides.Duplicate-s.Sides.Resent+s.Sides.Late+s.Sides.Applied != s.Split.Sides {
		t.Errorf("%+v of %d sides, once %+v", s.Sides, s.Split.Sides, once.Sides)
	}
	if s.Split.Fetched != w.raw.size() || s.Split.Fetched != s.Split.Accepted+s.Split.RefusedTotal() ||
		int64(len(w.letters)) != s.Split.RefusedTotal()+s.Sides.Late {
		t.Errorf("%+v, %+v with %d letters", s.Split, s.Sides, len(w.letters))
	}
}
