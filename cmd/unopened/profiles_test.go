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

// TestEveryEventUnderEveryProfile restricts a simulation by each profile in both readings: what is left is of the contract
// in JSON and Protobuf, and another time changes nothing more.
func TestEveryEventUnderEveryProfile(t *testing.T) {
	events, _ := simulatedFiles(t)
	lines := linesOf(t, events)
	decoder, protobuf := ingest.Decoder{}, ingest.Decoder{Encoding: ingest.Protobuf}
	for _, name := range configs.ProfileNames() {
		p, err := configs.LoadProfile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, doubtful := range []bool{false, true} {
			mask, left, changed := p.Mask(doubtful), 0, 0
			for _, line := range lines {
				var ev, back, again ingest.Event
				if r := decoder.Decode(&ev, line); r != ingest.Accepted {
					t.Fatal(r)
				}
				was := ev
				if !mask.Apply(&ev) {
					continue
				}
				left++
				if ev != was {
					changed++
				}
				again = ev
				if r := decoder.Decode(&back, ingest.AppendJSON(nil, &ev)); r != ingest.Accepted || back != ev || !mask.Apply(&again) || again != ev {
					t.Fatalf("%s, doubts seen %v: %s of %s", name, doubtful, r, line)
				}
				if r := protobuf.Decode(&back, ingest.AppendProtobuf(nil, &ev)); r != ingest.Accepted || back != ev {
					t.Fatalf("%s, doubts seen %v, as Protobuf: %s of %s", name, doubtful, r, line)
				}
			}
			if left == 0 || !doubtful && changed == 0 {
				t.Errorf("%s, doubts seen %v: of %d lines %d are left, %d changed", name, doubtful, len(lines), left, changed)
			}
		}
	}
}

// TestRestrictedAtEveryDoor restricts one simulation as it is written, as it is replayed, as it is checked and as a service
// splits it: all see the same, and to restrict what was restricted changes nothing. The whole is the control.
func TestRestrictedAtEveryDoor(t *testing.T) {
	const profile = "whatsapp"
	events, _ := simulatedFiles(t)
	written, _ := simulatedFiles(t, "--profile", profile)
	replayed := func(args ...string) (a accounting) {
		t.Helper()
		if err := json.Unmarshal([]byte(ok(t, append([]string{"replay", "--json"}, args...)...)), &a); err != nil {
			t.Fatal(err)
		}
		return a
	}
	whole, once := replayed(events), replayed("--profile", profile, events)
	if once.StateHash == whole.StateHash || once.Events.Unseen["contact_request"] == 0 {
		t.Errorf("nothing was restricted: %+v", once)
	}
	for _, args := range [][]string{{written}, {"--profile", profile, written}, {"--config", restrictedConfig(t, profile), events}} {
		if a := replayed(args...); a.StateHash != once.StateHash || a.Sides != once.Sides || a.Events.Accepted != once.Events.Accepted {
			t.Errorf("%v: %+v, and %+v", args, a, once)
		}
	}
	found := checkJSON(t, "--events", events, "--profile", profile)
	if found.Events.Accepted != once.Events.Accepted || found.Fields["forwards"].Records != 0 || found.Profile != profile ||
		found.harm("grooming").Assessable || !found.harm("spam").Assessable || len(found.Events.Unseen) != len(once.Events.Unseen) {
		t.Errorf("check: %+v", found)
	}
	if control := checkJSON(t, "--events", events); control.Fields["forwards"].Records == 0 || !control.harm("grooming").Assessable {
		t.Errorf("the control: %+v", control)
	}
	cfg, _, cluster := fakeKafka(t)
	lines := linesOf(t, events)
	sendLines(t, cluster, lines)
	cfg.Engine.Visibility.Profile = profile
	counts := (&encodedTopic{cfg: *cfg}).split(t, int64(len(lines)))
	if wrong := (&engine.Stats{Split: counts}).Unbalanced(); wrong != nil {
		t.Errorf("the service's accounts: %v", wrong)
	}
	if counts.Accepted != once.Events.Accepted || counts.UnseenTotal() != counts.Fetched-counts.Accepted || counts.Fetched != int64(len(lines)) {
		t.Errorf("the service: %+v, the replay accepted %d", counts, once.Events.Accepted)
	}
}

// restrictedConfig writes a configuration that names a profile.
func restrictedConfig(t *testing.T, profile string) string {
	t.Helper()
	cfg := configs.DefaultConfig()
	cfg.Data, cfg.Engine.Visibility.Profile = t.TempDir(), profile
	return saved(t, &cfg)
}

// TestImportedUnderAProfile imports messages with a sender under Signal's profile: they have none.
func TestImportedUnderAProfile(t *testing.T) {
	dir := t.TempDir()
	log, out := filepath.Join(dir, "log.csv"), filepath.Join(dir, "out.jsonl")
	if err := os.WriteFile(log, []byte("anna,ben,1700000000,message\nben,anna,1700000060,call\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"import", "--actor", "1", "--target", "2", "--at", "3", "--column", "type=4", "--out", out, log}
	ok(t, args...)
	if whole := linesOf(t, out); len(whole) != 2 || !bytes.Contains(whole[0], []byte(`"actor"`)) {
		t.Errorf("the control: %s", bytes.Join(whole, []byte("\n")))
	}
	ok(t, append(args, "--profile", "signal")...)
	if left := linesOf(t, out); len(left) != 1 || bytes.Contains(left[0], []byte(`"actor"`)) || !bytes.Contains(left[0], []byte(`"target"`)) {
		t.Errorf("%s", bytes.Join(left, []byte("\n")))
	}
}
