package store

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2"

	"github.com/unopened/unopened/alerts"
	"github.com/unopened/unopened/models"
	"github.com/unopened/unopened/store/local"
)

// delivery is the n-th delivery of the alert on an account.
func delivery(account, n int) alerts.Delivery {
	value := 7.0
	return alerts.Delivery{
		Sequence: n, ID: subject(1000*account + n).String(), Suppressed: account%10 == 3,
		Alert: alerts.Alert{
			ID: subject(500_000 + account).String(), Type: []alerts.Type{alerts.Opened, alerts.Updated, alerts.Closed}[n],
			At: start + int64(1000*account+n), Account: subject(account).String(), Harm: models.Names[account%models.Harms],
			Severity: alerts.SeverityNames[3+n%2], Score: 0.9, Episode: 1, Model: "card@1",
			Reasons: []alerts.ReasonLine{{Feature: "sent_1m", Value: &value, Contribution: 1.5, Text: "7 sent in a minute"}, {Feature: "x", Text: "not known"}},
		},
	}
}

// filled is a store with rows in every table.
func filled(t *testing.T) *Store {
	s := open(t, t.TempDir(), forever())
	w := s.Writer()
	record(w, 0, 2000)
	flush(t, w)
	var batch []alerts.Delivery
	for account := range 20 {
		batch = append(batch, delivery(account, 0), delivery(account, 1))
	}
	sink := s.AlertSink().Sink
	for range 2 { // the second time as after an unknown outcome
		if err := sink.Send(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func TestEveryQueryRuns(t *testing.T) {
	files, err := filepath.Glob("queries/*.sql")
	if err != nil || len(files) != len(Queries()) || len(files) < 5 {
		t.Fatalf("%d files, %d queries, %v", len(files), len(Queries()), err)
	}
	s := filled(t)
	for _, q := range Queries() {
		if len(q.Help) < 20 {
			t.Errorf("%s does not say what it answers", q.Name)
		}
		params := map[string]string{}
		for _, p := range q.Params {
			if p.Type == "" || p.Help == "" {
				t.Errorf("%s: parameter %s is explained but not used, or not explained", q.Name, p.Name)
			}
			if p.Required {
				params[p.Name] = subject(0).String()
			}
		}
		if got := len(paramPlace.FindAllString(q.SQL, -1)); got < len(q.Params) {
			t.Errorf("%s uses %d parameters and explains %d", q.Name, got, len(q.Params))
		}
		rows, err := s.Run(t.Context(), q.Name, params)
		if err != nil || len(rows) == 0 {
			t.Errorf("%s: %d rows, %v", q.Name, len(rows), err)
			continue
		}
		var object map[string]any
		names, cells, err := Cells(rows[0])
		if err := errors.Join(err, json.Unmarshal(rows[0], &object)); err != nil || len(names) != len(object) || len(cells) != len(object) {
			t.Errorf("%s as JSON: %s, %v", q.Name, rows[0], err)
		}
		t.Logf("%s: %d rows, the first is %s, or %q", q.Name, len(rows), rows[0], cells)
	}
}

func TestTopAccounts(t *testing.T) {
	rows, err := filled(t).Run(t.Context(), "top_accounts", map[string]string{"harm": "spam", "limit": "3"})
	if err != nil {
		t.Fatal(err)
	}
	// The last verdicts are those of events 1950, 1960 … 1990: accounts 0, 10 … 40 with scores 0.5 … 0.9.
	want := [][]string{{subject(40).String(), "spam", "0.9"}, {subject(30).String(), "spam", "0.8"}, {subject(20).String(), "spam", "0.7"}}
	if len(rows) != 3 {
		t.Fatalf("%d rows, want 3", len(rows))
	}
	for i, row := range rows {
		names, cells, err := Cells(row)
		if err != nil || !slices.Equal(cells[:3], want[i]) || !slices.Equal(names[:3], []string{"account", "harm", "score"}) {
			t.Errorf("row %d: %v %v, %v, want %v", i, names, cells, err, want[i])
		}
	}
}

// Rows have their columns in order, times as the contract has them, and null for what is unknown.
func TestRowsAsJSON(t *testing.T) {
	rows, err := filled(t).Run(t.Context(), "verdict_history", map[string]string{"account": subject(0).String(), "harm": "spam", "limit": "1"})
	if err != nil || len(rows) != 1 {
		t.Fatal(rows, err)
	}
	const want = `{"at":1795001950000,"account":"6163636f756e74203030303030303030","harm":"spam","assessable":true,"margin":5.333333333333333,` +
		`"score":0.5,"p":null,"severity":"high","shadow":false,"model":"card@1","events":1950,"reasons":[{"feature":"sent_1m","value":1950,` +
		`"contribution":1.5},{"feature":"reaches_out","value":null,"contribution":-0.25}],"missing":[],"event":"6576656e742030303030303031393530"}`
	if string(rows[0]) != want {
		t.Errorf("got  %s\nwant %s", rows[0], want)
	}
	_, cells, err := Cells(rows[0])
	if err != nil || cells[0] != "2026-11-18 11:39:10.000" || cells[4] != "5.33333" || cells[6] != "" {
		t.Errorf("%q, %v", cells, err)
	}
}

func TestRunErrors(t *testing.T) {
	var s Store
	for _, c := range []struct {
		name   string
		params map[string]string
		want   error
	}{
		{"nonesuch", nil, ErrNoQuery},
		{"account_timeline", nil, ErrParams},
		{"coverage", map[string]string{"dais": "7"}, ErrParams},
	} {
		if _, err := s.Run(t.Context(), c.name, c.params); !errors.Is(err, c.want) {
			t.Errorf("%s %v: %v, want %v", c.name, c.params, err, c.want)
		}
	}
}

// Each value goes into each parameter of each query. It must select nothing, or be refused as no number; never change
// what a query does.
func TestInjectionThroughParameters(t *testing.T) {
	s := filled(t)
	before := content(t, s)
	for _, attack := range []string{
		"' OR 1=1 --", `\' OR 1=1 --`, `\\' OR 1=1 --`, "') UNION ALL SELECT * FROM stored_events --", "'; DROP TABLE unopened.stored_events; --",
		"{account:Identifier}", "\x00' OR ''='", "a\tb\n' OR 1=1", `\N`, "NULL", "' || (SELECT max(account) FROM events) || '", "1 OR 1=1", "-1", "％27 OR 1=1",
		"' UNION ALL SELECT * FROM url('http://127.0.0.1:1/', CSV, 'a String') --", strings.Repeat("'", 10_001),
	} {
		for _, q := range Queries() {
			for _, p := range q.Params {
				params := map[string]string{}
				for _, other := range q.Params {
					if other.Required {
						params[other.Name] = subject(0).String()
					}
				}
				params[p.Name] = attack
				rows, err := s.Run(t.Context(), q.Name, params)
				var refused *clickhouse.Exception
				switch {
				case p.Type == "String" && err != nil:
					t.Errorf("%s %s=%.40q: %v", q.Name, p.Name, attack, err)
				case p.Type == "String" && len(rows) > 0:
					t.Errorf("%s %s=%.40q selects %d rows", q.Name, p.Name, attack, len(rows))
				case p.Type != "String" && !errors.As(err, &refused):
					t.Errorf("%s %s=%.40q: %v, want a refusal", q.Name, p.Name, attack, err)
				}
			}
		}
		if list, err := s.ListAlerts(t.Context(), Filter{Account: attack}); err != nil || len(list) > 0 {
			t.Errorf("alerts of %.40q: %d, %v", attack, len(list), err)
		}
	}
	if after := content(t, s); after != before {
		t.Errorf("the tables changed:\n%s, were\n%s", after, before)
	}
}

func TestReaderCanOnlyRead(t *testing.T) {
	s := filled(t)
	if err := s.writer.Exec(t.Context(), "CREATE TABLE default.other (a UInt8) ENGINE = MergeTree ORDER BY a"); err != nil {
		t.Fatal("control: the writer cannot write:", err)
	}
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{
		"INSERT INTO unopened.stored_events (account) VALUES ('x')", "CREATE TABLE unopened.mine (a UInt8) ENGINE = Memory", "CREATE TEMPORARY TABLE mine (a UInt8)",
		"DROP TABLE unopened.stored_events", "DROP VIEW unopened.events", "ALTER TABLE unopened.stored_events DELETE WHERE 1", "TRUNCATE TABLE unopened.stored_alerts",
		"SYSTEM STOP LISTEN TCP", "SET readonly = 0", "SELECT * FROM default.other", "SELECT * FROM file('" + secret + "', CSV, 'a UInt8')",
		"SELECT * FROM url('http://127.0.0.1:1/', CSV, 'a UInt8')", "SELECT 1 SETTINGS readonly = 0", "KILL QUERY WHERE 1",
		"SELECT * FROM remote('127.0.0.1:" + s.engine.Addr() + "', system.one)", "GRANT ALL ON *.* TO reader", "CREATE USER x",
	} {
		if err := s.reader.Exec(t.Context(), statement); err == nil {
			t.Errorf("the reader may: %s", statement)
		}
	}
	if err := s.reader.Exec(t.Context(), "SELECT count() FROM events"); err != nil {
		t.Error("control: the reader cannot read:", err)
	}
}

func TestWrongPasswordIsRefusedAndSurvived(t *testing.T) {
	s := open(t, t.TempDir(), forever())
	for _, auth := range []clickhouse.Auth{{Username: local.Writer, Password: "wrong"}, {Username: local.Reader}, {Username: "default"}, {Username: "nobody"}} {
		conn, err := clickhouse.Open(&clickhouse.Options{Addr: []string{s.engine.Addr()}, Auth: auth})
		if err != nil {
			t.Fatal(err)
		}
		if err := conn.Ping(t.Context()); err == nil {
			t.Errorf("%s got in with %q", auth.Username, auth.Password)
		}
		conn.Close()
	}
	if err := s.writer.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestAlerts(t *testing.T) {
	s := filled(t)
	if _, _, n, err := s.Counts(t.Context()); n != 40 || err != nil {
		t.Errorf("%d alert rows after repeats, %v; want 40", n, err)
	}
	list, err := s.ListAlerts(t.Context(), Filter{})
	if err != nil || len(list) != 18 {
		t.Fatalf("%d alerts, %v; want 18 that are not suppressed", len(list), err)
	}
	want := delivery(19, 1)
	first := list[0]
	if !reflect.DeepEqual(first, want) {
		t.Errorf("the first is %+v, want %+v", first, want)
	}
	for _, c := range []struct {
		f    Filter
		want int
	}{
		{Filter{Suppressed: true}, 20}, {Filter{Harm: "spam", Suppressed: true}, 4}, {Filter{Account: subject(5).String()}, 1},
		{Filter{Severity: "critical", Suppressed: true}, 20}, {Filter{Severity: "high", Suppressed: true}, 0}, {Filter{Limit: 7}, 7}, {Filter{Harm: "nonesuch"}, 0},
	} {
		if list, err := s.ListAlerts(t.Context(), c.f); len(list) != c.want || err != nil {
			t.Errorf("%+v: %d alerts, %v; want %d", c.f, len(list), err, c.want)
		}
	}
	deliveries, err := s.Alert(t.Context(), want.Alert.ID)
	if err != nil || len(deliveries) != 2 || !reflect.DeepEqual(deliveries[1], want) {
		t.Errorf("deliveries %+v, %v", deliveries, err)
	}
	if _, err := s.Alert(t.Context(), "' OR 1=1"); !errors.Is(err, ErrNotFound) {
		t.Errorf("an unknown alert: %v, want ErrNotFound", err)
	}
}
