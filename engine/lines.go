package engine

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"sync"

	"github.com/unopened/unopened/alerts"
	"github.com/unopened/unopened/ingest"
)

// Lines is a Recorder that writes each finding as a JSON line of the contract. It keeps no events. Shards may
// share one.
type Lines struct {
	mu    sync.Mutex
	out   *bufio.Writer
	lines *json.Encoder // into out
	err   error
}

// NewLines returns a Lines that writes to w.
func NewLines(w io.Writer) *Lines {
	out := bufio.NewWriterSize(w, 1<<16)
	return &Lines{out: out, lines: json.NewEncoder(out)}
}

// Event does nothing.
func (l *Lines) Event(*ingest.Event, ingest.Position) {}

// Finding writes a line. The first error is kept for Flush.
func (l *Lines) Finding(f *alerts.Finding) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err == nil {
		l.err = l.lines.Encode(f.Line())
	}
}

// Flush writes out what is buffered; its wait returns the first error there was.
func (l *Lines) Flush() func(context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err == nil {
		l.err = l.out.Flush()
	}
	err := l.err
	return func(context.Context) error { return err }
}
