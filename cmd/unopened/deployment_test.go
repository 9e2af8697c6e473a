package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"maps"
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
	"syscall"
	"testing"
	"time"

	"github.com/unopened/unopened/alerts"
	"github.com/unopened/unopened/configs"
	"github.com/unopened/unopened/ingest/kafka"
	brokers "github.com/unopened/unopened/ingest/kafka/local"
	"github.com/unopened/unopened/ingest/simulate"
	engines "github.com/unopened/unopened/store/local"
)

// deployment is a real broker, a real ClickHouse server and a receiver, which live through all kills of `unopened run`.
type deployment struct {
	t       *testing.T
	dir     string
	binary  string
	config  string
	cfg     configs.Config
	broker  *brokers.Java
	cluster *kafka.Cluster
	mailbox *mailbox
	records int64
	sides   int64     // of all events, without repeats
	skipped int64     // entries of the account topic that a control made the shards pass over
	log     io.Writer // where the processes' logs go

	clickhouse *engines.Engine
	metrics    string
	webhook    string // the mailbox's address
	scraped    []byte // the metrics as they were last served
}

// missing skips a test whose part this machine cannot have; in continuous integration that is a failure.
func missing(t *testing.T, err error) {
	t.Helper()
	if os.Getenv("CI") != "true" && (errors.Is(err, brokers.ErrNoJava) || errors.Is(err, engines.ErrNoLibrary)) {
		t.Skip(err)
	}
	t.Fatal(err)
}

// deploy starts the parts, whose topics are empty.
func deploy(t *testing.T) *deployment {
	t.Helper()
	d := &deployment{t: t, dir: t.TempDir(), cfg: configs.DefaultConfig(), log: os.Stderr}
	broker, err := brokers.StartJava(t.Context(), d.folder("kafka"), brokers.JavaVersion)
	if err != nil {
		missing(t, err)
	}
	t.Cleanup(broker.Close)
	d.broker = broker
	clickhouse, err := engines.Start(context.WithoutCancel(t.Context()), d.folder("clickhouse"), "unopened", logger(slog.LevelWarn))
	if err != nil {
		missing(t, err)
	}
	t.Cleanup(func() { _ = clickhouse.Stop() }) // the test is over
	t.Logf("Apache Kafka %s at %s, ClickHouse %s at %s", brokers.JavaVersion, broker.Addr(), clickhouse.Version(), clickhouse.Addr())
	d.clickhouse = clickhouse
	d.configure(broker.Addr(), clickhouse)
	if d.binary, err = program(); err != nil {
		t.Fatal(err)
	}
	if err := d.cluster.EnsureTopics(t.Context()); err != nil {
		t.Fatal(err)
	}
	return d
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
	d.webhook = server.URL
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

// recently is a simulated week that ends yesterday.
func recently(accounts int) simulate.Scenario {
	sc := simulate.Default()
	sc.Accounts = accounts
	sc.Start = time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -sc.Days).UnixMilli()
	return sc
}

// hostile is how many hostile records produce scatters among the others.
const hostile = 100

// produce fills the raw topic with a simulated week.
func (d *deployment) produce(accounts int) {
	sc := recently(accounts)
	sc.Hostile, sc.Repeats = hostile, 1000
	all, err := produce(d.t.Context(), d.cluster, simulate.New(sc), func(produced) {})
	if err != nil {
		d.t.Fatal(err)
	}
	d.records, d.sides = all.Records, all.Sides
}

// start starts `unopened run`, with more flags than the usual ones if need be.
func (d *deployment) start(flags ...string) (*exec.Cmd, *bytes.Buffer) {
	d.t.Helper()
	cmd := exec.Command(d.binary, append([]string{"run", "--config", d.config, "--json"}, flags...)...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, d.log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		d.t.Fatal(err)
	}
	return cmd, &out
}

var metricLine = regexp.MustCompile(`(?m)^(unopened_[a-z_]+(?:\{[^}]*\})?) (\S+)$`)

// scrape reads the metrics of a run as they are served; nil while it does not listen.
func (d *deployment) scrape() []byte {
	answer, err := http.Get("http://" + d.metrics + "/metrics")
	if err != nil {
		return nil
	}
	defer answer.Body.Close() // only read from
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil
	}
	return text
}

// read reads the metrics of a run; nil while it does not listen.
func (d *deployment) read() map[string]float64 {
	text := d.scrape()
	if text == nil {
		return nil
	}
	d.scraped = text
	values := make(map[string]float64)
	for _, m := range metricLine.FindAllSubmatch(text, -1) {
		if bytes.HasPrefix(m[1], []byte("unopened_last_batch")) {
			continue // the time of it moves although nothing does
		}
		if v, err := strconv.ParseFloat(string(m[2]), 64); err == nil {
			values[string(m[1])] = v
		}
	}
	return values
}

// until waits until the run's metrics satisfy done. It gives up when they have not moved for four minutes.
func (d *deployment) until(what string, done func(map[string]float64) bool) map[string]float64 {
	d.t.Helper()
	const still = 4 * time.Minute
	before, end := d.read(), time.Now().Add(still)
	for ; time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		m := d.read()
		if m != nil && done(m) {
			return m
		}
		if !maps.Equal(m, before) {
			before, end = m, time.Now().Add(still)
		}
	}
	d.t.Fatalf("waited for %s, and nothing moved for %s; metrics: %v", what, still, before)
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

// settled tells whether all that went in has come out: records split, entries read, candidates taken, alerts delivered. The
// metrics were read before the topics' ends are: what is equal then had stopped to grow. A run of some roles alone leaves
// the others' topics unread.
func (d *deployment) settled(m map[string]float64, alone bool) bool {
	if m["unopened_split_fetched_total"] != float64(d.records) {
		return false
	}
	candidates, pending := 0.0, 0.0
	for name, n := range m {
		switch {
		case strings.HasPrefix(name, "unopened_candidates_total"):
			candidates += n
		case strings.HasPrefix(name, "unopened_outbox_deliveries") && strings.Contains(name, `outcome="pending"`):
			pending += n
		}
	}
	topics := d.cfg.Kafka.Topics
	return alone || pending == 0 && m["unopened_sides_read_total"]+float64(d.skipped) == d.total(topics.Account) && candidates == d.total(topics.Alerts)
}

// finish lets a run take everything to its end, stops it and returns its accounting.
func (d *deployment) finish(cmd *exec.Cmd, out *bytes.Buffer) (sum accounting) {
	d.t.Helper()
	alone := slices.Contains(cmd.Args, "--roles")
	d.until("everything to settle", func(m map[string]float64) bool { return d.settled(m, alone) })
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
