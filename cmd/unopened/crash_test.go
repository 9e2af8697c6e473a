package main

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/unopened/unopened/ingest/simulate"
)

// killed runs the service and kills it when it has applied each of the given shares of all sides. During each run meanwhile
// is called, in the last one too, and afterKill after it.
func (d *deployment) killed(shares []float64, meanwhile func(run int), afterKill func()) accounting {
	d.t.Helper()
	for run, share := range shares {
		cmd, _ := d.start()
		meanwhile(run)
		m := d.until("a share of the sides", func(m map[string]float64) bool { return d.applied(m) >= share })
		if err := cmd.Process.Kill(); err != nil {
			d.t.Fatal(err)
		}
		_ = cmd.Wait() // it was killed
		d.t.Logf("killed with %.0f %% of the sides applied, %.0f %% of the records split", 100*d.applied(m),
			100*m["unopened_split_fetched_total"]/float64(d.records))
		if got := d.applied(m); got < 0.1 || got > 0.9 {
			d.t.Fatalf("killed at %.3f, not between 0.1 and 0.9 of the work", got)
		}
		afterKill()
	}
	sealed, err := filepath.Glob(filepath.Join(d.cfg.Data, "checkpoints", "score", "*", "*.ckpt"))
	if err != nil || !slices.ContainsFunc(sealed, stands) {
		d.t.Fatalf("no shard had sealed a checkpoint before it was killed (%v): the kills show nothing", err)
	}
	cmd, out := d.start()
	meanwhile(len(shares))
	return d.finish(cmd, out)
}

// replayed is the clean replay of the deployment's account topic.
func (d *deployment) replayed() (sum accounting, verdicts, told map[string]bool) {
	d.t.Helper()
	v, a := filepath.Join(d.dir, "verdicts.jsonl"), filepath.Join(d.dir, "alerts.jsonl")
	out, err := exec.Command(d.binary, "replay", "--accounts", "--config", d.config, "--json", "--verdicts", v, "--alerts", a).Output()
	if err != nil {
		d.t.Fatalf("replay: %v", err)
	}
	if err := json.Unmarshal(out, &sum); err != nil {
		d.t.Fatal(err)
	}
	return sum, lines(d.t, v), lines(d.t, a)
}

// lines reads the lines of a file, without the last ones that a replay writes of each account.
func lines(t *testing.T, name string) map[string]bool {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string]bool)
	for line := range strings.Lines(string(text)) {
		if !strings.HasSuffix(line, `"final":true}`+"\n") {
			all[strings.TrimSpace(line)] = true
		}
	}
	return all
}

// keys turns verdict lines into the form of stored.
func keys(t *testing.T, verdicts map[string]bool) map[string]bool {
	t.Helper()
	rows := make(map[string]bool, len(verdicts))
	for line := range verdicts {
		var v struct {
			At      int64
			Account string
			Harm    string
			Score   float64
			Events  int64
		}
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Fatal(err)
		}
		rows[fmt.Sprintf("%s %s %d %.4f %d", v.Account, v.Harm, v.At, v.Score, v.Events)] = true
	}
	return rows
}

// sameAsReplay holds what a run came to against the clean replay of its account topic: state hash, alert bodies, verdict
// rows. It returns the replay's accounting and how many alerts and rows there are.
func (d *deployment) sameAsReplay(live *accounting) (clean accounting, alerts, rows int) {
	d.t.Helper()
	clean, verdicts, told := d.replayed()
	if live.StateHash != clean.StateHash {
		d.t.Errorf("state hash %s, the clean replay has %s", live.StateHash, clean.StateHash)
	}
	got := make(map[string]bool)
	for _, body := range d.mailbox.bodies {
		got[body] = true
	}
	if !maps.Equal(got, told) || len(told) == 0 || d.mailbox.changed != 0 {
		d.t.Errorf("%d alert bodies arrived, %d are right, %d changed", len(got), len(told), d.mailbox.changed)
	}
	stored, want := d.stored(), keys(d.t, verdicts)
	if !maps.Equal(stored, want) || len(want) == 0 {
		gone := missingFrom(stored, want)
		d.t.Errorf("%d verdict rows, the clean replay has %d; %d of those are not there, such as %q", len(stored), len(want), len(gone), gone[:min(5, len(gone))])
	}
	return clean, len(told), len(stored)
}

// missingFrom are the members of want that got lacks, in order.
func missingFrom(got, want map[string]bool) (gone []string) {
	for _, row := range slices.Sorted(maps.Keys(want)) {
		if !got[row] {
			gone = append(gone, row)
		}
	}
	return gone
}

// TestKilledServiceEqualsCleanReplay kills `unopened run` 50 times with SIGKILL between 10 and 90 % of half a million
// records, and now and then the broker under it, in order or by SIGKILL too (R01, R07). It ends with the state hash, the
// alerts and the verdict rows of a clean replay of its account topic. The long form has 200 kills, and 30 restarts and 10
// kills of the broker.
func TestKilledServiceEqualsCleanReplay(t *testing.T) {
	kills, outages := 50, 2
	if os.Getenv("UNOPENED_SOAK") != "" {
		kills, outages = 200, 40
	}
	d := deploy(t)
	d.cfg.Kafka.SessionTimeout = 2 * time.Second // what is killed is missed the sooner
	d.cfg.Engine.Window = 24 * time.Hour         // each run gets hours at once, so one partition may lag behind another by hours
	if err := d.cfg.Save(d.config); err != nil {
		t.Fatal(err)
	}
	feed := d.feed(6500)
	if d.records < 500_000 {
		t.Fatalf("only %d records", d.records)
	}
	rng := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 1))
	at := make([]float64, kills)
	for i := range at {
		at[i] = 0.11 + 0.75*(float64(i)+rng.Float64())/float64(kills)
	}
	live := d.killed(at, func(run int) {
		if run == kills {
			feed(1)
			return
		}
		feed(at[run] + 0.05) // so that split has work to do in each run, too
		if every := kills / outages; run%every == every-1 {
			d.outage(t, run/every%4 == 1)
		}
	}, func() {})
	clean, told, rows := d.sameAsReplay(&live)
	if c := d.mailbox.receiver.Counts(); c.Refused != 0 || int(c.Verified) != told {
		t.Errorf("the receiver verified %d of %d and refused %d", c.Verified, told, c.Refused)
	}
	d.conserved(t, &live, hostile, d.sides)
	if len(live.Unbalanced)+len(clean.Unbalanced) > 0 {
		t.Errorf("the accounts do not add up: %v, in the replay %v", live.Unbalanced, clean.Unbalanced)
	}
	if live.Sides.Resent == 0 {
		t.Error("no entry was written again: the kills show nothing about the split role")
	}
	t.Logf("%d records, %d entries of which %d were written again, %d verdict rows, %d alerts (%d delivered again)",
		d.records, live.Sides.Read, live.Sides.Resent, rows, told, d.mailbox.again)
}

// feed counts a simulated week and returns a function that has the raw topic filled to a share of it.
func (d *deployment) feed(accounts int) func(share float64) {
	sc := recently(accounts)
	sc.Hostile, sc.Repeats = hostile, 1000
	count := &producer{pending: make([][][]byte, 1)}
	for sim := simulate.New(sc); ; count.pending[0] = count.pending[0][:0] {
		line, item, more := sim.Next(nil)
		if !more {
			break
		}
		count.add(line, &item)
	}
	d.records, d.sides = count.done.Records, count.done.Sides
	steps, ended := make(chan produced), make(chan error, 1)
	go func() {
		_, err := produce(d.t.Context(), d.cluster, simulate.New(sc), func(p produced) { steps <- p })
		ended <- err
	}()
	there := int64(0)
	return func(share float64) {
		d.t.Helper()
		for float64(there) < min(share, 1)*float64(d.records) {
			select {
			case p := <-steps:
				there = p.Records
			case err := <-ended:
				d.t.Fatalf("%d of %d records were produced: %v", there, d.records, err)
			}
		}
	}
}

// outage ends the broker under a service that is at work, and starts it again.
func (d *deployment) outage(t *testing.T, kill bool) {
	t.Helper()
	before := d.until("the service to read", func(m map[string]float64) bool { return m["unopened_sides_read_total"] > 0 })["unopened_sides_read_total"]
	d.until("the service to go on", func(m map[string]float64) bool { return m["unopened_sides_read_total"] > before })
	if kill {
		d.broker.Kill()
	} else {
		d.broker.Stop()
	}
	if err := d.broker.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// TestOffsetAheadOfTheStateFails is the control: after the kill the checkpoints get the end of the log as their offset,
// as if it were kept apart from the state and had run ahead of it. That must not equal the replay.
func TestOffsetAheadOfTheStateFails(t *testing.T) {
	d := deploy(t)
	d.produce(1500)
	live := d.killed([]float64{0.4}, func(int) {}, func() { d.offsetsAhead(t) })
	if clean, _, _ := d.replayed(); live.StateHash == clean.StateHash {
		t.Error("a service that whose offset ran ahead of its state equals the clean replay: the test above proves nothing")
	}
}

// offsetsAhead moves the offset in each shard's newest checkpoint to the end of what its partition has.
func (d *deployment) offsetsAhead(t *testing.T) {
	ends, err := d.cluster.EndOffsets(t.Context(), d.cfg.Kafka.Topics.Account)
	if err != nil {
		t.Fatal(err)
	}
	for partition, end := range ends {
		files, err := filepath.Glob(filepath.Join(d.cfg.Data, "checkpoints", "score", fmt.Sprintf("*-%d", partition), "*.ckpt"))
		if err != nil {
			t.Fatal(err)
		}
		if len(files) > 0 && stands(slices.Max(files)) {
			d.skipped += end - moveOffset(t, slices.Max(files), end)
		}
	}
}

// stands tells whether a checkpoint is of a state that has read something: whoever takes a partition over writes a file too, of
// one that stands nowhere yet.
func stands(name string) bool {
	data, err := os.ReadFile(name)
	return err == nil && somewhere.Match(data)
}

// somewhere is in the head of a checkpoint of a state that has read something.
var somewhere = regexp.MustCompile(`"next":[1-9]`)

var nextOffset = regexp.MustCompile(`"next":(\d+)`)

// moveOffset rewrites the offset in a checkpoint's head, and its sum, and returns the one that was there.
func moveOffset(t *testing.T, name string, next int64) int64 {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	const chunk = len("UNOPENED CHECKPOINT 3\n") + 8 + len("head") // chunks: length, CRC-32C over number, length and bytes, bytes
	size := int(binary.LittleEndian.Uint32(data[chunk:]))
	head := data[chunk+8 : chunk+8+size]
	was, err := strconv.ParseInt(string(nextOffset.FindSubmatch(head)[1]), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	head = nextOffset.ReplaceAll(head, fmt.Appendf(nil, `"next":%d`, next))
	table := crc32.MakeTable(crc32.Castagnoli)
	sum := crc32.Checksum(binary.LittleEndian.AppendUint32([]byte{1, 0, 0, 0}, uint32(len(head))), table)
	out := binary.LittleEndian.AppendUint32(slices.Clone(data[:chunk]), uint32(len(head)))
	out = binary.LittleEndian.AppendUint32(out, crc32.Update(sum, table, head))
	if err := os.WriteFile(name, slices.Concat(out, head, data[chunk+8+size:]), 0o600); err != nil {
		t.Fatal(err)
	}
	return was
}
