package main

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/unopened/unopened/evaluate"
	"github.com/unopened/unopened/ingest/simulate"
)

// TestKnobsOfCampaigns groups made-up figures: each step has those of its variant, what pays nothing begins every curve,
// a kind has no curve of a knob that does not fit it, and who never acted has no figures. The control is a plan that is not there.
func TestKnobsOfCampaigns(t *testing.T) {
	var campaigns []evaluate.Campaign
	plans := simulate.Curves(1)
	for i, p := range plans {
		if p.Kind != "brigade" { // none of which acted
			campaigns = append(campaigns, evaluate.Campaign{Campaign: p.Kind, Variant: p.Evade.String(), Accounts: i + 1, Assessable: true})
		}
	}
	all := knobsOf(campaigns, plans)
	seen := map[string]int{}
	for k, knob := range all {
		for _, c := range knob.Curves {
			for i, p := range c.Points {
				step := simulate.Knobs()[k].Steps[i]
				if p.Step != step || p.Variant != simulate.Knobs()[k].At(step).String() || p.Campaign.Campaign != c.Campaign {
					t.Errorf("%s of %s at %v: %+v", knob.Name, c.Campaign, step, p)
				}
				if silent := c.Campaign == "brigade"; silent != (p.Accounts == 0) || silent && p.share(p.Action) != "–" {
					t.Errorf("%s of %s at %v: %d accounts, %s", knob.Name, c.Campaign, step, p.Accounts, p.share(p.Action))
				}
				seen[p.Campaign.Campaign+" "+p.Variant]++
			}
			if c.Points[0].Variant != simulate.Plain {
				t.Errorf("%s of %s begins with %s", knob.Name, c.Campaign, c.Points[0].Variant)
			}
			if knob.Name == "farmed" && c.Campaign == "brigade" {
				t.Error("a brigade has no dialogues to farm")
			}
		}
	}
	if len(seen) != len(plans) {
		t.Errorf("%d variants are shown of %d plans", len(seen), len(plans))
	}
	gone := slices.DeleteFunc(slices.Clone(plans), func(p simulate.Plan) bool { return p.Kind == "grooming" && p.Evade.Slower == 16 })
	for _, c := range knobsOf(campaigns, gone)[0].Curves {
		if want := 5; c.Campaign == "grooming" && len(c.Points) != want-1 || c.Campaign == "slow_spam" && len(c.Points) != want {
			t.Errorf("%s: %d points", c.Campaign, len(c.Points))
		}
	}
}

// TestEvalEvasion gives a scenario that is too small the accounts that its evaders need, and runs burst spam and
// grooming at the steps of one knob: spam that pays nothing is caught, which is the control of somebody who pays and is not.
func TestEvalEvasion(t *testing.T) {
	name := filepath.Join(t.TempDir(), "page.html")
	f := evalFlags{shards: 1, html: name, evasion: evasionFlags{accounts: 2}}
	cmd := &cobra.Command{}
	f.world.add(cmd)
	f.sight.add(cmd)
	if err := cmd.ParseFlags([]string{"--accounts", "300", "--days", "3"}); err != nil {
		t.Fatal(err)
	}
	w, given, err := f.evaders()
	if err != nil || given != 300 || w.Accounts != 2*w.Abusive() || w.Accounts <= given || len(w.Campaigns) != len(simulate.Curves(2)) {
		t.Fatalf("%v: %d accounts, %d given, up to %d abusive in %d campaigns", err, w.Accounts, given, w.Abusive(), len(w.Campaigns))
	}
	w.Campaigns = slices.DeleteFunc(w.Campaigns, func(p simulate.Plan) bool {
		return p.Kind != "burst_spam" && p.Kind != "grooming" || p.Evade.Divided+p.Evade.WarmUp > 0 || p.Evade.Farmed > 0
	})
	w.Accounts = max(800, 2*w.Abusive())
	a, err := f.evade(t.Context(), w, given)
	if err != nil {
		t.Fatal(err)
	}
	slow := a.Knobs[0]
	spam, grooming := slow.Curves[0].Points, slow.Curves[1].Points
	if plain := spam[0]; plain.Nominal[1].Value < 0.9 || plain.Victims.Value <= 0 {
		t.Errorf("plain spam: %+v", plain.Campaign)
	}
	if dear := grooming[len(grooming)-1]; dear.Accounts == 0 || dear.Action.Hits > 0 || dear.Victims.Value <= 0 {
		t.Errorf("the slowest grooming: %+v", dear.Campaign)
	}
	var text bytes.Buffer
	if err := f.tell(&text, time.Now(), a); err != nil {
		t.Fatal(err)
	}
	for _, shown := range []string{text.String(), string(contentOf(t, name))} {
		for _, part := range []string{"slower: times as long for the same work", "before detection", "The scenario has 300 accounts"} {
			if !strings.Contains(shown, part) {
				t.Errorf("%q is not in\n%s", part, shown)
			}
		}
	}
	if plots := strings.Count(string(contentOf(t, name)), "<svg"); plots != 2 {
		t.Errorf("%d plots of one knob and two kinds", plots)
	}
}

// TestEvalEvasionTellsWhatIsWrong names the place and the remedy.
func TestEvalEvasionTellsWhatIsWrong(t *testing.T) {
	for _, test := range []struct {
		args []string
		want string
	}{
		{nil, "--evasion asks about a simulation: give --scenario NAME"},
		{[]string{"--scenario", "demo", "--campaign", "grooming=2"}, "--campaign does not go with --evasion"},
		{[]string{"--scenario", "demo", "--truth", "x"}, "--truth does not go with --evasion"},
		{[]string{"--scenario", "demo", "--evasion-accounts", "0"}, "--evasion-accounts: 0 is not between 1 and 10000"},
		{[]string{"--scenario", "demo", "--days", "0"}, "days 0: give 1 to 366"},
		{[]string{"--scenario", "demo", "--matrix", "x.csv"}, "--evasion does not go with --matrix"},
	} {
		if _, err := run(t, append([]string{"eval", "--evasion"}, test.args...)...); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("eval --evasion %v: %v, want %q", test.args, err, test.want)
		}
	}
	if _, err := run(t, "eval", "--scenario", "demo", "--evasion-accounts", "3"); err == nil || !strings.Contains(err.Error(), "--evasion-accounts goes with --evasion") {
		t.Errorf("%v", err)
	}
}
