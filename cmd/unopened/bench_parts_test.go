package main

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/unopened/unopened/alerts"
	"github.com/unopened/unopened/engine"
	"github.com/unopened/unopened/features"
	"github.com/unopened/unopened/ingest"
	"github.com/unopened/unopened/store"
	"github.com/unopened/unopened/store/local"
)

// benchAllocations takes simulated sides through a shard three times over, a week apart, so that accounts and contacts
// are known, and counts what is allocated over the last 10,000. engine/alloc_test.go holds it at none.
func benchAllocations(t *testing.T) []measured {
	const last = 10_000
	e := benchEngine(t)
	shard, err := e.OpenShard(t.Context(), ingest.Partition{Topic: "account", Count: 1})
	if err != nil {
		t.Fatal(err)
	}
	records := sides(t, simulated(60_000, 1000), 3)
	handle := func(from, to int) {
		if err := shard.Handle(t.Context(), ingest.Batch{Records: records[from:to], Next: int64(to)}); err != nil {
			t.Fatal(err)
		}
	}
	handle(0, len(records)-last)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	worked := cpu()
	handle(len(records)-last, len(records))
	took := spent{cpu: cpu() - worked}
	runtime.ReadMemStats(&after)
	mallocs := after.Mallocs - before.Mallocs
	return []measured{
		plain("entry to verdict", took.per(last), "ns", "a side: decoded, remembered, folded in, scored for six harms"),
		atMost(0, "entry to verdict, allocations", float64(mallocs/last), "a side", fmt.Sprintf("%d over %s sides", mallocs, thousands(last))),
	}
}

// sides splits raw records and returns them as a shard reads them, a number of times over, a week apart.
func sides(t *testing.T, lines [][]byte, times int) (records []ingest.Record) {
	t.Helper()
	var decoder ingest.Decoder
	var ev ingest.Event
	var routed []ingest.Routed
	for i := range times * len(lines) {
		if refusal := decoder.Decode(&ev, lines[i%len(lines)]); refusal != ingest.Accepted {
			t.Fatal(refusal)
		}
		week := i / len(lines)
		ev.At += int64(week) * 7 * 24 * time.Hour.Milliseconds()
		ev.ID[0] += byte(week)
		routed = ingest.Split(routed[:0], &ev, ingest.Cause{Origin: ingest.OriginRaw, Offset: int64(i)}, 1)
		for j := range routed {
			value := ingest.AppendEntry(nil, &routed[j].Entry)
			records = append(records, ingest.Record{Offset: int64(len(records)), Value: value, Size: len(value)})
		}
	}
	return records
}

// benchAgreement holds the straightforward build against ours once more, on more events than the test does.
func benchAgreement(t *testing.T) []measured {
	lines := simulated(100_000, 1700)
	g := agree(ourOpinions(t, lines), naiveOpinions(t, lines))
	for _, fault := range g.faults {
		fmt.Println("  ", fault)
	}
	return []measured{atMost(0, "verdicts that differ from the straightforward", float64(len(g.faults)), "of "+thousands(int64(g.assessed)),
		fmt.Sprintf("%s events, %s accounts; margins differ by %.1g at most", thousands(int64(len(lines))), thousands(int64(g.accounts)), g.margin))}
}

// bigWorld is how many accounts the tables of benchUpdate and benchCheckpoint have.
const bigWorld = 1_000_000

func bigAccount(i int) (s ingest.SubjectID) {
	binary.BigEndian.PutUint64(s[:], uint64(i+1)*0x9e3779b97f4a7c15)
	binary.BigEndian.PutUint64(s[8:], uint64(i+1)*0xc2b2ae3d27d4eb4f)
	return s
}

// bigTable is a table of a million accounts, each with one contact.
func bigTable() (*features.Table, features.Vector) {
	table, v := features.New(features.Config{Accounts: bigWorld}), features.NewVector()
	for i := range bigWorld {
		ev := bigMessage(i, 0)
		table.Observe(&ev, &v)
		table.Stamps = table.Stamps[:0]
	}
	return table, v
}

// bigMessage is a message of account i in second n.
func bigMessage(i, n int) ingest.Event {
	return ingest.Event{
		Type: ingest.Message, Side: ingest.SideActed, Kind: ingest.Direct, At: 1_750_000_000_000 + int64(n)*1000,
		Subject: bigAccount(i), Peer: bigAccount((i + 1 + n%3) % bigWorld), Relation: ingest.Mutual, Media: ingest.MediaNone,
		Has: ingest.FieldsAlways | ingest.FieldActor | ingest.FieldTarget | ingest.FieldKind | ingest.FieldRelation | ingest.FieldMedia,
	}
}

// benchUpdate compares the update of an account's state, its vector included, over a million accounts of which some
// are far busier than others (Zipf, 1.1).
func benchUpdate(t *testing.T) []measured {
	const updates = 1_000_000
	table, v := bigTable()
	n, err := newNaive(shippedModels(t))
	if err != nil {
		t.Fatal(err)
	}
	zipf := rand.NewZipf(rand.New(rand.NewPCG(1, 1)), 1.1, 1, bigWorld-1)
	events, theirs := make([]ingest.Event, updates), make([]naiveEvent, updates)
	for i := range events {
		events[i] = bigMessage(int(zipf.Uint64()*7919%bigWorld), 1+i/500)
		theirs[i] = naiveEvent{
			Type: "message", Kind: "direct", At: events[i].At, Relation: "mutual", Media: "none",
			Actor: hex.EncodeToString(events[i].Subject[:]), Target: hex.EncodeToString(events[i].Peer[:]),
		}
	}
	for i := range bigWorld {
		ev := bigMessage(i, 0)
		e := naiveEvent{Type: "message", Kind: "direct", At: ev.At, Actor: ev.Subject.String(), Target: ev.Peer.String()}
		n.account(e.Actor, e.time()).act(&e, e.time())
	}
	took := beside(3, func() {
		for i := range events {
			table.Observe(&events[i], &v)
			table.Stamps = table.Stamps[:0]
		}
	}, func() {
		for i := range theirs {
			at := theirs[i].time()
			a := n.account(theirs[i].Actor, at)
			a.act(&theirs[i], at)
			a.read(n.features, &n.vector)
		}
	})
	ours, plainly := took[0].per(updates), took[1].per(updates)
	return []measured{
		plain("state update at 1 M accounts", ours, "ns", "a side folded in and its vector read"),
		atLeast(2, "state update / map of pointers", took[1].over(took[0]), "x", fmt.Sprintf("%.0f ns there", plainly)),
	}
}

// benchCheckpoint seals and loads a table of a million accounts: packed, file, sync and checksums included. What a
// start reads lies in the system's cache, as it was just written.
func benchCheckpoint(t *testing.T) []measured {
	quiet := features.New(features.Config{Accounts: bigWorld})
	v := features.NewVector()
	for i := range bigWorld {
		ev := ingest.Event{Type: ingest.Login, Side: ingest.SideActed, Subject: bigAccount(i), At: 1_750_000_000_000}
		quiet.Observe(&ev, &v)
	}
	q := sealAndLoad(t, quiet)
	disk := func(n int) float64 { return bigWorld / beside(3, func() { writeSynced(t, n) })[0].wall.Seconds() / 1e6 }
	rows := []measured{
		atLeast(3, "checkpoint saved, quiet accounts", q.saved, "M/s",
			fmt.Sprintf("synced, checksummed; this disk alone takes files as large at %.1f M/s, and unpacked at %.2f", disk(q.file), disk(int(quiet.Bytes())))),
		plain("  bytes in the file", float64(q.file)/bigWorld, "B/account", fmt.Sprintf("%d in memory, index included; all logged in at one time", quiet.Bytes()/bigWorld)),
		atLeast(5, "checkpoint restored, quiet accounts", q.restored, "M/s", "read from the system's cache, checked, and indexed"),
	}
	busy, _ := bigTable()
	b := sealAndLoad(t, busy)
	return append(rows, plain("checkpoint saved, accounts with a contact", b.saved, "M/s", ""),
		plain("  bytes in the file", float64(b.file)/bigWorld, "B/account", fmt.Sprintf("%d in memory, index included", busy.Bytes()/bigWorld)),
		plain("checkpoint restored, accounts with a contact", b.restored, "M/s", ""))
}

// writeSynced writes so many bytes and syncs them: what the disk alone takes.
func writeSynced(t *testing.T, n int) {
	f, err := os.Create(filepath.Join(t.TempDir(), "alone"))
	if err != nil {
		t.Fatal(err)
	}
	piece := make([]byte, 1<<20)
	for range n / len(piece) {
		_, err = f.Write(piece)
	}
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		t.Fatal(err)
	}
}

// loaded is what a table's checkpoint takes.
type loaded struct {
	saved, restored float64 // million accounts a second
	file            int     // bytes
}

// sizedVault is a folder that knows how large its last file is.
type sizedVault struct {
	engine.Folder
	size int
}

func (v *sizedVault) Put(ctx context.Context, name string, data []byte) error {
	v.size = len(data)
	return v.Folder.Put(ctx, name, data)
}

// sealAndLoad seals and loads a table.
func sealAndLoad(t *testing.T, table *features.Table) loaded {
	t.Helper()
	again := features.New(features.Config{Accounts: bigWorld})
	folder := &sizedVault{Folder: engine.Folder{Dir: t.TempDir()}}
	head := engine.Head{Role: "score", Topic: "account", Partitions: 1}
	took := beside(3, func() {
		if err := engine.SaveCheckpoint(t.Context(), folder, head, []engine.Section{{Name: "table", State: table}}); err != nil {
			t.Fatal(err)
		}
	}, func() {
		if _, err := engine.LoadCheckpoint(t.Context(), folder, head, []engine.Section{{Name: "table", State: again}}); err != nil {
			t.Fatal(err)
		}
	})
	if again.Hash() != table.Hash() {
		t.Fatal("the table restored is another one")
	}
	million := func(s spent) float64 { return bigWorld / s.wall.Seconds() / 1e6 }
	return loaded{million(took[0]), million(took[1]), folder.size}
}

// benchStore writes rows into the embedded ClickHouse.
func benchStore(t *testing.T) []measured {
	const events, name = 300_000, "ClickHouse insert"
	cfg := store.DefaultConfig()
	s, err := store.Open(t.Context(), cfg, t.TempDir(), slog.New(slog.DiscardHandler))
	if errors.Is(err, local.ErrNoLibrary) {
		return []measured{{Name: name, Unit: "rows/s", Note: err.Error()}}
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	next := 0
	took := beside(3, func() {
		w := s.Writer()
		for range events {
			ev := bigMessage(next%bigWorld, next/1000)
			ev.At = time.Now().UnixMilli()
			w.Event(&ev, ingest.Position{Offset: int64(next)})
			next++
		}
		if err := w.Flush()(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
	return []measured{plain(name, events/took[0].wall.Seconds(), "rows/s", "event rows, columnar, durable")}
}

// benchEngine is an engine whose shards record into a counter and write stamps nowhere that matters.
func benchEngine(t *testing.T) *engine.Engine {
	t.Helper()
	e := &engine.Engine{
		Config: engine.DefaultConfig(), Features: features.DefaultConfig(), Alerts: alerts.DefaultConfig(),
		Models: shippedModels(t), Key: []byte("key"), Recorder: func() engine.Recorder { return &countingRecorder{} },
	}
	if err := e.Prepare(); err != nil {
		t.Fatal(err)
	}
	return e
}

// countingRecorder only counts.
type countingRecorder struct{ events, findings int64 }

func (c *countingRecorder) Event(*ingest.Event, ingest.Position) { c.events++ }
func (c *countingRecorder) Finding(*alerts.Finding)              { c.findings++ }
func (c *countingRecorder) Flush() func(context.Context) error {
	return func(context.Context) error { return nil }
}
