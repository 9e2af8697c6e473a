package store

import (
	"errors"
	"log/slog"
	"testing"

	"github.com/unopened/unopened/store/local"
)

// BenchmarkWriter is the whole way of an event into the embedded engine, with a verdict of two harms and a vector for
// each tenth.
func BenchmarkWriter(b *testing.B) {
	s, err := Open(b.Context(), forever(), b.TempDir(), slog.New(slog.DiscardHandler))
	if errors.Is(err, local.ErrNoLibrary) {
		b.Skip(err)
	}
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	if err := s.Migrate(b.Context()); err != nil {
		b.Fatal(err)
	}
	w := s.Writer()
	b.ResetTimer()
	record(w, 0, b.N)
	if err := w.Flush()(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}
