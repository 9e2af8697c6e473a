package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/unopened/unopened/alerts"
	"github.com/unopened/unopened/configs"
	"github.com/unopened/unopened/ingest/file"
	engines "github.com/unopened/unopened/store/local"
)

var (
	guideCommand = regexp.MustCompile(`(?m)^ *unopened (.*)$`)
	guideYAML    = regexp.MustCompile("(?s)```yaml\n(.*?)```")
	printedHash  = regexp.MustCompile(`hash ([0-9a-f]{32})`)
)

// TestWarmupGuide runs every command of docs/warmup.md as it stands there, after a warm-up that was cut short: each event
// has counted once, no alert tells of the past, and the run has the state and the alerts of a replay of its account topic.
// The control replays that without alerts.since. (That kills anywhere change nothing, and what is exactly a duplicate, is
// shown in engine; this leaves out a real broker.)
func TestWarmupGuide(t *testing.T) {
	if _, err := engines.Fetch(t.Context(), func(string) {}); err != nil {
		missing(t, err)
	}
	guide, err := os.ReadFile("../../docs/warmup.md")
	if err != nil {
		t.Fatal(err)
	}
	d := warmUp(t)
	if c, err := configs.Parse([]byte(strings.ReplaceAll("\n"+string(guideYAML.FindSubmatch(guide)[1]), "\n   ", "\n"))); err != nil || c.Alerts.Since != d.cfg.Alerts.Since {
		t.Errorf("the guide's configuration: %v", err)
	}
	d.cutShort()
	ran := map[string]string{}
	for _, line := range guideCommand.FindAllStringSubmatch(string(guide), -1) {
		args := strings.Fields(line[1])
		if args[0] == "run" {
			ran["run"] = d.serve(args)
			continue
		}
		ran[args[0]] += ok(t, args...)
	}
	if len(ran) != 4 {
		t.Fatalf("the guide has other commands: %v", ran)
	}
	var sum accounting
	if err := json.Unmarshal([]byte(ran["replay"]), &sum); err != nil {
		t.Fatal(err)
	}
	if hash := printedHash.FindStringSubmatch(ran["run"]); hash == nil || hash[1] != sum.StateHash {
		t.Errorf("the run ends with %v, its replay with %s", hash, sum.StateHash)
	}
	if s := sum.Sides; s.Applied != d.sides || s.Duplicate-s.Resent+s.Late != d.overlap || d.overlap == 0 || s.Resent == 0 || sum.Unbalanced != nil {
		t.Errorf("%d sides of events, %d of the overlap: %+v, %v", d.sides, d.overlap, s, sum.Unbalanced)
	}
	if want := fmt.Sprintf("%s read = ", thousands(d.lines)); !strings.Contains(ran["warmup"], want) || !strings.Contains(ran["warmup"], "2026-10-31T18:0") {
		t.Errorf("no %q, or no time of the cut-over six hours before: %s", want, ran["warmup"])
	}
	told, past := toldIn(t, "alerts.jsonl")
	if again, _ := d.replayTold(); past != 0 || len(told) == 0 || len(again) != len(told) {
		t.Errorf("%d alerts, %d of them of the past, %d in the replay", len(told), past, len(again))
	}
	d.cfg.Alerts.Since = ""
	d.save()
	if _, past := d.replayTold(); past == 0 {
		t.Error("without alerts.since nothing is told of the past either: the test shows nothing")
	}
}

// replayTold are the alerts that a replay of the account topic makes, and how many tell of the past.
func (d *warmDeployment) replayTold() (map[string]bool, int) {
	d.t.Helper()
	ok(d.t, "replay", "--accounts", "--alerts", "again.jsonl")
	return toldIn(d.t, "again.jsonl")
}

// toldIn are the alerts in a file, each once, and how many tell of what happened before the cut-over.
func toldIn(t *testing.T, name string) (told map[string]bool, past int) {
	t.Helper()
	told = lines(t, name)
	for line := range told {
		var a alerts.Alert
		if err := json.Unmarshal([]byte(line), &a); err != nil {
			t.Fatal(err)
		}
		if a.At < cutOver.UnixMilli() {
			past++
		}
	}
	return told, past
}

// TestWarmupRefuses gives the command what is no history that could be continued. Each refusal leaves the account topic
// as it was; the control, by offsets, is taken, and again.
func TestWarmupRefuses(t *testing.T) {
	d := warmUp(t)
	text := bytes.Join(linesOf(t, unpacked(t, "history.jsonl.gz")), []byte("\n"))
	lines := bytes.Split(text, []byte("\n"))
	moved := bytes.Join(slices.Concat(lines[len(lines)/2:], lines[:len(lines)/2]), []byte("\n"))
	for name, content := range map[string][]byte{
		"whole.jsonl": text, "early.jsonl": bytes.Join(lines[:len(lines)/4], []byte("\n")), "unsorted.jsonl": moved, "other.jsonl": bytes.Join(lines[1:], []byte("\n")),
	} {
		if err := os.WriteFile(name, slices.Concat(content, []byte("\n")), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	refused := func(args, want string) {
		t.Helper()
		_, err := run(t, append([]string{"warmup"}, strings.Fields(args)...)...)
		var usage usageError
		if !errors.As(err, &usage) || !strings.Contains(err.Error(), want) {
			t.Errorf("warmup %s: %v, want %q", args, err, want)
		}
	}
	const until = "--until 2026-11-01T00:00:00Z "
	for args, want := range map[string]string{
		"whole.jsonl":                                  `"until" not set`,
		"--until tomorrow whole.jsonl":                 "is no time such as",
		until + "-":                                    "read twice",
		until + "--margin -1h whole.jsonl":             "below 0",
		"--until 2026-11-01T00:00:01Z x":               "alerts.since is",
		"--until 2020-01-01T00:00:00Z whole.jsonl":     "nothing in the files happened before",
		until + "early.jsonl":                          "would be missing. Give a --until of at most 2026-10-3",
		until + "unsorted.jsonl":                       "sort the lines by time",
		until + "--offsets 0=1 whole.jsonl":            "partition 1 needs an offset from 0 to",
		until + "--offsets 0=1,1=99999999 whole.jsonl": "partition 1 needs an offset from 0 to",
		until + "--offsets 0=1,1=1,2=1 whole.jsonl":    "others are named",
	} {
		refused(args, want)
	}
	if n := d.total(d.cfg.Kafka.Topics.Account); n != 0 {
		t.Fatalf("refused, but %v entries were written", n)
	}
	args := append([]string{"warmup", "--json"}, strings.Fields(until+"--offsets 0=3,1=5 whole.jsonl")...)
	var first, again warmed
	if err := json.Unmarshal([]byte(ok(t, args...)), &first); err != nil || first.Cut.Offsets[0] != 3 || first.Cut.Offsets[1] != 5 || first.Lines.Read != d.lines || first.Lines.Skipped == 0 {
		t.Fatalf("%+v, %v", first, err)
	}
	written := d.total(d.cfg.Kafka.Topics.Account)
	if err := json.Unmarshal([]byte(ok(t, args...)), &again); err != nil || fmt.Sprint(again) != fmt.Sprint(first) || d.total(d.cfg.Kafka.Topics.Account) != written ||
		written != float64(first.Sides) {
		t.Errorf("again: %+v, %v; %v entries for %d sides", again, err, written, first.Sides)
	}
	refused(until+"--offsets 0=4,1=5 whole.jsonl", "was begun with 3 for partition 0")
	refused(until+"--offsets 0=3,1=5 other.jsonl", "a history comes before all else")
	for _, name := range []string{"checkpoints/split", "checkpoints/history"} {
		if found, err := filepath.Glob(filepath.Join(d.cfg.Data, name, "*", "*.ckpt")); err != nil || len(found) == 0 {
			t.Errorf("no checkpoint in %s (%v)", name, err)
		}
	}
}

// unpacked writes what a packed file holds to a plain one and returns its name.
func unpacked(t *testing.T, name string) string {
	t.Helper()
	in, err := file.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close() // only read from
	var text bytes.Buffer
	if _, err := text.ReadFrom(in); err != nil {
		t.Fatal(err)
	}
	plain := filepath.Join(t.TempDir(), "plain.jsonl")
	if err := os.WriteFile(plain, text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return plain
}
