package store

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// attempt is how long one insert may take, and the waits between attempts grow from first to last.
const (
	attempt   = time.Minute
	firstWait = 100 * time.Millisecond
	lastWait  = 5 * time.Second
)

// counters are what Stats reads.
type counters struct{ rows, inserts, failures atomic.Int64 }

// Stats count what was sent since Open. Rows that were inserted again after a failure of unknown outcome count once.
type Stats struct{ Rows, Inserts, Failures int64 }

// Stats returns the counts.
func (s *Store) Stats() Stats {
	return Stats{s.counts.rows.Load(), s.counts.inserts.Load(), s.counts.failures.Load()}
}

// target is a table as one sender fills it.
type target[R any] struct {
	columns   []column[R]
	statement string
}

// newTarget returns the target of a table.
func newTarget[R any](s *Store, name string, columns []column[R]) *target[R] {
	names := make([]string, len(columns))
	for i := range columns {
		names[i] = "`" + columns[i].name + "`"
	}
	return &target[R]{columns, "INSERT INTO " + s.cfg.Database + ".stored_" + name + " (" + strings.Join(names, ", ") + ")"}
}

// insertSettings let one insert reach over any number of daily partitions, and wait until the rows are stored.
var insertSettings = clickhouse.Settings{"max_partitions_per_insert_block": 0, "async_insert": 0}

// insert sends the rows of all parts in one insert. After an error the outcome is unknown; inserting the same rows
// again does no harm.
func insert[R any](ctx context.Context, s *Store, t *target[R], parts ...[]R) error {
	rows := 0
	for _, part := range parts {
		rows += len(part)
	}
	if rows == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(clickhouse.Context(ctx, clickhouse.WithSettings(insertSettings)), attempt)
	defer cancel()
	batch, err := s.writer.PrepareBatch(ctx, t.statement)
	if err != nil {
		return err
	}
	for i := range t.columns {
		to := batch.Column(i)
		for _, part := range parts {
			if err := t.columns[i].fill(to, part); err != nil {
				return fmt.Errorf("column %s: %w", t.columns[i].name, err)
			}
		}
	}
	if err := batch.Send(); err != nil {
		return err
	}
	s.counts.rows.Add(int64(rows))
	s.counts.inserts.Add(1)
	return nil
}

// send inserts the blocks that writers hand over until the store ends. Blocks that wait at the same time go together.
func (s *Store) send() {
	events, verdicts := newTarget(s, "events", eventColumns()), newTarget(s, "verdicts", verdictColumns())
	vectors := newTarget(s, "features", featureColumns())
	var taken []*block
	var parts struct {
		events   [][]eventRow
		verdicts [][]verdictRow
		vectors  [][]featureRow
	}
	for {
		if taken = s.take(taken[:0]); len(taken) == 0 {
			return
		}
		parts.events, parts.verdicts, parts.vectors = parts.events[:0], parts.verdicts[:0], parts.vectors[:0]
		for _, b := range taken {
			parts.events, parts.verdicts = append(parts.events, b.events), append(parts.verdicts, b.verdicts)
			parts.vectors = append(parts.vectors, b.features)
		}
		ok := s.retry("events", func() error { return insert(s.ended, s, events, parts.events...) }) &&
			s.retry("features", func() error { return insert(s.ended, s, vectors, parts.vectors...) }) &&
			s.retry("verdicts", func() error { return insert(s.ended, s, verdicts, parts.verdicts...) })
		if !ok {
			return
		}
		for _, b := range taken {
			b.reset()
			b.owner.free <- b
		}
	}
}

// take waits for a block and takes those that are waiting with it, up to some batches' worth. None: the store ended.
func (s *Store) take(dst []*block) []*block {
	rows := 0
	select {
	case b := <-s.work:
		dst, rows = append(dst, b), b.rows()
	case <-s.ended.Done():
		return dst
	}
	for rows < 4*s.cfg.BatchRows {
		select {
		case b := <-s.work:
			dst, rows = append(dst, b), rows+b.rows()
		default:
			return dst
		}
	}
	return dst
}

// retry tries to insert into a table until it succeeds; false: the store ended before.
func (s *Store) retry(table string, try func() error) bool {
	wait, began, tries := firstWait, time.Now(), 0
	for {
		err := try()
		if err == nil {
			if tries > 0 {
				s.log.Info("ClickHouse takes rows again", "table", table, "after", time.Since(began).Round(time.Millisecond), "failures", tries)
			}
			return true
		}
		if s.ended.Err() != nil {
			return false
		}
		s.counts.failures.Add(1)
		if tries%20 == 0 { // the first, then about every hundred seconds
			s.log.Warn("ClickHouse does not take rows; they wait and are sent again", "table", table, "error", err)
		}
		tries++
		select {
		case <-s.ended.Done():
			return false
		case <-time.After(wait):
			wait = min(2*wait, lastWait)
		}
	}
}
