package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	clickhousego "github.com/ClickHouse/clickhouse-go/v2"

	"github.com/unopened/unopened/alerts"
	"github.com/unopened/unopened/configs"
	"github.com/unopened/unopened/ingest/kafka"
	brokers "github.com/unopened/unopened/ingest/kafka/local"
	"github.com/unopened/unopened/ingest/simulate"
	engines "github.com/unopened/unopened/store/local"
)

// mailbox is a webhook receiver that keeps the body of each webhook-id, and counts bodies that changed.
type mailbox struct {
	receiver *alerts.Receiver
	mu       sync.Mutex
	bodies   map[string]string
	changed  int
	again    int
}

func (m *mailbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	m.receiver.ServeHTTP(w, r)
	m.mu.Lock()
	defer m.mu.Unlock()
	id := r.Header.Get("webhook-id")
	if before, ok := m.bodies[id]; ok {
		m.again++
		if before != string(body) {
			m.changed++
		}
	}
	m.bodies[id] = string(body)
}

// deployment is a real broker, a real ClickHouse server and a receiver, which live through all kills of `unopened run`.
type deployment struct {
	t       *testing.T
	dir     string
	binary  string
	config  string
	cfg     configs.Config
	cluster *kafka.Cluster
	mailbox *mailbox
	records int64
	sides   int64 // of all events, without repeats

	clickhouse *engines.Engine
	metrics    string
}

// missing skips a test whose part this machine cannot have; in continuous integration that is a failure.
func missing(t *testing.T, err error) {
	t.Helper()
	if os.Getenv("CI") != "true" && (errors.Is(err, brokers.ErrNoJava) || errors.Is(err, engines.ErrNoLibrary)) {
		t.Skip(err)
	}
	t.Fatal(err)
}

// deploy starts the parts and fills the raw topic.
func deploy(t *testing.T, accounts int) *deployment {
	t.Helper()
	d := &deployment{t: t, dir: t.TempDir(), cfg: configs.DefaultConfig()}
	broker, err := brokers.StartJava(t.Context(), d.folder("kafka"), brokers.JavaVersion)
	if err != nil {
		missing(t, err)
	}
	t.Cleanup(broker.Close)
	clickhouse, err := engines.Start(context.WithoutCancel(t.Context()), d.folder("clickhouse"), "unopened", logger(slog.LevelWarn))
	if err != nil {
		missing(t, err)
	}
	t.Cleanup(func() { _ = clickhouse.Stop() }) // the test is over
	t.Logf("Apache Kafka %s at %s, ClickHouse %s at %s", brokers.JavaVersion, broker.Addr(), clickhouse.Version(), clickhouse.Addr())
	d.clickhouse = clickhouse
	d.configure(broker.Addr(), clickhouse)
	d.build()
	d.produce(accounts)
	return d
}

// folder makes a folder in the deployment's.
func (d *deployment) folder(name string) string {
	dir := filepath.Join(d.dir, name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		d.t.Fatal(err)
	}
	return dir
}

// write writes a file in the deployment's folder and returns its name.
func (d *deployment) write(name, text string) string {
	path := filepath.Join(d.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		d.t.Fatal(err)
	}
	return path
}

// configure writes the configuration.
func (d *deployment) configure(broker string, clickhouse *engines.Engine) {
	secretFile := filepath.Join(d.dir, "webhook.secret")
	if err := writeWebhookSecret(secretFile); err != nil {
		d.t.Fatal(err)
	}
	secret, err := os.ReadFile(secretFile)
	if err != nil {
		d.t.Fatal(err)
	}
	receiver, err := alerts.NewReceiver(strings.TrimSpace(string(secret)), nil)
	if err != nil {
		d.t.Fatal(err)
	}
	d.mailbox = &mailbox{receiver: receiver, bodies: make(map[string]string)}
	server := httptest.NewServer(d.mailbox)
	d.t.Cleanup(server.Close)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		d.t.Fatal(err)
	}
	d.metrics = listener.Addr().String()
	if err := listener.Close(); err != nil {
		d.t.Fatal(err)
	}
	c := &d.cfg
	c.Data = d.folder("data")
	c.Kafka.Brokers = []string{broker}
	c.Kafka.Create.Enabled, c.Kafka.Create.RawPartitions, c.Kafka.Create.AccountPartitions = true, 2, 4
	c.Kafka.SessionTimeout, c.Kafka.Heartbeat = 6*time.Second, 500*time.Millisecond
	c.Alerts.Promoted = []string{"spam", "scam", "grooming", "harassment", "sybil", "takeover"}
	c.Alerts.Webhooks = []alerts.WebhookConfig{{URL: server.URL, SecretFile: secretFile, AllowLoopback: true}}
	c.Engine.Listen, c.Engine.SealEvery = d.metrics, time.Second
	c.Store.Addr, c.Store.User, c.Store.PasswordFile = clickhouse.Addr(), engines.Writer, d.write("clickhouse.password", clickhouse.Password)
	d.config = filepath.Join(d.dir, "unopened.yaml")
	if err := c.Save(d.config); err != nil {
		d.t.Fatal(err)
	}
	if d.cluster, err = kafka.New(c.Kafka, nil); err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(d.cluster.Close)
}

// build builds the program, as a user does.
func (d *deployment) build() {
	d.binary = filepath.Join(d.dir, "unopened")
	cmd := exec.Command("go", "build", "-o", d.binary, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		d.t.Fatalf("%v: %s", err, out)
	}
}

// produce fills the raw topic with a simulated week that ends yesterday.
func (d *deployment) produce(accounts int) {
	sc := simulate.Default()
	sc.Accounts, sc.Hostile, sc.Repeats = accounts, 100, 1000
	sc.Start = time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -sc.Days).UnixMilli()
	if err := d.cluster.EnsureTopics(d.t.Context()); err != nil {
		d.t.Fatal(err)
	}
	all, err := produce(d.t.Context(), d.cluster, simulate.New(sc), func(produced) {})
	if err != nil {
		d.t.Fatal(err)
	}
	d.records, d.sides = all.Records, all.Sides
}

// start starts `unopened run`.
func (d *deployment) start() (*exec.Cmd, *bytes.Buffer) {
	d.t.Helper()
	cmd := exec.Command(d.binary, "run", "--config", d.config, "--json")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		d.t.Fatal(err)
	}
	return cmd, &out
}

var metricLine = regexp.MustCompile(`(?m)^(unopened_[a-z_]+(?:\{[^}]*\})?) (\S+)$`)

// read reads the metrics of a run; nil while it does not listen.
func (d *deployment) read() map[string]float64 {
	answer, err := http.Get("http://" + d.metrics + "/metrics")
	if err != nil {
		return nil
	}
	defer answer.Body.Close() //nolint:errcheck // only read from
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil
	}
	values := make(map[string]float64)
	for _, m := range metricLine.FindAllSubmatch(text, -1) {
		if v, err := strconv.ParseFloat(string(m[2]), 64); err == nil {
			values[string(m[1])] = v
		}
	}
	return values
}

// until waits until the run's metrics satisfy done.
func (d *deployment) until(what string, done func(map[string]float64) bool) map[string]float64 {
	d.t.Helper()
	for end := time.Now().Add(4 * time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if m := d.read(); m != nil && done(m) {
			return m
		}
	}
	d.t.Fatalf("waited four minutes for %s; metrics: %v", what, d.read())
	return nil
}

// total is the number of records that a topic has.
func (d *deployment) total(topic string) (sum float64) {
	ends, err := d.cluster.EndOffsets(d.t.Context(), topic)
	if err != nil {
		d.t.Fatal(err)
	}
	for _, end := range ends {
		sum += float64(end)
	}
	return sum
}

// finish lets a run split everything and come to rest, stops it and returns its accounting.
func (d *deployment) finish(cmd *exec.Cmd, out *bytes.Buffer) (sum accounting) {
	d.t.Helper()
	var before map[string]float64
	var since time.Time
	d.until("everything to come to rest", func(m map[string]float64) bool {
		if !maps.Equal(m, before) {
			before, since = m, time.Now()
		}
		return m["unopened_split_fetched_total"] == float64(d.records) && time.Since(since) > 3*time.Second
	})
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		d.t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		d.t.Fatalf("the run did not stop gracefully: %v", err)
	}
	if err := json.Unmarshal(out.Bytes(), &sum); err != nil {
		d.t.Fatalf("%v in %s", err, out.Bytes())
	}
	return sum
}

// applied is the share of all sides that a run has applied.
func (d *deployment) applied(m map[string]float64) float64 {
	return m[`unopened_sides_total{outcome="applied"}`] / float64(d.sides)
}

// killed runs the service and kills it when it has applied each of the given shares of all sides; afterKill runs after
// each.
func (d *deployment) killed(shares []float64, afterKill func()) accounting {
	d.t.Helper()
	for _, share := range shares {
		cmd, _ := d.start()
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
	if err != nil || len(sealed) == 0 {
		d.t.Fatalf("no shard had sealed a checkpoint before it was killed (%v): the kills show nothing", err)
	}
	cmd, out := d.start()
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

// stored are the verdict rows in ClickHouse in the form of key and score, each key once.
func (d *deployment) stored() map[string]bool {
	d.t.Helper()
	conn, err := clickhousego.Open(&clickhousego.Options{
		Addr: []string{d.clickhouse.Addr()}, Auth: clickhousego.Auth{Username: engines.Writer, Password: d.clickhouse.Password},
	})
	if err != nil {
		d.t.Fatal(err)
	}
	defer conn.Close() //nolint:errcheck // only read from
	found, err := conn.Query(d.t.Context(), "SELECT concat(account, ' ', toString(harm), ' ', toString(toUnixTimestamp64Milli(at)), ' ',"+
		" toString(toDecimalString(score, 4)), ' ', toString(events)) FROM unopened.verdicts")
	if err != nil {
		d.t.Fatal(err)
	}
	rows, count := make(map[string]bool), 0
	for found.Next() {
		var row string
		if err := found.Scan(&row); err != nil {
			d.t.Fatal(err)
		}
		rows[row] = true
		count++
	}
	if err := found.Err(); err != nil || count != len(rows) {
		d.t.Errorf("%d verdict rows, of which %d differ: some came twice (%v)", count, len(rows), err)
	}
	return rows
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

// TestKilledServiceEqualsCleanReplay kills `unopened run` three times with SIGKILL between 10 and 90 % of half a million
// records. It ends with the state hash, the alerts and the verdict rows of a clean replay of its account topic.
func TestKilledServiceEqualsCleanReplay(t *testing.T) {
	d := deploy(t, 6500)
	if d.records < 500_000 {
		t.Fatalf("only %d records", d.records)
	}
	rng := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 1))
	at := []float64{0.12 + 0.15*rng.Float64(), 0.35 + 0.15*rng.Float64(), 0.6 + 0.2*rng.Float64()}
	live := d.killed(at, func() {})
	clean, verdicts, told := d.replayed()
	if live.StateHash != clean.StateHash {
		t.Errorf("state hash %s, the clean replay has %s", live.StateHash, clean.StateHash)
	}
	got := make(map[string]bool)
	for _, body := range d.mailbox.bodies {
		got[body] = true
	}
	if !maps.Equal(got, told) || len(told) == 0 || d.mailbox.changed != 0 {
		t.Errorf("%d alert bodies arrived, %d are right, %d changed", len(got), len(told), d.mailbox.changed)
	}
	if rows, want := d.stored(), keys(t, verdicts); !maps.Equal(rows, want) || len(want) == 0 {
		t.Errorf("%d verdict rows, the clean replay has %d", len(rows), len(want))
	}
	if c := d.mailbox.receiver.Counts(); c.Refused != 0 || int(c.Verified) != len(told) {
		t.Errorf("the receiver verified %d of %d and refused %d", c.Verified, len(told), c.Refused)
	}
	if len(live.Unbalanced)+len(clean.Unbalanced) > 0 {
		t.Errorf("the accounts do not add up: %v, in the replay %v", live.Unbalanced, clean.Unbalanced)
	}
	if entries := int64(d.total(d.cfg.Kafka.Topics.Account)); live.Sides.Offsets != entries || live.Sides.Applied != d.sides {
		t.Errorf("%d of %d entries read, %d of %d sides applied", live.Sides.Read, entries, live.Sides.Applied, d.sides)
	}
	if live.Events.Read != d.records || live.Events.Read-live.Events.Accepted != 100 || live.Sides.Late != 0 {
		t.Errorf("of %d records: %+v", d.records, live)
	}
	if live.Sides.Resent == 0 {
		t.Error("no entry was written again: the kills show nothing about the split role")
	}
	t.Logf("%d records, %d entries of which %d were written again, %d verdict rows, %d alerts (%d delivered again)",
		d.records, live.Sides.Read, live.Sides.Resent, len(verdicts), len(told), d.mailbox.again)
}

// TestOffsetAheadOfTheStateFails is the control: after the kill the checkpoints get the end of the log as their offset,
// as if it were kept apart from the state and had run ahead of it. That must not equal the replay.
func TestOffsetAheadOfTheStateFails(t *testing.T) {
	d := deploy(t, 1500)
	live := d.killed([]float64{0.4}, func() { d.offsetsAhead(t) })
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
		if len(files) > 0 {
			moveOffset(t, slices.Max(files), end)
		}
	}
}

var nextOffset = regexp.MustCompile(`"next":\d+`)

// moveOffset rewrites the offset in a checkpoint's head, and its sum.
func moveOffset(t *testing.T, name string, next int64) {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	const before = len("UNOPENED CHECKPOINT\n") + 4 + len("head")
	size := int(binary.LittleEndian.Uint32(data[before:]))
	head := nextOffset.ReplaceAll(data[before+4:before+4+size], fmt.Appendf(nil, `"next":%d`, next))
	out := append(slices.Clone(data[:before]), binary.LittleEndian.AppendUint32(nil, uint32(len(head)))...)
	out = append(append(out, head...), data[before+4+size:len(data)-sha256.Size]...)
	sum := sha256.Sum256(out)
	if err := os.WriteFile(name, append(out, sum[:]...), 0o600); err != nil {
		t.Fatal(err)
	}
}
