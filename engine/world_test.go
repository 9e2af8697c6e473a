package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/unopened/unopened/alerts"
	"github.com/unopened/unopened/features"
	"github.com/unopened/unopened/ingest"
	"github.com/unopened/unopened/ingest/simulate"
	"github.com/unopened/unopened/models"
)

// topic is a log in memory that keeps all that was ever appended, as a broker does.
type topic struct {
	name  string
	parts [][][]byte
}

func newTopic(name string, partitions int) *topic { return &topic{name, make([][][]byte, partitions)} }

func (l *topic) Partitions() int { return len(l.parts) }

func (l *topic) Append(_ context.Context, partition int, values [][]byte) error {
	for _, v := range values {
		l.parts[partition] = append(l.parts[partition], slices.Clone(v))
	}
	return nil
}

// size is the number of records.
func (l *topic) size() (n int64) {
	for _, p := range l.parts {
		n += int64(len(p))
	}
	return n
}

// pump hands a handler up to most records from offset on and returns the offset reached.
func (l *topic) pump(t *testing.T, h ingest.Handler, partition int, offset, most int64) int64 {
	t.Helper()
	log := l.parts[partition]
	next := min(offset+most, int64(len(log)))
	b := ingest.Batch{Next: next, CaughtUp: true} // so that each batch is written out: no aligner keeps this reader even
	for i := offset; i < next; i++ {
		b.Records = append(b.Records, ingest.Record{Offset: i, Value: log[i], Size: len(log[i])})
	}
	if err := h.Handle(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	return next
}

// letters counts refused records by where they were: each may be written again after a crash.
type letters map[string]bool

func (l letters) Bury(_ context.Context, some []ingest.DeadLetter) error {
	for _, d := range some {
		l[fmt.Sprint(d.Topic, d.Partition, d.Offset)] = true
	}
	return nil
}

// rows keeps findings by the name that their row has, as the store does: a repeat replaces itself.
type rows struct {
	found map[string]string
	again int
}

func (r *rows) Event(*ingest.Event, ingest.Position) {}
func (r *rows) Flush() func(context.Context) error   { return durable() }

func (r *rows) Finding(f *alerts.Finding) {
	key := fmt.Sprint(f.Verdict.Account, f.Harm, f.Verdict.At, f.Verdict.Where)
	text, _ := json.Marshal(f.Line())
	line := string(text)
	if before, ok := r.found[key]; ok {
		r.again++
		if before != line {
			line += " DIFFERS FROM " + before
		}
	}
	r.found[key] = line
}

// inbox keeps alerts by webhook-id, as a receiver does.
type inbox struct {
	mu    sync.Mutex
	got   map[string]string
	again int
}

func (b *inbox) Send(_ context.Context, batch []alerts.Delivery) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range batch {
		body, err := json.Marshal(&batch[i].Alert)
		if err != nil {
			return err
		}
		if before, ok := b.got[batch[i].ID]; ok {
			b.again++
			if before != string(body) {
				body = append(body, " DIFFERS"...)
			}
		}
		b.got[batch[i].ID] = string(body)
	}
	return nil
}

// world is a deployment whose topics and store outlive its crashes.
type world struct {
	raw, accounts, candidates *topic
	letters                   letters
	rows                      *rows
	inbox                     *inbox
	vault                     Vault
	models                    *models.Set
	since                     string // alerts.since
}

// shippedModels are the artefacts that ship.
var shippedModels = os.DirFS("../configs/models")

// emptyWorld is a deployment to which nothing has come.
func emptyWorld(t *testing.T) *world {
	t.Helper()
	set, err := models.Load(shippedModels, models.DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	return &world{
		raw: newTopic("raw", 2), accounts: newTopic("account", 3), candidates: newTopic("alerts", 1), letters: letters{},
		rows: &rows{found: map[string]string{}}, inbox: &inbox{got: map[string]string{}}, vault: &Folder{Dir: t.TempDir()}, models: set,
	}
}

// newWorld simulates three days of a messenger into a raw topic of two partitions.
func newWorld(t *testing.T, accounts int) *world {
	return simulated(t, accounts, 3, simulate.Default().Seed)
}

func simulated(t *testing.T, accounts, days int, seed uint64) *world {
	t.Helper()
	w := emptyWorld(t)
	sc := simulate.Default()
	sc.Accounts, sc.Days, sc.Seed, sc.Hostile, sc.Repeats = accounts, days, seed, 40, 200
	sc.Plain(1, 3, 1, 3)
	sim := simulate.New(sc)
	for i := 0; ; i++ {
		line, _, more := sim.Next(nil)
		if !more {
			return w
		}
		w.raw.parts[i%2] = append(w.raw.parts[i%2], line)
	}
}

// engine is a new process: only topics, store and checkpoint folder are those of before.
func (w *world) engine(t *testing.T) *Engine {
	t.Helper()
	cfg := alerts.DefaultConfig()
	cfg.Promoted, cfg.KeyFile, cfg.Since = models.Names[:], "unused", w.since
	e := &Engine{
		Config: DefaultConfig(), Features: features.DefaultConfig(), Alerts: cfg, Models: w.models, Key: []byte("an identity key for this test"),
		Accounts: w.accounts, Candidates: w.candidates, Letters: w.letters, Checkpoints: w.vault,
		Recorder: func() Recorder { return w.rows },
		Sinks:    []alerts.Endpoint{{Name: "inbox", Sink: w.inbox, Batch: 10, Patient: true}},
	}
	if w.accounts != nil {
		e.AccountTopic = w.accounts.name
	}
	e.Config.SealEvery = time.Hour // the test seals when it likes
	e.Config.Window = 24 * time.Hour
	if err := e.Prepare(); err != nil {
		t.Fatal(err)
	}
	e.aligner.span = 1 << 50 // one goroutine reads all: it must not wait for itself, and reads evenly instead
	return e
}

// reader is an open handler and where it has come to.
type reader struct {
	ingest.Handler
	topic     *topic
	partition int
	next      int64
	sealed    *sealed
	flush     func() func(context.Context) error
}

// seal seals and waits; send sends a checkpoint on its way.
func (r *reader) seal() error { return r.sealed.seal(context.Background(), r.flush()) }
func (r *reader) send() error { return r.sealed.start(r.flush()) }

// open opens every partition of every role.
func (w *world) open(t *testing.T, e *Engine) []*reader {
	t.Helper()
	var all []*reader
	for _, role := range []struct {
		topic *topic
		open  func(context.Context, ingest.Partition) (ingest.Handler, error)
	}{{w.raw, e.OpenSplit}, {w.accounts, e.OpenShard}, {w.candidates, e.OpenDesk}} {
		for i := range role.topic.parts {
			h, err := role.open(t.Context(), ingest.Partition{Topic: role.topic.name, ID: i, Count: len(role.topic.parts)})
			if err != nil {
				t.Fatal(err)
			}
			r := &reader{Handler: h, topic: role.topic, partition: i, next: max(0, h.Resume()), flush: durable}
			switch h := h.(type) {
			case *splitter:
				r.sealed = &h.sealed
			case *shard:
				r.sealed, r.flush = &h.sealed, h.keep.Flush
			case *deskHandler:
				r.sealed = &h.sealed
			}
			all = append(all, r)
		}
	}
	return all
}
