package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/unopened/unopened/configs"
	"github.com/unopened/unopened/engine"
	"github.com/unopened/unopened/ingest"
	"github.com/unopened/unopened/ingest/file"
	"github.com/unopened/unopened/models"
)

// TestProfilesPage holds docs/profiles.md to the profiles (-update rewrites it).
func TestProfilesPage(t *testing.T) {
	const page = "../../docs/profiles.md"
	want := ok(t, "profiles", "--markdown")
	if *update {
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(page); err != nil || string(got) != want {
		t.Errorf("%s is not what the profiles say (%v); go test ./cmd/unopened -run ProfilesPage -update", page, err)
	}
	for _, f := range ingest.Schema() {
		if !strings.Contains(want, "| `"+f.Name+"` |") && !(ingest.FieldsAlways | ingest.FieldVerdict).Any(f.Bit) {
			t.Errorf("the page lacks %s", f.Name)
		}
	}
}

// TestProfilesAreListed reads the list and one profile, for machines and for people.
func TestProfilesAreListed(t *testing.T) {
	var all []struct {
		Name, Title        string
		Assessable         []string
		AssessableDoubtful []string `json:"assessable_doubtful"`
	}
	if err := json.Unmarshal([]byte(ok(t, "profiles", "--json")), &all); err != nil || len(all) != len(configs.ProfileNames()) {
		t.Fatalf("%d profiles, %v", len(all), err)
	}
	table := ok(t, "profiles")
	for _, p := range all {
		if !strings.Contains(table, p.Name) || !strings.Contains(table, p.Title) || len(p.AssessableDoubtful) < len(p.Assessable) {
			t.Errorf("%+v, or it is not in the list: %s", p, table)
		}
		if (p.Name == "signal") != (len(p.Assessable) == 0) {
			t.Errorf("%s: assessable is %v", p.Name, p.Assessable)
		}
	}
	one := ok(t, "profiles", "signal")
	for _, want := range []string{"doubtful", "https://", "Without actor. Only direct.", "subpoena-2016"} {
		if !strings.Contains(one, want) {
			t.Errorf("nothing of %s in %s", want, one)
		}
	}
	for args, want := range map[string]string{
		"profiles singal":                                     `did you mean "signal"?`,
		"profiles signal --markdown":                          "name none",
		"replay --profile singal x.jsonl":                     `did you mean "signal"?`,
		"replay --doubtful x.jsonl":                           "--doubtful goes with --profile",
		"replay --accounts --profile signal":                  "engine.visibility",
		"check --profile signal":                              "go with --events or --topic",
		"features --profile signal":                           "go with --events and --account",
		"simulate --profile none.yaml --out -":                "reading the profile",
		"import --profile singal --type message --at 1 a.csv": `did you mean "signal"?`,
	} {
		if _, err := run(t, strings.Fields(args)...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", args, err, want)
		}
	}
}

// verdictsUnder replays a file and counts the verdict lines by harm: those that are assessable, and those that are not.
func verdictsUnder(t *testing.T, events string, args ...string) (assessable, not map[string]int, a accounting) {
	t.Helper()
	dir := t.TempDir()
	name := filepath.Join(dir, "verdicts.jsonl")
	args = append([]string{"replay", "--json", "--verdicts", name, "--alerts", filepath.Join(dir, "alerts.jsonl"), events}, args...)
	if err := json.Unmarshal([]byte(ok(t, args...)), &a); err != nil {
		t.Fatal(err)
	}
	assessable, not = map[string]int{}, map[string]int{}
	for _, line := range linesOf(t, name) {
		var v struct {
			Harm, Severity string
			Assessable     bool
			Missing        []string
			Score          *float64
		}
		if err := json.Unmarshal(line, &v); err != nil {
			t.Fatal(err)
		}
		if v.Assessable {
			assessable[v.Harm]++
			continue
		}
		not[v.Harm]++
		if v.Severity != "" || v.Score != nil || len(v.Missing) == 0 {
			t.Fatalf("not assessable, and yet: %s", line)
		}
	}
	return assessable, not, a
}

// TestSealedSenderIsNeverLow replays a simulation under Signal's profile: no harm of any account is assessable, none has a
// severity, nothing is alerted, and each event is accounted for. Without the profile, which is one control, harms are
// assessable and alerts come; with the profile's events but without what it says to the models, which is the other, those
// who report would be taken for assessed.
func TestSealedSenderIsNeverLow(t *testing.T) {
	events, _ := simulatedFiles(t, "--hostile", "50", "--repeats", "50")
	events = reported(t, events)
	open, _, whole := verdictsUnder(t, events)
	for _, h := range models.Names {
		if open[h] == 0 {
			t.Errorf("the control: nobody can be assessed for %s", h)
		}
	}
	if whole.Alerts == 0 || whole.Profile != "" || len(whole.Events.Unseen) > 0 {
		t.Errorf("the control: %+v", whole)
	}
	for _, args := range [][]string{{"--profile", "signal"}, {"--profile", "signal", "--doubtful"}} {
		sealed, not, a := verdictsUnder(t, events, args...)
		for _, h := range models.Names {
			if sealed[h] > 0 || not[h] == 0 {
				t.Errorf("%v: %s is assessable in %d lines, not so in %d", args, h, sealed[h], not[h])
			}
		}
		var unseen, refused int64
		for _, n := range a.Events.Unseen {
			unseen += n
		}
		for _, n := range a.Events.Refused {
			refused += n
		}
		if a.Alerts != 0 || a.Profile != "signal" || unseen == 0 || a.Events.Read != whole.Events.Read || a.Events.Unseen["message"] == 0 ||
			refused != 50 || a.Events.Read != a.Events.Accepted+refused+unseen || a.Unbalanced != nil {
			t.Errorf("%v: %+v", args, a)
		}
	}
	e := replayUnder(t, "signal")
	e.Models = mustLoad(t)
	name := filepath.Join(t.TempDir(), "verdicts.jsonl")
	w, err := file.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	lines := engine.NewLines(w)
	e.Recorder, e.Finals = func() engine.Recorder { return lines }, true
	err = e.ReplayRaw(t.Context(), &file.Source{Paths: []string{events}}, 1)
	if err = errors.Join(err, lines.Flush()(t.Context()), w.Close()); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(name); err != nil || !bytes.Contains(text, []byte(`"harm":"spam","assessable":true`)) {
		t.Errorf("the control: nobody would be taken for assessed (%v), so the test shows nothing", err)
	}
}

// mustLoad loads the shipped models as if the messenger gave everything.
func mustLoad(t *testing.T) *models.Set {
	t.Helper()
	set, err := models.Load(configs.Artefacts(), models.DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// replayUnder is an engine for files, restricted to a profile.
func replayUnder(t *testing.T, profile string) *engine.Engine {
	t.Helper()
	cfg := configs.DefaultConfig()
	cfg.Engine.Visibility.Profile = profile
	e, err := replayEngine(&cfg)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// reported is the file with a report at its end by somebody who was written to: its record shows an actor and a target
// under Signal's profile too.
func reported(t *testing.T, events string) string {
	t.Helper()
	lines := linesOf(t, events)
	var ev ingest.Event
	decoder := ingest.Decoder{}
	for i := len(lines) - 1; ; i-- {
		if decoder.Decode(&ev, lines[i]) == ingest.Accepted && ev.Type == ingest.Message && ev.Kind == ingest.Direct {
			break
		}
	}
	report := ingest.Event{
		ID: ingest.EventID{1, 2, 3}, Subject: ev.Peer, Peer: ev.Subject, At: ev.At, Type: ingest.Report, Category: ingest.Spam,
		Has: ingest.FieldsAlways | ingest.FieldActor | ingest.FieldTarget | ingest.FieldCategory,
	}
	name := filepath.Join(t.TempDir(), "reported.jsonl")
	if err := os.WriteFile(name, append(bytes.Join(append(lines, ingest.AppendJSON(nil, &report)), []byte("\n")), '\n'), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}
