package engine

import (
	"bufio"
	"context"
	"io"
	"sync"

	"github.com/unopened/unopened/alerts"
	"github.com/unopened/unopened/ingest"
)

// Lines is a Recorder that writes each finding as a JSON line of the contract. It keeps no events. Shards may
// share one.
type Lines struct {
	mu   sync.Mutex
	out  *bufio.Writer
	line []byte
	err  error
}

// NewLines returns a Lines that writes to w.
func NewLines(w io.Writer) *Lines { return &Lines{out: bufio.NewWriterSize(w, 1<<16)} }

// Event does nothing.
func (l *Lines) Event(*ingest.Event, ingest.Position) {}

// Finding writes a line. The first error is kept for Flush.
func (l *Lines) Finding(f *alerts.Finding) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return
	}
	l.line = append(f.AppendJSON(l.line[:0]), '\n')
	_, l.err = l.out.Write(l.line)
}

// Flush writes out what is buffered and returns the first error there was.
func (l *Lines) Flush(context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err == nil {
		l.err = l.out.Flush()
	}
	return l.err
}
