package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/unopened/unopened/alerts"
	"github.com/unopened/unopened/ingest/simulate"
	"github.com/unopened/unopened/models"
)

// small is a small simulation.
var small = []string{"--accounts", "600", "--days", "3", "--campaign", "burst_spam=1", "--campaign", "grooming=6", "--campaign", "brigade=1", "--campaign", "takeover=4"}

// TestEvalIsTheSameAgain: the same JSON twice, whatever shards and batches, and out of files what the simulation says of
// itself; the control is another seed for the draws.
func TestEvalIsTheSameAgain(t *testing.T) {
	tiny := []string{"--accounts", "300", "--days", "2", "--campaign", "burst_spam=1", "--campaign", "grooming=6", "--campaign", "brigade=0", "--campaign", "takeover=4"}
	args := slices.Concat([]string{"--scenario", "demo", "--bootstrap", "20"}, tiny)
	_, want := evaluated(t, args...)
	events, truth := simulatedFiles(t, tiny...)
	files := []string{"--truth", truth, "--bootstrap", "20", "--windows", "1", "--features", events}
	_, wantFiles := evaluated(t, files...)
	for _, test := range []struct {
		args []string
		want string
	}{
		{args, want}, {andAlso(args, "--shards", "3"), want}, {andAlso(files, "--batch", "13"), wantFiles}, {andAlso(files, "--shards", "5"), wantFiles},
		{andAlso(args, "--windows", "1", "--features"), wantFiles},
	} {
		if _, got := evaluated(t, test.args...); unnamed(got) != unnamed(test.want) {
			t.Errorf("%v: other figures:\n%s", test.args, difference(unnamed(got), unnamed(test.want)))
		}
	}
	if _, other := evaluated(t, andAlso(args, "--eval-seed", "2")...); unnamed(other) == unnamed(want) {
		t.Error("another seed gives the same intervals: this test shows nothing")
	}
}

// andAlso is a command line with more flags.
func andAlso(args []string, more ...string) []string { return slices.Concat(args, more) }

// unnamed takes away what says where the stream came from: a simulation knows its days, files have a first and a last event.
func unnamed(text string) string {
	return regexp.MustCompile(`(?s)"stream": \{.*?\},`).ReplaceAllString(text, "")
}

// difference shows the first line that differs.
func difference(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return strings.Join(x[max(0, i-3):i+1], "\n") + "\nwant " + y[i]
		}
	}
	return "another length"
}

// TestEvalAgreesWithAlerts: who is over the action threshold in an evaluation is who gets an alert in a replay.
func TestEvalAgreesWithAlerts(t *testing.T) {
	events, truth := simulatedFiles(t, small...)
	lines := filepath.Join(t.TempDir(), "alerts.jsonl")
	ok(t, "replay", "--alerts", lines, events)
	known := truthOf(t, truth)
	right, wrong := map[string]map[string]bool{}, map[string]map[string]bool{}
	for _, name := range models.Names {
		right[name], wrong[name] = map[string]bool{}, map[string]bool{}
	}
	for dec := json.NewDecoder(bytes.NewReader(contentOf(t, lines))); ; {
		var a alerts.Alert
		if err := dec.Decode(&a); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		switch known[a.Account].Harm {
		case a.Harm:
			right[a.Harm][a.Account] = true
		case "":
			wrong[a.Harm][a.Account] = true
		}
	}
	all := 0
	e, _ := evaluated(t, "--truth", truth, events)
	for _, h := range e.Harms {
		all += len(right[h.Harm])
		if h.Action.Recall.Hits != len(right[h.Harm]) || h.Action.FPR.Hits != len(wrong[h.Harm]) {
			t.Errorf("%s: %d and %d over the threshold, %d and %d alerted", h.Harm, h.Action.Recall.Hits, h.Action.FPR.Hits, len(right[h.Harm]), len(wrong[h.Harm]))
		}
	}
	if all < 10 {
		t.Errorf("only %d alerts: this test shows nothing", all)
	}
}

// contentOf reads a file.
func contentOf(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// truthOf reads a simulator's truth.
func truthOf(t *testing.T, name string) map[string]simulate.Account {
	t.Helper()
	known := map[string]simulate.Account{}
	for dec := json.NewDecoder(bytes.NewReader(contentOf(t, name))); ; {
		var a simulate.Account
		if err := dec.Decode(&a); errors.Is(err, io.EOF) {
			return known
		} else if err != nil {
			t.Fatal(err)
		}
		known[a.Account] = a
	}
}

// TestEvalOfAShuffledTruth deals the accounts' names out anew: nothing is separated any more, by models or by rules.
func TestEvalOfAShuffledTruth(t *testing.T) {
	events, truth := simulatedFiles(t, "--accounts", "900", "--days", "2", "--campaign", "grooming=40", "--campaign", "takeover=40", "--campaign", "burst_spam=3")
	lines := strings.Split(strings.TrimSpace(string(contentOf(t, truth))), "\n")
	ids := make([]string, len(lines))
	id := regexp.MustCompile(`[0-9a-f]{32}`)
	for i, line := range lines {
		ids[i] = id.FindString(line)
	}
	r := rand.New(rand.NewPCG(1, 1))
	r.Shuffle(len(ids), func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
	from := regexp.MustCompile(`,"from":[0-9]+`) // else who came late would have less time
	for i, line := range lines {
		lines[i] = from.ReplaceAllString(id.ReplaceAllString(line, ids[i]), "")
	}
	e, _ := evaluated(t, "--truth", eventFile(t, lines...), "--bootstrap", "0", events)
	control, _ := evaluated(t, "--truth", truth, "--bootstrap", "0", events)
	for _, h := range []models.Harm{models.Spam, models.Grooming, models.Takeover} {
		for k, r := range e.Harms[h].Rankings {
			// With n positives the standard error of an AUC of 0.5 is at most sqrt(1/(12 n)) and a little.
			if n := float64(e.Harms[h].Positives); math.Abs(float64(r.AUC.Value)-0.5) > 4*math.Sqrt(1/(12*n)) {
				t.Errorf("%s by %s: AUC %v of %v positives", h, r.By, r.AUC.Value, n)
			}
			if k == 0 && control.Harms[h].Rankings[k].AUC.Value < 0.9 {
				t.Errorf("%s: AUC %v with the truth: the control shows nothing", h, control.Harms[h].Rankings[k].AUC.Value)
			}
		}
	}
}

// TestEvalWithLabels: labels reach the engine, end evaluations, and are counted.
func TestEvalWithLabels(t *testing.T) {
	args := []string{"--scenario", "demo", "--bootstrap", "0", "--accounts", "600", "--days", "9", "--campaign", "grooming=30", "--campaign", "burst_spam=1", "--campaign", "brigade=1", "--campaign", "takeover=4"}
	plain, _ := evaluated(t, args...)
	all, _ := evaluated(t, andAlso(args, "--labels", "1")...)
	if all.Labels["abusive"] < 40 || all.Accounts.Labelled != all.Labels["abusive"]+all.Labels["benign"] || plain.Accounts.Labelled != 0 || len(plain.Labels) != 0 {
		t.Errorf("labels %v, %d evaluations ended", all.Labels, all.Accounts.Labelled)
	}
	if all.Stream.Records != plain.Stream.Records+int64(all.Labels["abusive"]+all.Labels["benign"]) || all.Stream.Refused != 0 {
		t.Errorf("%d records with labels, %d without; %d refused", all.Stream.Records, plain.Stream.Records, all.Stream.Refused)
	}
	for h, with := range all.Harms {
		if without := plain.Harms[h]; with.Positives != without.Positives {
			t.Errorf("%s: %d positives with labels, %d without", with.Harm, with.Positives, without.Positives)
		}
	}
}

// TestEvalPage: the page is well-formed, has every table of the terminal, and needs nothing from elsewhere.
func TestEvalPage(t *testing.T) {
	name := filepath.Join(t.TempDir(), "page.html")
	text := ok(t, append([]string{"eval", "--scenario", "demo", "--bootstrap", "10", "--html", name, "--features"}, small...)...)
	page := string(contentOf(t, name))
	dec := xml.NewDecoder(strings.NewReader(page))
	dec.Entity = xml.HTMLEntity
	names := map[string]int{}
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("the page is not well-formed: %v", err)
		}
		if e, ok := token.(xml.StartElement); ok {
			names[e.Name.Local]++
			for _, a := range e.Attr {
				if slices.Contains([]string{"src", "href", "srcset", "data", "action"}, a.Name.Local) || strings.HasPrefix(a.Name.Local, "on") {
					t.Errorf("<%s %s=%q>", e.Name.Local, a.Name.Local, a.Value)
				}
			}
		}
	}
	if names["svg"] < 10 || names["table"] < 8 || names["script"]+names["link"]+names["img"] > 0 {
		t.Errorf("elements %v", names)
	}
	outside := strings.ReplaceAll(page, `xmlns="http://www.w3.org/2000/svg"`, "")
	for _, foreign := range []string{"http:", "https:", "//", "url(", "@import"} {
		if strings.Contains(outside, foreign) {
			t.Errorf("the page has %q", foreign)
		}
	}
	for _, part := range []string{"burst_spam", "first_contacts_1d", "Who is hurt", "scheme: dark", "@media print"} {
		if !strings.Contains(page, part) {
			t.Errorf("the page lacks %q", part)
		}
	}
	if !strings.Contains(text, "RECALL AT BUDGET") || !strings.Contains(text, "took ") {
		t.Errorf("the terminal: %s", text)
	}
}

// TestEvalTellsWhatIsWrong names the place and the remedy.
func TestEvalTellsWhatIsWrong(t *testing.T) {
	events, truth, _ := handmade(t)
	others := eventFile(t, `{"account":"`+strings.Repeat("0", 31)+`1","persona":"x"}`, `{"account":"`+strings.Repeat("0", 31)+`2","campaign":"x","harm":"spam"}`)
	onlyBad := eventFile(t, `{"account":"`+strings.Repeat("0", 31)+`1","persona":"x"}`, `{"account":"`+someone("one")+`","campaign":"x","harm":"spam"}`)
	empty := eventFile(t)
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{events}, "--truth goes with files"},
		{[]string{"--truth", truth}, "name files of events, or give --scenario"},
		{[]string{"--scenario", "demo", "--truth", truth}, "a simulation knows the truth"},
		{[]string{"--truth", truth, "--days", "2", events}, "--days goes with --scenario"},
		{[]string{"--truth", truth, "-"}, "--windows 1"},
		{[]string{"--truth", truth, "--labels", "1.5", events}, "--labels: 1.5 is not between 0 and 1"},
		{[]string{"--truth", truth, "--windows", "65", events}, "--windows: 65 is not between 1 and 64"},
		{[]string{"--truth", truth, "--html", events, events}, "--html " + events + " would overwrite what is read"},
		{[]string{"--truth", events, events}, events + `, line 1: json: unknown field "v"`},
		{[]string{"--truth", others, events}, "these are other events, or other pseudonyms"},
		{[]string{"--truth", onlyBad, events}, "no harm has a negative"},
		{[]string{"--truth", truth, empty}, "has no event that was accepted"},
	} {
		out, err := run(t, append([]string{"eval"}, test.args...)...)
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(out, "AUC") {
			t.Errorf("eval %v: %v, want %q", test.args, err, test.want)
		}
	}
}
