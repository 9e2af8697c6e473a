package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/unopened/unopened/alerts"
	"github.com/unopened/unopened/engine"
	"github.com/unopened/unopened/features"
	"github.com/unopened/unopened/ingest"
	"github.com/unopened/unopened/models"
)

const (
	sealWorld = 400_000 // accounts of the shard that benchSeal seals
	sealEach  = 12      // seals of each kind that it measures
	sealBatch = 1 << 20 // bytes of entries in a batch, as much as the source of the log hands over at once
)

// sealedFile is what a vault was given, and what it cost.
type sealedFile struct {
	engine.Head
	size, accounts int // bytes of the file; accounts changed
	pause, copying time.Duration
}

// watchedVault is a folder that tells of each file that it has stored.
type watchedVault struct {
	engine.Folder
	stored chan sealedFile
}

func (v *watchedVault) Put(ctx context.Context, name string, data []byte) error {
	err := v.Folder.Put(ctx, name, data)
	var f sealedFile
	if err == nil {
		f.size = len(data)
		err = json.NewDecoder(bytes.NewReader(data[bytes.Index(data, []byte(`{"format"`)):])).Decode(&f.Head)
	}
	v.stored <- f
	return err
}

// sealBench is a shard under seal.
type sealBench struct {
	*testing.T
	engine *engine.Engine
	vault  *watchedVault
	shard  ingest.Handler
	n      int    // events so far
	copied []byte // to compare with
	next   int64
}

// open opens the shard, which seals when the time has passed or much has changed.
func (b *sealBench) open(every time.Duration) {
	var err error
	b.engine.Config.SealEvery = every
	if b.shard, err = b.engine.OpenShard(b.Context(), ingest.Partition{Topic: "account", Count: 1}); err != nil {
		b.Fatal(err)
	}
	<-b.vault.stored // it has taken the partition over
}

// close closes the shard, which seals what is left.
func (b *sealBench) close() {
	if err := b.shard.Close(b.Context()); err != nil {
		b.Fatal(err)
	}
	for len(b.vault.stored) > 0 {
		<-b.vault.stored
	}
}

// handle hands entries over and returns how long the shard stood still for a seal.
func (b *sealBench) handle(values ...[]byte) time.Duration {
	before := b.engine.Stats().Paused
	batch := ingest.Batch{Next: b.next + int64(len(values))}
	for i, value := range values {
		batch.Records = append(batch.Records, ingest.Record{Offset: b.next + int64(i), Value: value, Size: len(value)})
	}
	if err := b.shard.Handle(b.Context(), batch); err != nil {
		b.Fatal(err)
	}
	b.next = batch.Next
	return b.engine.Stats().Paused - before
}

// entry is an entry of the account topic.
func (b *sealBench) entry(kind ingest.EntryKind, ev ingest.Event) []byte {
	b.n++
	binary.BigEndian.PutUint64(ev.ID[:], uint64(b.n))
	return ingest.AppendEntry(nil, &ingest.Entry{Kind: kind, Cause: ingest.Cause{Origin: ingest.OriginRaw, Offset: int64(b.n)}, Event: ev})
}

// messages are entries of so many messages, each of another account, or with 0 as fill a batch.
func (b *sealBench) messages(n int) (values [][]byte) {
	for size := 0; len(values) < n || n == 0 && size < sealBatch; size += len(values[len(values)-1]) {
		values = append(values, b.entry(ingest.EntrySide, bigMessage(b.n*7919%sealWorld, b.n/10_000)))
	}
	return values
}

// seal changes so many accounts, or with 0 as many as the shard lets gather, and waits until it seals.
func (b *sealBench) seal(changed int) sealedFile {
	began := b.n
	pause := b.handle(b.messages(changed)...)
	for pause == 0 {
		if changed == 0 {
			pause = b.handle(b.messages(0)...)
		} else {
			time.Sleep(5 * time.Millisecond)
			pause = b.handle()
		}
	}
	f := <-b.vault.stored
	f.accounts, f.pause = b.n-began, pause
	time.Sleep(50 * time.Millisecond) // until what the file made needless is removed
	begin := time.Now()
	copy(b.copied, b.copied[len(b.copied)/2:][:f.Bytes])
	f.copying = time.Since(begin)
	return f
}

// measure seals until it has enough files with a sweep's part, or without.
func (b *sealBench) measure(changed int, sweeps bool) (rows []measured) {
	var files []sealedFile
	for len(files) < sealEach {
		if f := b.seal(changed); f.Of > 0 == sweeps {
			files = append(files, f)
		}
	}
	slices.SortFunc(files, func(a, b sealedFile) int { return cmp.Compare(a.pause, b.pause) })
	middle, worst := files[len(files)/2], files[len(files)-1]
	name := fmt.Sprintf("seal, %s accounts changed", thousands(int64(middle.accounts)))
	if sweeps {
		name += ", in a sweep"
	}
	note := func(f *sealedFile) string {
		return fmt.Sprintf("%.1f MB, %.1f in the file; to copy as much took %s ms then", float64(f.Bytes)/1e6, float64(f.size)/1e6, significant(f.copying.Seconds()*1000))
	}
	rows = append(rows, plain(name, middle.pause.Seconds()*1000, "ms", fmt.Sprintf("median pause of a shard of 400 k; %s", note(&middle))))
	longest := atMost(50, "  the longest of "+thousands(sealEach), worst.pause.Seconds()*1000, "ms", note(&worst))
	return append(rows, longest)
}

// benchSeal measures for how long a whole shard stands still for a seal: from a batch of entries that are handled to the
// copy of what changed, of which a goroutine makes a file for the vault. Each account has an episode, which few have in earnest. How much gathers
// where nothing but its amount brings the seal is the shard's doing.
func benchSeal(t *testing.T) (rows []measured) {
	b := &sealBench{T: t, engine: benchEngine(t), vault: &watchedVault{engine.Folder{Dir: t.TempDir()}, make(chan sealedFile, 1024)}, copied: bytes.Repeat([]byte{1}, 128<<20)}
	b.engine.Checkpoints, b.engine.Key = b.vault, []byte("an identity key for this bench")
	b.engine.Letters, b.engine.Candidates = blackHole{}, blackHole{}
	for _, harm := range models.Names {
		b.engine.Alerts.Promoted = append(b.engine.Alerts.Promoted, harm)
		b.engine.Alerts.Bands[harm] = alerts.Bands{Low: 1e-6, Medium: 2e-6, High: 3e-6, Critical: 1}
	}
	b.open(time.Hour)
	for b.n < sealWorld {
		b.handle(b.messages(0)...)
	}
	rows = append(b.measure(0, true), b.measure(0, false)...)
	b.close()
	b.open(100 * time.Millisecond)
	for _, sweeps := range []bool{false, true} {
		rows = append(rows, b.measure(1000, sweeps)...)
		rows = append(rows, b.measure(10_000, sweeps)...)
		b.handle(b.entry(ingest.EntryControl, ingest.Event{ // an erasure brings sweeps
			Type: ingest.Erase, Side: ingest.SideControl, At: 1_750_000_000_000, Subject: bigAccount(0), Has: ingest.FieldsAlways | ingest.FieldActor,
		}))
	}
	b.close()
	if s := b.engine.Stats().Sides; s.Applied+s.Control != s.Read {
		t.Fatalf("not every entry was applied: %+v", s)
	}
	return rows
}

// blackHole is a log of 16 partitions that takes everything and keeps nothing.
type blackHole struct{}

func (blackHole) Partitions() int                                 { return 16 }
func (blackHole) Append(context.Context, int, [][]byte) error     { return nil }
func (blackHole) Bury(context.Context, []ingest.DeadLetter) error { return nil }

// benchSplit measures the role split without brokers: from raw JSON to the encoded sides of each partition.
func benchSplit(t *testing.T) []measured {
	lines := simulated(200_000, 3000)
	e := &engine.Engine{
		Config: engine.DefaultConfig(), Features: features.DefaultConfig(), Alerts: alerts.DefaultConfig(), Models: shippedModels(t),
		Key: []byte("an identity key for this bench"), Accounts: blackHole{}, Letters: blackHole{},
	}
	if err := e.Prepare(); err != nil {
		t.Fatal(err)
	}
	records := make([]ingest.Record, len(lines))
	for i, line := range lines {
		records[i] = ingest.Record{Offset: int64(i), Value: line, Size: len(line)}
	}
	took := beside(3, func() {
		h, err := e.OpenSplit(t.Context(), ingest.Partition{Topic: "raw", Count: 1})
		if err != nil {
			t.Fatal(err)
		}
		for from := 0; from < len(records); from += 1000 {
			to := min(from+1000, len(records))
			if err := h.Handle(t.Context(), ingest.Batch{Records: records[from:to], Next: int64(to), CaughtUp: true}); err != nil {
				t.Fatal(err)
			}
		}
		if err := h.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
	return []measured{atLeast(200_000, "split, raw events a second and core", float64(len(records))/took[0].cpu.Seconds(), "events/s",
		"JSON decoded, sides encoded and gathered; brokers apart")}
}
