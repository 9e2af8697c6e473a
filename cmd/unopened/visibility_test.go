package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/unopened/unopened/configs"
	"github.com/unopened/unopened/engine"
	"github.com/unopened/unopened/ingest"
)

// TestEveryEventUnderEveryProfile restricts a simulation by each profile in both readings: what is left is of the contract
// in JSON and Protobuf, and another time changes nothing more.
func TestEveryEventUnderEveryProfile(t *testing.T) {
	events, _ := simulatedFiles(t)
	lines := linesOf(t, events)
	decoder, protobuf := ingest.Decoder{}, ingest.Decoder{Encoding: ingest.Protobuf}
	for _, name := range configs.ProfileNames() {
		p, err := configs.LoadProfile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, doubtful := range []bool{false, true} {
			mask, left, changed := p.Mask(doubtful), 0, 0
			for _, line := range lines {
				var ev, back, again ingest.Event
				if r := decoder.Decode(&ev, line); r != ingest.Accepted {
					t.Fatal(r)
				}
				was := ev
				if !mask.Apply(&ev) {
					continue
				}
				left++
				if ev != was {
					changed++
				}
				again = ev
				if r := decoder.Decode(&back, ingest.AppendJSON(nil, &ev)); r != ingest.Accepted || back != ev || !mask.Apply(&again) || again != ev {
					t.Fatalf("%s, doubts seen %v: %s of %s", name, doubtful, r, line)
				}
				if r := protobuf.Decode(&back, ingest.AppendProtobuf(nil, &ev)); r != ingest.Accepted || back != ev {
					t.Fatalf("%s, doubts seen %v, as Protobuf: %s of %s", name, doubtful, r, line)
				}
			}
			if left == 0 || !doubtful && changed == 0 {
				t.Errorf("%s, doubts seen %v: of %d lines %d are left, %d changed", name, doubtful, len(lines), left, changed)
			}
		}
	}
}

// TestRestrictedAtEveryDoor restricts one simulation as it is written, as it is replayed, as it is checked and as a service
// splits it: all see the same, and to restrict what was restricted changes nothing. The whole is the control.
func TestRestrictedAtEveryDoor(t *testing.T) {
	const profile = "whatsapp"
	events, _ := simulatedFiles(t)
	written, _ := simulatedFiles(t, "--profile", profile)
	replayed := func(args ...string) (a accounting) {
		t.Helper()
		if err := json.Unmarshal([]byte(ok(t, append([]string{"replay", "--json"}, args...)...)), &a); err != nil {
			t.Fatal(err)
		}
		return a
	}
	whole, once := replayed(events), replayed("--profile", profile, events)
	if once.StateHash == whole.StateHash || once.Events.Unseen["contact_request"] == 0 {
		t.Errorf("nothing was restricted: %+v", once)
	}
	for _, args := range [][]string{{written}, {"--profile", profile, written}, {"--config", restrictedConfig(t, profile), events}} {
		if a := replayed(args...); a.StateHash != once.StateHash || a.Sides != once.Sides || a.Events.Accepted != once.Events.Accepted {
			t.Errorf("%v: %+v, and %+v", args, a, once)
		}
	}
	found := checkJSON(t, "--events", events, "--profile", profile)
	if found.Events.Accepted != once.Events.Accepted || found.Fields["forwards"].Records != 0 || found.Profile != profile ||
		found.harm("grooming").Assessable || !found.harm("spam").Assessable || len(found.Events.Unseen) != len(once.Events.Unseen) {
		t.Errorf("check: %+v", found)
	}
	if control := checkJSON(t, "--events", events); control.Fields["forwards"].Records == 0 || !control.harm("grooming").Assessable {
		t.Errorf("the control: %+v", control)
	}
	cfg, _, cluster := fakeKafka(t)
	lines := linesOf(t, events)
	sendLines(t, cluster, lines)
	cfg.Engine.Visibility.Profile = profile
	counts := (&encodedTopic{cfg: *cfg}).split(t, int64(len(lines)))
	if wrong := (&engine.Stats{Split: counts}).Unbalanced(); wrong != nil {
		t.Errorf("the service's accounts: %v", wrong)
	}
	if counts.Accepted != once.Events.Accepted || counts.UnseenTotal() != counts.Fetched-counts.Accepted || counts.Fetched != int64(len(lines)) {
		t.Errorf("the service: %+v, the replay accepted %d", counts, once.Events.Accepted)
	}
}

// restrictedConfig writes a configuration that names a profile.
func restrictedConfig(t *testing.T, profile string) string {
	t.Helper()
	cfg := configs.DefaultConfig()
	cfg.Data, cfg.Engine.Visibility.Profile = t.TempDir(), profile
	return saved(t, &cfg)
}

// TestImportedUnderAProfile imports messages with a sender under Signal's profile: they have none.
func TestImportedUnderAProfile(t *testing.T) {
	dir := t.TempDir()
	log, out := filepath.Join(dir, "log.csv"), filepath.Join(dir, "out.jsonl")
	if err := os.WriteFile(log, []byte("anna,ben,1700000000,message\nben,anna,1700000060,call\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"import", "--actor", "1", "--target", "2", "--at", "3", "--column", "type=4", "--out", out, log}
	ok(t, args...)
	if whole := linesOf(t, out); len(whole) != 2 || !bytes.Contains(whole[0], []byte(`"actor"`)) {
		t.Errorf("the control: %s", bytes.Join(whole, []byte("\n")))
	}
	ok(t, append(args, "--profile", "signal")...)
	if left := linesOf(t, out); len(left) != 1 || bytes.Contains(left[0], []byte(`"actor"`)) || !bytes.Contains(left[0], []byte(`"target"`)) {
		t.Errorf("%s", bytes.Join(left, []byte("\n")))
	}
}
