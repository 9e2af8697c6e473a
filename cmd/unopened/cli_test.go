package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/unopened/unopened/ingest/simulate"
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
