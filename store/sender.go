package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// attempt is how long one insert may take, and the waits between attempts grow from first to last.
const (
	attempt   = time.Minute
	firstWait = 100 * time.Millisecond
	lastWait  = 5 * time.Second
)

// insertSettings let one insert reach over any number of daily partitions, and wait until the rows are stored.
var insertSettings = clickhouse.Settings{"max_partitions_per_insert_block": 0, "async_insert": 0}

// insert sends rows into their table in one insert. After an error the outcome is unknown; inserting the same rows
// again does no harm.
func insert[R any](ctx context.Context, s *Store, t *table, rows []R) error {
	if len(rows) == 0 {
		return nil
	}
	names := make([]string, len(t.columns))
	for i := range names {
		names[i] = "`" + t.columns[i].name + "`"
	}
	ctx, cancel := context.WithTimeout(clickhouse.Context(ctx, clickhouse.WithSettings(insertSettings)), attempt)
	defer cancel()
	batch, err := s.writer.PrepareBatch(ctx, "INSERT INTO "+s.cfg.Database+".stored_"+t.name+" ("+strings.Join(names, ", ")+")")
	if err != nil {
		return err
	}
	for i := range t.columns {
		if err := batch.Column(i).Append(t.columns[i].values(rows)); err != nil {
			return fmt.Errorf("column %s: %w", t.columns[i].name, err)
		}
	}
	return batch.Send()
}

// send inserts the blocks that writers hand over until the store ends.
func (s *Store) send() {
	var all block
	for {
		taken := s.take(&all)
		if len(taken) == 0 || !deliver(s, &eventTable, all.events) ||
			!deliver(s, &featureTable, all.features) || !deliver(s, &verdictTable, all.verdicts) {
			return
		}
		for _, b := range taken {
			b.acknowledge()
		}
	}
}

// take waits for a block and gathers it in all, with those that are waiting at the same time, up to some batches'
// worth. It returns the blocks that it took; none: the store ended.
func (s *Store) take(all *block) (taken []*block) {
	all.reset()
	gather := func(b *block) {
		taken = append(taken, b)
		all.add(b)
	}
	select {
	case b := <-s.work:
		gather(b)
	case <-s.ended.Done():
		return nil
	}
	for all.rows() < 4*s.cfg.BatchRows {
		select {
		case b := <-s.work:
			gather(b)
		default:
			return taken
		}
	}
	return taken
}

// deliver inserts rows, again and again until it succeeds; false: the store ended before.
func deliver[R any](s *Store, t *table, rows []R) bool {
	wait := firstWait
	for tries := 0; ; tries++ {
		err := insert(s.ended, s, t, rows)
		if err == nil {
			if tries > 0 {
				s.log.Info("ClickHouse takes rows again", "table", t.name, "failures", tries)
			}
			return true
		}
		if s.ended.Err() != nil {
			return false
		}
		s.failures.Add(1)
		if tries%20 == 0 { // the first, then about every hundred seconds
			s.log.Warn("ClickHouse does not take rows; they wait and are sent again", "table", t.name, "error", err)
		}
		select {
		case <-s.ended.Done():
			return false
		case <-time.After(wait):
			wait = min(2*wait, lastWait)
		}
	}
}
