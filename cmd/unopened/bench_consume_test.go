package main

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/unopened/unopened/ingest"
	"github.com/unopened/unopened/ingest/kafka"
	"github.com/unopened/unopened/models"
)

// benchConsume compares our source, which checks sums and sees gaps, with kafka-go's Reader, which does neither, each as
// a member of a group.
func benchConsume(t *testing.T) []measured {
	theirs, ours, ratios := inTurn(t, "reader", "source")
	each := func(o *outcome) float64 { return o.CPU / pipelineEvents * 1e9 }
	return []measured{
		plain("consumer, CPU", each(&ours), "ns/event", "our source: sums checked, gaps seen"),
		plain("consumer, kafka.Reader, CPU", each(&theirs), "ns/event", "no sums checked"),
		atMost(0.667, "consumer, CPU, ours / kafka.Reader", median(ratios), "x", fmt.Sprintf("middle of %d rounds, %.2f", len(ratios), ratios)),
	}
}

// tally counts the records of a partition.
type tally struct {
	read atomic.Int64
	want int64
	done context.CancelFunc
}

func (*tally) Resume() int64               { return -1 }
func (*tally) Close(context.Context) error { return nil }

// Handle counts, and ends the reading with the last record.
func (c *tally) Handle(_ context.Context, b ingest.Batch) error {
	if c.read.Add(int64(len(b.Records))) >= c.want {
		c.done()
	}
	return nil
}

func readBySource(job *task, _ *models.Set) (outcome, error) {
	ctx, done := context.WithCancel(context.Background())
	defer done()
	cfg := benchKafka(job.Broker, job.Run)
	cluster, err := kafka.New(cfg, nil)
	if err != nil {
		return outcome{}, err
	}
	defer cluster.Close()
	begin, all := time.Now(), &tally{want: job.Events, done: done}
	err = cluster.Source(cfg.Topics.Raw, "source").Run(ctx, func(context.Context, ingest.Partition) (ingest.Handler, error) { return all, nil })
	return outcome{Seconds: time.Since(begin).Seconds(), Verdicts: all.read.Load()}, err
}

func readByReader(job *task, _ *models.Set) (o outcome, err error) {
	begin := time.Now()
	r := kafkago.NewReader(kafkago.ReaderConfig{
		Brokers: []string{job.Broker}, Topic: kafka.DefaultConfig().Topics.Raw, GroupID: fmt.Sprint("reader", job.Run),
		CommitInterval: time.Second, MaxWait: time.Second,
	})
	defer func() { err = errors.Join(err, r.Close()) }()
	for range job.Events {
		if _, err := r.ReadMessage(context.Background()); err != nil {
			return o, err
		}
	}
	return outcome{Seconds: time.Since(begin).Seconds(), Verdicts: job.Events}, nil
}
