package main

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/unopened/unopened"

// law is what each package may import of ours: rooms before it in the order of the data, and what lies beneath it.
var law = map[string][]string{
	"ingest":             {},
	"ingest/file":        {"ingest"},
	"ingest/kafka":       {"ingest"},
	"ingest/kafka/local": {},
	"ingest/simulate":    {"ingest"},
	"evaluate":           {"ingest", "features", "models"},
	"features":           {"ingest", "features/sketch"},
	"features/sketch":    {},
	"models":             {"ingest", "features"},
	"alerts":             {"ingest", "features", "models"},
	"engine":             {"ingest", "ingest/file", "features", "models", "alerts"},
	"engine/local":       {},
	"store":              {"ingest", "features", "models", "alerts", "store/local"},
	"store/local":        {},
	"configs":            {"ingest", "ingest/kafka", "ingest/simulate", "features", "models", "alerts", "engine", "store"},
}

// listed is one package as the go command lists it.
type listed struct {
	ImportPath string
	Imports    []string
}

// packages lists our packages with what they import, tests apart.
func packages(t *testing.T) []listed {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", module+"/...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []listed
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

// unlawful returns the imports of ours that the law does not give a package.
func unlawful(name string, imports []string) []string {
	if name == "cmd/unopened" {
		return nil
	}
	var bad []string
	allowed, known := law[name]
	for _, path := range imports {
		if ours, ok := strings.CutPrefix(path, module+"/"); ok && (!known || !slices.Contains(allowed, ours)) {
			bad = append(bad, ours)
		}
	}
	return bad
}

func TestImportLaw(t *testing.T) {
	for _, p := range packages(t) {
		name := strings.TrimPrefix(p.ImportPath, module+"/")
		if _, ok := law[name]; !ok && name != "cmd/unopened" {
			t.Errorf("package %s has no place in the law; ARCHITECTURE.md says where code goes", name)
		}
		for _, bad := range unlawful(name, p.Imports) {
			t.Errorf("%s imports %s", name, bad)
		}
	}
	if len(unlawful("ingest", []string{module + "/engine"})) != 1 {
		t.Error("the law would let ingest import engine: this test shows nothing")
	}
}

// TestThirdPartyHasOneDoor holds that a module from elsewhere is imported by one package, so that it can be replaced.
func TestThirdPartyHasOneDoor(t *testing.T) {
	doors := map[string][]string{}
	for _, p := range packages(t) {
		seen := map[string]bool{}
		for _, path := range p.Imports {
			host, _, _ := strings.Cut(path, "/")
			if strings.HasPrefix(path, module) || !strings.Contains(host, ".") {
				continue
			}
			if m := moduleOf(path); !seen[m] {
				seen[m] = true
				doors[m] = append(doors[m], strings.TrimPrefix(p.ImportPath, module+"/"))
			}
		}
	}
	if len(doors) < 5 {
		t.Fatalf("only %d third-party modules found: this test looks at nothing", len(doors))
	}
	for m, by := range doors {
		if len(by) > 1 && !shared[m] {
			t.Errorf("%s is imported by %s", m, strings.Join(by, " and "))
		}
	}
}

// shared are modules of which more than one package may use a part, each with its reason.
var shared = map[string]bool{
	"github.com/dchest/siphash":     true, // one function, used where bytes are hashed
	"github.com/minio/minio-go":     true, // checkpoints, and the server for tests makes its bucket by it
	"github.com/klauspost/compress": true, // files are one use of it, the limit on what a batch may inflate to another, checkpoints a third
	"golang.org/x/sys":              true, // the system's own calls
}

// moduleOf is the first three elements of an import path (two for hosts whose modules are that short).
func moduleOf(path string) string {
	parts := strings.Split(path, "/")
	n := 3
	if parts[0] == "code.dny.dev" || parts[0] == "go.yaml.in" {
		n = 2
	}
	return strings.Join(parts[:min(n, len(parts))], "/")
}
