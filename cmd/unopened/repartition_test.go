package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/unopened/unopened/configs"
	"github.com/unopened/unopened/ingest/kafka"
	"github.com/unopened/unopened/ingest/simulate"
)

// days puts two simulated days into the raw topic, which begin so many days ago.
func (d *deployment) days(ago int) {
	d.t.Helper()
	sc := recently(300)
	sc.Days, sc.Start = 2, time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -ago).UnixMilli()
	sc.Set("burst_spam", simulate.Plain, 1).Set("brigade", simulate.Plain, 1)
	all, err := produce(d.t.Context(), d.cluster, simulate.New(sc), func(produced) {})
	if err != nil {
		d.t.Fatal(err)
	}
	d.records += all.Records
	d.sides += all.Sides
}

// TestRepartitionGuide runs every command of docs/repartition.md as it stands there, on a real broker and ClickHouse, with
// more records before and after the move: the hash is the same over the move, the run after it has the state of a replay of
// the new topic on what was moved, every side has its row, and each account lies where it belongs. The controls: a replay
// with empty hands differs, and a service of the old configuration refuses. (Kills and forgotten parts are in engine.)
func TestRepartitionGuide(t *testing.T) {
	guide, err := os.ReadFile("../../docs/repartition.md")
	if err != nil {
		t.Fatal(err)
	}
	d := deploy(t)
	t.Chdir(d.dir)
	d.days(6)
	before := d.finish(d.start())
	next, err := configs.Parse([]byte(strings.ReplaceAll("\n"+string(guideYAML.FindSubmatch(guide)[1]), "\n   ", "\n")))
	if err != nil {
		t.Fatal(err)
	}
	to := next.Kafka.Topics.Account
	d.refusals(to)
	var after, replayed accounting
	for i, line := range guideCommand.FindAllStringSubmatch(string(guide), -1) {
		args := strings.Fields(line[1])
		switch i {
		case 0:
			d.drain(args)
		case 1:
			if out := ok(t, args...); !strings.Contains(out, "would move") || !strings.Contains(out, before.StateHash) {
				t.Errorf("without %s: %s", before.StateHash, out)
			}
			if err := d.cluster.CheckTopics(t.Context(), to); !errors.Is(err, kafka.ErrTopic) {
				t.Errorf("a dry run has made the topic: %v", err)
			}
		case 2:
			if out := ok(t, args...); !strings.Contains(out, "moved "+thousands(int64(before.Accounts))+" accounts") || !strings.Contains(out, before.StateHash) {
				t.Errorf("without %s: %s", before.StateHash, out)
			}
			ok(t, args...) // again
			if err := os.CopyFS("moved", os.DirFS(d.cfg.Path(d.cfg.Engine.Checkpoints))); err != nil {
				t.Fatal(err)
			}
		case 3:
			after = d.goOn(to, args)
		case 4:
			replayed = d.replay(args)
		default:
			t.Fatalf("the guide has another command: %s", line[1])
		}
	}
	if replayed.StateHash != after.StateHash || replayed.Sides != after.Sides || after.Sides.Applied == 0 || after.StateHash == before.StateHash {
		t.Errorf("the run ends with %s and %+v, its replay with %s and %+v", after.StateHash, after.Sides, replayed.StateHash, replayed.Sides)
	}
	if empty := d.replay([]string{"replay", "--accounts", "--json"}); empty.StateHash == after.StateHash {
		t.Error("a replay with empty hands has the same state: the test shows nothing")
	}
	sum := before.Sides
	sum.Add(&after.Sides)
	want := fmt.Sprintf("%d %d", sum.Applied-sum.Places, 4+32-1)
	if rows := d.strings(t, "SELECT concat(toString(count()), ' ', toString(max(log_partition))) FROM unopened.events"); rows[0] != want {
		t.Errorf("rows of events and their last partition: %s, not %s", rows[0], want)
	}
	d.stored() // each once
}

// drain runs the role of the guide until its topic is read, and stops it.
func (d *deployment) drain(args []string) {
	d.t.Helper()
	cmd, _ := d.start(args[1:3]...)
	d.until("the shards to come to the end", func(m map[string]float64) bool {
		return m["unopened_sides_read_total"] == d.total(d.cfg.Kafka.Topics.Account)
	})
	if err := errors.Join(cmd.Process.Signal(syscall.SIGTERM), cmd.Wait()); err != nil {
		d.t.Fatal(err)
	}
}

// refusals gives the command what cannot be moved to. Nothing is made.
func (d *deployment) refusals(to string) {
	d.t.Helper()
	for args, want := range map[string]string{
		"--partitions 8":        `"to" not set`,
		"--to x":                `"partitions" not set`,
		"--to x --partitions 0": "below 1",
		"--to " + d.cfg.Kafka.Topics.Account + " --partitions 8": "is unopened.account.v1 already",
		"--to " + d.cfg.Kafka.Topics.Raw + " --partitions 8":     "named twice",
	} {
		_, err := run(d.t, append([]string{"repartition"}, strings.Fields(args)...)...)
		var usage usageError
		if !errors.As(err, &usage) || !strings.Contains(err.Error(), want) {
			d.t.Errorf("repartition %s: %v, want %q", args, err, want)
		}
	}
	if _, err := run(d.t, "replay", "--checkpoints", "x", "events.jsonl"); err == nil || !strings.Contains(err.Error(), "goes with --accounts") {
		d.t.Errorf("--checkpoints with files: %v", err)
	}
	if found, _ := filepath.Glob(filepath.Join(d.cfg.Path(d.cfg.Engine.Checkpoints), "score", to+"-*")); found != nil {
		d.t.Errorf("refused, but %v was written", found)
	}
}

// goOn starts a service of the old configuration, which must refuse, then one of the new one, with more to do.
func (d *deployment) goOn(to string, args []string) accounting {
	d.t.Helper()
	if _, err := run(d.t, args...); err == nil || !strings.Contains(err.Error(), "set kafka.topics.account to") {
		d.t.Errorf("a service of the old configuration: %v", err)
	}
	d.cfg.Kafka.Topics.Account, d.cfg.Kafka.Create.AccountPartitions = to, 32
	cluster, err := kafka.New(d.cfg.Kafka, nil)
	if err = errors.Join(err, d.cfg.Save(d.config)); err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(cluster.Close)
	d.cluster = cluster
	if n := d.total(to); n != 0 {
		d.t.Errorf("%v records in the new topic before anybody may write", n)
	}
	d.days(4)
	after := d.finish(d.start(args[1:]...))
	if _, err := run(d.t, "repartition", "--to", d.cfg.Kafka.Topics.Account+"x", "--partitions", "4", "--dry-run", "--json"); err != nil {
		d.t.Errorf("moved on: %v", err)
	}
	return after
}

// replayed is the accounting of a replay.
func (d *deployment) replay(args []string) (sum accounting) {
	d.t.Helper()
	if err := json.Unmarshal([]byte(ok(d.t, args...)), &sum); err != nil {
		d.t.Fatal(err)
	}
	return sum
}
