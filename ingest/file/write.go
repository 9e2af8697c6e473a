package file

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/unopened/unopened/ingest"
)

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
