package main

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/unopened/unopened/alerts"
	"github.com/unopened/unopened/configs"
	"github.com/unopened/unopened/engine"
	"github.com/unopened/unopened/ingest"
	"github.com/unopened/unopened/ingest/kafka"
	brokers "github.com/unopened/unopened/ingest/kafka/local"
	"github.com/unopened/unopened/models"
)

// encodedTopic is a raw topic that `simulate --kafka` filled.
type encodedTopic struct {
	cfg  configs.Config
	file string // the configuration
}

// fillTopic simulates a small world into a raw topic of one partition.
func fillTopic(t *testing.T, broker string, encoding ingest.Encoding) *encodedTopic {
	t.Helper()
	e := &encodedTopic{cfg: configs.DefaultConfig(), file: filepath.Join(t.TempDir(), "unopened.yaml")}
	c := &e.cfg
	c.Data = t.TempDir()
	c.Kafka.Brokers, c.Kafka.Encoding, c.Kafka.GroupPrefix = []string{broker}, encoding.String(), encoding.String()
	c.Kafka.Create.Enabled, c.Kafka.Create.RawPartitions, c.Kafka.Create.AccountPartitions = true, 1, 2
	for _, topic := range []*string{&c.Kafka.Topics.Raw, &c.Kafka.Topics.Account, &c.Kafka.Topics.Dead, &c.Kafka.Topics.Alerts} {
		*topic += "." + encoding.String()
	}
	c.Alerts.Promoted = models.Names[:]
	if err := c.Save(e.file); err != nil {
		t.Fatal(err)
	}
	ok(t, "simulate", "--kafka", "--config", e.file, "--accounts", "400", "--days", "3", "--campaign", "burst_spam=1", "--campaign", "grooming=2",
		"--campaign", "brigade=0", "--campaign", "takeover=2", "--hostile", "70", "--repeats", "50")
	return e
}

// read reads the raw topic in an encoding to its end through all roles; it returns the accounting and the alerts.
func (e *encodedTopic) read(t *testing.T, encoding ingest.Encoding) (*accounting, []string) {
	t.Helper()
	cluster, err := kafka.New(e.cfg.Kafka, logger(slog.LevelWarn))
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Close()
	reader, err := replayEngine(&e.cfg)
	if err != nil {
		t.Fatal(err)
	}
	told := filepath.Join(t.TempDir(), "alerts.jsonl")
	reader.Encoding, reader.Sinks = encoding, []alerts.Endpoint{alerts.LinesEndpoint(told)}
	if err := reader.ReplayRaw(t.Context(), cluster.ReadAll(e.cfg.Kafka.Topics.Raw), 2); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(told)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return account(reader, 0), slices.Sorted(strings.Lines(string(text)))
}

// values are all records of a topic, one after the other.
type values struct {
	count int
	all   []byte
}

func (v *values) Resume() int64               { return -1 }
func (v *values) Close(context.Context) error { return nil }

// Handle takes the records.
func (v *values) Handle(_ context.Context, b ingest.Batch) error {
	for i := range b.Records {
		v.count++
		v.all = append(v.all, b.Records[i].Value...)
	}
	return nil
}

// values reads one of the topics.
func (e *encodedTopic) values(t *testing.T, topic string) *values {
	t.Helper()
	cluster, err := kafka.New(e.cfg.Kafka, logger(slog.LevelWarn))
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Close()
	v := &values{}
	open := func(context.Context, ingest.Partition) (ingest.Handler, error) { return v, nil }
	if err := cluster.ReadAll(topic).Run(t.Context(), open); err != nil {
		t.Fatal(err)
	}
	return v
}

// split runs the split role of the service until it has taken all records, and returns its counters.
func (e *encodedTopic) split(t *testing.T, records int64) engine.SplitCounts {
	t.Helper()
	e.cfg.Engine.Listen = ""
	s, err := newService(t.Context(), &e.cfg, []string{"split"}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.run(ctx) }()
	for end := time.Now().Add(4 * time.Minute); s.engine.Stats().Split.Fetched < records && time.Now().Before(end); {
		time.Sleep(20 * time.Millisecond)
	}
	stop()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	counts := s.engine.Stats().Split
	if err := s.close(); err != nil || counts.Fetched != records {
		t.Fatalf("%d of %d records split, %v", counts.Fetched, records, err)
	}
	return counts
}

// testEncodings writes one simulation to a topic of each encoding: both have the same state, alerts and accounting. The
// control reads a topic in the other's encoding, of which nothing is accepted.
func testEncodings(t *testing.T, broker string) {
	text, message := fillTopic(t, broker, ingest.JSON), fillTopic(t, broker, ingest.Protobuf)
	want, wantAlerts := text.read(t, ingest.JSON)
	got, gotAlerts := message.read(t, ingest.Protobuf)
	if got.StateHash != want.StateHash || got.Sides != want.Sides || !slices.Equal(gotAlerts, wantAlerts) || len(wantAlerts) == 0 {
		t.Errorf("as Protobuf: hash %s, %+v, %d alerts\nas JSON: hash %s, %+v, %d alerts",
			got.StateHash, got.Sides, len(gotAlerts), want.StateHash, want.Sides, len(wantAlerts))
	}
	if got.Events.Read != want.Events.Read || got.Events.Accepted != want.Events.Accepted || got.Events.Read-got.Events.Accepted != 70 {
		t.Errorf("as Protobuf %+v, as JSON %+v; 70 are hostile", got.Events, want.Events)
	}
	counts := message.split(t, got.Events.Read)
	if counts.Accepted != want.Events.Accepted || counts.Refused[ingest.RefusedUnknownField] == 0 {
		t.Errorf("the service split %+v, of %d that are sound", counts, want.Events.Accepted)
	}
	// Some of the hostile records have text in a field that the contract lacks: the dead letters have none of it.
	raw, dead := message.values(t, message.cfg.Kafka.Topics.Raw), message.values(t, message.cfg.Kafka.Topics.Dead)
	if leak := []byte("see you at eight"); dead.count != 70 || bytes.Contains(dead.all, leak) || !bytes.Contains(raw.all, leak) {
		t.Errorf("%d dead letters of 70 refusals, or what they were refused for is in them", dead.count)
	}
	wrong, none := message.read(t, ingest.JSON)
	other, _ := text.read(t, ingest.Protobuf)
	if wrong.Events.Accepted != 0 || other.Events.Accepted != 0 || wrong.StateHash == want.StateHash || len(none) > 0 {
		t.Errorf("read in the other's encoding: %+v, %+v", wrong.Events, other.Events)
	}
	t.Logf("%d records, %d alerts, state %s in both encodings", got.Events.Read, len(gotAlerts), got.StateHash)
}

func TestEncodingsGiveTheSameState(t *testing.T) {
	broker, err := brokers.Start(t.Context(), brokers.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer broker.Close()
	testEncodings(t, broker.Addr())
}

func TestEncodingsGiveTheSameStateOnKafka(t *testing.T) {
	broker, err := brokers.StartJava(t.Context(), t.TempDir(), brokers.JavaVersion)
	if err != nil {
		missing(t, err)
	}
	defer broker.Close()
	testEncodings(t, broker.Addr())
}
