package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/unopened/unopened/alerts"
	"github.com/unopened/unopened/configs"
	"github.com/unopened/unopened/ingest"
	"github.com/unopened/unopened/ingest/file"
	"github.com/unopened/unopened/ingest/kafka"
	brokers "github.com/unopened/unopened/ingest/kafka/local"
	"github.com/unopened/unopened/models"
	engines "github.com/unopened/unopened/store/local"
)

// cutOver is the time in docs/warmup.md.
var cutOver = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

// warmDeployment is a folder with a history of two days and an hour, a configuration, and a broker whose raw topic has
// what happened since eight hours before the cut-over, two days long. Its records have the times of their events.
type warmDeployment struct {
	*deployment
	lines   int64 // of the history
	live    int64 // records from six hours before the cut-over on, which are to be read
	overlap int64 // sides of those that are in the history too
}

// warmUp makes the deployment and goes into its folder.
func warmUp(t *testing.T) *warmDeployment {
	t.Helper()
	broker, err := brokers.Start(t.Context(), brokers.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(broker.Close)
	d := &warmDeployment{deployment: &deployment{t: t, dir: t.TempDir(), cfg: configs.DefaultConfig()}}
	t.Chdir(d.dir)
	c := &d.cfg
	c.Kafka.Brokers = []string{broker.Addr()}
	c.Kafka.Create.Enabled, c.Kafka.Create.AccountPartitions = true, 3
	c.Alerts.Promoted, c.Alerts.Lines = models.Names[:], "alerts.jsonl"
	c.Alerts.Since = cutOver.Format(time.RFC3339)
	c.Engine.AlignSpan, c.Engine.AlignPatience = 10*time.Minute, time.Hour // two days pass in seconds
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d.metrics = listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	c.Engine.Listen = d.metrics
	d.save()
	if d.cluster, err = kafka.New(c.Kafka, nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.cluster.Close)
	d.fill()
	return d
}

// save writes the configuration.
func (d *warmDeployment) save() {
	if err := d.cfg.Save("unopened.yaml"); err != nil {
		d.t.Fatal(err)
	}
}

// fill simulates, and puts each event into the history, the raw topic, or both.
func (d *warmDeployment) fill() {
	d.t.Helper()
	events, _ := simulatedFiles(d.t, "--start", "2026-10-30", "--days", "4", "--brigades", "1")
	out, err := file.Create("history.jsonl.gz")
	if err != nil {
		d.t.Fatal(err)
	}
	var parts [2][]kafkago.Record
	var decoder ingest.Decoder
	var ev ingest.Event
	for i, line := range linesOf(d.t, events) {
		if r := decoder.Decode(&ev, line); r != ingest.Accepted {
			d.t.Fatal(r)
		}
		sides := int64(len(ingest.Split(nil, &ev, ingest.Cause{}, 1)))
		d.sides += sides
		before := cutOver.Sub(time.UnixMilli(ev.At))
		if before > -time.Hour {
			d.lines++
			if _, err := out.Write(append(line, '\n')); err != nil {
				d.t.Fatal(err)
			}
		}
		if before <= 8*time.Hour {
			parts[i%2] = append(parts[i%2], kafkago.Record{Time: time.UnixMilli(ev.At), Value: kafkago.NewBytes(line[:len(line):len(line)])})
		}
		if before <= 6*time.Hour {
			d.live++
		}
		if before <= 6*time.Hour && before > 0 {
			d.overlap += sides
		}
	}
	if err := out.Close(); err != nil {
		d.t.Fatal(err)
	}
	client := &kafkago.Client{Addr: kafkago.TCP(d.cfg.Kafka.Brokers...)}
	raw := d.cluster.Topics().Raw // made here, so that its records keep their times
	made, err := client.CreateTopics(d.t.Context(), &kafkago.CreateTopicsRequest{Topics: []kafkago.TopicConfig{{Topic: raw, NumPartitions: 2, ReplicationFactor: 1}}})
	if err = errors.Join(err, made.Errors[raw], d.cluster.EnsureTopics(d.t.Context())); err != nil {
		d.t.Fatal(err)
	}
	for id, records := range parts {
		for ; len(records) > 0; records = records[min(1000, len(records)):] {
			answer, err := client.Produce(d.t.Context(), &kafkago.ProduceRequest{
				Topic: raw, Partition: id, RequiredAcks: kafkago.RequireAll, Records: kafkago.NewRecordReader(records[:min(1000, len(records))]...),
			})
			if err = errors.Join(err, answer.Error); err != nil {
				d.t.Fatal(err)
			}
		}
	}
}

// brittle is a log that breaks after some appends, with the last one written: as when a process is killed before it
// knows.
type brittle struct {
	ingest.Log
	left int
}

var errBroken = errors.New("broken")

func (b *brittle) Append(ctx context.Context, partition int, values [][]byte) error {
	if b.left--; b.left <= 0 {
		return errors.Join(errBroken, b.Log.Append(ctx, partition, values))
	}
	return b.Log.Append(ctx, partition, values)
}

// cutShort begins the warm-up of the guide and breaks it while it writes.
func (d *warmDeployment) cutShort() {
	d.t.Helper()
	f := warmupFlags{until: d.cfg.Alerts.Since, margin: d.cfg.Engine.Window}
	if err := f.check(&d.cfg, []string{"history.jsonl.gz"}); err != nil {
		d.t.Fatal(err)
	}
	s, err := newService(d.t.Context(), &d.cfg, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		d.t.Fatal(err)
	}
	s.engine.Accounts = &brittle{s.engine.Accounts, 2}
	if _, err := f.warmup(d.t.Context(), s, []string{"history.jsonl.gz"}); !errors.Is(err, errBroken) {
		d.t.Fatal(err)
	}
	if err := s.close(); err != nil || d.total(d.cfg.Kafka.Topics.Account) == 0 {
		d.t.Fatalf("nothing was written before it broke (%v)", err)
	}
}

// serve runs the service of the guide until everything has come to rest.
func (d *warmDeployment) serve(args []string) string {
	d.t.Helper()
	ctx, stop := context.WithCancel(d.t.Context())
	defer stop()
	var out bytes.Buffer
	cmd := root()
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	cmd.SetArgs(args)
	done := make(chan error, 1)
	go func() { done <- cmd.ExecuteContext(ctx) }()
	d.until("everything to come to rest", func(m map[string]float64) bool {
		return m["unopened_split_fetched_total"] == float64(d.live) && m["unopened_sides_read_total"] == d.total(d.cfg.Kafka.Topics.Account) &&
			m["unopened_candidates_read_total"] == d.total(d.cfg.Kafka.Topics.Alerts) && m[`unopened_outbox_deliveries{endpoint="lines",outcome="pending"}`] == 0
	})
	stop()
	if err := <-done; err != nil {
		d.t.Fatal(err)
	}
	return out.String()
}

var (
	guideCommand = regexp.MustCompile(`(?m)^ *unopened (.*)$`)
	guideYAML    = regexp.MustCompile("(?s)```yaml\n(.*?)```")
	hashOf       = regexp.MustCompile(`hash ([0-9a-f]{32})`)
)

// TestWarmupGuide runs every command of docs/warmup.md as it stands there, after a warm-up that was cut short: each event
// has counted once, no alert tells of the past, and the run has the state and the alerts of a replay of its account topic.
// The control replays that without alerts.since. (That kills anywhere change nothing, and what is exactly a duplicate, is
// shown in engine; this leaves out a real broker.)
func TestWarmupGuide(t *testing.T) {
	if _, err := engines.Fetch(t.Context(), func(string) {}); err != nil {
		missing(t, err)
	}
	guide, err := os.ReadFile("../../docs/warmup.md")
	if err != nil {
		t.Fatal(err)
	}
	d := warmUp(t)
	if c, err := configs.Parse([]byte(strings.ReplaceAll("\n"+string(guideYAML.FindSubmatch(guide)[1]), "\n   ", "\n"))); err != nil || c.Alerts.Since != d.cfg.Alerts.Since {
		t.Errorf("the guide's configuration: %v", err)
	}
	d.cutShort()
	ran := map[string]string{}
	for _, line := range guideCommand.FindAllStringSubmatch(string(guide), -1) {
		args := strings.Fields(line[1])
		if args[0] == "run" {
			ran["run"] = d.serve(args)
			continue
		}
		ran[args[0]] += ok(t, args...)
	}
	if len(ran) != 4 {
		t.Fatalf("the guide has other commands: %v", ran)
	}
	var sum accounting
	if err := json.Unmarshal([]byte(ran["replay"]), &sum); err != nil {
		t.Fatal(err)
	}
	if hash := hashOf.FindStringSubmatch(ran["run"]); hash == nil || hash[1] != sum.StateHash {
		t.Errorf("the run ends with %v, its replay with %s", hash, sum.StateHash)
	}
	if s := sum.Sides; s.Applied != d.sides || s.Duplicate-s.Resent+s.Late != d.overlap || d.overlap == 0 || s.Resent == 0 || sum.Unbalanced != nil {
		t.Errorf("%d sides of events, %d of the overlap: %+v, %v", d.sides, d.overlap, s, sum.Unbalanced)
	}
	if want := fmt.Sprintf("%s read = ", thousands(d.lines)); !strings.Contains(ran["warmup"], want) || !strings.Contains(ran["warmup"], "2026-10-31T18:0") {
		t.Errorf("no %q, or no time of the cut-over six hours before: %s", want, ran["warmup"])
	}
	told, past := toldIn(t, "alerts.jsonl")
	if again, _ := d.replayTold(); past != 0 || len(told) == 0 || len(again) != len(told) {
		t.Errorf("%d alerts, %d of them of the past, %d in the replay", len(told), past, len(again))
	}
	d.cfg.Alerts.Since = ""
	d.save()
	if _, past := d.replayTold(); past == 0 {
		t.Error("without alerts.since nothing is told of the past either: the test shows nothing")
	}
}

// replayTold are the alerts that a replay of the account topic makes, and how many tell of the past.
func (d *warmDeployment) replayTold() (map[string]bool, int) {
	d.t.Helper()
	ok(d.t, "replay", "--accounts", "--alerts", "again.jsonl")
	return toldIn(d.t, "again.jsonl")
}

// toldIn are the alerts in a file, each once, and how many tell of what happened before the cut-over.
func toldIn(t *testing.T, name string) (told map[string]bool, past int) {
	t.Helper()
	told = lines(t, name)
	for line := range told {
		var a alerts.Alert
		if err := json.Unmarshal([]byte(line), &a); err != nil {
			t.Fatal(err)
		}
		if a.At < cutOver.UnixMilli() {
			past++
		}
	}
	return told, past
}

// TestWarmupRefuses gives the command what is no history that could be continued. Each refusal leaves the account topic
// as it was; the control, by offsets, is taken, and again.
func TestWarmupRefuses(t *testing.T) {
	d := warmUp(t)
	text := bytes.Join(linesOf(t, unpacked(t, "history.jsonl.gz")), []byte("\n"))
	lines := bytes.Split(text, []byte("\n"))
	moved := bytes.Join(slices.Concat(lines[len(lines)/2:], lines[:len(lines)/2]), []byte("\n"))
	for name, content := range map[string][]byte{
		"whole.jsonl": text, "early.jsonl": bytes.Join(lines[:len(lines)/4], []byte("\n")), "unsorted.jsonl": moved, "other.jsonl": bytes.Join(lines[1:], []byte("\n")),
	} {
		if err := os.WriteFile(name, slices.Concat(content, []byte("\n")), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	refused := func(args, want string) {
		t.Helper()
		_, err := run(t, append([]string{"warmup"}, strings.Fields(args)...)...)
		var usage usageError
		if !errors.As(err, &usage) || !strings.Contains(err.Error(), want) {
			t.Errorf("warmup %s: %v, want %q", args, err, want)
		}
	}
	const until = "--until 2026-11-01T00:00:00Z "
	for args, want := range map[string]string{
		"whole.jsonl":                                  `"until" not set`,
		"--until tomorrow whole.jsonl":                 "is no time such as",
		until + "-":                                    "read twice",
		until + "--margin -1h whole.jsonl":             "below 0",
		"--until 2026-11-01T00:00:01Z x":               "alerts.since is",
		"--until 2020-01-01T00:00:00Z whole.jsonl":     "nothing in the files happened before",
		until + "early.jsonl":                          "would be missing. Give a --until of at most 2026-10-3",
		until + "unsorted.jsonl":                       "sort the lines by time",
		until + "--offsets 0=1 whole.jsonl":            "partition 1 needs an offset from 0 to",
		until + "--offsets 0=1,1=99999999 whole.jsonl": "partition 1 needs an offset from 0 to",
		until + "--offsets 0=1,1=1,2=1 whole.jsonl":    "others are named",
	} {
		refused(args, want)
	}
	if n := d.total(d.cfg.Kafka.Topics.Account); n != 0 {
		t.Fatalf("refused, but %v entries were written", n)
	}
	args := append([]string{"warmup", "--json"}, strings.Fields(until+"--offsets 0=3,1=5 whole.jsonl")...)
	var first, again warmed
	if err := json.Unmarshal([]byte(ok(t, args...)), &first); err != nil || first.Cut.Offsets[0] != 3 || first.Cut.Offsets[1] != 5 || first.Lines.Read != d.lines || first.Lines.Skipped == 0 {
		t.Fatalf("%+v, %v", first, err)
	}
	written := d.total(d.cfg.Kafka.Topics.Account)
	if err := json.Unmarshal([]byte(ok(t, args...)), &again); err != nil || fmt.Sprint(again) != fmt.Sprint(first) || d.total(d.cfg.Kafka.Topics.Account) != written ||
		written != float64(first.Sides) {
		t.Errorf("again: %+v, %v; %v entries for %d sides", again, err, written, first.Sides)
	}
	refused(until+"--offsets 0=4,1=5 whole.jsonl", "was begun with 3 for partition 0")
	refused(until+"--offsets 0=3,1=5 other.jsonl", "a history comes before all else")
	for _, name := range []string{"checkpoints/split", "checkpoints/history"} {
		if found, err := filepath.Glob(filepath.Join(d.cfg.Data, name, "*", "*.ckpt")); err != nil || len(found) == 0 {
			t.Errorf("no checkpoint in %s (%v)", name, err)
		}
	}
}

// unpacked writes what a packed file holds to a plain one and returns its name.
func unpacked(t *testing.T, name string) string {
	t.Helper()
	in, err := file.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close() //nolint:errcheck // only read from
	var text bytes.Buffer
	if _, err := text.ReadFrom(in); err != nil {
		t.Fatal(err)
	}
	plain := filepath.Join(t.TempDir(), "plain.jsonl")
	if err := os.WriteFile(plain, text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return plain
}
