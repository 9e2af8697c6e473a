package main

import (
	"strings"
	"testing"

	clickhousego "github.com/ClickHouse/clickhouse-go/v2"

	engines "github.com/unopened/unopened/store/local"
)

// connect connects to ClickHouse as the service does, past the gate.
func (d *deployment) connect(t *testing.T) clickhousego.Conn {
	t.Helper()
	conn, err := clickhousego.Open(&clickhousego.Options{
		Addr: []string{d.clickhouse.Addr()}, Auth: clickhousego.Auth{Username: engines.Writer, Password: d.clickhouse.Password},
	})
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

// exec carries a statement out.
func (d *deployment) exec(t *testing.T, statement string) error {
	t.Helper()
	conn := d.connect(t)
	defer conn.Close() // nothing is left to lose
	return conn.Exec(t.Context(), statement)
}

// strings are the rows of a question with one column.
func (d *deployment) strings(t *testing.T, question string) (all []string) {
	t.Helper()
	conn := d.connect(t)
	defer conn.Close() // only read from
	rows, err := conn.Query(t.Context(), question)
	if err != nil {
		t.Fatalf("%s: %v", question, err)
	}
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// rows looks at every column of every row of a table, as its bytes are.
func (d *deployment) rows(t *testing.T, table string, look func(string, []byte)) {
	t.Helper()
	look(table, []byte(strings.Join(d.strings(t, "SELECT formatRowNoNewline('RowBinary', *) FROM "+table), "\n")))
}

// stored are the verdict rows in ClickHouse in the form of key and score, each key once.
func (d *deployment) stored() map[string]bool {
	d.t.Helper()
	conn := d.connect(d.t)
	defer conn.Close() // only read from
	found, err := conn.Query(d.t.Context(), "SELECT concat(account, ' ', toString(harm), ' ', toString(toUnixTimestamp64Milli(at)), ' ',"+
		" toString(toDecimalString(score, 4)), ' ', toString(events)) FROM unopened.verdicts")
	if err != nil {
		d.t.Fatal(err)
	}
	rows, count := make(map[string]bool), 0
	for found.Next() {
		var row string
		if err := found.Scan(&row); err != nil {
			d.t.Fatal(err)
		}
		rows[row] = true
		count++
	}
	if err := found.Err(); err != nil || count != len(rows) {
		d.t.Errorf("%d verdict rows, of which %d differ: some came twice (%v)", count, len(rows), err)
	}
	return rows
}
