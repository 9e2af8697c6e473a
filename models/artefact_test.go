package models

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/go-json-experiment/json"
)

// update renews the lists of features and their digests in the shipped artefacts: go test ./models -run Shipped -update.
var update = flag.Bool("update", false, "renew /features and /digest of the shipped artefacts")

const shippedFolder = "../configs/models"

// shipped is the artefacts that come with the program.
func shipped(t testing.TB) map[string]string {
	files, err := filepath.Glob(shippedFolder + "/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no shipped artefacts: %v", err)
	}
	all := map[string]string{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all[filepath.Base(file)] = string(data)
	}
	return all
}

// loadShipped is the shipped set under the config.
func loadShipped(t testing.TB, cfg Config) *Set {
	set, err := Load(os.DirFS(shippedFolder), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func TestShippedArtefacts(t *testing.T) {
	covered := map[string]bool{}
	for file, text := range shipped(t) {
		if *update {
			text = reseal(t, file, text)
		}
		p, err := readPart(fstest.MapFS{file: {Data: []byte(text)}}, file)
		if err != nil {
			t.Error(err)
			continue
		}
		covered[p.Kind] = true
		if want := p.Name + ".json"; file != want {
			t.Errorf("%s holds %s; call it %s", file, p.Name, want)
		}
		if p.Provenance.Text == "" {
			t.Errorf("%s does not say where its parameters come from", file)
		}
		again, err := json.Marshal(p.Artefact)
		if err != nil {
			t.Fatal(err)
		}
		q, err := readPart(fstest.MapFS{file: {Data: again}}, file)
		if err != nil {
			t.Fatalf("after a round trip: %v", err)
		}
		if !reflect.DeepEqual(p.model, q.model) || !reflect.DeepEqual(p.needs, q.needs) || p.Digest != q.Digest {
			t.Errorf("%s is another model after a round trip", file)
		}
	}
	for kind := range kinds {
		if !covered[kind] {
			t.Errorf("no shipped artefact of kind %s", kind)
		}
	}
}

// reseal writes the features that the parameters use, and their digest, into a shipped artefact.
func reseal(t *testing.T, file, text string) string {
	var names, quoted []string
	for _, m := range regexp.MustCompile(`"feature": "([^"]*)"`).FindAllStringSubmatch(text, -1) {
		q := fmt.Sprintf("%q", m[1])
		if !strings.Contains(strings.Join(quoted, ","), q) {
			names, quoted = append(names, m[1]), append(quoted, q)
		}
	}
	list := regexp.MustCompile(`(?s)"features": \[[^\]]*\]`)
	text = list.ReplaceAllLiteralString(text, `"features": [`+"\n    "+strings.Join(quoted, ",\n    ")+"\n  ]")
	text = regexp.MustCompile(`"digest": "[^"]*"`).ReplaceAllLiteralString(text, fmt.Sprintf(`"digest": %q`, Digest(names)))
	if err := os.WriteFile(filepath.Join(shippedFolder, file), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return text
}

// TestBadArtefacts breaks one shipped artefact in one place each; the error names the file, the place and a remedy.
func TestBadArtefacts(t *testing.T) {
	all := shipped(t)
	card, guard := all["spam-card.json"], all["spam-guards.json"]
	for _, c := range []struct{ name, text, old, new, want string }{
		{"unknown key", card, `"version": 2`, `"version": 2, "threshold": 2`, "/threshold: unknown key; check its spelling or remove it"},
		{"unknown key below", card, `"bias":`, `"basis":`, "/parameters/basis: unknown key"},
		{"unknown key in a term", card, `"log1p": true, "points": [[2`, `"log1P": true, "points": [[2`, "/parameters/terms/0/log1P: unknown key"},
		{"key twice", card, `"version": 2`, `"version": 2, "version": 2`, "/version: correct this: jsontext: duplicate object member name"},
		{"wrong type", card, `"version": 2`, `"version": "1"`, "/version: correct this: "},
		{"no JSON", card, `{`, `[`, "spam-card.json: /: correct this: "},
		{"kind", card, `"kind": "scorecard"`, `"kind": "oracle"`, `/kind: no kind "oracle"; the kinds are guards, scorecard`},
		{"harm", card, `"harm": "spam"`, `"harm": "spams"`, `/harm: no harm "spams"; the harms are spam, scam`},
		{"version", card, `"version": 2`, `"version": 0`, "a version from 1"},
		{"day", card, `"created": "20`, `"created": "`, "is no day; write it like 2006-01-02"},
		{"unknown feature", card, `"first_contacts_1h"`, `"first_contacts_1y"`, `/features/0: no feature "first_contacts_1y" in this build's catalogue`},
		{"feature twice", card, `"first_contacts_1d"`, `"first_contacts_1h"`, `/features/1: "first_contacts_1h" is listed twice`},
		{"digest", card, `"digest": "`, `"digest": "0`, "/digest: does not belong to the features listed; if the list is as meant, write"},
		{"feature not listed", card, `{"feature": "first_contacts_1h"`, `{"feature": "sent_1m"`, `/parameters/terms/0/feature: feature "sent_1m" is not in /features`},
		{"feature not used", card, `{"feature": "first_contacts_1h"`, `{"feature": "first_contacts_1d"`, `/features/0: "first_contacts_1h" is listed but no parameter uses it`},
		{"falling calibration", card, `"slope": 1`, `"slope": -1`, "/calibration: the score must rise with the margin; give a slope above 0"},
		{"flat calibration", card, `"slope": 1`, `"slope": 0`, "/calibration: the score must rise"},
		{"no needs", card, `[["actor"], ["target"]]`, `[]`, "/needs: say what makes the harm assessable"},
		{"empty need", card, `[["actor"], ["target"]]`, `[["actor"], []]`, "/needs/1: an empty list can never be met"},
		{"unknown need", card, `[["actor"], ["target"]]`, `[["actor"], ["text"]]`, `/needs/1/0: the event contract has no field "text"`},
		{"points out of order", card, `"points": [[2, 0], [10, 1]`, `"points": [[2, 0], [2, 1]`, "/parameters/terms/0/points/1: x must rise"},
		{"one point", card, `"points": [[2, 0], [10, 1], [60, 2]]`, `"points": [[2, 0]]`, "/parameters/terms/0/points: at least two"},
		{"gate above 0", card, `[3, -7]`, `[3, 7]`, "/parameters/gates/0/any/0/points: a gate only pulls down"},
		{"gate without a name", card, `"name": "writes first to many"`, `"name": ""`, "/parameters/gates/0: a gate needs a name"},
		{"calibrated guards", guard, `"parameters"`, `"calibration": {"slope": 1, "offset": 0}, "parameters"`, "/calibration, /needs: not for kind guards"},
		{"rule without a name", guard, `"name": "writes`, `"name": "", "nome": "writes`, "/parameters/rules/0/nome: unknown key"},
		{"two limits", guard, `"at_least": 150`, `"at_least": 150, "at_most": 9`, `/parameters/rules/0/all/0: give one of "at_least" and "at_most"`},
	} {
		file := "spam-card.json"
		if c.text == guard {
			file = "spam-guards.json"
		}
		broken := strings.Replace(c.text, c.old, c.new, 1)
		if broken == c.text {
			t.Errorf("%s: %q is not in %s any more", c.name, c.old, file)
			continue
		}
		_, err := readPart(fstest.MapFS{file: {Data: []byte(broken)}}, file)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "model artefact "+file+": ") {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
	if _, err := readPart(fstest.MapFS{}, "none.json"); !strings.Contains(fmt.Sprint(err), fs.ErrNotExist.Error()) {
		t.Errorf("a missing file: %v", err)
	}
}
