package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/unopened/unopened/evaluate"
	"github.com/unopened/unopened/models"
)

// someone is the pseudonym of one of the few accounts of the handmade stream.
func someone(name string) string {
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:16])
}

// handmade is a stream of which every figure can be worked out by hand with the card of oneCard: each first contact that
// is not answered adds 1.6 to a margin of -4, so the fourth reaches 0.9.
//
// one turns to five people, the first of them before its abuse begins at 100 s; two to three people, of whom one answers;
// a coach to four people, nobody answers; helper props one up; stranger is not in the truth.
func handmade(t *testing.T) (events, truth, config string) {
	t.Helper()
	var lines []string
	for i, m := range []struct {
		after    int64
		from, to string
	}{
		{10, "one", "i1"}, {110, "one", "i1"}, {120, "one", "i2"}, {130, "one", "i3"}, {140, "one", "i4"}, {150, "one", "i5"}, {160, "helper", "one"},
		{200, "two", "i1"}, {210, "two", "i2"}, {215, "i2", "two"}, {220, "two", "i3"}, {300, "i1", "i2"}, {310, "i6", "i2"},
		{400, "coach", "i3"}, {410, "coach", "i4"}, {420, "coach", "i5"}, {430, "coach", "i6"}, {500, "stranger", "i1"},
	} {
		lines = append(lines, message(i+1, someone(m.from), someone(m.to), m.after))
	}
	events = eventFile(t, lines...)
	known := []string{
		fmt.Sprintf(`{"account":%q,"campaign":"burst","harm":"spam","from":%d}`, someone("one"), began+100_000),
		fmt.Sprintf(`{"account":%q,"campaign":"burst","variant":"quarter_rate","harm":"spam"}`, someone("two")),
		fmt.Sprintf(`{"account":%q,"campaign":"burst","harm":"spam"}`, someone("three")),
		fmt.Sprintf(`{"account":%q,"campaign":"burst","part":"accomplice","harm":"spam"}`, someone("helper")),
		fmt.Sprintf(`{"account":%q,"persona":"coach"}`, someone("coach")),
	}
	for i := range 6 {
		known = append(known, fmt.Sprintf(`{"account":%q,"persona":"ordinary"}`, someone(fmt.Sprint("i", i+1))))
	}
	return events, eventFile(t, known...), oneCard(t)
}

// oneCard writes a configuration in which spam has a card of straight terms, scam one that the handmade stream has no
// fields for, and nothing else is scored.
func oneCard(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for harm, needs := range map[string]string{"spam": `[["actor"]]`, "scam": `[["target_age"]]`} {
		text := fmt.Sprintf(`{"kind":"scorecard","name":"%s-line","harm":%[1]q,"version":1,"created":"2026-01-01","needs":%s,
			"features":["unanswered_streak","labels_abusive"],"digest":%q,"calibration":{"slope":1,"offset":0},
			"parameters":{"bias":0,"terms":[{"feature":"unanswered_streak","points":[[0,-4],[10,12]]},{"feature":"labels_abusive","points":[[0,0],[1,9]]}]},
			"provenance":{"text":"a test"},"metrics":{}}`, harm, needs, models.Digest([]string{"unanswered_streak", "labels_abusive"}))
		if err := os.WriteFile(filepath.Join(dir, harm+".json"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	name := filepath.Join(dir, "unopened.yaml")
	if err := os.WriteFile(name, []byte("models: {folder: "+dir+", off: [grooming, harassment, sybil, takeover]}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// evaluated runs `eval --json`.
func evaluated(t *testing.T, args ...string) (e evaluation, text string) {
	t.Helper()
	text = ok(t, append([]string{"eval", "--json"}, args...)...)
	if err := json.Unmarshal([]byte(text), &e); err != nil {
		t.Fatal(err)
	}
	return e, text
}

// equals holds a measure against one worked out by hand.
func equals[T ~float64](t *testing.T, name string, got T, want float64) {
	t.Helper()
	if math.Abs(float64(got)-want) > 1e-5*max(1, math.Abs(want)) {
		t.Errorf("%s: %v, want %v", name, got, want)
	}
}

// countedShare holds a share against its counts.
func countedShare(t *testing.T, name string, got evaluate.Share, hits, of int) {
	t.Helper()
	if got.Hits != hits || got.Of != of {
		t.Errorf("%s: %d of %d, want %d of %d", name, got.Hits, got.Of, hits, of)
	}
}

// TestEvalOfAHandmadeStream: greatest margins are 4 for one, -0.8 for two, 2.4 for the coach, -2.4 for i1 and i6, -4 for
// i2; i3, i4, i5 and three never act.
func TestEvalOfAHandmadeStream(t *testing.T) {
	events, truth, config := handmade(t)
	e, _ := evaluated(t, "--truth", truth, "--config", config, "--windows", "2", "--budget", "2", events)
	if want := (evaluate.Accounts{Innocent: 4, Members: 2, Accomplices: 1, Silent: 4, SilentMembers: 1, Unknown: 1}); e.Accounts != want {
		t.Errorf("accounts %+v, want %+v", e.Accounts, want)
	}
	spam := e.Harms[models.Spam]
	model, rule, newness := spam.Rankings[0], spam.Rankings[1], spam.Rankings[2]
	equals(t, "AUC", model.AUC.Value, 7./8)
	equals(t, "average precision", model.AP.Value, (1+2./3)/2)
	equals(t, "recall at 1 %", model.Recall[1].Value, 0.5)
	equals(t, "threshold at 0.1 %", model.Thresholds[0], 4)
	countedShare(t, "precision at two a day", model.Budget, 1, 2)
	countedShare(t, "recall at two a day", model.Found, 1, 2)
	equals(t, "AUC of first contacts", rule.AUC.Value, 7./8)
	equals(t, "model above its rule", spam.Above.AP.Value, 0)
	equals(t, "AUC of newness, which is unknown", newness.AUC.Value, 0.5)
	equals(t, "recall of newness", newness.Recall[1].Value, 0)
	countedShare(t, "nobody is looked at for newness", newness.Budget, 0, 0)

	a := spam.Action
	countedShare(t, "recall", a.Recall, 1, 2)
	countedShare(t, "false positives", a.FPR, 1, 4)
	countedShare(t, "precision", a.Precision, 1, 2)
	equals(t, "first contacts since the begin", a.Firsts.Median.Value, 3)
	equals(t, "victims", a.Victims.P90.Value, 4)
	equals(t, "hours", a.Hours.Median.Value, 40./3600)
	countedShare(t, "in time", a.Within[0].Share, 1, 2)

	odds := func(margin float64) float64 { return 1 / (1 + math.Exp(-margin)) }
	equals(t, "calibration", spam.Calibrate.Error.Value, (2*odds(-2.4)+odds(-4)+(1-odds(-0.8))+(odds(4)+odds(2.4)-1))/6)
	countedShare(t, "the highest bin", spam.Calibrate.Bins[9].Abusive, 1, 2)
}

// TestEvalPartsOfAHandmadeStream looks at ages, windows (the stream is cut at 255 s), campaigns, personas, and the harms without figures.
func TestEvalPartsOfAHandmadeStream(t *testing.T) {
	events, truth, config := handmade(t)
	e, _ := evaluated(t, "--truth", truth, "--config", config, "--windows", "2", events)
	spam := e.Harms[models.Spam]
	unknown := spam.Ages[len(spam.Ages)-1]
	if unknown.Name != "unknown" || unknown.Positives != 2 || unknown.Negatives != 4 {
		t.Errorf("ages: %+v", unknown)
	}

	first, second := spam.Windows[0], spam.Windows[1]
	if first.Positives != 2 || first.Negatives != 1 || second.Positives != 0 || second.Negatives != 3 {
		t.Errorf("windows: %+v", spam.Windows)
	}
	equals(t, "AUC of the first window", first.AUC.Value, 1)
	countedShare(t, "drift", spam.Drift[0].Realised, 1, 3)
	equals(t, "drift", spam.Drift[0].Ratio, 100./3)

	if c := e.Campaigns; len(c) != 2 || c[0].Variant != "plain" || c[0].Action.Hits != 1 || c[1].Variant != "quarter_rate" || c[1].Action.Hits != 0 {
		t.Errorf("campaigns: %+v", e.Campaigns)
	}
	equals(t, "victims of one, which turned to a fifth when it was caught", e.Campaigns[0].Victims.Value, 4)
	equals(t, "victims of two, which never was", e.Campaigns[1].Victims.Value, 3)
	if p := e.Personas; len(p) != 2 || p[0].Persona != "coach" || p[0].Any.Hits != 1 || p[1].Accounts != 3 || p[1].Any.Hits != 0 {
		t.Errorf("personas: %+v", e.Personas)
	}
	scam, grooming := e.Harms[models.Scam], e.Harms[models.Grooming]
	if scam.Assessable || scam.Action != nil || !slices.Equal(scam.Missing, []string{"target_age"}) || !grooming.Off {
		t.Errorf("not assessable: %+v; off: %+v", scam, grooming)
	}
	if text := ok(t, "eval", "--truth", truth, "--config", config, events); !strings.Contains(text, "not assessable: missing target_age") {
		t.Errorf("%s", text)
	}
}

// TestEvalEndsAtTheOwnLabel: with a label on one between its third and fourth first contact, neither what comes after nor
// the label itself is counted, though the engine's own score goes over the threshold by it. The controls are the label after the fourth,
// and the verdicts of a replay.
func TestEvalEndsAtTheOwnLabel(t *testing.T) {
	events, truth, config := handmade(t)
	lines := strings.Split(strings.TrimSpace(string(contentOf(t, events))), "\n")
	for _, test := range []struct {
		after  int64
		caught int
		lifted string
		auc    float64 // the coach has 2.4, as one has after its fourth
	}{{135, 0, "9.8", 6. / 8}, {145, 1, "11.4", 6.5 / 8}} {
		label := fmt.Sprintf(`{"v":1,"id":"%032x","type":"label","at":%d,"target":%q,"category":"spam","verdict":"abusive"}`, 99, began+test.after*1000, someone("one"))
		at := slices.IndexFunc(lines, func(line string) bool { return strings.Contains(line, fmt.Sprint(began+(test.after+5)*1000)) })
		labelled := eventFile(t, slices.Insert(slices.Clone(lines), at, label)...)
		e, _ := evaluated(t, "--truth", truth, "--config", config, labelled)
		spam := e.Harms[models.Spam]
		if got := spam.Action.Recall; got.Hits != test.caught || got.Of != 2 || e.Accounts.Labelled != 1 {
			t.Errorf("a label at %d s: %d of %d caught, %d labelled", test.after, got.Hits, got.Of, e.Accounts.Labelled)
		}
		equals(t, "AUC", spam.Rankings[0].AUC.Value, test.auc)
		verdicts := filepath.Join(t.TempDir(), "verdicts.jsonl")
		ok(t, "replay", "--config", config, "--verdicts", verdicts, labelled)
		if !strings.Contains(string(contentOf(t, verdicts)), fmt.Sprintf(`"at":%d,"account":%q,"harm":"spam","assessable":true,"margin":%s`, began+test.after*1000, someone("one"), test.lifted)) {
			t.Errorf("the label lifts no score: this test shows nothing")
		}
	}
}
