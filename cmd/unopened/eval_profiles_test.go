package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/unopened/unopened/configs"
	"github.com/unopened/unopened/evaluate"
	"github.com/unopened/unopened/ingest"
	"github.com/unopened/unopened/models"
)

// tinyWorld is a simulation that is small and has some of each harm that the small ones have.
var tinyWorld = []string{"--scenario", "demo", "--accounts", "400", "--days", "2", "--campaign", "burst_spam=1", "--campaign", "grooming=6", "--campaign", "brigade=1", "--campaign", "takeover=4", "--bootstrap", "10"}

// TestEvalProfiles runs a small simulation under all profiles. Under Signal's no harm is assessable, and none has a figure, neither in
// JSON nor in the table; without a profile all are and have, which is the control.
func TestEvalProfiles(t *testing.T) {
	var a profilesAnswer
	name := filepath.Join(t.TempDir(), "page.html")
	text := ok(t, append([]string{"eval", "--profiles", "--one-more=false", "--html", name, "--json"}, tinyWorld...)...)
	if err := json.Unmarshal([]byte(text), &a); err != nil {
		t.Fatal(err)
	}
	if len(a.Messengers) != 1+len(configs.ProfileNames()) || a.Runs < 5 || a.Runs > len(a.Messengers) || a.Records == 0 {
		t.Fatalf("%d messengers, %d runs, %d records", len(a.Messengers), a.Runs, a.Records)
	}
	of := func(profile string) *messenger {
		return &a.Messengers[slices.IndexFunc(a.Messengers, func(m messenger) bool { return m.Profile == profile })]
	}
	for i, h := range of("signal").Harms {
		if h.Assessable || h.Recall != nil || h.FPR != nil || h.AtOne != nil || h.AP != nil || !slices.Contains(h.Missing, "actor") {
			t.Errorf("signal: %+v", h)
		}
		if c := of(everything).Harms[i]; !c.Assessable || c.Recall == nil || c.AtOne == nil || c.AP == nil || len(c.Missing) > 0 {
			t.Errorf("the control: %+v", c)
		}
	}
	for _, row := range a.detail().rows {
		shown := strings.Join(row[3:7], " ")
		if signal := row[1] == "signal"; signal != (shown == strings.Repeat(notAssessable+" ", 3)+notAssessable) && (signal || row[1] == everything) {
			t.Errorf("the table: %q", row)
		}
	}
	if pairs := a.encryption().rows; len(pairs) != 2*models.Harms {
		t.Errorf("%d rows of messengers with and without E2EE", len(pairs))
	}
	page := string(contentOf(t, name))
	if n := strings.Count(page, "signal: not assessable"); n != models.Harms || strings.Contains(page, everything+": not assessable") || strings.Count(page, "<svg") != models.Harms {
		t.Errorf("the page says %d times that it is not assessable under Signal", n)
	}
	a.agrees(t)
}

// agrees holds the figures of the fan's runs against those of runs by themselves, under none and under two profiles.
func (a *profilesAnswer) agrees(t *testing.T) {
	t.Helper()
	different := 0
	for _, m := range a.Messengers {
		args := slices.Concat(tinyWorld, []string{"--windows", "1"})
		switch m.Profile {
		case everything:
		case "telegram", "tiktok":
			args = append(args, "--profile", m.Profile)
		default:
			continue
		}
		e, _ := evaluated(t, args...)
		for i, want := range seenOf(e.Report) {
			got, _ := json.Marshal(m.Harms[i])
			other, _ := json.Marshal(want)
			if string(got) != string(other) {
				t.Errorf("%s: %s, by itself %s", m.Profile, got, other)
			}
			if control, _ := json.Marshal(a.Messengers[0].Harms[i]); string(control) != string(got) {
				different++
			}
		}
	}
	if different == 0 {
		t.Error("no profile changes a figure: this shows nothing")
	}
}

// TestOneFieldMore: of Signal's profile only the sender makes a harm assessable, of WhatsApp's the age of the target brings
// grooming back; a field that is seen already, or that no model reads, is not tried.
func TestOneFieldMore(t *testing.T) {
	cfg := configs.DefaultConfig()
	set, err := modelsBehind(&cfg, nil)
	if err != nil {
		t.Fatal(err)
	}
	tried := func(name string) (fields []string) {
		t.Helper()
		p, err := configs.LoadProfile(name)
		if err != nil {
			t.Fatal(err)
		}
		more, err := fieldsMore(&cfg, set, p, false)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range ingest.Schema() {
			if more[f.Name] != nil {
				fields = append(fields, f.Name)
			}
		}
		return fields
	}
	if signal := tried("signal"); !slices.Equal(signal, []string{"actor"}) {
		t.Errorf("signal: %v", signal)
	}
	whatsapp := tried("whatsapp")
	if !slices.Contains(whatsapp, "target_age") || slices.Contains(whatsapp, "actor") || slices.Contains(whatsapp, "verdict") {
		t.Errorf("whatsapp: %v", whatsapp)
	}
}

// TestGains: what becomes assessable is told, and what changes by more than two standard errors; the controls change by less,
// or stay not assessable.
func TestGains(t *testing.T) {
	at := func(value, reach evaluate.Number) *evaluate.Estimate {
		return &evaluate.Estimate{Value: value, Low: value - 1.96*reach, High: value + 1.96*reach}
	}
	before := []harmSeen{{Harm: "a"}, {Harm: "b"}, {Harm: "c", AtOne: at(0.5, 0.1)}, {Harm: "d", AtOne: at(0.5, 0.1)}, {Harm: "e", AtOne: at(0.5, 0.1)}}
	after := []harmSeen{{Harm: "a", AtOne: at(0, 0.1)}, {Harm: "b"}, {Harm: "c", AtOne: at(0.79, 0.1)}, {Harm: "d", AtOne: at(0.77, 0.1)}, {Harm: "e", AtOne: at(0.2, 0.1)}}
	var told []string
	for _, g := range gains(before, after) {
		told = append(told, g.Harm)
		if (g.Before == nil) != (g.Harm == "a") {
			t.Errorf("%+v", g)
		}
	}
	if !slices.Equal(told, []string{"a", "c", "e"}) {
		t.Errorf("told %v", told)
	}
	a := profilesAnswer{Messengers: []messenger{{Profile: "x", OneMore: []fieldMore{{"actor", gains(before, after)}, {"size", nil}}}}}
	rows := a.gainTable().rows
	if len(rows) != 4 || rows[0][3] != notAssessable || rows[3][1] != "size" || rows[3][2] != "none" {
		t.Errorf("%q", rows)
	}
}

// TestFanOut: every replay gets all bytes in order, whatever becomes of the source's; one that fails stops all, with its own error.
func TestFanOut(t *testing.T) {
	wrong := errors.New("wrong")
	for _, fails := range []int{-1, 1} {
		var got [3]bytes.Buffer
		err := fanOut(t.Context(), reusing{}, len(got), func(ctx context.Context, i int, source ingest.Source) error {
			return source.Run(ctx, func(context.Context, ingest.Partition) (ingest.Handler, error) {
				return &gathered{&got[i], i == fails, wrong}, nil
			})
		})
		if fails >= 0 {
			if !errors.Is(err, wrong) {
				t.Errorf("%v", err)
			}
			continue
		}
		for i := range got {
			if want := strings.Repeat("a", 50) + strings.Repeat("b", 50); err != nil || got[i].String() != want {
				t.Errorf("%v: %q", err, got[i].String())
			}
		}
	}
}

// reusing is a source whose batches all lie in the same bytes.
type reusing struct{}

func (reusing) Run(ctx context.Context, open func(context.Context, ingest.Partition) (ingest.Handler, error)) error {
	h, err := open(ctx, ingest.Partition{})
	value := []byte{0}
	for i := 0; i < 100 && err == nil; i++ {
		value[0] = "ab"[i/50]
		err = h.Handle(ctx, ingest.Batch{Records: []ingest.Record{{Value: value}}})
	}
	return errors.Join(err, h.Close(ctx))
}

// gathered keeps what it gets, or fails.
type gathered struct {
	all   *bytes.Buffer
	fails bool
	wrong error
}

func (g *gathered) Resume() int64               { return -1 }
func (g *gathered) Close(context.Context) error { return nil }
func (g *gathered) Handle(_ context.Context, b ingest.Batch) error {
	for _, r := range b.Records {
		g.all.Write(r.Value)
	}
	if g.fails {
		return g.wrong
	}
	return nil
}

// TestEvalProfilesTellsWhatIsWrong names the place and the remedy.
func TestEvalProfilesTellsWhatIsWrong(t *testing.T) {
	for _, test := range []struct {
		args []string
		want string
	}{
		{nil, "--profiles asks about a simulation: give --scenario NAME"},
		{[]string{"--scenario", "demo", "--profile", "signal"}, "--profile does not go with --profiles"},
		{[]string{"--scenario", "demo", "--bootstrap", "1"}, "give at least 2, or --one-more=false"},
		{[]string{"--scenario", "demo", "--accounts", "1"}, "accounts 1: give 200"},
	} {
		if _, err := run(t, append([]string{"eval", "--profiles"}, test.args...)...); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("eval --profiles %v: %v, want %q", test.args, err, test.want)
		}
	}
	if _, err := run(t, "eval", "--scenario", "demo", "--one-more=false"); err == nil || !strings.Contains(err.Error(), "--one-more goes with --profiles") {
		t.Errorf("%v", err)
	}
}
