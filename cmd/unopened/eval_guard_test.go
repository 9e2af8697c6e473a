package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/unopened/unopened/evaluate"
)

// fixed are the scenarios that are measured, each with some seeds: the spread over seeds is the noise.
var fixed = []struct {
	name  string
	seeds []string
}{{"realistic", []string{"1", "2", "3"}}, {"cells", []string{"1", "2"}}}

// guarded is a figure with its noise: the mean over seeds, and how far below that it may fall.
type guarded struct {
	Mean float64 `json:"mean"`
	Band float64 `json:"band"`
}

// leastBand is the noise that a figure has at least, however alike its seeds were; that of false alarms is a tenth, since they
// are rare.
const (
	leastBand  = 0.02
	leastAlarm = leastBand / 10
)

// easiest is the AUC that no single feature may reach in the cells, or the simulator is too easy to tell anything.
const easiest = 0.97

// TestEvaluation measures the shipped models on the fixed scenarios where UNOPENED_EVAL names the folder of the documents
// (make eval). It writes the tables of evaluation.md, and fails where a figure lies below that in evaluation.json by more than
// its noise. Where UNOPENED_EVAL_ACCEPT is set the figures become those that are guarded.
func TestEvaluation(t *testing.T) {
	docs := os.Getenv("UNOPENED_EVAL")
	if docs == "" {
		t.Skip("measures only where UNOPENED_EVAL names the folder of the documents (make eval)")
	}
	found, further := measureFixed(t)
	if err := writeFigures(filepath.Join(docs, "evaluation.md"), found, further); err != nil {
		t.Error(err)
	}
	name := filepath.Join(docs, "evaluation.json")
	now := figuresOf(found)
	before, err := readGuards(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range found["cells"] {
		for i := range e.Features {
			if f := &e.Features[i]; f.AUC > easiest {
				t.Errorf("cells: %s alone separates %s with an AUC of %.3f: the simulator is too easy", f.Feature, f.Harm, float64(f.AUC))
			}
		}
	}
	for _, worse := range fallen(before, now) {
		t.Error(worse)
	}
	if os.Getenv("UNOPENED_EVAL_ACCEPT") != "" || before == nil {
		text, err := json.MarshalIndent(now, "", "  ")
		if err := errors.Join(err, os.WriteFile(name, append(text, '\n'), 0o644)); err != nil {
			t.Error(err)
		}
	}
}

// further are the two questions beside: what evading costs, and what each messenger's servers allow.
type further struct {
	evasion  evasionAnswer
	profiles profilesAnswer
}

// measureFixed evaluates every scenario with every seed and asks the further questions, two things at a time.
func measureFixed(t *testing.T) (found map[string][]*evaluation, more further) {
	found = map[string][]*evaluation{}
	var wait sync.WaitGroup
	room := make(chan struct{}, 2)
	ask := func(what string, into any, args ...string) {
		wait.Go(func() {
			room <- struct{}{}
			defer func() { <-room }()
			if err := askEval(t, into, args...); err != nil {
				t.Errorf("%s: %v", what, err)
			}
			fmt.Println("measured", what)
		})
	}
	for _, sc := range fixed {
		all := make([]*evaluation, len(sc.seeds))
		found[sc.name] = all
		for i, seed := range sc.seeds {
			all[i] = &evaluation{Report: &evaluate.Report{}}
			ask(sc.name+", seed "+seed, all[i], "--scenario", sc.name, "--seed", seed, "--features", "--bootstrap", "100")
		}
	}
	ask("evasion", &more.evasion, "--evasion", "--scenario", "realistic", "--accounts", "16000", "--days", "8", "--evasion-accounts", "25")
	ask("profiles", &more.profiles, "--profiles", "--scenario", "realistic", "--accounts", "2500", "--days", "8", "--bootstrap", "60")
	if wait.Wait(); t.Failed() {
		t.FailNow()
	}
	return found, more
}

// askEval runs eval with --json and reads its answer.
func askEval(t *testing.T, into any, args ...string) error {
	cmd := evalCommand()
	cmd.SetContext(t.Context())
	var out bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetArgs(append(args, "--json"))
	cmd.SilenceUsage = true
	if err := cmd.Execute(); err != nil {
		return err
	}
	return json.Unmarshal(out.Bytes(), into)
}

// measures are the figures of a harm that are told and guarded, in the order of the table.
var measures = []struct {
	name string
	of   func(*evaluate.Harm) evaluate.Number
}{
	{"AUC", func(h *evaluate.Harm) evaluate.Number { return h.Rankings[0].AUC.Value }},
	{"average precision", func(h *evaluate.Harm) evaluate.Number { return h.Rankings[0].AP.Value }},
	{"recall at FPR 1 %", func(h *evaluate.Harm) evaluate.Number { return h.Rankings[0].Recall[1].Value }},
	{"recall at FPR 0.1 %", func(h *evaluate.Harm) evaluate.Number { return h.Rankings[0].Recall[0].Value }},
	{"recall at the action threshold", func(h *evaluate.Harm) evaluate.Number { return h.Action.Recall.Value }},
	{notFlagged, func(h *evaluate.Harm) evaluate.Number { return 1 - h.Action.FPR.Value }},
}

const notFlagged = "innocent not flagged"

// figuresOf names each guarded figure: scenario, harm, measure.
func figuresOf(found map[string][]*evaluation) map[string]guarded {
	figures := map[string]guarded{}
	for scenario, all := range found {
		for i := range all[0].Harms {
			for _, m := range measures {
				if values := overSeeds(all, i, m.of); len(values) == len(all) {
					least := leastBand
					if m.name == notFlagged {
						least = leastAlarm
					}
					figures[scenario+", "+all[0].Harms[i].Harm+", "+m.name] = noiseOf(values, least)
				}
			}
		}
	}
	return figures
}

// overSeeds is one measure of one harm in each evaluation; fewer where it has no value.
func overSeeds(all []*evaluation, harm int, of func(*evaluate.Harm) evaluate.Number) (values []float64) {
	for _, e := range all {
		if h := &e.Harms[harm]; h.Action != nil && of(h).Known() {
			values = append(values, float64(of(h)))
		}
	}
	return values
}

// noiseOf is the mean of a figure over seeds and three standard deviations of it.
func noiseOf(values []float64, least float64) guarded {
	var sum, squares float64
	for _, v := range values {
		sum += v
	}
	mean := sum / float64(len(values))
	for _, v := range values {
		squares += (v - mean) * (v - mean)
	}
	sd := math.Sqrt(squares / float64(max(1, len(values)-1)))
	return guarded{round4(mean), round4(max(least, 3*sd))}
}

func round4(x float64) float64 { return math.Round(x*1e4) / 1e4 }

// fallen names what lies below its guard by more than its noise, and what is guarded and no longer measured.
func fallen(before, now map[string]guarded) (worse []string) {
	for _, name := range slices.Sorted(maps.Keys(before)) {
		was := before[name]
		is, measured := now[name]
		switch {
		case !measured:
			worse = append(worse, fmt.Sprintf("%s: was %.3f and has no value now", name, was.Mean))
		case is.Mean < was.Mean-was.Band:
			worse = append(worse, fmt.Sprintf("%s: fell from %.3f to %.3f, and its noise is %.3f; mend it, or take it over with make eval ACCEPT=1 and say why",
				name, was.Mean, is.Mean, was.Band))
		}
	}
	return worse
}

// readGuards reads the guarded figures; nil where there are none yet.
func readGuards(name string) (before map[string]guarded, err error) {
	text, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return before, json.Unmarshal(text, &before)
}

func TestFallenFiguresAreFound(t *testing.T) {
	before := map[string]guarded{"a": {0.8, 0.05}, "b": {0.5, 0.02}, "c": {0.3, 0.02}}
	now := map[string]guarded{"a": {0.76, 0.01}, "b": {0.47, 0.02}, "d": {0.1, 0.1}}
	got := fallen(before, now)
	if len(got) != 2 || !strings.HasPrefix(got[0], "b: fell") || !strings.HasPrefix(got[1], "c: was 0.300") {
		t.Errorf("%q", got)
	}
	if n := noiseOf([]float64{0.7, 0.8, 0.9}, leastBand); n.Mean != 0.8 || math.Abs(n.Band-0.3) > 1e-9 {
		t.Errorf("%+v", n)
	}
	if n := noiseOf([]float64{0.5, 0.5}, leastAlarm); n.Band != leastAlarm {
		t.Errorf("%+v", n)
	}
}
