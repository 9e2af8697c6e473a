package engine

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/unopened/unopened/alerts"
	"github.com/unopened/unopened/ingest"
	"github.com/unopened/unopened/ingest/file"
	"github.com/unopened/unopened/ingest/simulate"
	"github.com/unopened/unopened/models"
)

// replayed is the outcome of a replay.
type replayed struct {
	verdicts string
	alerts   map[string]string
	hash     string
	stats    Stats
}

// replay reads the raw records through an engine that keeps nothing.
func (w *world) replay(t *testing.T, records [][]byte, batch, shards int) replayed {
	t.Helper()
	path := t.TempDir() + "/events.jsonl.gz"
	out, err := file.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := out.Write(append(bytes.Join(records, []byte("\n")), '\n')); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	var verdicts bytes.Buffer
	lines := NewLines(&verdicts)
	in := &inbox{got: map[string]string{}}
	e := w.engine(t)
	e.Checkpoints, e.Finals = nil, true
	e.Recorder = func() Recorder { return lines }
	e.Sinks = []alerts.Endpoint{{Name: "inbox", Sink: in, Batch: 10, Patient: true}}
	if err := e.ReplayRaw(t.Context(), &file.Source{Paths: []string{path}, Batch: batch}, shards); err != nil {
		t.Fatal(err)
	}
	if err := lines.Flush()(t.Context()); err != nil {
		t.Fatal(err)
	}
	s := e.Stats()
	if wrong := s.Unbalanced(); wrong != nil {
		t.Errorf("the accounts of a replay do not add up: %v", wrong)
	}
	return replayed{verdicts.String(), in.got, e.StateHash(), s}
}

// sortedLines are the lines of a text in the order of their bytes.
func sortedLines(text string) []string { return slices.Sorted(strings.Lines(text)) }

// inOrder are the raw records of both partitions in the order in which they were produced.
func (w *world) inOrder() (all [][]byte) {
	for i := range w.raw.parts[0] {
		for _, p := range w.raw.parts {
			if i < len(p) {
				all = append(all, p[i])
			}
		}
	}
	return all
}

// TestReplayDependsOnEventsAlone reads the same events in other batches and among other numbers of shards: the same
// bytes, the same alerts, the same state. One event less is another state.
func TestReplayDependsOnEventsAlone(t *testing.T) {
	w := newWorld(t, 300)
	records := w.inOrder()
	want := w.replay(t, records, 1, 1)
	if len(want.alerts) == 0 || len(want.verdicts) == 0 {
		t.Fatal("no alert or no verdict: the test shows nothing")
	}
	if got := w.replay(t, records, 10_000, 1); got.verdicts != want.verdicts || got.hash != want.hash || !maps.Equal(got.alerts, want.alerts) {
		t.Error("batches of 10,000 have another outcome than batches of 1")
	}
	if got := w.replay(t, records, 100, 3); got.hash != want.hash || !maps.Equal(got.alerts, want.alerts) ||
		!slices.Equal(sortedLines(got.verdicts), sortedLines(want.verdicts)) {
		t.Error("three shards have another outcome than one")
	}
	if got := w.replay(t, records[:len(records)-1], 100, 1); got.hash == want.hash {
		t.Error("one event less has the same state hash")
	}
}

// TestSwitchedOffIsNotComputed switches a harm off: no line of it, no alert, and "not assessable" stands apart from a score.
func TestSwitchedOffIsNotComputed(t *testing.T) {
	w := newWorld(t, 200)
	set, err := models.Load(shippedModels, models.Config{Off: []string{"spam"}})
	if err != nil {
		t.Fatal(err)
	}
	on := w.replay(t, w.inOrder(), 100, 1)
	w.models = set
	off := w.replay(t, w.inOrder(), 100, 1)
	if !strings.Contains(on.verdicts, `"harm":"spam"`) || strings.Contains(off.verdicts, `"harm":"spam"`) {
		t.Error("a harm that is off has verdicts")
	}
	for line := range strings.Lines(on.verdicts) {
		if strings.Contains(line, `"assessable":false`) == strings.Contains(line, `"score":`) {
			t.Fatalf("assessable and score do not fit: %s", line)
		}
	}
}

// TestErasedStaysErased erases the account with most verdicts at the end: no final line of it, and its state is gone.
func TestErasedStaysErased(t *testing.T) {
	w := newWorld(t, 200)
	records := w.inOrder()
	before := w.replay(t, records, 100, 2)
	account := before.verdicts[strings.Index(before.verdicts, `"account":"`)+11:][:32]
	at := before.verdicts[strings.LastIndex(before.verdicts, `{"at":`)+6:][:13]
	erase := `{"v":1,"id":"` + strings.Repeat("e", 32) + `","type":"erase","at":` + at + `,"target":"` + account + `"}`
	after := w.replay(t, append(slices.Clone(records), []byte(erase)), 100, 2)
	final := func(verdicts string) bool {
		for line := range strings.Lines(verdicts) {
			if strings.Contains(line, account) && strings.Contains(line, `"final":true`) {
				return true
			}
		}
		return false
	}
	if !final(before.verdicts) || final(after.verdicts) {
		t.Errorf("final line of %s before: %v, after its erasure: %v", account, final(before.verdicts), final(after.verdicts))
	}
	if after.stats.Sides.Control != 2 || after.hash == before.hash {
		t.Errorf("%d control records for two shards; hash %s", after.stats.Sides.Control, after.hash)
	}
}

// TestInterruptedReplayHasNoOutcome stops a replay in the middle: an error, and no account's last line.
func TestInterruptedReplayHasNoOutcome(t *testing.T) {
	w := newWorld(t, 200)
	ctx, stop := context.WithCancel(t.Context())
	var verdicts bytes.Buffer
	lines := NewLines(&verdicts)
	e := w.engine(t)
	e.Checkpoints, e.Finals, e.Sinks = nil, true, nil
	e.Recorder = func() Recorder { return lines }
	source := sourceFunc(func(ctx context.Context, h ingest.Handler) error {
		for i, r := range w.inOrder()[:500] {
			if i == 400 {
				stop()
			}
			if ctx.Err() != nil {
				return nil
			}
			if err := h.Handle(ctx, ingest.Batch{Records: []ingest.Record{{Offset: int64(i), Value: r, Size: len(r)}}, Next: int64(i) + 1}); err != nil {
				return err
			}
		}
		return nil
	})
	if err := e.ReplayRaw(ctx, source, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if err := lines.Flush()(t.Context()); err != nil || strings.Contains(verdicts.String(), `"final":true`) {
		t.Errorf("an interrupted replay has last lines (%v)", err)
	}
}

// sourceFunc is a source of one partition.
type sourceFunc func(context.Context, ingest.Handler) error

func (f sourceFunc) Run(ctx context.Context, open func(context.Context, ingest.Partition) (ingest.Handler, error)) error {
	h, err := open(ctx, ingest.Partition{Topic: "raw", Count: 1})
	if err != nil {
		return err
	}
	return errors.Join(f(ctx, h), h.Close(ctx))
}

// TestRepeatedControlIsRecognised sends a hold, its release and the hold's repeat: the repeat does nothing.
func TestRepeatedControlIsRecognised(t *testing.T) {
	w := newWorld(t, 200)
	records := w.inOrder()
	at := strconv.FormatInt(simulate.Default().Start+3600_000, 10)
	control := func(id, kind string) []byte {
		return []byte(`{"v":1,"id":"` + strings.Repeat(id, 32) + `","type":"` + kind + `","at":` + at + `,"target":"` + strings.Repeat("ab", 16) + `"}`)
	}
	once := w.replay(t, append([][]byte{records[0], control("1", "hold"), control("2", "release")}, records[1:]...), 100, 1)
	again := w.replay(t, append([][]byte{records[0], control("1", "hold"), control("2", "release"), control("1", "hold")}, records[1:]...), 100, 1)
	if once.hash != again.hash || again.stats.Sides.Control != 2 || again.stats.Sides.Duplicate != once.stats.Sides.Duplicate+1 {
		t.Errorf("hash %s and %s, %d control, %d duplicates", once.hash, again.hash, again.stats.Sides.Control, again.stats.Sides.Duplicate)
	}
}

// TestLateIsRefusedWithALetter gives an event older than the window a dead letter, and counts it.
func TestLateIsRefusedWithALetter(t *testing.T) {
	w := newWorld(t, 200)
	records := w.inOrder()
	first := records[0]
	var d ingest.Decoder
	var ev ingest.Event
	if d.Decode(&ev, first) != ingest.Accepted {
		t.Fatal("the first record is hostile; choose another seed")
	}
	ev.ID[0] ^= 0xff
	got := w.replay(t, append(slices.Clone(records), ingest.AppendJSON(nil, &ev)), 100, 1)
	if got.stats.Sides.Late == 0 || int64(len(w.letters)) != got.stats.Sides.Late+got.stats.Split.RefusedTotal() {
		t.Errorf("%d late sides, %d dead letters", got.stats.Sides.Late, len(w.letters))
	}
}
