package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A simulation beside itself is like itself, and fewer days are fewer messages.
func TestShapeOfFilesSideBySide(t *testing.T) {
	events, _ := simulatedFiles(t)
	page := filepath.Join(t.TempDir(), "shape.html")
	var both, first struct {
		Files []struct {
			Messages int64 `json:"direct_messages"`
			Measures []struct {
				Name      string
				Quantiles map[string]float64
			}
		}
	}
	if err := json.Unmarshal([]byte(ok(t, "shape", "--json", "--html", page, events, events)), &both); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(ok(t, "shape", "--json", "--days", "1", events)), &first); err != nil {
		t.Fatal(err)
	}
	a, b := &both.Files[0], &both.Files[1]
	if a.Messages != b.Messages || len(a.Measures) != 10 || first.Files[0].Messages >= a.Messages || first.Files[0].Messages == 0 {
		t.Errorf("%d and %d messages, %d on the first day", a.Messages, b.Messages, first.Files[0].Messages)
	}
	for i := range a.Measures {
		if a.Measures[i].Quantiles["50%"] != b.Measures[i].Quantiles["50%"] {
			t.Errorf("%s differs from itself", a.Measures[i].Name)
		}
	}
	text, err := os.ReadFile(page)
	if err != nil || strings.Count(string(text), "<svg") != 10 || strings.Contains(string(text), "Evaluation") {
		t.Errorf("%v: %d plots", err, strings.Count(string(text), "<svg"))
	}
}

func TestShapeOfNothing(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "none.jsonl")
	if err := os.WriteFile(empty, []byte("{}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"shape", empty}, {"shape", "--days", "-1", empty}, {"shape", "--html", empty, empty}} {
		if _, err := run(t, args...); err == nil {
			t.Errorf("%v is no error", args)
		}
	}
}
