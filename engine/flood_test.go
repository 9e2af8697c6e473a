package engine

import (
	"context"
	"encoding/binary"
	"runtime"
	"testing"
	"time"

	"github.com/unopened/unopened/alerts"
	"github.com/unopened/unopened/features"
	"github.com/unopened/unopened/ingest"
	"github.com/unopened/unopened/models"
)

// flood is a stream of raw events through an engine of one shard at a low memory ceiling, and what came of it.
type flood struct {
	*testing.T
	MiB     int64 // the ceiling; 0 for none
	handler ingest.Handler
	batch   ingest.Batch
	bytes   []byte // of the batch
	n       uint64 // events of the flood so far, which name them

	only string // the account that is watched; all where it is empty

	alerts        map[string]bool // "account harm", of those watched
	others        int             // alerts of others
	score         float64         // the latest for spam of the one watched
	table         *features.Table // at the end
	heap          int64           // what the whole engine really holds then
	gone, dropped uint64
}

const (
	floodWindowIDs = 100_000
	floodBatch     = 1000
)

// run takes a stream through a fresh engine.
func (f *flood) run(stream func()) {
	f.Helper()
	f.alerts = map[string]bool{}
	before := heapInUse()
	e := emptyWorld(f.T).engine(f.T)
	e.Checkpoints, e.Encoding, e.Features.MemoryMiB = nil, ingest.Protobuf, f.MiB
	e.Config.Window, e.Config.WindowIDs = 2*time.Hour, floodWindowIDs
	e.Sinks = []alerts.Endpoint{{Name: "flood", Sink: f, Batch: 100, Patient: true}}
	e.Recorder = func() Recorder { return f }
	e.Closing = func(table *features.Table) {
		f.table, f.heap = table, heapInUse()-before
		f.gone, f.dropped = table.Evicted()
	}
	source := sourceFunc(func(_ context.Context, h ingest.Handler) error {
		f.handler = h
		stream()
		f.hand()
		return nil
	})
	if err := e.ReplayRaw(f.Context(), source, 1); err != nil {
		f.Fatal(err)
	}
	s := e.Stats()
	if wrong := s.Unbalanced(); wrong != nil || s.Split.RefusedTotal()+s.Sides.Late+s.Sides.Duplicate > 0 {
		f.Fatalf("%d refused, %d late, %d duplicate, %v: this is another stream", s.Split.RefusedTotal(), s.Sides.Late, s.Sides.Duplicate, wrong)
	}
}

// heapInUse is what is reachable now.
func heapInUse() int64 {
	runtime.GC()
	runtime.GC() // what pools and finalizers held over the first
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// Send keeps who was alerted of what.
func (f *flood) Send(_ context.Context, batch []alerts.Delivery) error {
	for i := range batch {
		if f.only != "" && f.only != batch[i].Account {
			f.others++
			continue
		}
		f.alerts[batch[i].Account+" "+batch[i].Harm] = true
	}
	return nil
}

// Event, Finding and Flush make a Recorder that keeps a score.
func (f *flood) Event(*ingest.Event, ingest.Position) {}

// Finding keeps the score.
func (f *flood) Finding(found *alerts.Finding) {
	if found.Harm == models.Spam && found.Verdict.Account.String() == f.only {
		f.score = found.Verdict.Scores[found.Harm].Value
	}
}

// Flush has nothing to do.
func (f *flood) Flush() func(context.Context) error { return durable() }

// line puts a raw record into the stream.
func (f *flood) line(value []byte) {
	from := len(f.bytes)
	f.bytes = append(f.bytes, value...)
	value = f.bytes[from:len(f.bytes):len(f.bytes)]
	f.batch.Records = append(f.batch.Records, ingest.Record{Offset: f.batch.Next, Value: value, Size: len(value)})
	f.batch.Next++
	if len(f.batch.Records) == floodBatch {
		f.hand()
	}
}

func (f *flood) hand() {
	if err := f.handler.Handle(f.Context(), f.batch); err != nil {
		f.Fatal(err)
	}
	f.batch.Records, f.bytes = f.batch.Records[:0], f.bytes[:0]
}

// put puts an event into the stream.
func (f *flood) put(typ ingest.Type, at int64, from, to ingest.SubjectID) {
	f.n++
	ev := ingest.Event{Type: typ, At: at, Subject: from, Has: ingest.FieldsAlways | ingest.FieldActor}
	binary.BigEndian.PutUint64(ev.ID[:], f.n)
	ev.ID[15] = 0xf1 // the simulator's are drawn
	if typ == ingest.Message {
		ev.Peer, ev.Kind, ev.Relation = to, ingest.Direct, ingest.Stranger
		ev.Has |= ingest.FieldTarget | ingest.FieldKind | ingest.FieldRelation
	}
	f.line(ingest.Protobuf.Append(nil, &ev))
}

// fresh names an account of the flood that no other part of a test names.
func fresh(i int) (s ingest.SubjectID) {
	s = steadySubject(i)
	s[15] = 0xf1
	return s
}

// register has fresh account i register; each fourth writes to the one before.
func (f *flood) register(i int, at int64) {
	f.put(ingest.AccountRegistered, at, fresh(i), ingest.SubjectID{})
	if i%4 == 3 {
		f.put(ingest.Message, at, fresh(i), fresh(i-1))
	}
}

// floodBeside is what stands beside the table: the ids that are remembered, and with 40 bytes for each of them all else.
const floodBeside = 40 * floodWindowIDs

// holds asserts that the ceiling held, by the table's own account and by the heap. The overhead stated: what a sweep may
// find grown since the last one (1/32); what is reserved until the table is made compact (1/8, and index that is to shrink: 15 %); and what
// stands beside the table.
func (f *flood) holds() {
	f.Helper()
	ceiling := f.MiB << 20
	f.Logf("%d MiB: %d bytes of state, %d of heap, %d accounts and %d contacts gone", f.MiB, f.table.Bytes(), f.heap, f.gone, f.dropped)
	if f.gone == 0 {
		f.Error("no account was evicted: the test shows nothing")
	}
	if f.table.Bytes() > ceiling+ceiling/32 || f.heap > ceiling*23/20+floodBeside {
		f.Errorf("%d bytes of state and %d of heap above a ceiling of %d MiB", f.table.Bytes(), f.heap, f.MiB)
	}
}
