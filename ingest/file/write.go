package file

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"sync"

	"github.com/unopened/unopened/ingest"
)

// Letters writes dead letters as JSON lines. It implements ingest.Letters; several goroutines may use it at once.
type Letters struct {
	mu    sync.Mutex
	lines *json.Encoder
}

// NewLetters returns letters to w, which gets one call a letter.
func NewLetters(w io.Writer) *Letters { return &Letters{lines: json.NewEncoder(w)} }

// Bury writes the letters.
func (l *Letters) Bury(_ context.Context, letters []ingest.DeadLetter) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range letters {
		if err := l.lines.Encode(&letters[i]); err != nil {
			return fmt.Errorf("writing a dead letter: %w", err)
		}
	}
	return nil
}
