package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// featureTable writes a table in which two columns are shifted at the abusive, worse up and better down; with no shift it
// is the control.
func featureTable(t *testing.T, shift float64) string {
	t.Helper()
	r := rand.New(rand.NewPCG(3, 4))
	var b strings.Builder
	b.WriteString("name,worse,better,fraud\n")
	for i := range 400 {
		fraud := i % 4 / 3
		d := shift * float64(fraud)
		fmt.Fprintf(&b, "n%d,%v,%v,%d\n", i, r.NormFloat64()+d, r.NormFloat64()-d, fraud)
	}
	name := filepath.Join(t.TempDir(), "table.csv")
	if err := os.WriteFile(name, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestEvalOfATable: the card is above its rule where two columns tell something, says what it is not, and guesses where
// they tell nothing.
func TestEvalOfATable(t *testing.T) {
	answered := func(shift float64) (a matrixAnswer) {
		t.Helper()
		text := ok(t, "eval", "--matrix", featureTable(t, shift), "--label", "fraud=1", "--rule", "-better", "--bootstrap", "50", "--json")
		if err := json.Unmarshal([]byte(text), &a); err != nil {
			t.Fatal(err)
		}
		return a
	}
	told, control := answered(1.5), answered(0)
	rule, card := &told.Kinds[0], &told.Kinds[1]
	if told.Accounts != 400 || told.Positives != 100 || told.Columns != 2 || len(told.Dropped) != 1 || told.Limits != matrixLimits {
		t.Errorf("%+v", told)
	}
	if rule.AUC.Value < 0.8 || card.AUC.Value < rule.AUC.Value+0.02 || !(card.Recall[1].Low <= card.Recall[1].Value) {
		t.Errorf("rule %+v, card %+v", rule, card)
	}
	if auc := control.Kinds[1].AUC.Value; auc < 0.4 || auc > 0.6 {
		t.Errorf("AUC %v of noise", auc)
	}
	page := filepath.Join(t.TempDir(), "page.html")
	text := ok(t, "eval", "--matrix", featureTable(t, 1), "--label", "fraud=1", "--rule", "worse", "--bootstrap", "0", "--html", page)
	for _, shown := range []string{text, string(contentOf(t, page))} {
		if !strings.Contains(shown, "tests a kind of model alone, not the system") || !strings.Contains(shown, "trivial rule: worse") {
			t.Errorf("%s", shown)
		}
	}
}

// TestEvalOfATableTellsWhatIsWrong names the place and the remedy.
func TestEvalOfATableTellsWhatIsWrong(t *testing.T) {
	name := featureTable(t, 1)
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"--matrix", name, "--rule", "worse"}, "--matrix needs --label COLUMN=VALUE"},
		{[]string{"--matrix", name, "--label", "fraud", "--rule", "worse"}, "--matrix needs --label COLUMN=VALUE"},
		{[]string{"--matrix", name, "--label", "fraud=1"}, "--rule COLUMN"},
		{[]string{"--matrix", name, "--label", "scam=1", "--rule", "worse"}, name + ` has no column "scam"; its columns are name, worse, better, fraud`},
		{[]string{"--matrix", name, "--label", "fraud=yes", "--rule", "worse"}, "0 of 400 rows have fraud=yes"},
		{[]string{"--matrix", name, "--label", "fraud=1", "--rule", "-name"}, name + `: there is no column of numbers "name"`},
		{[]string{"--matrix", name + ".gz", "--label", "fraud=1", "--rule", "worse"}, "no such file"},
		{[]string{"--matrix", name, "--label", "fraud=1", "--rule", "worse", "--windows", "2"}, "--windows does not go with --matrix"},
		{[]string{"--matrix", name, "--label", "fraud=1", "--rule", "worse", "events.jsonl"}, "reads no files of events: leave events.jsonl out"},
		{[]string{"--matrix", name, "--label", "fraud=1", "--rule", "worse", "--html", name}, "would overwrite what is read"},
		{[]string{"--matrix", name, "--label", "fraud=1", "--rule", "worse", "--bootstrap", "-1"}, "--bootstrap: -1 is not between"},
		{[]string{"--scenario", "demo", "--rule", "worse"}, "--rule goes with --matrix"},
	} {
		out, err := run(t, append([]string{"eval"}, test.args...)...)
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(out, "AUC") {
			t.Errorf("eval %v: %v, want %q", test.args, err, test.want)
		}
	}
}
