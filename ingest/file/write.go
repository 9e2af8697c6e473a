package file

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/unopened/unopened/ingest"
)

// Writer writes raw events as JSON lines of the contract. The caller owns, buffers and closes what is under it (see
// Create).
type Writer struct {
	w    io.Writer
	line []byte
}

// NewWriter returns a writer to w.
func NewWriter(w io.Writer) *Writer { return &Writer{w: w} }

// Write writes one raw event.
func (w *Writer) Write(ev *ingest.Event) error {
	w.line = append(ingest.AppendJSON(w.line[:0], ev), '\n')
	_, err := w.w.Write(w.line)
	return err
}

// Letters writes dead letters as JSON lines. It implements ingest.Letters; it is not for concurrent use.
type Letters struct{ lines *json.Encoder }

// NewLetters returns letters to w, which gets one call a letter.
func NewLetters(w io.Writer) *Letters { return &Letters{json.NewEncoder(w)} }

// Bury writes the letters.
func (l *Letters) Bury(_ context.Context, letters []ingest.DeadLetter) error {
	for i := range letters {
		if err := l.lines.Encode(&letters[i]); err != nil {
			return fmt.Errorf("writing a dead letter: %w", err)
		}
	}
	return nil
}
