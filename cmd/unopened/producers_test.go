package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/unopened/unopened/ingest"
)

// producers are the programs of docs/producers, by the runtime that each needs.
var producers = []struct {
	runtime string
	args    []string
	bonus   bool // neither Go nor the tests' broker brings it, so that it may be missing in continuous integration too
}{
	{"go", []string{"run", "producer.go"}, false},
	{"java", []string{"Producer.java"}, false},
	{"python3", []string{"producer.py"}, false},
	{"elixir", []string{"producer.exs"}, true},
	{"escript", []string{"producer.escript"}, true},
}

const producersFolder = "../../docs/producers"

// producing runs a program on a log and returns what it prints, and what it says when it fails.
func producing(t *testing.T, runtime string, args []string, log []byte) (out []byte, told string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), runtime, args...)
	cmd.Dir, cmd.Stdin = producersFolder, bytes.NewReader(log)
	out, err := cmd.Output()
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		return out, string(failed.Stderr)
	} else if err != nil {
		t.Fatal(err)
	}
	return out, ""
}

// TestProducersWriteTheSame runs each program on the same log: all write records.jsonl, byte for byte. Each refuses a key
// that others can read, and tells nothing of a line that it does not understand.
func TestProducersWriteTheSame(t *testing.T) {
	log, err := os.ReadFile(filepath.Join(producersFolder, "log.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	key, open := filepath.Join(t.TempDir(), "pseudonym.key"), filepath.Join(t.TempDir(), "open.key")
	if err := errors.Join(os.WriteFile(key, []byte(producersKey), 0o600), os.WriteFile(open, []byte(producersKey), 0o600), os.Chmod(open, 0o640)); err != nil {
		t.Fatal(err)
	}
	want := producedRecords(t, key, string(log))
	for _, p := range producers {
		t.Run(p.runtime, func(t *testing.T) {
			if _, err := exec.LookPath(p.runtime); err != nil {
				if os.Getenv("CI") == "true" && !p.bonus {
					t.Fatal(err)
				}
				t.Skip("this machine lacks", p.runtime)
			}
			if got, told := producing(t, p.runtime, append(slices.Clone(p.args), key), log); string(got) != want || told != "" {
				t.Errorf("%s\n got %s\nwant %s", told, got, want)
			}
			if got, told := producing(t, p.runtime, append(slices.Clone(p.args), open), log); len(got) > 0 || !strings.Contains(told, "chmod 600") {
				t.Errorf("a key that others can read: %s %s", told, got)
			}
			const canary = "CANARY4f1d"
			spoilt := bytes.Replace(log, []byte("\tsent\t"), []byte("\t"+canary+"\xff\t"), 1)
			got, told := producing(t, p.runtime, append(slices.Clone(p.args), key), spoilt)
			if first, _, _ := strings.Cut(want, "\n"); string(got) != first+"\n" || !strings.Contains(told, "line 2 is not as README.md says") ||
				strings.Contains(told, canary) || strings.Contains(told, producersKey[:16]) {
				t.Errorf("a line that is not understood: %q, %s", told, got)
			}
		})
	}
}

// producersKey is the key of records.jsonl.
var producersKey = strings.Repeat("0123456789abcdef", 4) + "\n"

// producedRecords returns records.jsonl (-update makes it by the first program), after it was seen that each line is
// accepted and has the pseudonyms that `keys pseudonymise` makes of the log's identifiers.
func producedRecords(t *testing.T, key, log string) string {
	t.Helper()
	name := filepath.Join(producersFolder, "records.jsonl")
	if *update {
		made, told := producing(t, producers[0].runtime, append(slices.Clone(producers[0].args), key), []byte(log))
		if err := os.WriteFile(name, made, 0o644); err != nil || told != "" {
			t.Fatal(err, told)
		}
	}
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := ingest.ReadKey(key)
	if err != nil {
		t.Fatal(err)
	}
	named := func(domain, identifier string) string {
		var out strings.Builder
		if err := pseudonymise(strings.NewReader(identifier), &out, secret, domain); err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(out.String()) // of no identifier, nothing
	}
	lines, records := strings.Split(strings.TrimSpace(log), "\n"), strings.Split(strings.TrimSpace(string(text)), "\n")
	if len(lines) != len(records) {
		t.Fatalf("%d records of %d lines", len(records), len(lines))
	}
	for i, record := range records {
		var d ingest.Decoder
		var ev ingest.Event
		if r := d.Decode(&ev, []byte(record)); r != ingest.Accepted {
			t.Errorf("%s: %s", r, record)
		}
		c := strings.Split(lines[i], "\t")
		for field, want := range map[string]string{
			"actor": named("account", c[3]), "target": named("account", c[4]), "conversation": named("conversation", c[5]),
			"device": named("device", c[8]), "network": named("network", c[9]),
		} {
			if has := strings.Contains(record, `"`+field+`":"`); has != (want != "") || has && !strings.Contains(record, `"`+field+`":"`+want+`"`) {
				t.Errorf("%s is not %q in %s", field, want, record)
			}
		}
	}
	return string(text)
}
