package store

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// table is a table of ours: rows under stored_NAME, and a view NAME that merges the rows of one key.
type table struct {
	name      string
	help      string
	key       string // identifies a row, and orders the table
	partition string // always by event time: equal rows must meet in one partition
	settings  string
	keep      func(*Config) time.Duration
	columns   []column
}

// tables are all of them.
var tables = []*table{&eventTable, &verdictTable, &featureTable, &alertTable}

const (
	// durable rows outlast a loss of power once their insert is acknowledged, as the checkpoint does that counts on it.
	durable = "fsync_after_insert = 1, fsync_part_directory = 1"
	// dropWhole says that a partition goes when the time of all its rows is over.
	dropWhole = durable + ", ttl_only_drop_parts = 1"
	byDay     = "toYYYYMMDD(at)"
)

// DDL returns the statements that make the database out of nothing, in their order.
func DDL(cfg Config) []string {
	out := []string{"CREATE DATABASE IF NOT EXISTS " + cfg.Database + " ENGINE = Atomic"}
	for _, t := range tables {
		out = append(out, t.create(&cfg), t.view(&cfg))
	}
	return out
}

// create is the statement that makes the table.
func (t *table) create(cfg *Config) string {
	lines := make([]string, len(t.columns))
	for i := range t.columns {
		lines[i] = "    " + t.columns[i].definition()
	}
	return fmt.Sprintf("CREATE TABLE IF NOT EXISTS %s.stored_%s\n(\n%s\n)\nENGINE = ReplacingMergeTree\n"+
		"PARTITION BY %s\nORDER BY (%s)\nTTL %s\nSETTINGS %s\nCOMMENT %s",
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
	return fmt.Sprintf("CREATE OR REPLACE VIEW %s.%s\n(\n%s\n)\nAS SELECT %s\nFROM %s.stored_%s FINAL\n"+
		"SETTINGS do_not_merge_across_partitions_select_final = 1\nCOMMENT %s",
		cfg.Database, t.name, strings.Join(lines, ",\n"), strings.Join(names, ", "), cfg.Database, t.name, quote(t.help))
}

// ttl is the end of a row's time, as ClickHouse spells it.
func (t *table) ttl(cfg *Config) string {
	return fmt.Sprintf("at + toIntervalSecond(%d)", int64(t.keep(cfg)/time.Second))
}

// definition is the column as CREATE and ALTER take it.
func (c *column) definition() string {
	out := "`" + c.name + "` " + c.kind
	if c.fallback != "" {
		out += " DEFAULT " + c.fallback
	}
	return out + " COMMENT " + quote(c.help) + " CODEC(" + c.codec + ")"
}

// quote makes an SQL string literal.
func quote(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}

// alter is the statement that brings an older table up to date. What is so already is left alone.
func (t *table) alter(cfg *Config) string {
	changes := make([]string, 0, 2*len(t.columns)+1)
	for i := range t.columns {
		definition := t.columns[i].definition()
		changes = append(changes, "ADD COLUMN IF NOT EXISTS "+definition, "MODIFY COLUMN "+definition)
	}
	changes = append(changes, "MODIFY TTL "+t.ttl(cfg))
	return "ALTER TABLE " + cfg.Database + ".stored_" + t.name + " " + strings.Join(changes, ", ")
}

// Migrate makes the database, or brings it up to this program: new features and other new columns are added; types,
// comments and retention are set as they are now. Nothing is ever removed but by retention. It may be called again at
// any time.
func (s *Store) Migrate(ctx context.Context) error {
	statements := DDL(s.cfg)[:1]
	for _, t := range tables {
		statements = append(statements, t.create(&s.cfg), t.alter(&s.cfg), t.view(&s.cfg))
	}
	for _, statement := range statements {
		if err := s.writer.Exec(ctx, statement); err != nil {
			return fmt.Errorf("bringing ClickHouse's database %s up to date: %w", s.cfg.Database, err)
		}
	}
	return nil
}
