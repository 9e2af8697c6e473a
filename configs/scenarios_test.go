package configs

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/unopened/unopened/ingest/simulate"
)

func TestScenariosThatShipAreSound(t *testing.T) {
	for _, name := range ScenarioNames() {
		sc, err := LoadScenario(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, split := range []simulate.Split{simulate.Train, simulate.Test} {
			sc.Split = split
			if err := sc.Validate(); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func TestDemoScenarioIsTheDefault(t *testing.T) {
	sc, err := LoadScenario("demo")
	if err != nil {
		t.Fatal(err)
	}
	want := simulate.Default()
	want.Hostile, want.Repeats = 0, 0
	if !reflect.DeepEqual(*sc, want) {
		t.Errorf("%+v\nwant\n%+v", *sc, want)
	}
}

// Each cell has its hundred accounts, each persona its thousand, and no campaign is forgotten.
func TestCellsHaveEveryCampaignVariantAndPersona(t *testing.T) {
	sc, err := LoadScenario("cells")
	if err != nil {
		t.Fatal(err)
	}
	planned := map[string]int{}
	for _, p := range sc.Campaigns {
		planned[p.Kind+"/"+p.Variant] = p.Accounts
	}
	kinds, fits := simulate.Kinds()
	for _, kind := range kinds {
		for _, variant := range fits[kind] {
			if planned[kind+"/"+variant] < 100 {
				t.Errorf("%s/%s has %d accounts", kind, variant, planned[kind+"/"+variant])
			}
		}
	}
	for _, persona := range simulate.Personas() {
		if n := sc.Personas[persona] * float64(sc.Accounts); n < 1000 {
			t.Errorf("%.0f accounts of %s", n, persona)
		}
	}
}

func TestRealisticScenarioHasFewAbusers(t *testing.T) {
	sc, err := LoadScenario("realistic")
	if err != nil {
		t.Fatal(err)
	}
	bad := 0
	truth := simulate.New(*sc).Truth()
	for i := range truth {
		if truth[i].Campaign != "" {
			bad++
		}
	}
	if share := float64(bad) / float64(len(truth)); share > 0.02 || share < 0.005 {
		t.Errorf("%.2f %% of accounts are abusive", 100*share)
	}
}

// The scenario that docs/simulator.md shows can be run.
func TestScenarioOfThePageIsSound(t *testing.T) {
	page, err := os.ReadFile("../docs/simulator.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(page), "```yaml\n")
	text, _, found := strings.Cut(text, "```")
	sc, err := parseScenario([]byte(text))
	if err != nil || !found {
		t.Fatal(err)
	}
	if err := sc.Validate(); err != nil || len(sc.Campaigns) == 0 {
		t.Errorf("%d campaigns, %v", len(sc.Campaigns), err)
	}
}

func TestScenarioErrorsNamePlaceAndRemedy(t *testing.T) {
	for text, words := range map[string][]string{
		"dais: 3":                         {"line 1", "dais"},
		"start: yesterday":                {"start", "2026-01-05"},
		"days: 3\n---\ndays: 4":           {"second YAML document"},
		"campaigns:\n  - {kid: grooming}": {"line 2", "kid"},
	} {
		name := filepath.Join(t.TempDir(), "x.yaml")
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := LoadScenario(name)
		for _, word := range append(words, name) {
			if err == nil || !strings.Contains(err.Error(), word) {
				t.Errorf("%q: no %q in %v", text, word, err)
			}
		}
	}
	if _, err := LoadScenario("cels"); err == nil || !strings.Contains(err.Error(), "cells") {
		t.Errorf("%v", err)
	}
}
