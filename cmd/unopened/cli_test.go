package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/unopened/unopened/alerts"
	"github.com/unopened/unopened/configs"
	"github.com/unopened/unopened/ingest"
	"github.com/unopened/unopened/ingest/kafka"
	"github.com/unopened/unopened/ingest/simulate"
	engines "github.com/unopened/unopened/store/local"
)

var update = flag.Bool("update", false, "rewrite the files that are made out of the code")

// run runs a command line and returns what it printed.
func run(t *testing.T, args ...string) (string, error) {
	t.Helper()
	cmd := root()
	var out bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	cmd.SetArgs(args)
	err := cmd.ExecuteContext(t.Context())
	return out.String(), err
}

// ok runs a command line that must work.
func ok(t *testing.T, args ...string) string {
	t.Helper()
	out, err := run(t, args...)
	if err != nil {
		t.Fatalf("unopened %s: %v", strings.Join(args, " "), err)
	}
	return out
}

// simulatedFiles writes a small simulation and its truth.
func simulatedFiles(t *testing.T, args ...string) (events, truth string) {
	t.Helper()
	dir := t.TempDir()
	events, truth = filepath.Join(dir, "events.jsonl"), filepath.Join(dir, "truth.jsonl")
	ok(t, append([]string{"simulate", "--accounts", "400", "--days", "3", "--campaign", "burst_spam=1", "--campaign", "grooming=2",
		"--campaign", "brigade=0", "--campaign", "takeover=2", "--out", events, "--truth", truth}, args...)...)
	return events, truth
}

// TestEveryCommandTeaches holds that each command has one line, an example and a remedy for a wrong flag.
func TestEveryCommandTeaches(t *testing.T) {
	var look func(*cobra.Command)
	look = func(c *cobra.Command) {
		if c.Short == "" || strings.HasSuffix(c.Short, ".") {
			t.Errorf("%s: Short %q", c.CommandPath(), c.Short)
		}
		if c.Runnable() && c.Example == "" && !strings.Contains(c.CommandPath(), "completion") {
			t.Errorf("%s has no example", c.CommandPath())
		}
		for _, sub := range c.Commands() {
			look(sub)
		}
	}
	look(root())
	_, err := run(t, "replay", "--nothing")
	var usage usageError
	if !errors.As(err, &usage) || !strings.Contains(err.Error(), "unopened replay --help") {
		t.Errorf("a wrong flag: %v", err)
	}
}

// TestWrongUseIsToldApart gives commands what they cannot use.
func TestWrongUseIsToldApart(t *testing.T) {
	for _, test := range []struct {
		args string
		want string
	}{
		{"replay", "name files of events, or give --accounts"},
		{"explain nobody", "32 lower-case hexadecimal digits"},
		{"schema --format x", `--format: "x" is not clickhouse, json-schema, markdown, proto`},
		{"simulate --days 0", "days 0: give 1 to 366"},
		{"simulate --start yesterday", "2026-01-05"},
		{"run --roles judge", `"judge" is not split, score, desk`},
		{"import --map x --at 1 file", "is not field:cell=value"},
		{"check --config /nonexistent/unopened.yaml", "no such file"},
		{"keys new", "accepts 1 arg"},
		{"bogus", `there is no command "unopened bogus"`},
		{"replya", `did you mean "replay"?`},
		{"alerts bogus", `there is no command "unopened alerts bogus"; see "unopened alerts --help"`},
		{"keys bogus", `there is no command "unopened keys bogus"`},
		{"keys pseudonymise", `"key-file" not set; see "unopened keys pseudonymise --help"`},
		{"replay --promote nonsense -", `--promote: "nonsense" is not spam`},
		{"replay --shards 0 -", "--shards: 0 is not between 1 and 1024"},
		{"replay --shards 1025 -", "--shards: 1025 is not between 1 and 1024"},
		{"replay --batch 0 -", "--batch: 0 is below 1"},
		{"replay --verdicts - --alerts - -", "--verdicts and --alerts both go to -"},
		{"replay --verdicts /new/x --dead-letters /new/./x -", "both go to /new/./x"},
		{"replay --accounts", "alerts.key_file"},
		{"run --roles=", `--roles: "" is not split, score, desk`},
		{"explain --harm bogus " + strings.Repeat("0", 32), `--harm: "bogus" is not spam`},
		{"alerts list --harm bogus", `--harm: "bogus" is not spam`},
		{"alerts list --severity bogus", `--severity: "bogus" is not high, critical`},
		{"alerts list --account XYZ", `--account: "XYZ" is not an account's pseudonym`},
		{"alerts list --limit -3", "--limit: -3 is not between 1 and 1000000"},
		{"alerts list --since -5h", "--since: -5h0m0s is below 0"},
	} {
		_, err := run(t, strings.Fields(test.args)...)
		var usage usageError
		if !errors.As(err, &usage) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("unopened %s: %v, want %q", test.args, err, test.want)
		}
	}
	for _, args := range []string{"", "alerts", "keys"} { // the control: without a wrong name they tell what there is
		if out := ok(t, strings.Fields(args)...); !strings.Contains(out, "Available Commands") {
			t.Errorf("unopened %s: %s", args, out)
		}
	}
}

// TestWrongOutputsSpoilNothing names files that are read, by one name and another, as those to be written.
func TestWrongOutputsSpoilNothing(t *testing.T) {
	dir := t.TempDir()
	in, link := filepath.Join(dir, "in"), filepath.Join(dir, "link")
	if err := errors.Join(os.WriteFile(in, []byte("precious\n"), 0o600), os.Link(in, link)); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"replay", "--verdicts", in, in}, {"replay", "--alerts", link, in}, {"replay", "--dead-letters", dir + "/./in", in},
		{"replay", "--verdicts", in, "--config", in, "-"}, {"replay", "--verdicts", in, "--alerts", link, "-"},
		{"import", "--actor", "1", "--at", "2", "--out", in, in}, {"import", "--out", in, "--key-file", link, "-"},
		{"simulate", "--out", in, "--truth", link},
	} {
		_, err := run(t, args...)
		var usage usageError
		if !errors.As(err, &usage) {
			t.Errorf("%v: %v", args, err)
		}
		if text, err := os.ReadFile(in); err != nil || string(text) != "precious\n" {
			t.Fatalf("%v: %q is left of it (%v)", args, text, err)
		}
	}
	events, _ := simulatedFiles(t)
	ok(t, "replay", "--verdicts", os.DevNull, "--dead-letters", os.DevNull, events) // the control: a device loses nothing
}

// TestEveryStreamIsWhole replays with verdicts on standard output: it has them alone, and the accounting is elsewhere.
func TestEveryStreamIsWhole(t *testing.T) {
	events, _ := simulatedFiles(t)
	name := filepath.Join(t.TempDir(), "verdicts.jsonl")
	told := ok(t, "replay", "--json", "--verdicts", name, events)
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := os.Create(filepath.Join(t.TempDir(), "stdout"))
	if err != nil {
		t.Fatal(err)
	}
	defer func(before *os.File) { os.Stdout = before }(os.Stdout)
	os.Stdout = stdout
	var out, beside bytes.Buffer
	cmd := root()
	cmd.SetOut(&out)
	cmd.SetErr(&beside)
	cmd.SetArgs([]string{"replay", "--json", "--verdicts", "-", events})
	if err := cmd.ExecuteContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(stdout.Name())
	if err != nil || !bytes.Equal(got, want) || len(want) == 0 || out.Len() != 0 {
		t.Errorf("standard output has %d bytes of verdicts and %d others, want %d (%v)", len(got), out.Len(), len(want), err)
	}
	var sum, same accounting
	if err := errors.Join(json.Unmarshal(beside.Bytes(), &sum), json.Unmarshal([]byte(told), &same)); err != nil || sum.StateHash != same.StateHash {
		t.Errorf("the accounting beside it: %v, %s", err, beside.String())
	}
}

// TestWrongMomentTellsNothing interrupts commands: exit code 1, and no accounting of a part.
func TestWrongMomentTellsNothing(t *testing.T) {
	events, _ := simulatedFiles(t)
	ctx, stop := context.WithCancel(t.Context())
	stop()
	for _, args := range [][]string{
		{"replay", "--json", events}, {"check", "--events", events}, {"simulate", "--out", os.DevNull},
		{"explain", "--events", events, strings.Repeat("0", 32)},
	} {
		cmd := root()
		var out bytes.Buffer
		cmd.SetOut(&out)
		cmd.SetErr(&out)
		cmd.SetArgs(args)
		if text, code := verdictOf(ctx, cmd.ExecuteContext(ctx)); text != "interrupted" || code != exitFailed || out.Len() != 0 {
			t.Errorf("%v: %q, exit code %d, printed %q", args, text, code, out.String())
		}
	}
	if text, code := verdictOf(t.Context(), errors.New("x")); text != "x" || code != exitFailed {
		t.Errorf("another error: %q, %d", text, code)
	}
}

// TestWrongFilesAreToldAtOnce checks a configuration that names files which are missing, or hold something else.
func TestWrongFilesAreToldAtOnce(t *testing.T) {
	dir := t.TempDir()
	junk, secret, config := filepath.Join(dir, "junk"), filepath.Join(dir, "secret"), filepath.Join(dir, "unopened.yaml")
	if err := errors.Join(os.WriteFile(junk, []byte("junk"), 0o600), writeWebhookSecret(secret)); err != nil {
		t.Fatal(err)
	}
	c := configs.DefaultConfig()
	c.Data = filepath.Join(dir, "data")
	c.Alerts.Webhooks = []alerts.WebhookConfig{{Name: "good", URL: "https://one.example/", SecretFile: secret}}
	check := func() (string, error) {
		t.Helper()
		if err := c.Save(config); err != nil {
			t.Fatal(err)
		}
		return run(t, "check", "--json", "--config", config)
	}
	var found sound
	if out, err := check(); err != nil || json.Unmarshal([]byte(out), &found) != nil || !found.Sound || len(found.Harms) != 6 {
		t.Fatalf("the control, which is sound: %v, %s", err, out)
	}
	if _, err := os.Stat(c.Data); err == nil {
		t.Error("a check made the data folder")
	}
	c.Alerts.KeyFile, c.Store.PasswordFile = filepath.Join(dir, "no.key"), filepath.Join(dir, "no.password")
	c.Alerts.Webhooks = append(c.Alerts.Webhooks, alerts.WebhookConfig{Name: "a", URL: "https://two.example/", SecretFile: junk},
		alerts.WebhookConfig{Name: "b", URL: "https://three.example/", SecretFile: filepath.Join(dir, "no.secret")})
	c.Kafka.TLS = kafka.TLS{Enabled: true, CAFile: junk}
	c.Kafka.SASL = kafka.SASL{Mechanism: "plain", Username: "u", PasswordFile: filepath.Join(dir, "no.sasl")}
	_, err := check()
	var usage usageError
	if !errors.As(err, &usage) {
		t.Fatal(err)
	}
	for _, want := range []string{"alerts.key_file: ", "alerts.webhooks[1]: ", "alerts.webhooks[2]: ", "kafka.tls.ca_file: ",
		"kafka.sasl.password_file: ", "store.password_file: "} {
		if strings.Count(err.Error(), want) != 1 {
			t.Errorf("%v, want one %s", err, want)
		}
	}
	if strings.Contains(err.Error(), "webhooks[0]") {
		t.Errorf("%v, but the first webhook is sound", err)
	}
}

// TestWrongStoreSaysNothingWasRecorded asks for what an embedded engine would have, that never was, and makes none.
func TestWrongStoreSaysNothingWasRecorded(t *testing.T) {
	c := configs.DefaultConfig()
	c.Data = filepath.Join(t.TempDir(), "data")
	config := filepath.Join(t.TempDir(), "unopened.yaml")
	if err := c.Save(config); err != nil {
		t.Fatal(err)
	}
	for _, args := range []string{"alerts list", "alerts show x", "query top_accounts", "explain " + strings.Repeat("0", 32)} {
		_, err := run(t, append(strings.Fields(args), "--config", config)...)
		if err == nil || !strings.Contains(err.Error(), "nothing was recorded in "+c.Data) {
			t.Errorf("%s: %v", args, err)
		}
	}
	if _, err := os.Stat(c.Data); err == nil {
		t.Error("a question made the data folder")
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

// TestPseudonymsNeedTheKey holds the command against the contract's definition, and another key against it.
func TestPseudonymsNeedTheKey(t *testing.T) {
	dir := t.TempDir()
	one, other := filepath.Join(dir, "one.key"), filepath.Join(dir, "other.key")
	ok(t, "keys", "new", one)
	ok(t, "keys", "new", other)
	if _, err := run(t, "keys", "new", one); err == nil {
		t.Error("a key was overwritten")
	}
	users := filepath.Join(dir, "users.txt")
	if err := os.WriteFile(users, []byte("alice\nbob\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	key, err := ingest.ReadKey(one)
	if err != nil {
		t.Fatal(err)
	}
	names := ingest.NewPseudonymiser(key)
	want := fmt.Sprintln(names.ID(ingest.DomainAccount, "alice")) + fmt.Sprintln(names.ID(ingest.DomainAccount, "bob"))
	if got := ok(t, "keys", "pseudonymise", "--key-file", one, users); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := ok(t, "keys", "pseudonymise", "--key-file", other, users); got == want {
		t.Error("another key gives the same pseudonyms")
	}
	if got := ok(t, "keys", "pseudonymise", "--key-file", one, "--domain", "device", users); len(strings.Fields(got)[0]) != 16 {
		t.Errorf("a device is %q", got)
	}
}

// TestImportedIsReplayed brings a CSV of somebody's own through import, check and replay.
func TestImportedIsReplayed(t *testing.T) {
	dir := t.TempDir()
	log, events := filepath.Join(dir, "log.csv"), filepath.Join(dir, "events.jsonl.zst")
	text := "from,to,when\nann,bo,1000000000\nbo,ann,1000000060\nann,ann,1000000100\nann,cy,1000000200\n"
	if err := os.WriteFile(log, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	ok(t, "import", "--actor", "from", "--target", "to", "--at", "when", "--unit", "s", "--type", "message", "--header", "--out", events, log)
	var found checked
	if err := json.Unmarshal([]byte(ok(t, "check", "--events", events, "--json")), &found); err != nil {
		t.Fatal(err)
	}
	if found.Events.Accepted != 3 || len(found.Events.Refused) != 0 || found.Types["message"] != 3 {
		t.Errorf("%+v, want the three messages that are not to oneself", found)
	}
	var sum accounting
	if err := json.Unmarshal([]byte(ok(t, "replay", "--json", events)), &sum); err != nil {
		t.Fatal(err)
	}
	if sum.Events.Accepted != 3 || sum.Sides.Applied != 6 || sum.Accounts != 3 || sum.StateHash == "" {
		t.Errorf("%+v", sum)
	}
}

// TestRefusedLeavesNoTrace puts a canary into fields, names and values of refused records: no output has it, and the
// dead letters have place, reason and size alone. The control finds it in the file itself.
func TestRefusedLeavesNoTrace(t *testing.T) {
	const canary = "CANARY4f1d"
	dir := t.TempDir()
	good, _ := simulatedFiles(t)
	text, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	bad := []string{
		`{"v":1,"text":"` + canary + `"}`, `{"` + canary + `":1}`, `{"v":1,"type":"` + canary + `"}`, canary,
		`{"v":1,"id":"` + canary + `\u0041"}`, `{"v":{"a":"` + canary + `"}}`, strings.Repeat(canary, 300), `{"v":1}` + canary,
	}
	events, letters, verdicts := filepath.Join(dir, "e.jsonl"), filepath.Join(dir, "letters.jsonl"), filepath.Join(dir, "v.jsonl")
	if err := os.WriteFile(events, append(text, []byte(strings.Join(bad, "\n")+"\n")...), 0o600); err != nil {
		t.Fatal(err)
	}
	out := ok(t, "check", "--events", events) + ok(t, "check", "--events", events, "--json") +
		ok(t, "replay", "--json", "--dead-letters", letters, "--verdicts", verdicts, events)
	for _, name := range []string{letters, verdicts} {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		out += string(b)
	}
	if strings.Contains(out, canary) {
		t.Error("something of a refused record came out")
	}
	if b, _ := os.ReadFile(events); !strings.Contains(string(b), canary) {
		t.Error("the control does not find the canary either")
	}
	if n := strings.Count(out, `"size_log2"`); n != len(bad) {
		t.Errorf("%d dead letters for %d refusals", n, len(bad))
	}
}

// TestExplanationAddsUp explains an account with an alert: the contributions sum to the margin, and the score to its line.
func TestExplanationAddsUp(t *testing.T) {
	events, truth := simulatedFiles(t)
	lines, err := os.ReadFile(truth)
	if err != nil {
		t.Fatal(err)
	}
	spammer := ""
	for line := range strings.Lines(string(lines)) {
		var a simulate.Account
		if err := json.Unmarshal([]byte(line), &a); err != nil {
			t.Fatal(err)
		}
		if a.Harm == "spam" {
			spammer = a.Account
		}
	}
	var e explanation
	if err := json.Unmarshal([]byte(ok(t, "explain", "--events", events, "--json", spammer)), &e); err != nil {
		t.Fatal(err)
	}
	assessed := 0
	for _, h := range e.Harms {
		if !h.Assessable {
			if len(h.Missing) == 0 || h.Score != nil {
				t.Errorf("%s is not assessable, without a reason or with a score", h.Harm)
			}
			continue
		}
		assessed++
		sum := 0.0
		for _, r := range h.Reasons {
			sum += r.Contribution
		}
		if math.Abs(sum-*h.Margin) > 1e-9 {
			t.Errorf("%s: contributions sum to %v, the margin is %v", h.Harm, sum, *h.Margin)
		}
	}
	if assessed == 0 || len(e.Harms) != 6 {
		t.Errorf("%d of %d harms assessed", assessed, len(e.Harms))
	}
	if out := ok(t, "explain", "--events", events, spammer); !strings.Contains(out, "spam: score") || !strings.Contains(out, "margin") {
		t.Errorf("for people: %s", out)
	}
}

// TestContractPages holds the pages of the contract to its table in the code (-update rewrites them).
func TestContractPages(t *testing.T) {
	for page, format := range map[string]string{"contract.md": "markdown", "contract.proto": "proto"} {
		page = filepath.Join("../../docs", page)
		want := ok(t, "schema", "--format", format)
		if *update {
			if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := os.ReadFile(page); err != nil || string(got) != want {
			t.Errorf("%s is not what the code says (%v); go test ./cmd/unopened -run ContractPages -update", page, err)
		}
	}
	if text := ok(t, "schema", "--format", "json-schema"); !json.Valid([]byte(text)) {
		t.Error("the JSON schema is no JSON")
	}
	if text := ok(t, "schema", "--format", "clickhouse"); strings.Count(text, "CREATE TABLE") != 4 {
		t.Error("not four tables")
	}
}

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
