package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/unopened/unopened/ingest"
)

// canaried is a deployment into which canaries were put, and what to look for.
type canaried struct {
	*deployment
	found *traces
	gate  *gate
	bad   int64  // records that must be refused
	lines []byte // these
}

// TestNothingOfContentComesOut puts canaries into 12 positions of records, each in 10 disguises, and runs them with a
// simulated week through `unopened run` on a real broker and a real ClickHouse (P03): killed, crashed with a stack trace,
// with a damaged checkpoint, ClickHouse away for a while, a receiver that answers 500. Then every sink is searched: nothing.
// The control puts a canary into each sink, where the same search finds it. Short form: 2,000 canaries instead of 10,000.
func TestNothingOfContentComesOut(t *testing.T) {
	count, accounts := 2000, 1000
	if os.Getenv("UNOPENED_SOAK") != "" {
		count, accounts = 10_000, 4000
	}
	w := withCanaries(t, count, accounts)
	sum := w.troubled(t)
	w.ask(t)
	w.conserved(t, &sum, w.bad, w.sides)
	sinks := w.everywhere(t)
	for _, s := range sinks {
		n, size := w.found.look(t, s)
		if n > 0 || size == 0 {
			t.Errorf("%s: %d fragments of canaries in %d bytes", s.name, n, size)
		}
		t.Logf("%s: %d bytes searched", s.name, size)
	}
	if n, _ := w.found.look(t, folder("raw topic", w.topicFiles(w.cfg.Kafka.Topics.Raw))); n < count {
		t.Errorf("the search finds only %d fragments where the producer put %d canaries", n, count)
	}
	w.plantEverywhere(t)
	for _, s := range sinks {
		if n, _ := w.found.look(t, s); n == 0 {
			t.Errorf("%s: the canary that was put there on purpose is not found", s.name)
		}
	}
}

// withCanaries deploys the service and fills the raw topic with good records and canaries, evenly.
func withCanaries(t *testing.T, count, accounts int) *canaried {
	w := &canaried{deployment: deploy(t), found: newTraces()}
	log, err := os.Create(filepath.Join(w.dir, "run.log"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = log.Close() }) // what is missing is seen
	w.log = log
	w.gate = newGate(t, w.clickhouse.Addr())
	w.cfg.Store.Addr, w.cfg.Engine.SealEvery = w.gate.Addr().String(), 100*time.Millisecond
	if err := w.cfg.Save(w.config); err != nil {
		t.Fatal(err)
	}
	w.mailbox.failing = 3
	rng := rand.New(rand.NewPCG(3, 2026))
	events := happened(recently(accounts), 1<<30)
	parts := make([][]posted, w.cfg.Kafka.Create.RawPartitions)
	combinations := len(positions) * len(disguises)
	for i, ev := range events {
		k := ingest.PartitionOf(ev.Subject, len(parts))
		p := posted{value: ingest.AppendJSON(nil, ev)}
		for n := i * count / len(events); n < (i+1)*count/len(events); n++ {
			place, as := &positions[n%len(positions)], &disguises[n%combinations/len(positions)]
			m := newMarks(rng)
			canary := newCanary(m, place.digits)
			w.found.plant(guises(canary)...)
			spoilt := place.put(ingest.AppendJSON(nil, ev), as.of(canary), m)
			if spoilt.want == ingest.Accepted {
				p = spoilt
				continue
			}
			w.bad++
			w.lines = append(append(w.lines, spoilt.value...), '\n')
			parts[k] = append(parts[k], spoilt)
		}
		parts[k] = append(parts[k], p)
		w.sides += int64(len(ingest.Split(nil, ev, ingest.Cause{}, 1)))
	}
	w.post(parts)
	return w
}

// troubled runs the service through its troubles to the end.
func (w *canaried) troubled(t *testing.T) accounting {
	t.Helper()
	for i, signal := range []syscall.Signal{syscall.SIGKILL, syscall.SIGABRT} {
		share := 0.2 * float64(i+1)
		cmd, _ := w.start("--debug")
		w.until("a share of the sides", func(m map[string]float64) bool { return w.applied(m) >= share })
		if err := cmd.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // it was killed
		if n, _ := w.found.look(t, folder("data folder after a crash", w.cfg.Data)); n > 0 {
			t.Errorf("%d fragments of canaries in the data folder after a crash", n)
		}
	}
	w.damage(t)
	cmd, out := w.start("--debug")
	w.until("a share of the sides", func(m map[string]float64) bool { return w.applied(m) >= 0.6 })
	before := w.gate.set(true)
	w.until("ClickHouse to be missed", func(map[string]float64) bool { return w.gate.set(true) > before })
	w.gate.set(false)
	sum := w.finish(cmd, out)
	w.write("run.out", out.String())
	log, err := os.ReadFile(filepath.Join(w.dir, "run.log"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"checkpoint skipped", "SIGABRT"} {
		if !bytes.Contains(log, []byte(want)) {
			t.Errorf("the logs do not tell of %s: that trouble was not met", want)
		}
	}
	if len(w.mailbox.bodies) == 0 || w.mailbox.failing >= 0 {
		t.Errorf("%d webhooks arrived; the receiver owes %d errors", len(w.mailbox.bodies), w.mailbox.failing)
	}
	return sum
}

// damage flips a bit in the newest checkpoint of a shard that has two.
func (w *canaried) damage(t *testing.T) {
	t.Helper()
	shards, err := filepath.Glob(filepath.Join(w.cfg.Data, "checkpoints", "score", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, shard := range shards {
		files, err := filepath.Glob(filepath.Join(shard, "*.ckpt"))
		if err != nil || len(files) < 2 {
			continue
		}
		newest := slices.Max(files)
		b, err := os.ReadFile(newest)
		if err != nil {
			t.Fatal(err)
		}
		b[len(b)/2] ^= 1
		if err := os.WriteFile(newest, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Fatal("no shard has two checkpoints")
}

// ask runs the commands that show something, on the service's data and on a file of the refused records.
func (w *canaried) ask(t *testing.T) {
	t.Helper()
	file := w.write("refused.jsonl", string(w.lines))
	var told bytes.Buffer
	run := func(args ...string) string {
		cmd := exec.Command(w.binary, args...)
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &told
		_ = cmd.Run() // errors are among what is searched
		told.Write(out.Bytes())
		return out.String()
	}
	var alerted []struct{ ID, Account string }
	if err := json.Unmarshal([]byte(run("alerts", "list", "--config", w.config, "--json")), &alerted); err != nil || len(alerted) == 0 {
		t.Fatalf("%d alerts, %v", len(alerted), err)
	}
	for _, args := range []string{
		"check --events " + file, "check --json --config " + w.config, "replay --accounts --verdicts - --config " + w.config,
		"replay --dead-letters - --verdicts - " + file, "explain --events " + file + " " + alerted[0].Account,
		"import --actor 1 --target 2 --at 3 --type message " + file, "explain --config " + w.config + " " + alerted[0].Account,
		"alerts show --config " + w.config + " " + alerted[0].ID, "query top_accounts --config " + w.config,
	} {
		run(strings.Fields(args)...)
	}
	w.write("commands.out", told.String())
}

// tables are the tables into which the service writes.
var tables = []string{"stored_events", "stored_verdicts", "stored_features", "stored_alerts"}

// everywhere are all sinks of a deployment.
func (w *canaried) everywhere(t *testing.T) []sink {
	in := func(parts ...string) string { return filepath.Join(append([]string{w.dir}, parts...)...) }
	sinks := slices.DeleteFunc(w.sinks(accounting{}), func(s sink) bool { return s.name == "standard output" })
	sinks = append(sinks, folder("standard output", in("run.out")), folder("output of commands", in("commands.out")),
		folder("broker's log", in("kafka", "server.log")), folder("ClickHouse's files", in("clickhouse")),
		text("webhook bodies", func() []byte {
			return []byte(strings.Join(slices.Collect(maps.Values(w.mailbox.bodies)), "\n"))
		}))
	for _, table := range tables {
		sinks = append(sinks, sink{"ClickHouse table " + table, func(t *testing.T, look func(string, []byte)) {
			w.rows(t, "unopened."+table, look)
		}})
	}
	return append(sinks, sink{"ClickHouse's own tables", func(t *testing.T, look func(string, []byte)) {
		// The embedded engine keeps no logs of queries; where a server does, they are among these.
		for _, table := range w.strings(t, "SELECT concat('system.', name) FROM system.tables WHERE database = 'system' AND"+
			" (name LIKE '%\\_log' OR name IN ('errors', 'processes', 'query_cache', 'parts', 'mutations', 'tables', 'columns'))") {
			w.rows(t, table, look)
		}
	}})
}

// plantEverywhere puts one more canary into each sink.
func (w *canaried) plantEverywhere(t *testing.T) {
	t.Helper()
	canary := newCanary(newMarks(rand.New(rand.NewPCG(4, 4))), false)
	w.found.plant(guises(canary)...)
	for _, name := range []string{"run.log", "run.out", "commands.out", "kafka/server.log", "data/checkpoints/planted", "clickhouse/planted"} {
		f, err := os.OpenFile(filepath.Join(w.dir, name), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(f, "planted %s\n", canary)
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	w.scraped = fmt.Appendf(w.scraped, "unopened_planted{label=%q} 1\n", canary)
	topics := w.cfg.Kafka.Topics
	for _, topic := range []string{topics.Account, topics.Dead, topics.Alerts} {
		log, err := w.cluster.Log(t.Context(), topic, nil)
		if err == nil {
			err = log.Append(t.Context(), 0, [][]byte{[]byte(canary)})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.exec(t, "SELECT toUInt8('"+canary+"')"); err == nil { // such an error stays in system.errors
		t.Error("text was taken for a number")
	}
	for _, table := range tables {
		if err := w.exec(t, "INSERT INTO unopened."+table+" (account, at) VALUES ('"+canary+"', now64(3))"); err != nil {
			t.Fatal(err)
		}
	}
	answer, err := http.Post(w.webhook, "text/plain", strings.NewReader(canary))
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close() // it has none
}
