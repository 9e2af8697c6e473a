package main

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/unopened/unopened/configs"
	engines "github.com/unopened/unopened/store/local"
)

// TestDemo runs the demo on a small world, keeps its data, and asks it the questions that it says to try next.
func TestDemo(t *testing.T) {
	if _, err := engines.Fetch(t.Context(), func(string) {}); err != nil {
		missing(t, err)
	}
	dir := filepath.Join(t.TempDir(), "demo")
	var r demoReport
	if err := json.Unmarshal([]byte(ok(t, "demo", "--json", "--keep", dir, "--accounts", "1500", "--days", "3")), &r); err != nil {
		t.Fatal(err)
	}
	if r.Injected.Hostile != 120 || r.Events.Refused != 120 || r.Injected.Repeats != 1200 || r.Webhooks.Verified == 0 || r.ClickHouse == "" {
		t.Errorf("%+v", r)
	}
	config := filepath.Join(dir, "unopened.yaml")
	t.Logf("in-process broker, ClickHouse %s: %d events, %d webhooks", r.ClickHouse, r.Events.Produced, r.Webhooks.Verified)
	var alerted []struct{ ID, Account string }
	if err := json.Unmarshal([]byte(ok(t, "alerts", "list", "--config", config, "--json")), &alerted); err != nil || len(alerted) == 0 {
		t.Fatalf("%d alerts, %v", len(alerted), err)
	}
	if out := ok(t, "alerts", "show", "--config", config, alerted[0].ID); !strings.Contains(out, alerted[0].Account) {
		t.Errorf("alerts show: %s", out)
	}
	if out := ok(t, "explain", "--config", config, alerted[0].Account); !strings.Contains(out, "score") {
		t.Errorf("explain: %s", out)
	}
	if _, err := run(t, "alerts", "show", "--config", config, "none"); err == nil || !strings.Contains(err.Error(), "no alert of this id") {
		t.Errorf("an unknown alert: %v", err)
	}
	nobody := strings.Repeat("0", 32)
	if _, err := run(t, "explain", "--config", config, nobody); err == nil || !strings.Contains(err.Error(), "explain --events FILE") {
		t.Errorf("an unknown account: %v", err)
	}
	empty := filepath.Join(t.TempDir(), "other.yaml")
	cfg, err := configs.Load(config)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Store.Database = "other"
	if err := cfg.Save(empty); err != nil {
		t.Fatal(err)
	}
	for _, args := range []string{"alerts list", "explain " + nobody, "query top_accounts"} {
		if _, err := run(t, append(strings.Fields(args), "--config", empty)...); err == nil || !strings.Contains(err.Error(), "nothing was recorded") {
			t.Errorf("%s of a database that is not there: %v", args, err)
		}
	}
	for _, name := range queryNames() {
		args := []string{"query", "--config", config, name, "--json"}
		if strings.Contains(name, "account_") || name == "verdict_history" {
			args = append(args, "--param", "account="+alerted[0].Account)
		}
		if out := ok(t, args...); !json.Valid([]byte(out)) || len(out) < 10 {
			t.Errorf("query %s: %s", name, out)
		}
	}
}

// TestEveryDayOfADemoIsKept holds ClickHouse's retention against the longest demo, and the demo's folder against others.
func TestEveryDayOfADemoIsKept(t *testing.T) {
	c := demoConfig("demo", "127.0.0.1:1", 366)
	if least := 396 * 24 * time.Hour; c.Store.KeepEvents < least || c.Store.KeepVerdicts < least || c.Store.KeepAlerts < least {
		t.Errorf("%+v", c.Store)
	}
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
	for _, test := range []struct {
		files string
		want  string // nothing where a demo may begin
	}{
		{"", ""}, {"webhook.secret data/x", ""}, {"webhook.secret data/x unopened.yaml", "holds a demo already"},
		{"thesis.txt", "holds other things"}, {"data/x", "holds other things"}, {"unopened.yaml", "holds other things"},
	} {
		dir := t.TempDir()
		for _, name := range strings.Fields(test.files) {
			path := filepath.Join(dir, name)
			if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, nil, 0o600)); err != nil {
				t.Fatal(err)
			}
		}
		err := makeReady(dir)
		left, _ := os.ReadDir(dir)
		if test.want == "" && (err != nil || len(left) > 0) {
			t.Errorf("a folder with %q: %v, %d things left", test.files, err, len(left))
		}
		if test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want) || len(left) != len(strings.Fields(test.files))) {
			t.Errorf("a folder with %q: %v, %d things left, want %s", test.files, err, len(left), test.want)
		}
	}
}
