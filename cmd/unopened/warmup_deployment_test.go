package main

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/unopened/unopened/configs"
	"github.com/unopened/unopened/ingest"
	"github.com/unopened/unopened/ingest/file"
	"github.com/unopened/unopened/ingest/kafka"
	brokers "github.com/unopened/unopened/ingest/kafka/local"
	"github.com/unopened/unopened/models"
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
	events, _ := simulatedFiles(d.t, "--start", "2026-10-30", "--days", "4", "--campaign", "brigade=1")
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
