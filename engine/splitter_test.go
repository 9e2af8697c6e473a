package engine

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/unopened/unopened/ingest"
)

// TestSplitterRefusesWhatBytesDoNotShow feeds records whose fault lies beside their bytes: a timestamp before the event,
// a stray header, a batch that the log could not give back. Each is a refusal and a dead letter; the controls pass.
func TestSplitterRefusesWhatBytesDoNotShow(t *testing.T) {
	w := newWorld(t, 200)
	good := w.inOrder()[0]
	var d ingest.Decoder
	var ev ingest.Event
	if d.Decode(&ev, good) != ingest.Accepted {
		t.Fatal("the first record is hostile; choose another seed")
	}
	const minute = 60_000
	for _, test := range []struct {
		name   string
		record ingest.Record
		want   ingest.Refusal
	}{
		{"plain", ingest.Record{Value: good}, ingest.Accepted},
		{"just in time", ingest.Record{Value: good, Time: ev.At - 5*minute}, ingest.Accepted},
		{"future", ingest.Record{Value: good, Time: ev.At - 5*minute - 1}, ingest.RefusedFuture},
		{"header", ingest.Record{Value: good, Stray: true}, ingest.RefusedHeader},
		{"poison", ingest.Record{Poison: true}, ingest.RefusedPoison},
	} {
		w.letters, w.vault = letters{}, &Folder{Dir: t.TempDir()}
		w.accounts = newTopic("account", 3)
		e := w.engine(t)
		h, err := e.OpenSplit(t.Context(), ingest.Partition{Topic: "raw", Count: 1})
		if err != nil {
			t.Fatal(err)
		}
		test.record.Offset, test.record.Size = 7, len(test.record.Value)
		if err := h.Handle(t.Context(), ingest.Batch{Records: []ingest.Record{test.record}, Next: 8, Gap: 2, CaughtUp: true}); err != nil {
			t.Fatal(err)
		}
		s := e.Stats().Split
		if s.Refused[test.want]+s.Accepted != 1 || s.Offsets != 3 || s.Gaps != 2 || s.Fetched != 1 {
			t.Errorf("%s: %+v, want %s", test.name, s, test.want)
		}
		if refused := test.want != ingest.Accepted; refused == (len(w.letters) == 0) || refused == (w.accounts.size() > 0) {
			t.Errorf("%s: %d dead letters, %d sides", test.name, len(w.letters), w.accounts.size())
		}
	}
}

// splitting has engines of the given incarnations split one raw partition at the same time, batch by batch in a random
// order, then shards read what came of it. It returns their state and what they counted.
func (w *world) splitting(t *testing.T, lines [][]byte, incarnations ...uint32) (hash string, counts SideCounts) {
	t.Helper()
	w.raw = newTopic("raw", 1)
	w.raw.parts[0] = lines
	rng := rand.New(rand.NewPCG(uint64(len(incarnations)), 8))
	var handlers []ingest.Handler
	for _, incarnation := range incarnations {
		e := w.engine(t)
		e.Incarnation = incarnation
		h, err := e.OpenSplit(t.Context(), ingest.Partition{Topic: "raw", Count: 1})
		if err != nil {
			t.Fatal(err)
		}
		handlers = append(handlers, h)
	}
	next, end := make([]int64, len(handlers)), int64(len(lines))
	for behind := slices.Clone(next); len(behind) > 0; behind = slices.DeleteFunc(slices.Clone(next), func(n int64) bool { return n == end }) {
		if i := rng.IntN(len(handlers)); next[i] < end {
			next[i] = w.raw.pump(t, handlers[i], 0, next[i], 1+rng.Int64N(200))
		}
	}
	e := w.engine(t)
	e.Accounts = nil // no stamps: what comes out follows from the sides alone
	for i := range w.accounts.parts {
		h, err := e.OpenShard(t.Context(), ingest.Partition{Topic: "account", ID: i, Count: len(w.accounts.parts)})
		if err != nil {
			t.Fatal(err)
		}
		w.accounts.pump(t, h, i, 0, 1<<40)
		if err := h.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	s := e.Stats()
	if wrong := s.Unbalanced(); wrong != nil {
		t.Error(wrong)
	}
	return e.StateHash(), s.Sides
}

// TestTwoSplittersCountOnce has two members split one raw partition at once, as when one was frozen and woke: each writes
// every side, and the shards count the first of each. The control takes the two for sources of their own: nothing is then
// known as written again, and only the window for repeats stands between it and counting twice.
func TestTwoSplittersCountOnce(t *testing.T) {
	lines := newWorld(t, 300).inOrder()
	hash, once := emptyWorld(t).splitting(t, lines, 0)
	both, twice := emptyWorld(t).splitting(t, lines, 0, 0)
	if both != hash || twice.Applied != once.Applied || twice.Resent != once.Read || twice.Read != 2*once.Read {
		t.Errorf("two splitters: state %s, %+v; one: %s, %+v", both, twice, hash, once)
	}
	if _, apart := emptyWorld(t).splitting(t, lines, 0, 1); apart.Resent != 0 {
		t.Errorf("the control: %+v", apart)
	}
}

// TestAnotherLifeIsNoRepeat goes on with a raw topic that was created again, whose offsets begin anew. With its incarnation
// raised all of it counts; without, which is the control, what lies at the offsets of before is taken for written again.
func TestAnotherLifeIsNoRepeat(t *testing.T) {
	lines := newWorld(t, 300).inOrder()
	half := len(lines) / 2
	for incarnation, counts := range map[uint32]bool{1: true, 0: false} {
		w := emptyWorld(t)
		_, before := w.splitting(t, lines[:half], 0)
		w.vault = &Folder{Dir: t.TempDir()} // moved away, as the error says
		_, after := w.splitting(t, lines[half:], incarnation)
		if counted := after.Applied > before.Applied*3/2; counted != counts || (after.Resent == 0) != counts {
			t.Errorf("incarnation %d: before %+v, after %+v", incarnation, before, after)
		}
	}
}
