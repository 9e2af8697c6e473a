package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/unopened/unopened/alerts"
	"github.com/unopened/unopened/configs"
	"github.com/unopened/unopened/ingest"
	"github.com/unopened/unopened/ingest/kafka"
)

// TestWrongFilesAreToldAtOnce checks a configuration that names files which are missing, or hold something else.
func TestWrongFilesAreToldAtOnce(t *testing.T) {
	dir := t.TempDir()
	junk, secret, config := filepath.Join(dir, "junk"), filepath.Join(dir, "secret"), filepath.Join(dir, "unopened.yaml")
	if err := errors.Join(os.WriteFile(junk, []byte("junk"), 0o600), writeWebhookSecret(secret)); err != nil {
		t.Fatal(err)
	}
	c := configs.DefaultConfig()
	c.Data = filepath.Join(dir, "data")
	c.Alerts.Webhooks = []alerts.WebhookConfig{{Name: "good", URL: "https://one.example/", SecretFile: secret}}
	check := func() (string, error) {
		t.Helper()
		if err := c.Save(config); err != nil {
			t.Fatal(err)
		}
		return run(t, "check", "--json", "--config", config)
	}
	var found sound
	if out, err := check(); err != nil || json.Unmarshal([]byte(out), &found) != nil || !found.Sound || len(found.Harms) != 6 {
		t.Fatalf("the control, which is sound: %v, %s", err, out)
	}
	if _, err := os.Stat(c.Data); err == nil {
		t.Error("a check made the data folder")
	}
	c.Alerts.KeyFile, c.Store.PasswordFile = filepath.Join(dir, "no.key"), filepath.Join(dir, "no.password")
	c.Alerts.Webhooks = append(c.Alerts.Webhooks, alerts.WebhookConfig{Name: "a", URL: "https://two.example/", SecretFile: junk},
		alerts.WebhookConfig{Name: "b", URL: "https://three.example/", SecretFile: filepath.Join(dir, "no.secret")})
	c.Kafka.TLS = kafka.TLS{Enabled: true, CAFile: junk}
	c.Kafka.SASL = kafka.SASL{Mechanism: "plain", Username: "u", PasswordFile: filepath.Join(dir, "no.sasl")}
	_, err := check()
	var usage usageError
	if !errors.As(err, &usage) {
		t.Fatal(err)
	}
	for _, want := range []string{"alerts.key_file: ", "alerts.webhooks[1]: ", "alerts.webhooks[2]: ", "kafka.tls.ca_file: ",
		"kafka.sasl.password_file: ", "store.password_file: "} {
		if strings.Count(err.Error(), want) != 1 {
			t.Errorf("%v, want one %s", err, want)
		}
	}
	if strings.Contains(err.Error(), "webhooks[0]") {
		t.Errorf("%v, but the first webhook is sound", err)
	}
}

// TestWrongStoreSaysNothingWasRecorded asks for what an embedded engine would have, that never was, and makes none.
func TestWrongStoreSaysNothingWasRecorded(t *testing.T) {
	c := configs.DefaultConfig()
	c.Data = filepath.Join(t.TempDir(), "data")
	config := filepath.Join(t.TempDir(), "unopened.yaml")
	if err := c.Save(config); err != nil {
		t.Fatal(err)
	}
	for _, args := range []string{"alerts list", "alerts show x", "query top_accounts", "explain " + strings.Repeat("0", 32)} {
		_, err := run(t, append(strings.Fields(args), "--config", config)...)
		if err == nil || !strings.Contains(err.Error(), "nothing was recorded in "+c.Data) {
			t.Errorf("%s: %v", args, err)
		}
	}
	if _, err := os.Stat(c.Data); err == nil {
		t.Error("a question made the data folder")
	}
}

// TestPseudonymsNeedTheKey holds the command against the contract's definition, and another key against it.
func TestPseudonymsNeedTheKey(t *testing.T) {
	dir := t.TempDir()
	one, other := filepath.Join(dir, "one.key"), filepath.Join(dir, "other.key")
	ok(t, "keys", "new", one)
	ok(t, "keys", "new", other)
	if _, err := run(t, "keys", "new", one); err == nil {
		t.Error("a key was overwritten")
	}
	users := filepath.Join(dir, "users.txt")
	if err := os.WriteFile(users, []byte("alice\nbob\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	key, err := ingest.ReadKey(one)
	if err != nil {
		t.Fatal(err)
	}
	names := ingest.NewPseudonymiser(key)
	want := fmt.Sprintln(names.ID(ingest.DomainAccount, "alice")) + fmt.Sprintln(names.ID(ingest.DomainAccount, "bob"))
	if got := ok(t, "keys", "pseudonymise", "--key-file", one, users); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := ok(t, "keys", "pseudonymise", "--key-file", other, users); got == want {
		t.Error("another key gives the same pseudonyms")
	}
	if got := ok(t, "keys", "pseudonymise", "--key-file", one, "--domain", "device", users); len(strings.Fields(got)[0]) != 16 {
		t.Errorf("a device is %q", got)
	}
}

// TestImportedIsReplayed brings a CSV of somebody's own through import, check and replay.
func TestImportedIsReplayed(t *testing.T) {
	dir := t.TempDir()
	log, events := filepath.Join(dir, "log.csv"), filepath.Join(dir, "events.jsonl.zst")
	text := "from,to,when\nann,bo,1000000000\nbo,ann,1000000060\nann,ann,1000000100\nann,cy,1000000200\n"
	if err := os.WriteFile(log, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	ok(t, "import", "--actor", "from", "--target", "to", "--at", "when", "--unit", "s", "--type", "message", "--header", "--out", events, log)
	var found checked
	if err := json.Unmarshal([]byte(ok(t, "check", "--events", events, "--json")), &found); err != nil {
		t.Fatal(err)
	}
	if found.Events.Accepted != 3 || len(found.Events.Refused) != 0 || found.Types["message"] != 3 {
		t.Errorf("%+v, want the three messages that are not to oneself", found)
	}
	var sum accounting
	if err := json.Unmarshal([]byte(ok(t, "replay", "--json", events)), &sum); err != nil {
		t.Fatal(err)
	}
	if sum.Events.Accepted != 3 || sum.Sides.Applied != 6 || sum.Accounts != 3 || sum.StateHash == "" {
		t.Errorf("%+v", sum)
	}
}

// TestRefusedLeavesNoTrace puts a canary into fields, names and values of refused records: no output has it, and the
// dead letters have place, reason and size alone. The control finds it in the file itself.
func TestRefusedLeavesNoTrace(t *testing.T) {
	const canary = "CANARY4f1d"
	dir := t.TempDir()
	good, _ := simulatedFiles(t)
	text, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	bad := []string{
		`{"v":1,"text":"` + canary + `"}`, `{"` + canary + `":1}`, `{"v":1,"type":"` + canary + `"}`, canary,
		`{"v":1,"id":"` + canary + `\u0041"}`, `{"v":{"a":"` + canary + `"}}`, strings.Repeat(canary, 300), `{"v":1}` + canary,
	}
	events, letters, verdicts := filepath.Join(dir, "e.jsonl"), filepath.Join(dir, "letters.jsonl"), filepath.Join(dir, "v.jsonl")
	if err := os.WriteFile(events, append(text, []byte(strings.Join(bad, "\n")+"\n")...), 0o600); err != nil {
		t.Fatal(err)
	}
	out := ok(t, "check", "--events", events) + ok(t, "check", "--events", events, "--json") +
		ok(t, "replay", "--json", "--dead-letters", letters, "--verdicts", verdicts, events)
	for _, name := range []string{letters, verdicts} {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		out += string(b)
	}
	if strings.Contains(out, canary) {
		t.Error("something of a refused record came out")
	}
	if b, _ := os.ReadFile(events); !strings.Contains(string(b), canary) {
		t.Error("the control does not find the canary either")
	}
	if n := strings.Count(out, `"size_log2"`); n != len(bad) {
		t.Errorf("%d dead letters for %d refusals", n, len(bad))
	}
}
