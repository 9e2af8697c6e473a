package engine

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/unopened/unopened/alerts"
	"github.com/unopened/unopened/ingest"
	"github.com/unopened/unopened/ingest/simulate"
)

// warmWorld is a deployment whose first day lies in files, with what the raw topic has of it.
type warmWorld struct {
	*world
	history *topic // the lines of the files, which go on for an hour after the cut-over
	cut     Cut
	skipped int64 // lines from the cut-over on
	refused int64 // lines of the files and records behind the cut that are hostile
	sides   int64 // of all events, each counted once
	overlap int64 // sides of what the files and the topic both have
}

// overlapMs is how long before the cut-over reading of the topic begins.
const overlapMs = 2 * 3600_000

// newWarmWorld simulates two days. The topic has the half hour before the overlap too, which must not be read. With
// renamed, the overlap has other ids in the topic than in the files.
func newWarmWorld(t *testing.T, accounts int, renamed bool) *warmWorld {
	t.Helper()
	w := &warmWorld{world: emptyWorld(t), history: newTopic("files", 1)}
	sc := simulate.Default()
	sc.Accounts, sc.Days, sc.Hostile, sc.Repeats = accounts, 2, 30, 0
	sc.Plain(1, 3, 1, 3)
	w.cut = Cut{Topic: "raw", Until: sc.Start + 24*3600_000, Offsets: []int64{-1, -1}, Times: make([]int64, 2)}
	w.since = time.UnixMilli(w.cut.Until).UTC().Format(time.RFC3339)
	at := sc.Start // hostile records lie where they are
	sim := simulate.New(sc)
	for i := 0; ; i++ {
		line, item, more := sim.Next(nil)
		if !more {
			return w
		}
		if item.Event != nil {
			at = item.Event.At
		}
		w.take(i%2, line, item.Event, renamed, at)
	}
}

// take puts a line into the files, the topic, or both.
func (w *warmWorld) take(partition int, line []byte, ev *ingest.Event, renamed bool, at int64) {
	inFiles, inTopic := at < w.cut.Until+3600_000, at >= w.cut.Until-overlapMs
	before := at >= w.cut.Until-overlapMs-1800_000 && !inTopic
	sides := int64(0)
	if ev != nil {
		sides = int64(len(ingest.Split(nil, ev, ingest.Cause{}, 1)))
		w.sides += sides
	}
	if inFiles {
		w.history.parts[0] = append(w.history.parts[0], line)
		switch {
		case ev == nil:
			w.refused++
		case at >= w.cut.Until:
			w.skipped++
		case inTopic:
			w.overlap += sides
		}
	}
	if inTopic && w.cut.Offsets[partition] < 0 {
		w.cut.Offsets[partition] = int64(len(w.raw.parts[partition]))
	}
	if inTopic && ev == nil {
		w.refused++
	}
	if inTopic && renamed && ev != nil && at < w.cut.Until {
		other := *ev
		other.ID[0] ^= 0xff
		line = ingest.AppendJSON(nil, &other)
	}
	if inTopic || before {
		w.raw.parts[partition] = append(w.raw.parts[partition], line)
	}
}

// killing is a source of the files: batches of random size, sealed now and then, and where the process is killed an error
// without closing the handler, as if that process were gone.
type killing struct {
	history *topic
	rng     *rand.Rand
	at      int64 // lines after which it is killed; beyond the end for never
}

var errKilled = errors.New("killed")

func (k killing) Run(ctx context.Context, open func(context.Context, ingest.Partition) (ingest.Handler, error)) error {
	h, err := open(ctx, ingest.Partition{})
	if err != nil {
		return err
	}
	end := int64(len(k.history.parts[0]))
	for next := h.Resume(); next < end; {
		b := ingest.Batch{Next: min(end, next+1+k.rng.Int64N(300))}
		b.CaughtUp = b.Next == end || k.rng.IntN(3) == 0
		for i := next; i < b.Next; i++ {
			line := k.history.parts[0][i]
			b.Records = append(b.Records, ingest.Record{Offset: i, Value: line, Size: len(line)})
		}
		if err := h.Handle(ctx, b); err != nil {
			return err
		}
		if next = b.Next; next >= k.at {
			return errKilled
		}
		if k.rng.IntN(4) == 0 {
			if err := h.(*splitter).sealed.seal(ctx, durable()); err != nil {
				return err
			}
		}
	}
	return h.Close(ctx)
}

// warm runs the warm-up to its end, killed the given number of times, and returns what it counted.
func (w *warmWorld) warm(t *testing.T, kills int) Stats {
	t.Helper()
	rng := rand.New(rand.NewPCG(5, uint64(kills)))
	lines := int64(len(w.history.parts[0]))
	for left := kills; ; left-- {
		e := w.engine(t)
		h := &History{Engine: e, Digest: [16]byte{1, 2, 3}}
		begun, err := h.Open(t.Context())
		if err != nil || begun != (left < kills) {
			t.Fatalf("begun %v after %d kills: %v", begun, kills-left, err)
		}
		if !begun {
			if err := h.Begin(t.Context(), w.cut); err != nil {
				t.Fatal(err)
			}
		}
		k := killing{w.history, rng, lines + 1}
		if left > 0 {
			k.at = lines * int64(kills-left+1) / int64(kills+2)
		}
		if err := h.Read(t.Context(), k); left > 0 != errors.Is(err, errKilled) || left <= 0 && err != nil {
			t.Fatal(err)
		}
		if left > 0 {
			continue
		}
		if err := errors.Join(h.CutOver(t.Context()), h.CutOver(t.Context())); err != nil { // again, as after a crash within it
			t.Fatal(err)
		}
		return e.Stats()
	}
}

// past counts the alerts that tell of before the cut-over, and all.
func (w *warmWorld) past(t *testing.T, in *inbox) (past, all int) {
	t.Helper()
	for _, body := range in.got {
		var a alerts.Alert
		if err := json.Unmarshal([]byte(body), &a); err != nil {
			t.Fatal(err)
		}
		if a.At < w.cut.Until {
			past++
		}
	}
	return past, len(in.got)
}

// TestWarmUpCountsEverythingOnce splits a day of history, killed on the way, cuts over to a raw topic that overlaps with it,
// and runs on it, killed again. Each event has counted once, nobody was told of the past, all adds up, and state, alerts and
// rows are those of a clean replay of the account log. The order in which live sides and stamps come to lie among each other
// is that of the run, so it is that log, not the files' own order, which a replay repeats. (The short form leaves out
// nothing but number: 15 kills of 500 accounts instead of 300 of 6,000.)
func TestWarmUpCountsEverythingOnce(t *testing.T) {
	w := newWarmWorld(t, long(500, 6000), false)
	warm := w.warm(t, long(10, 200))
	written := w.accounts.size()
	e := w.live(t, long(5, 100), false)
	clean, ref := w.clean(t)
	for _, d := range differences(e, w.world, clean, ref) {
		t.Errorf("after a warm-up: %s", d)
	}
	s := e.Stats()
	if wrong := append(warm.Unbalanced(), s.Unbalanced()...); wrong != nil {
		t.Errorf("the accounts do not add up: %v", wrong)
	}
	if warm.Split.Fetched != int64(len(w.history.parts[0])) || warm.Split.Skipped != w.skipped || w.skipped == 0 ||
		warm.Split.RefusedTotal()+s.Split.RefusedTotal() != w.refused || int64(len(w.letters)) != w.refused {
		t.Errorf("the history: %+v, %d from the cut-over on, %d dead letters of %d", warm.Split, w.skipped, len(w.letters), w.refused)
	}
	if got := s.Split.Offsets; got != w.raw.size()-w.cut.Offsets[0]-w.cut.Offsets[1] || w.cut.Offsets[0] == 0 {
		t.Errorf("%d of %d raw offsets were passed, from %v on", got, w.raw.size(), w.cut.Offsets)
	}
	if s.Sides.Applied != w.sides || s.Sides.Duplicate-s.Sides.Resent != w.overlap || w.overlap == 0 || s.Sides.Late != 0 {
		t.Errorf("%d sides of events, %d in the overlap: %+v", w.sides, w.overlap, s.Sides)
	}
	if past, all := w.past(t, w.inbox); past != 0 || all == 0 {
		t.Errorf("%d of %d alerts tell of the past", past, all)
	}
	if resent := written - warm.Split.Sides; resent <= 0 || s.Sides.Resent < resent {
		t.Errorf("%d sides of the history were written again, %d dropped: the kills show nothing", resent, s.Sides.Resent)
	}
	t.Logf("%d lines, %d raw records, %d sides applied, %d of the overlap dropped, %d written again", len(w.history.parts[0]), w.raw.size(),
		s.Sides.Applied, w.overlap, s.Sides.Resent)
}

// TestWarmUpWithoutItsCareDiffers is the control: without alerts.since people are told of the past, and an overlap whose
// events are not recognised counts twice.
func TestWarmUpWithoutItsCareDiffers(t *testing.T) {
	w := newWarmWorld(t, 500, false)
	w.since = ""
	w.warm(t, 0)
	w.live(t, 0, false)
	if past, all := w.past(t, w.inbox); past == 0 {
		t.Errorf("without alerts.since none of %d alerts tells of the past: the test above shows nothing", all)
	}
	w = newWarmWorld(t, 500, true)
	w.warm(t, 0)
	if s := w.live(t, 0, false).Stats(); s.Sides.Applied != w.sides+w.overlap || s.Sides.Duplicate != 0 {
		t.Errorf("an overlap with other ids: %d of %d sides applied: %+v", s.Sides.Applied, w.sides, s.Sides)
	}
}

// TestWarmUpComesFirst refuses a history where the raw topic was split: before it began, while it was killed, and after it
// was cut over and the service ran. Until then it can be run again.
func TestWarmUpComesFirst(t *testing.T) {
	w := newWarmWorld(t, 500, false)
	open := func(digest byte) (*History, bool, error) {
		h := &History{Engine: w.engine(t), Digest: [16]byte{digest}}
		begun, err := h.Open(t.Context())
		return h, begun, err
	}
	split := func() {
		e := w.engine(t)
		h, err := e.OpenSplit(t.Context(), ingest.Partition{Topic: "raw", ID: 1, Count: 2})
		if err != nil {
			t.Fatal(err)
		}
		w.raw.pump(t, h, 1, max(0, h.Resume()), 10)
		if err := h.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	w.warm(t, 1)
	w.warmAgain(t)
	split()
	if _, _, err := (open(1)); err != nil { // another history is another, and has not begun
		t.Errorf("another history: %v", err)
	}
	h := &History{Engine: w.engine(t), Digest: [16]byte{1, 2, 3}}
	if begun, err := h.Open(t.Context()); !begun || !errors.Is(err, ErrSplitBefore) {
		t.Errorf("after the service ran: begun %v, %v", begun, err)
	}
	if h, begun, err := open(9); err != nil || begun || !errors.Is(h.Begin(t.Context(), w.cut), ErrSplitBefore) {
		t.Errorf("another history after the service ran: %v, %v", begun, err)
	}
	w.vault = &Folder{Dir: t.TempDir()}
	if h, begun, err := open(1); err != nil || begun || h.Begin(t.Context(), w.cut) != nil {
		t.Fatalf("a history that comes first: %v, %v", begun, err)
	}
	split()
	if _, _, err := open(1); !errors.Is(err, ErrSplitBefore) {
		t.Errorf("a service ran while the history was not done: %v", err)
	}
}

// warmAgain runs a warm-up that is done once more: nothing is written, and the cut stands.
func (w *warmWorld) warmAgain(t *testing.T) {
	t.Helper()
	before := w.accounts.size()
	h := &History{Engine: w.engine(t), Digest: [16]byte{1, 2, 3}}
	begun, err := h.Open(t.Context())
	if err == nil {
		err = h.Read(t.Context(), killing{w.history, rand.New(rand.NewPCG(1, 1)), 1 << 40})
	}
	if err = errors.Join(err, h.CutOver(t.Context())); err != nil || !begun || w.accounts.size() != before || !slices.Equal(h.Cut.Offsets, w.cut.Offsets) {
		t.Errorf("again: begun %v, %v, %d entries more, cut %v", begun, err, w.accounts.size()-before, h.Cut)
	}
}
