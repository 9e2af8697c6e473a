package engine

import (
	"encoding/json"
	"io"
	"log/slog"
	"time"

	"github.com/unopened/unopened/ingest"
)

// sealed is a role's checkpoint: what it is of, what is in it and when it was last written. Without a folder (a
// replay) nothing is kept.
type sealed struct {
	folder   *Folder
	head     Head
	sections []Section
	every    time.Duration
	last     time.Time
	open     bool // a batch was begun and not finished: the state is ahead of head.Next and must not be sealed
	log      *slog.Logger
}

// load restores the last checkpoint, if there is one; otherwise reading starts at the log's beginning.
func (s *sealed) load() error {
	s.head.Next = -1
	s.last = time.Now()
	if s.folder == nil {
		return nil
	}
	found, err := s.folder.Load(&s.head, s.sections, func(name string, err error) {
		s.log.Warn("checkpoint skipped, the one before is used", "file", name, "error", err)
	})
	if err == nil && found {
		s.log.Info("checkpoint loaded", "role", s.head.Role, "topic", s.head.Topic,
			"partition", s.head.Partition, "generation", s.head.Generation, "next", s.head.Next)
	}
	return err
}

// begin marks that the state moves on.
func (s *sealed) begin() { s.open = true }

// end marks that everything before offset next is in the state and out of the role's hands.
func (s *sealed) end(next int64) {
	s.head.Next = next
	s.open = false
}

// passes is how many offsets a batch takes the role on, gaps included.
func (s *sealed) passes(b *ingest.Batch) int64 {
	if s.head.Next < 0 {
		return int64(len(b.Records)) + b.Gap
	}
	return b.Next - s.head.Next
}

// due tells whether it is time for the next checkpoint.
func (s *sealed) due() bool { return s.folder != nil && time.Since(s.last) >= s.every }

// seal writes a checkpoint, unless a batch was left unfinished: then the last one stands and the log is read again
// from there. All that the role sent out must be durable before.
func (s *sealed) seal() error {
	if s.folder == nil || s.open || s.head.Next < 0 {
		return nil
	}
	s.last = time.Now()
	return s.folder.Save(&s.head, s.sections)
}

// jsonState keeps a value in a checkpoint as JSON.
type jsonState struct{ value any }

// Snapshot writes the value.
func (s jsonState) Snapshot(w io.Writer) error { return json.NewEncoder(w).Encode(s.value) }

// Restore reads the value back.
func (s jsonState) Restore(r io.Reader) error { return json.NewDecoder(r).Decode(s.value) }
