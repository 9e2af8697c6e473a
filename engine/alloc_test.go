package engine

import (
	"context"
	"encoding/binary"
	"os"
	"testing"
	"time"

	"github.com/unopened/unopened/alerts"
	"github.com/unopened/unopened/features"
	"github.com/unopened/unopened/ingest"
	"github.com/unopened/unopened/models"
)

// drain is a log that takes everything and keeps nothing.
type drain struct{ records int }

func (*drain) Partitions() int { return 1 }

func (d *drain) Append(_ context.Context, _ int, values [][]byte) error {
	d.records += len(values)
	return nil
}

// tally is a recorder that only counts.
type tally struct{ events, findings int }

func (r *tally) Event(*ingest.Event, ingest.Position) { r.events++ }
func (r *tally) Finding(*alerts.Finding)              { r.findings++ }
func (r *tally) Flush() func(context.Context) error   { return durable() }

const (
	steadyAccounts = 300
	steadyBatch    = 10_000
)

func steadySubject(i int) (s ingest.SubjectID) {
	binary.BigEndian.PutUint64(s[:], uint64(i+1)*0x9e3779b97f4a7c15)
	return s
}

// steadyEvent returns a raw event among accounts that have long known each other: a message, now and then a login, or
// a label that an analyst gives and takes back, so that a score moves. Ten happen in a second.
func steadyEvent(i int) (ev ingest.Event) {
	from := i * i % steadyAccounts
	ev = ingest.Event{
		Type: ingest.Message, Kind: ingest.Direct, At: 1_750_000_000_000 + int64(i)*100,
		Subject: steadySubject(from), Peer: steadySubject((from + 1 + i%5) % steadyAccounts), Relation: ingest.Mutual,
		Age: ingest.Age18to24, PeerAge: ingest.Age16to17, Device: 7, Network: 9, Country: [2]byte{'N', 'L'},
		Has: ingest.FieldsAlways | ingest.FieldActor | ingest.FieldDevice | ingest.FieldNetwork | ingest.FieldCountry | ingest.FieldActorAge,
	}
	binary.BigEndian.PutUint64(ev.ID[:], uint64(i))
	switch i % 100 {
	case 0, 50:
		ev.Type = ingest.Login
	case 25, 75:
		ev.Type, ev.Peer, ev.Category, ev.Verdict = ingest.Label, steadySubject(1), ingest.Spam, ingest.Abusive
		if i%100 == 75 {
			ev.Verdict = ingest.Withdrawn
		}
		ev.Has = ingest.FieldsAlways | ingest.FieldTarget | ingest.FieldCategory | ingest.FieldVerdict
	default:
		ev.Has |= ingest.FieldTarget | ingest.FieldRelation | ingest.FieldTargetAge | ingest.FieldKind
	}
	return ev
}

// steadyBatches returns batches of encoded sides.
func steadyBatches(t *testing.T, count int) (batches []ingest.Batch) {
	t.Helper()
	var decoder ingest.Decoder
	var routed []ingest.Routed
	var offset int64
	for raw := 0; len(batches) < count; {
		b := ingest.Batch{}
		for len(b.Records) < steadyBatch {
			raw++
			ev := steadyEvent(raw)
			if refusal := decoder.Decode(&ev, ingest.AppendJSON(nil, &ev)); refusal != ingest.Accepted {
				t.Fatal(refusal)
			}
			routed = ingest.Split(routed[:0], &ev, ingest.Cause{Origin: ingest.OriginRaw, Offset: int64(raw)}, 1)
			for i := range routed {
				value := ingest.AppendEntry(nil, &routed[i].Entry)
				b.Records = append(b.Records, ingest.Record{Offset: offset, Value: value, Size: len(value)})
				offset++
			}
		}
		b.Next = offset
		batches = append(batches, b)
	}
	return batches
}

// TestNoAllocationsFromEventToVerdict takes 10,000 entries of the account topic through a shard in its steady state:
// decoded, remembered, folded in, scored for six harms, recorded where a score moved, their stamps written.
func TestNoAllocationsFromEventToVerdict(t *testing.T) {
	set, err := models.Load(os.DirFS("../configs/models"), models.DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	keep, log := &tally{}, &drain{}
	e := &Engine{
		Config: DefaultConfig(), Features: features.DefaultConfig(), Alerts: alerts.DefaultConfig(), Models: set,
		Key: []byte("key"), Accounts: log, Recorder: func() Recorder { return keep },
	}
	e.Config.SealEvery = time.Hour
	if err := e.Prepare(); err != nil {
		t.Fatal(err)
	}
	h, err := e.OpenShard(t.Context(), ingest.Partition{Topic: "t", Count: 1})
	if err != nil {
		t.Fatal(err)
	}
	batches := steadyBatches(t, 8)
	step := func() {
		if err := h.Handle(t.Context(), batches[0]); err != nil {
			t.Fatal(err)
		}
		batches = batches[1:]
	}
	for range 6 { // the ids remembered are now 60,000 in an array that has room for 98,304
		step()
	}
	events, findings, stamps := keep.events, keep.findings, log.records
	if got := testing.AllocsPerRun(1, step); got != 0 { // which takes one batch to warm up and one to measure
		t.Errorf("%v allocations for %d entries, want none", got, steadyBatch)
	}
	events, findings, stamps = keep.events-events, keep.findings-findings, log.records-stamps
	if counts := h.(*shard).counts; events < steadyBatch || findings < 100 || stamps < 100 || counts.Duplicate+counts.Late+counts.Refused > 0 {
		t.Errorf("%d events, %d findings, %d stamps, %+v: this test measures something else", events, findings, stamps, counts)
	}
}
