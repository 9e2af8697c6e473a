package store

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/unopened/unopened/models"
)

// detached is a store whose senders are the test.
func detached(batchRows int) *Store {
	s := &Store{cfg: forever(), log: slog.New(slog.DiscardHandler), work: make(chan *block)}
	s.cfg.BatchRows = batchRows
	s.ended, s.end = context.WithCancel(context.Background())
	return s
}

func TestWriterWaitsAndLosesNothing(t *testing.T) {
	s := detached(10)
	done := make(chan error)
	go func() {
		w := s.Writer()
		for n := range 100 {
			ev, at := event(n)
			w.Event(&ev, at)
		}
		done <- w.Flush()(t.Context())
	}()
	var taken []*block
	for range blocks {
		taken = append(taken, <-s.work)
	}
	select {
	case b := <-s.work:
		t.Fatalf("control: a batch of %d came although all were out", b.rows())
	case <-done:
		t.Fatal("control: the writer did not wait")
	case <-time.After(20 * time.Millisecond):
	}
	next := int64(0)
	for {
		for _, b := range taken {
			for _, row := range b.events {
				if row.where.Offset != next {
					t.Fatalf("row %d came, want %d", row.where.Offset, next)
				}
				next++
			}
			b.acknowledge()
		}
		select {
		case b := <-s.work:
			taken = append(taken[:0], b)
			continue
		case err := <-done:
			if err != nil || next != 100 {
				t.Errorf("%d rows, %v; want 100", next, err)
			}
			return
		}
	}
}

// TestFlushWaitsForEveryBlock has the second of two batches acknowledged first, as one of several senders may: what was
// flushed before is durable only when both are.
func TestFlushWaitsForEveryBlock(t *testing.T) {
	s := detached(1000)
	s.work = make(chan *block, blocks)
	w := s.Writer()
	record(w, 0, 10)
	both := w.Flush()
	first := <-s.work
	record(w, 10, 20)
	both, one := w.Flush(), both
	second := <-s.work
	second.acknowledge()
	for _, wait := range []func(context.Context) error{one, both} {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		if err := wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("with the first batch away Flush says %v", err)
		}
		cancel()
	}
	first.acknowledge()
	if err := errors.Join(one(t.Context()), both(t.Context()), w.Flush()(t.Context())); err != nil {
		t.Error(err)
	}
}

func TestEndedStoreSaysThatRowsAreLost(t *testing.T) {
	s := detached(1)
	w := s.Writer()
	if err := w.Flush()(t.Context()); err != nil {
		t.Fatal("control: nothing to flush:", err)
	}
	time.AfterFunc(10*time.Millisecond, s.end)
	record(w, 0, 100) // returns although nobody takes anything
	if err := w.Flush()(t.Context()); !errors.Is(err, ErrEnded) {
		t.Errorf("Flush says %v, want ErrEnded", err)
	}
}

func TestFlushEndsWithItsContext(t *testing.T) {
	s := detached(1000)
	go func() { <-s.work }() // and never gives it back
	w := s.Writer()
	record(w, 0, 10)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := w.Flush()(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Flush says %v", err)
	}
	go func() { (<-s.work).owner.free <- w.block }()
}

func TestNothingIsAllocatedForARow(t *testing.T) {
	s := detached(10_000)
	go func() {
		for b := range s.work {
			b.acknowledge()
		}
	}()
	w := s.Writer()
	ev, at := event(1)
	f := finding(10, models.Spam)
	round := func() {
		for n := range 10_000 {
			w.Event(&ev, at)
			if n%10 == 0 {
				f.Verdict.Where.Offset++
				w.Finding(f)
			}
		}
	}
	for range 2 * blocks {
		round()
	}
	if got := testing.AllocsPerRun(10, round); got != 0 {
		t.Errorf("%v allocations in 10,000 events", got)
	}
}

func TestConfig(t *testing.T) {
	cfg := DefaultConfig()
	if err := cfg.Validate(); err != nil {
		t.Error(err)
	}
	for name, spoil := range map[string]func(*Config){
		"database": func(c *Config) { c.Database = "a; DROP" }, "tls": func(c *Config) { c.TLS = true }, "user": func(c *Config) { c.Addr, c.User = "a:1", "" },
		"keep_events": func(c *Config) { c.KeepEvents = time.Second }, "keep_verdicts": func(c *Config) { c.KeepVerdicts = 0 },
		"keep_alerts": func(c *Config) { c.KeepAlerts = 2 * longest }, "batch_rows": func(c *Config) { c.BatchRows = 0 },
	} {
		bad := cfg
		spoil(&bad)
		if err := bad.Validate(); err == nil {
			t.Errorf("a bad %s is taken", name)
		}
	}
}
