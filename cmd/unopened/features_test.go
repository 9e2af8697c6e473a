package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/unopened/unopened/features"
)

// The account that sends in the tiny world, whom it writes to, and when it begins.
const (
	ann   = "000000000000000000000000000000a0"
	bo    = "000000000000000000000000000000b0"
	began = int64(1_800_000_000_000)
)

// message is a record of a direct message, some seconds after the beginning.
func message(id int, from, to string, after int64) string {
	return fmt.Sprintf(`{"v":1,"id":"%032x","type":"message","at":%d,"actor":%q,"target":%q,"kind":"direct"}`, id, began+after*1000, from, to)
}

// erasure is a record that asks for everything of an account to be forgotten.
func erasure(id int, whom string, after int64) string {
	return fmt.Sprintf(`{"v":1,"id":"%032x","type":"erase","at":%d,"target":%q}`, id, began+after*1000, whom)
}

// tiny are the events of the tiny world: ann sends three messages, a minute apart, and has an answer two minutes later.
func tiny() []string {
	return []string{message(1, ann, bo, 0), message(2, ann, bo, 60), message(3, ann, bo, 120), message(4, bo, ann, 240)}
}

// eventFile writes a file of lines.
func eventFile(t *testing.T, text ...string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "events.jsonl")
	if err := os.WriteFile(name, []byte(strings.Join(text, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// apart runs a command line and tells its two outputs apart.
func apart(t *testing.T, args ...string) (out, beside string, err error) {
	t.Helper()
	cmd := root()
	var o, b bytes.Buffer
	cmd.SetOut(&o)
	cmd.SetErr(&b)
	cmd.SetArgs(args)
	err = cmd.ExecuteContext(t.Context())
	return o.String(), b.String(), err
}

// valuesAt asks for an account's values as JSON.
func valuesAt(t *testing.T, args ...string) (s standing) {
	t.Helper()
	out, _, err := apart(t, append([]string{"features", "--json"}, args...)...)
	if err = errors.Join(err, json.Unmarshal([]byte(out), &s)); err != nil {
		t.Fatal(err)
	}
	return s
}

// TestFeaturesAreListedWhole reads the list back: it has every field of every Def.
func TestFeaturesAreListedWhole(t *testing.T) {
	out := ok(t, "features", "--json")
	var list []declared
	var plain []map[string]any
	if err := errors.Join(json.Unmarshal([]byte(out), &list), json.Unmarshal([]byte(out), &plain)); err != nil || len(list) != len(features.Catalogue) {
		t.Fatalf("%d features of %d: %v", len(list), len(features.Catalogue), err)
	}
	for i, got := range list {
		d := &features.Catalogue[i]
		want := declared{d.Name, d.Family, d.Unit, d.Window.Seconds(), d.Help, d.Reason, got.Needs, got.Harms, d.Sign.String(), d.Source}
		if !reflect.DeepEqual(got, want) || !slices.Equal(got.Needs, d.Needs.Names()) || !slices.Equal(got.Harms, d.Harms.Names()) {
			t.Errorf("%+v, want %+v", got, want)
		}
		if n := reflect.TypeFor[features.Def]().NumField() - 1; len(plain[i]) != n || plain[i]["needs"] == nil || plain[i]["harms"] == nil { // Read is none
			t.Errorf("%v: want the %d fields of a Def, and lists that are none", plain[i], n)
		}
	}
	table := strings.Split(strings.TrimSpace(ok(t, "features")), "\n")
	if len(table) != 1+len(features.Catalogue) || !strings.HasPrefix(table[0], "NAME") || !strings.HasPrefix(table[1], features.Catalogue[0].Name+" ") {
		t.Errorf("for people: %s", strings.Join(table, "\n"))
	}
}

// TestFeaturesAreChosen asks for each family and each harm, and for one feature.
func TestFeaturesAreChosen(t *testing.T) {
	chosen := func(flag, value string, in func(*features.Def) bool) {
		t.Helper()
		var want, got []string
		for i := range features.Catalogue {
			if in(&features.Catalogue[i]) {
				want = append(want, features.Catalogue[i].Name)
			}
		}
		out, err := run(t, "features", flag, value, "--json")
		var list []declared
		if err == nil {
			err = json.Unmarshal([]byte(out), &list)
		}
		for _, d := range list {
			got = append(got, d.Name)
		}
		if !slices.Equal(got, want) || (err != nil) != (len(want) == 0) {
			t.Errorf("%s %s: %v (%v), want %v", flag, value, got, err, want)
		}
	}
	for _, family := range families() {
		chosen("--family", family, func(d *features.Def) bool { return d.Family == family })
	}
	for _, harm := range harmNames {
		chosen("--harm", harm, func(d *features.Def) bool { return slices.Contains(d.Harms.Names(), harm) })
	}
	d := &features.Catalogue[0]
	one := ok(t, "features", d.Name)
	for _, want := range []string{d.Name, d.Family, d.Help, strings.Split(d.Reason, "%")[0], string(d.Unit), d.HalfLife(), d.Sign.String(), d.Source} {
		if !strings.Contains(one, want) {
			t.Errorf("%s has no %q", one, want)
		}
	}
	if strings.Contains(one, features.Catalogue[1].Name) || strings.Contains(one, "%") {
		t.Errorf("of one feature: %s", one)
	}
	for args, want := range map[string]string{"--family|": families()[0], "--harm|": harmNames[0], "|": d.Name} {
		if out := ok(t, append([]string{"__complete", "features"}, strings.Split(strings.TrimPrefix(args, "|"), "|")...)...); !strings.Contains(out, want+"\n") {
			t.Errorf("completion of %q: %s", args, out)
		}
	}
}

// TestFeaturesWrongUse gives the command what it cannot use.
func TestFeaturesWrongUse(t *testing.T) {
	for _, test := range []struct{ args, want string }{
		{"sent_1hour", `there is no feature "sent_1hour"; did you mean sent_1h?`},
		{"reports", `did you mean reports_30d`},
		{"zzzzzzzzzzzz", `there is no feature "zzzzzzzzzzzz"; "unopened features" lists them`},
		{"--family bogus", `--family: "bogus" is not volume, `},
		{"--harm bogus", `--harm: "bogus" is not spam, `},
		{"sent_1h --family takeover", "no feature is all that was asked for"},
		{"--events x", "--events and --account go together"},
		{"--account " + ann, "--events and --account go together"},
		{"--watch", "--at and --watch go with --events"},
		{"--at 5", "--at and --watch go with --events"},
		{"--events x --account ann", `--account: "ann" is not an account's pseudonym`},
		{"--watch --at 5 --events x --account " + ann, "--at or --watch, not both"},
		{"--at yesterday --events x --account " + ann, `--at: "yesterday" is no time such as 2026-`},
		{"--at 2026 --events x --account " + ann, `--at: "2026" is no time such as 2026-`},
		{"--events x --config /nonexistent.yaml --account " + ann, "no such file"},
	} {
		_, err := run(t, append([]string{"features"}, strings.Fields(test.args)...)...)
		var usage usageError
		if !errors.As(err, &usage) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("features %s: %v, want %q", test.args, err, test.want)
		}
	}
	name := eventFile(t, tiny()...)
	for args, want := range map[string]string{
		name + " --account " + strings.Repeat("0", 32):           name + " has no event of account 0",
		name + " --watch --account " + strings.Repeat("0", 32):   name + " has no event of account 0",
		name + " --at 1799999999999 --account " + ann:            "at or before 2027-01-15T07:59:59.999Z: its first is of 2027-01-15T08:00:00Z",
		filepath.Join(t.TempDir(), "none") + " --account " + ann: "no such file",
	} {
		_, err := run(t, append([]string{"features", "--events"}, strings.Fields(args)...)...)
		var usage usageError
		if err == nil || errors.As(err, &usage) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", args, err, want)
		}
	}
	ok(t, "features", "--events", name, "--account", ann) // the control
}

// TestFeaturesAtATime holds values against those worked out by hand: sent_1m fades by half each minute, so it is 1, then
// 1/2 + 1, then 3/4 + 1, and 7/4/4 two minutes later.
func TestFeaturesAtATime(t *testing.T) {
	name := eventFile(t, tiny()...)
	for _, test := range []struct {
		at     string
		want   float32
		events uint32
		stands int64
	}{
		{"2027-01-15T08:00:00Z", 1, 1, 0}, {"2027-01-15T08:00:59.999Z", 1, 1, 0}, {"1800000060000", 1.5, 2, 60},
		{"2027-01-15T09:02:00+01:00", 1.75, 3, 120}, {"", 0.4375, 4, 240}, {"1800000239999", 1.75, 3, 120},
	} {
		args := []string{"--events", name, "--account", ann, "sent_1m", "age_days"}
		if test.at != "" {
			args = append(args, "--at", test.at)
		}
		s := valuesAt(t, args...)
		if s.Account != ann || s.At != began+test.stands*1000 || s.Events != test.events || len(s.Values) != 2 {
			t.Fatalf("at %s: %+v", test.at, s)
		}
		if v := s.Values[0]; v.Feature != "sent_1m" || v.Value == nil || *v.Value != test.want || v.Unit != "count" {
			t.Errorf("at %s: sent_1m is %+v, want %v", test.at, v, test.want)
		}
		if v := s.Values[1]; v.Feature != "age_days" || v.Value != nil {
			t.Errorf("at %s: age_days is %+v, but nothing was told of it", test.at, v)
		}
	}
	out := ok(t, "features", "--events", name, "--account", ann, "--at", "1800000060000", "sent_1m", "age_days")
	for _, want := range []string{"at 2027-01-15T08:01:00Z, 2 events", "sent_1m   1.5      count  2 messages and calls sent within a minute", "age_days  unknown  days "} {
		if !strings.Contains(out, want) {
			t.Errorf("%s has no %q", out, want)
		}
	}
}

// TestFeaturesTellWhatWasRefused puts lines among the events that are refused or too late: the values are the same, and
// standard error has their number and none of their bytes.
func TestFeaturesTellWhatWasRefused(t *testing.T) {
	args := []string{"features", "--account", ann, "--json", "--events"}
	clean, beside, err := apart(t, append(args, eventFile(t, tiny()...))...)
	if err != nil || beside != "" {
		t.Fatalf("the control: %v, %q", err, beside)
	}
	dirty := slices.Insert(tiny(), 2, `{"v":1,"text":"CANARY"}`, "CANARY", message(9, ann, bo, -7*3600))
	out, beside, err := apart(t, append(args, eventFile(t, dirty...))...)
	if err != nil || out != clean {
		t.Errorf("%v, %s, want %s", err, out, clean)
	}
	if !strings.Contains(beside, "2 of 7 lines were refused (1 syntax, 1 unknown_field)") || !strings.Contains(beside, "2 sides of events came later") ||
		strings.Contains(beside, "CANARY") {
		t.Errorf("on standard error: %s", beside)
	}
}
