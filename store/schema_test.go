package store

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/unopened/unopened/features"
)

// shape is how the server describes our tables and views.
func shape(t *testing.T, s *Store) string {
	t.Helper()
	return one[string](t, s, "SELECT arrayStringConcat(arraySort(groupArray(concat(name, ' ', create_table_query))), '\n') FROM system.tables WHERE database = 'unopened'")
}

func TestMigrateTwice(t *testing.T) {
	s := open(t, t.TempDir(), DefaultConfig())
	before := shape(t, s)
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if after := shape(t, s); after != before {
		t.Errorf("the second Migrate changed\n%s\ninto\n%s", before, after)
	}
	if n := one[uint64](t, s, "SELECT count() FROM system.mutations"); n != 0 {
		t.Errorf("%d mutations rewrite rows although nothing changed", n)
	}
}

func TestEveryColumnHasAComment(t *testing.T) {
	s := open(t, t.TempDir(), DefaultConfig())
	want := 0
	for _, table := range tables {
		want += 2 * len(table.columns) // the table and its view
		key := strings.Split(table.key, ", ")
		for _, name := range key {
			if !strings.Contains(fmt.Sprint(table.columns), "{"+name+" ") {
				t.Errorf("%s has no key column %s", table.name, name)
			}
		}
	}
	if got := one[uint64](t, s, "SELECT count() FROM system.columns WHERE database = 'unopened' AND length(comment) > 5"); got != uint64(want) {
		t.Errorf("%d columns have a comment, want %d", got, want)
	}
	if got := one[uint64](t, s, "SELECT count() FROM system.columns WHERE database = 'unopened'"); got != uint64(want) {
		t.Errorf("%d columns, want %d", got, want)
	}
	if got := one[uint64](t, s, "SELECT count() FROM system.columns WHERE database = 'unopened' AND table LIKE 'stored%' AND compression_codec = ''"); got != 0 {
		t.Errorf("%d columns have no codec", got)
	}
}

func TestMigrateBringsUpToDate(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, forever())
	w := s.Writer()
	record(w, 0, 100)
	flush(t, w)
	fresh := shape(t, s)
	last := features.Catalogue[len(features.Catalogue)-1].Name
	for _, statement := range []string{
		"ALTER TABLE unopened.stored_features DROP COLUMN " + last,
		"ALTER TABLE unopened.stored_events COMMENT COLUMN peer 'old'",
		"ALTER TABLE unopened.stored_alerts MODIFY COLUMN severity Enum8('' = 0, 'none' = 1)",
		"ALTER TABLE unopened.stored_verdicts ADD COLUMN gone Float32",
		"ALTER TABLE unopened.stored_verdicts MODIFY TTL at + toIntervalYear(90)",
	} {
		if err := s.writer.Exec(t.Context(), statement); err != nil {
			t.Fatal(statement, err)
		}
	}
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := strings.Split(fresh, "\n")
	for i, now := range strings.Split(shape(t, s), "\n") {
		if now = strings.Replace(now, ", `gone` Float32", "", 1); now != want[i] {
			t.Errorf("a table is now\n%s, want\n%s", now, want[i])
		}
	}
	if n := one[uint64](t, s, "SELECT countIf(isNaN("+last+")) FROM unopened.features"); n != 10 {
		t.Errorf("%d old rows have nan for the new feature, want 10", n)
	}
	record(w, 100, 200)
	flush(t, w)
	if n := one[uint64](t, s, "SELECT countIf(NOT isNaN("+last+")) FROM unopened.features"); n != 10 {
		t.Errorf("%d new rows have the new feature, want 10", n)
	}
}

func TestRetention(t *testing.T) {
	cfg := forever()
	s := open(t, t.TempDir(), cfg)
	w := s.Writer()
	old, where := event(1)
	old.At = time.Now().Add(-48 * time.Hour).UnixMilli()
	w.Event(&old, where)
	fresh, where := event(2)
	fresh.At = time.Now().UnixMilli()
	w.Event(&fresh, where)
	flush(t, w)
	count := func() uint64 {
		if err := s.writer.Exec(t.Context(), "OPTIMIZE TABLE unopened.stored_events FINAL"); err != nil {
			t.Fatal(err)
		}
		return one[uint64](t, s, "SELECT count() FROM unopened.events")
	}
	if got := count(); got != 2 {
		t.Fatalf("control: %d rows are there while both are kept", got)
	}
	s.cfg.KeepEvents = 24 * time.Hour
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := count(); got != 1 {
		t.Errorf("%d rows are there, want the fresh one", got)
	}
}

// A query by account must not read the whole table, though it goes through the view and FINAL.
func TestViewsUseTheKey(t *testing.T) {
	s := open(t, t.TempDir(), forever())
	if err := s.writer.Exec(t.Context(), "INSERT INTO unopened.stored_events (account, at, log_offset) SELECT lower(hex(sipHash128(number))), fromUnixTimestamp64Milli(1795000000000 + number), number FROM numbers(300000)"); err != nil {
		t.Fatal(err)
	}
	plan := one[string](t, s, "SELECT arrayStringConcat(groupArray(explain), '\n') FROM (EXPLAIN indexes = 1 SELECT count() FROM unopened.events WHERE account = lower(hex(sipHash128(4711))))")
	if !strings.Contains(plan, "Granules: 1/") && !strings.Contains(plan, "Granules: 2/") {
		t.Errorf("the key is not used:\n%s", plan)
	}
}
