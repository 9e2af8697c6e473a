package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// table is a table of ours: rows under stored_NAME, and a view NAME that merges the rows of one key.
type table struct {
	name      string
	help      string
	key       string // identifies a row, and orders the table
	partition string // always by event time: equal rows must meet in one partition
	keep      func(*Config) time.Duration
	settings  string
	columns   []declared
}

// tables are all of them. Daily partitions are dropped whole when their time is over; alerts are few. What an insert
// acknowledged must outlast a loss of power, as the checkpoint does that counts on it.
func tables() []table {
	const byDay, sync = "toYYYYMMDD(at)", "fsync_after_insert = 1, fsync_part_directory = 1"
	const drop = sync + ", ttl_only_drop_parts = 1"
	verdicts := func(c *Config) time.Duration { return c.KeepVerdicts }
	return []table{
		{"events", "one row for each side of an event that was applied to an account", "account, at, log_partition, log_offset",
			byDay, func(c *Config) time.Duration { return c.KeepEvents }, drop, declarations(eventColumns())},
		{"verdicts", "one row a harm whenever its score moved by 0.01 or more", "account, harm, at, log_partition, log_offset",
			byDay, verdicts, drop, declarations(verdictColumns())},
		{"features", "the feature vector at each moment of a verdict", "account, at, log_partition, log_offset",
			byDay, verdicts, drop, declarations(featureColumns())},
		{"alerts", "one row for each time an alert was opened, updated or closed", "id, sequence",
			"toYYYYMM(at)", func(c *Config) time.Duration { return c.KeepAlerts }, sync, declarations(alertColumns())},
	}
}

// declarations are the columns without the way in which they are filled.
func declarations[R any](columns []column[R]) []declared {
	out := make([]declared, len(columns))
	for i := range columns {
		out[i] = columns[i].declared
	}
	return out
}

// DDL returns the statements that make the database out of nothing, in their order.
func DDL(cfg Config) []string {
	out := []string{"CREATE DATABASE IF NOT EXISTS " + cfg.Database + " ENGINE = Atomic"}
	all := tables()
	for i := range all {
		out = append(out, all[i].create(&cfg), all[i].view(&cfg))
	}
	return out
}

// create is the statement that makes the table.
func (t *table) create(cfg *Config) string {
	lines := make([]string, len(t.columns))
	for i := range t.columns {
		lines[i] = "    " + t.columns[i].definition()
	}
	return fmt.Sprintf("CREATE TABLE IF NOT EXISTS %s.stored_%s\n(\n%s\n)\nENGINE = ReplacingMergeTree\nPARTITION BY %s\nORDER BY (%s)\nTTL %s\nSETTINGS %s\nCOMMENT %s",
		cfg.Database, t.name, strings.Join(lines, ",\n"), t.partition, t.key, t.ttl(cfg), t.settings, quote(t.help))
}

// view is the statement that makes the view which analysts read. Equal rows lie in one partition, so each can be
// merged by itself.
func (t *table) view(cfg *Config) string {
	lines, names := make([]string, len(t.columns)), make([]string, len(t.columns))
	for i := range t.columns {
		c := &t.columns[i]
		lines[i] = "    `" + c.name + "` " + c.kind + " COMMENT " + quote(c.help)
		names[i] = "`" + c.name + "`"
	}
	return fmt.Sprintf("CREATE OR REPLACE VIEW %s.%s\n(\n%s\n)\nAS SELECT %s\nFROM %s.stored_%s FINAL\nSETTINGS do_not_merge_across_partitions_select_final = 1\nCOMMENT %s",
		cfg.Database, t.name, strings.Join(lines, ",\n"), strings.Join(names, ", "), cfg.Database, t.name, quote(t.help))
}

// ttl is the end of a row's time, as ClickHouse spells it.
func (t *table) ttl(cfg *Config) string {
	return fmt.Sprintf("at + toIntervalSecond(%d)", int64(t.keep(cfg)/time.Second))
}

// definition is the column as CREATE and ALTER take it.
func (d *declared) definition() string {
	out := "`" + d.name + "` " + d.kind
	if d.fallback != "" {
		out += " DEFAULT " + d.fallback
	}
	codec := d.codec
	if codec == "" {
		codec = "ZSTD(1)"
	}
	return out + " COMMENT " + quote(d.help) + " CODEC(" + codec + ")"
}

// quote makes an SQL string literal.
func quote(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}

// Migrate makes the database, or brings it up to this program: new features and other new columns are added, comments
// and retention are set as they are now. Nothing is ever removed but by retention. It may be called again at any time.
func (s *Store) Migrate(ctx context.Context) error {
	if err := s.writer.Exec(ctx, DDL(s.cfg)[0]); err != nil {
		return fmt.Errorf("making the ClickHouse database %s: %w", s.cfg.Database, err)
	}
	all := tables()
	for i := range all {
		if err := s.migrate(ctx, &all[i]); err != nil {
			return fmt.Errorf("bringing ClickHouse's table %s.%s up to date: %w", s.cfg.Database, all[i].name, err)
		}
	}
	return nil
}

// migrate makes one table and its view, or brings them up to date.
func (s *Store) migrate(ctx context.Context, t *table) error {
	if err := s.writer.Exec(ctx, t.create(&s.cfg)); err != nil {
		return err
	}
	changes, err := s.changes(ctx, t)
	if err != nil {
		return err
	}
	if len(changes) > 0 {
		if err := s.writer.Exec(ctx, "ALTER TABLE "+s.cfg.Database+".stored_"+t.name+" "+strings.Join(changes, ", ")); err != nil {
			return err
		}
		s.log.Info("ClickHouse table changed", "table", t.name, "changes", len(changes))
	}
	return s.writer.Exec(ctx, t.view(&s.cfg))
}

// present is a column that the server has.
type present struct {
	Name    string `ch:"name"`
	Kind    string `ch:"type"`
	Comment string `ch:"comment"`
}

// changes are what the table on the server lacks, as clauses of ALTER TABLE.
func (s *Store) changes(ctx context.Context, t *table) ([]string, error) {
	ctx = clickhouse.Context(ctx, clickhouse.WithParameters(clickhouse.Parameters{"db": s.cfg.Database, "name": "stored_" + t.name}))
	var there []present
	if err := s.writer.Select(ctx, &there, "SELECT name, type, comment FROM system.columns WHERE database = {db:String} AND table = {name:String}"); err != nil {
		return nil, err
	}
	var engine string
	if err := s.writer.QueryRow(ctx, "SELECT engine_full FROM system.tables WHERE database = {db:String} AND name = {name:String}").Scan(&engine); err != nil {
		return nil, err
	}
	var out []string
	for i := range t.columns {
		c := &t.columns[i]
		at := slices.IndexFunc(there, func(p present) bool { return p.Name == c.name })
		switch {
		case at < 0:
			out = append(out, "ADD COLUMN IF NOT EXISTS "+c.definition())
		case there[at].Kind != c.kind:
			out = append(out, "MODIFY COLUMN "+c.definition())
		case there[at].Comment != c.help:
			out = append(out, "COMMENT COLUMN `"+c.name+"` "+quote(c.help))
		}
	}
	if !strings.Contains(engine, "TTL "+t.ttl(&s.cfg)+" ") {
		out = append(out, "MODIFY TTL "+t.ttl(&s.cfg))
	}
	return out, nil
}
