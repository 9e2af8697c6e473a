package evaluate

import (
	"context"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/unopened/unopened/ingest"
	"github.com/unopened/unopened/models"
)

// taken is a handler that keeps what it is handed.
type taken struct {
	t       *testing.T
	events  []ingest.Event
	next    int64
	caught  bool
	decoder ingest.Decoder
	first   func(*ingest.Event)
}

func (h *taken) Resume() int64               { return 0 }
func (h *taken) Close(context.Context) error { return nil }

func (h *taken) Handle(_ context.Context, b ingest.Batch) error {
	for i := range b.Records {
		var ev ingest.Event
		if refusal := h.decoder.Read(&ev, &b.Records[i]); refusal != ingest.Accepted {
			h.t.Errorf("a record was refused: %v", refusal)
		}
		if b.Records[i].Offset != h.next {
			h.t.Errorf("offset %d, want %d", b.Records[i].Offset, h.next)
		}
		h.next++
		h.first(&ev)
		h.events = append(h.events, ev)
	}
	if b.Next != h.next {
		h.t.Errorf("next %d, want %d", b.Next, h.next)
	}
	h.caught = b.CaughtUp
	return nil
}

// lateLines are the logins of so many accounts in the first second, then one of somebody else every hour for ten days.
func lateLines(members int) (lines [][]byte) {
	for i := range members + 240 {
		at := began + int64(i)
		if i >= members {
			at = began + int64(i-members+1)*hourMs
		}
		lines = append(lines, fmt.Appendf(nil, `{"v":1,"id":"%032x","type":"login","at":%d,"actor":"%032x"}`, i+1, at, min(i, members)+1))
	}
	return lines
}

// hand hands lines over in batches.
func hand(t *testing.T, h ingest.Handler, lines [][]byte, size int) {
	t.Helper()
	for from := 0; from < len(lines); from += size {
		var b ingest.Batch
		for i := from; i < min(from+size, len(lines)); i++ {
			b.Records = append(b.Records, ingest.Record{Offset: int64(i), Value: lines[i], Size: len(lines[i])})
			b.Next, b.CaughtUp = int64(i)+1, i+1 == len(lines)
		}
		if err := h.Handle(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
}

// TestLabelsComeDaysLater: half of those who act get a label between one day and seven days later, in the order of time,
// whatever the batches.
func TestLabelsComeDaysLater(t *testing.T) {
	const members = 400
	var orders [][]ingest.Event
	for _, size := range []int{1, 7, 1000} {
		labels := NewLabels(0.5, 1)
		acts := make(map[ingest.SubjectID]int64)
		h := &taken{t: t, first: func(ev *ingest.Event) {
			who := Account{ID: ev.Subject, Kind: Member, Harm: models.Sybil}
			if _, again := acts[ev.Subject]; !again && ev.Type == ingest.Login && len(acts) < members {
				acts[ev.Subject] = ev.At
				labels.acted(&who, ev.At)
				labels.raised(&who, models.Spam, ev.At) // gets no second one
			}
		}}
		into, err := labels.Into(func(context.Context, ingest.Partition) (ingest.Handler, error) { return h, nil })(t.Context(), ingest.Partition{})
		if err != nil {
			t.Fatal(err)
		}
		hand(t, into, lateLines(members), size)
		orders = append(orders, h.events)
		n := h.labels(acts)
		if share := float64(n) / members; math.Abs(share-0.5) > 0.1 || labels.written[ingest.Abusive] != n || !h.caught {
			t.Errorf("%.2f got a label, %v counted", share, labels.written)
		}
	}
	if !slices.Equal(orders[0], orders[1]) || !slices.Equal(orders[0], orders[2]) {
		t.Error("labels depend on batches")
	}
}

// labels counts the labels, and holds that each lies days after the account's first act and in order.
func (h *taken) labels(acts map[ingest.SubjectID]int64) (n int) {
	for i := range h.events {
		ev := &h.events[i]
		if i > 0 && ev.At < h.events[i-1].At {
			h.t.Fatalf("event %d comes before the one above it", i)
		}
		if ev.Type != ingest.Label {
			continue
		}
		if delay := ev.At - acts[ev.Peer]; delay < labelSoonest || delay > labelLatest || ev.Category != ingest.Sybil || ev.Verdict != ingest.Abusive {
			h.t.Errorf("%+v, %d ms after the first act", ev, delay)
		}
		n++
	}
	return n
}
