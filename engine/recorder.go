package engine

import (
	"context"

	"github.com/unopened/unopened/alerts"
	"github.com/unopened/unopened/ingest"
)

// Recorder keeps what passed for people to read: ClickHouse rows, or lines of a file. A shard calls it from one
// goroutine. What it is handed is valid during the call only. After a crash the same calls come again with the same
// ingest.Position, which names the row, so that a row is never counted twice.
type Recorder interface {
	// Event records a side that was applied to an account.
	Event(ev *ingest.Event, at ingest.Position)
	// Finding records one harm of a verdict.
	Finding(f *alerts.Finding)
	// Flush sends off everything recorded, and returns a wait until that is durable, which any goroutine may call. A shard
	// seals a checkpoint only after it.
	Flush() (wait func(context.Context) error)
}

// nowhere is the Recorder of a run that keeps nothing.
type nowhere struct{}

func (nowhere) Event(*ingest.Event, ingest.Position) {}
func (nowhere) Finding(*alerts.Finding)              {}
func (nowhere) Flush() func(context.Context) error   { return durable() }
