package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/unopened/unopened/configs"
	"github.com/unopened/unopened/features"
	"github.com/unopened/unopened/ingest"
	"github.com/unopened/unopened/ingest/file"
	"github.com/unopened/unopened/ingest/simulate"
)

// TestFeaturesAgreeWithTheEngine runs the examples of the help on their simulation. At the end, values are those that
// explain takes; at a time, those of the file cut off there; and the last that is told of each is what it is at the end.
func TestFeaturesAgreeWithTheEngine(t *testing.T) {
	const simulation, moment = "simulate --accounts 1000 --days 3", "2025-06-04T05:00:00Z"
	if example := featuresCommand().Example; !strings.Contains(example, simulation) || !strings.Contains(example, "--at "+moment) {
		t.Errorf("the example is another: %s", example)
	}
	dir := t.TempDir()
	name, truth := filepath.Join(dir, "events.jsonl"), filepath.Join(dir, "truth.jsonl")
	ok(t, append(strings.Fields(simulation), "--out", name, "--truth", truth)...)
	var bad simulate.Account
	if err := json.Unmarshal([]byte(firstLineWith(t, truth, "burst_spam")), &bad); err != nil {
		t.Fatal(err)
	}
	spammer := bad.Account
	valuesAt(t, "--events", name, "--account", spammer, "--at", moment)
	end := valuesAt(t, "--events", name, "--account", spammer)
	cfg := configs.DefaultConfig()
	id, _ := ingest.ParseSubject(spammer)
	v, at, err := vectorFromFile(t.Context(), &cfg, name, id)
	if err != nil || at != end.At || v.Events != end.Events || len(end.Values) != len(v.X) {
		t.Fatalf("at %d with %d events, want %d with %d (%v)", end.At, end.Events, at, v.Events, err)
	}
	told := make(map[string]*float32)
	for line := range strings.Lines(ok(t, "features", "--events", name, "--account", spammer, "--watch", "--json")) {
		var l watchLine
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatal(err)
		}
		for _, c := range l.Changes {
			if before := told[c.Feature]; !sameValue(before, c.Old) {
				t.Errorf("%s: its old value is not the new one of before", c.Feature)
			}
			told[c.Feature] = c.New
		}
	}
	for i, x := range v.X {
		d, got := &features.Catalogue[i], end.Values[i]
		if !sameValue(got.Value, known(x)) {
			t.Errorf("%s is %v at the end, explain has %v", d.Name, got.Value, x)
		}
		last := float32(math.NaN())
		if p := told[d.Name]; p != nil {
			last = *p
		}
		if valueText(d, last) != valueText(d, x) {
			t.Errorf("%s was told as %v last, and is %v", d.Name, last, x)
		}
	}
	cutOff(t, name, &bad, &end)
}

// firstLineWith is the first line of a file that has a word.
func firstLineWith(t *testing.T, name, word string) string {
	t.Helper()
	for line := range strings.Lines(string(contentOf(t, name))) {
		if strings.Contains(line, word) {
			return line
		}
	}
	t.Fatalf("%s has no line with %q", name, word)
	return ""
}

// cutOff holds the values at some times of an abuse against those of the file up to there.
func cutOff(t *testing.T, name string, of *simulate.Account, end *standing) {
	t.Helper()
	all, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, back := range []int64{(end.At - of.From) / 20, (end.At - of.From) / 2} {
		var before []string
		for line := range strings.Lines(string(all)) {
			var ev struct{ At int64 }
			if err := json.Unmarshal([]byte(line), &ev); err != nil {
				t.Fatal(err)
			}
			if ev.At <= end.At-back {
				before = append(before, strings.TrimSpace(line))
			}
		}
		want := valuesAt(t, "--events", eventFile(t, before...), "--account", of.Account)
		got := valuesAt(t, "--events", name, "--account", of.Account, "--at", fmt.Sprint(end.At-back))
		if !reflect.DeepEqual(got, want) || reflect.DeepEqual(got, *end) { // the second is the control
			t.Errorf("%d ms before the end: %+v, want %+v", back, got, want)
		}
	}
}

// sameValue tells whether two values are the same, or both unknown.
func sameValue(a, b *float32) bool { return a == nil && b == nil || a != nil && b != nil && *a == *b }

// TestFeaturesHookSeesAll counts the entries that the engine shows, over several shards, by what it says of them itself.
func TestFeaturesHookSeesAll(t *testing.T) {
	name, _ := simulatedFiles(t, "--repeats", "50")
	cfg := configs.DefaultConfig()
	e, err := replayEngine(&cfg)
	if err != nil {
		t.Fatal(err)
	}
	seen := make(map[ingest.EntryKind]int64)
	e.Applied = func(entry *ingest.Entry, table *features.Table) {
		if entry.Kind == ingest.EntrySide && table.Account(entry.Event.Subject) == nil {
			t.Error("the table has no account of an entry that was applied")
		}
		seen[entry.Kind]++
	}
	if err := e.ReplayRaw(t.Context(), &file.Source{Paths: []string{name}}, 3); err != nil {
		t.Fatal(err)
	}
	s := e.Stats().Sides
	if seen[ingest.EntrySide] != s.Applied-s.Places || seen[ingest.EntryStamp] != s.Stamps || seen[ingest.EntryControl] != s.Control ||
		s.Duplicate == 0 || s.Stamps == 0 {
		t.Errorf("%v, want those of %+v", seen, s)
	}
}
