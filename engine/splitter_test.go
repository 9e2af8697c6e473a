package engine

import (
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
