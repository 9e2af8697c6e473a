package engine

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/unopened/unopened/alerts"
	"github.com/unopened/unopened/features"
	"github.com/unopened/unopened/ingest"
	"github.com/unopened/unopened/models"
)

// Engine opens the handlers of the three roles on what it is given; the fields are set before the first is opened.
type Engine struct {
	Config   Config
	Features features.Config
	Alerts   alerts.Config
	Models   *models.Set
	Key      []byte // the deployment's identity key: alert ids and the hashes of remembered ids come from it

	Encoding    ingest.Encoding // of the raw records
	Incarnation uint32          // which life of the raw topic is read
	Mask        *ingest.Mask    // what of the raw records is seen; nil for all
	// AccountTopic is the name of the account topic, which split's checkpoints keep: what was split into one topic must not
	// go on in another; empty where nothing is kept.
	AccountTopic string
	Accounts     ingest.Log        // the account topic; nil where it is only read: then no stamp is written
	Candidates   ingest.Log        // the alert topic; nil where no alert is wanted
	Letters      ingest.Letters    // dead letters
	Checkpoints  Vault             // nil: nothing is kept
	Sinks        []alerts.Endpoint // where the desk's alerts go besides those of the config
	Recorder     func() Recorder   // makes the Recorder of a shard; nil for none
	// Drain, where set, runs after each raw event: it hands what was appended to the in-process logs to their handlers.
	Drain func(context.Context) error
	// Source, where set, returns counters of what feeds the roles, for the metrics.
	Source func() map[string]int64
	// Finals makes each shard record every harm of every account once more when it is closed, as the last it has to say.
	Finals bool
	// Closing, where set, gets each shard's table before the shard is closed.
	Closing func(*features.Table)
	// Applied, where set, gets each entry that a shard has applied (a side, a stamp, a control record) with the shard's
	// table as it stands then, in the order of the log. Both are valid during the call only.
	Applied func(*ingest.Entry, *features.Table)
	// Judged, where set, gets every verdict with the entry that it follows, and the account and its table as they stand then.
	// The verdict's vector has only the features that models look at (models.Set.Uses); Table.Read reads others. All are
	// valid during the call only.
	Judged func(*ingest.Entry, *models.Verdict, *features.Account, *features.Table)
	Log    *slog.Logger

	context context.Context // of the run or replay at hand
	live    bool            // it is a run, whose partitions come and go
	held    atomic.Int64    // partitions that are open
	aligner *aligner
	mu      sync.Mutex
	desk    *deskHandler

	seals      sealCounts
	split      map[int]SplitCounts // by partition
	score      map[int]SideCounts
	sizes      map[int]shardSize
	closed     map[int][16]byte // state hashes
	beats      map[held]int64   // when each open partition last took a batch, Unix milliseconds
	deskCounts DeskCounts
	outbox     []alerts.EndpointCounts
}

// Prepare checks the fields and makes the engine ready to open handlers.
func (e *Engine) Prepare() error {
	if len(e.Key) == 0 {
		return errors.New("the engine needs an identity key")
	}
	if e.Log == nil {
		e.Log = slog.New(slog.DiscardHandler)
	}
	e.context = context.Background()
	e.aligner = newAligner(e.Config.AlignSpan.Milliseconds(), e.Config.AlignQuiet, e.Config.AlignPatience)
	e.split, e.score = make(map[int]SplitCounts), make(map[int]SideCounts)
	e.sizes, e.closed = make(map[int]shardSize), make(map[int][16]byte)
	e.beats = make(map[held]int64)
	return e.Config.Validate()
}

// sealed returns the checkpoint of a role's partition.
func (e *Engine) sealed(role string, p ingest.Partition, sections ...Section) sealed {
	head := Head{Role: role, Topic: p.Topic, Partition: p.ID, Partitions: p.Count}
	if p.TopicID != [16]byte{} {
		head.TopicID = hex.EncodeToString(p.TopicID[:])
	}
	return sealed{
		vault: e.Checkpoints, sections: sections, every: e.Config.SealEvery, log: e.Log, counts: &e.seals, sweeps: usualSweeps, head: head,
	}
}

// recorder makes a shard's recorder.
func (e *Engine) recorder() Recorder {
	if e.Recorder == nil {
		return nowhere{}
	}
	return e.Recorder()
}

// windowKey derives the key of the hashes by which event ids are remembered.
func (e *Engine) windowKey() [16]byte {
	mac := hmac.New(sha256.New, e.Key)
	mac.Write([]byte("unopened event ids"))
	return [16]byte(mac.Sum(nil)[:16])
}

// Role is one of the three roles with the source that feeds it.
type Role struct {
	Name   string
	Source ingest.Source
	Open   func(context.Context, ingest.Partition) (ingest.Handler, error)
}

// Run works the roles until ctx is done or one of them fails; then it stops the others and returns what went wrong.
func (e *Engine) Run(ctx context.Context, roles ...Role) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	e.context, e.live = ctx, true
	errs := make([]error, len(roles))
	var running sync.WaitGroup
	for i, role := range roles {
		running.Go(func() {
			if err := role.Source.Run(ctx, role.Open); err != nil {
				errs[i] = fmt.Errorf("role %s: %w", role.Name, err)
			}
			if errs[i] != nil || ctx.Err() == nil {
				stop()
			}
		})
	}
	running.Wait()
	return errors.Join(errs...)
}
