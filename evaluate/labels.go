package evaluate

import (
	"container/heap"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"

	"github.com/unopened/unopened/ingest"
	"github.com/unopened/unopened/models"
)

// A label comes evenly between the two after what led to it, in milliseconds.
const (
	labelSoonest = 1 * dayMs
	labelLatest  = 7 * dayMs
)

// Labels writes analysts' labels into a stream, as a deployment gets them: "abusive" on a share of the members, days after
// each one's first act, and "benign" on the same share of the innocent accounts that reached an action threshold, days after
// that. A nil *Labels writes none.
type Labels struct {
	share   float64
	seed    uint64
	due     dueLabels
	written map[ingest.LabelVerdict]int
	chosen  map[ingest.SubjectID]bool
}

// NewLabels returns labels for a share, 0 to 1.
func NewLabels(share float64, seed uint64) *Labels {
	return &Labels{share: share, seed: seed, written: make(map[ingest.LabelVerdict]int), chosen: make(map[ingest.SubjectID]bool)}
}

// acted takes an account's first act.
func (l *Labels) acted(who *Account, at int64) {
	if l != nil && who.Kind == Member {
		l.choose(who, who.Harm, ingest.Abusive, at)
	}
}

// raised takes that an innocent account reached a threshold.
func (l *Labels) raised(who *Account, h models.Harm, at int64) {
	if l != nil {
		l.choose(who, h, ingest.Benign, at)
	}
}

// choose draws whether and when an account gets a label; it does so once. What it draws depends on seed and account alone.
func (l *Labels) choose(who *Account, h models.Harm, verdict ingest.LabelVerdict, at int64) {
	if l.chosen[who.ID] {
		return
	}
	l.chosen[who.ID] = true
	digest := sha256.Sum256(append(who.ID[:], "evaluation's label"...))
	r := rand.New(rand.NewPCG(l.seed, binary.LittleEndian.Uint64(digest[16:])))
	if r.Float64() >= l.share {
		return
	}
	heap.Push(&l.due, ingest.Event{
		ID: ingest.EventID(digest[:16]), Type: ingest.Label, At: at + labelSoonest + r.Int64N(labelLatest-labelSoonest+1),
		Peer: who.ID, Category: ingest.Category(h) + 1, Verdict: verdict,
		Has: ingest.FieldV | ingest.FieldID | ingest.FieldType | ingest.FieldAt | ingest.FieldTarget | ingest.FieldCategory | ingest.FieldVerdict,
	})
}

// Into returns what opens the handlers that open opens, with the labels written before the first record of their time or
// later. Records go one by one, so that what one causes is known before the next.
func (l *Labels) Into(open func(context.Context, ingest.Partition) (ingest.Handler, error)) func(context.Context, ingest.Partition) (ingest.Handler, error) {
	return func(ctx context.Context, p ingest.Partition) (ingest.Handler, error) {
		h, err := open(ctx, p)
		return &labelled{Handler: h, labels: l}, err
	}
}

// labelled is a handler of raw records of which labels are written between others. These move the offsets on.
type labelled struct {
	ingest.Handler
	labels  *Labels
	decoder ingest.Decoder
	event   ingest.Event
	moved   int64
}

// Handle hands the batch on, with what labels are due.
func (h *labelled) Handle(ctx context.Context, b ingest.Batch) error {
	for i := range b.Records {
		r := b.Records[i]
		if h.decoder.Read(&h.event, &r) == ingest.Accepted {
			if err := h.write(ctx, h.event.At, r.Offset); err != nil {
				return err
			}
		}
		r.Offset += h.moved
		if err := h.Handler.Handle(ctx, ingest.Batch{Records: []ingest.Record{r}, Next: r.Offset + 1}); err != nil {
			return err
		}
	}
	return h.Handler.Handle(ctx, ingest.Batch{Next: b.Next + h.moved, Gap: b.Gap, Lost: b.Lost, CaughtUp: b.CaughtUp})
}

// write writes the labels that are due at a time, from an offset on.
func (h *labelled) write(ctx context.Context, at, offset int64) error {
	for due := &h.labels.due; len(*due) > 0 && (*due)[0].At <= at; {
		ev := heap.Pop(due).(ingest.Event)
		value := ingest.JSON.Append(nil, &ev)
		r := ingest.Record{Offset: offset + h.moved, Value: value, Size: len(value)}
		h.moved++
		if err := h.Handler.Handle(ctx, ingest.Batch{Records: []ingest.Record{r}, Next: r.Offset + 1}); err != nil {
			return err
		}
		h.labels.written[ev.Verdict]++
	}
	return nil
}

// dueLabels are labels by their time, a heap.
type dueLabels []ingest.Event

func (d dueLabels) Len() int      { return len(d) }
func (d dueLabels) Swap(i, j int) { d[i], d[j] = d[j], d[i] }
func (d dueLabels) Less(i, j int) bool {
	if d[i].At != d[j].At {
		return d[i].At < d[j].At
	}
	return string(d[i].Peer[:]) < string(d[j].Peer[:])
}

// Push implements heap.Interface.
func (d *dueLabels) Push(x any) { *d = append(*d, x.(ingest.Event)) }

// Pop implements heap.Interface.
func (d *dueLabels) Pop() any {
	last := len(*d) - 1
	ev := (*d)[last]
	*d = (*d)[:last]
	return ev
}
