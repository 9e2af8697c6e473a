package engine

import (
	"testing"

	"github.com/unopened/unopened/ingest"
)

// callsUnseen is the mask of a messenger whose servers see all but calls and media.
func callsUnseen(t *testing.T) *ingest.Mask {
	t.Helper()
	p := ingest.Profile{Types: map[string]ingest.Claim{}, Fields: map[string]ingest.Claim{}}
	for _, name := range ingest.TypeNames() {
		p.Types[name] = ingest.Claim{Seen: ingest.SeenYes}
	}
	for _, f := range ingest.Schema() {
		p.Fields[f.Name] = ingest.Claim{Seen: ingest.SeenYes}
	}
	p.Types["call"], p.Fields["media"] = ingest.Claim{Seen: ingest.SeenNo}, ingest.Claim{Seen: ingest.SeenNo}
	return p.Mask(false)
}

// TestUnseenIsCountedOverRestarts splits a partition under a mask, with a restart in between: the calls are counted as not
// seen, no side has media, and the sums hold. The control has no mask.
func TestUnseenIsCountedOverRestarts(t *testing.T) {
	lines := newWorld(t, 300).inOrder()
	for name, mask := range map[string]*ingest.Mask{"mask": callsUnseen(t), "control": nil} {
		w := emptyWorld(t)
		w.raw = newTopic("raw", 1)
		w.raw.parts[0] = lines
		var counts SplitCounts
		for next := int64(0); next < int64(len(lines)); {
			e := w.engine(t)
			e.Mask = mask
			h, err := e.OpenSplit(t.Context(), ingest.Partition{Topic: "raw", Count: 1})
			if err != nil {
				t.Fatal(err)
			}
			next = w.raw.pump(t, h, 0, max(0, h.Resume()), int64(len(lines)/2+1))
			if err := h.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
			s := e.Stats()
			if wrong := s.Unbalanced(); wrong != nil {
				t.Error(wrong)
			}
			counts = s.Split
		}
		calls, media := int64(0), 0
		for _, part := range w.accounts.parts {
			for _, value := range part {
				var entry ingest.Entry
				if err := ingest.DecodeEntry(&entry, value); err != nil {
					t.Fatal(err)
				}
				if entry.Event.Type == ingest.Call {
					calls++
				}
				if entry.Event.Has.Any(ingest.FieldMedia) {
					media++
				}
			}
		}
		hidden := mask != nil
		if counts.Fetched != int64(len(lines)) || hidden != (calls == 0) || hidden != (media == 0) || hidden != (counts.Unseen[ingest.Call] > 0) ||
			counts.UnseenTotal() != counts.Unseen[ingest.Call] || hidden != (counts.UnseenByType()["call"] > 0) {
			t.Errorf("%s: %+v, %d sides of calls, %d with media", name, counts, calls, media)
		}
	}
}
