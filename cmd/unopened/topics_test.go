package main

import (
	"context"
	"strings"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/unopened/unopened/configs"
	kafkalocal "github.com/unopened/unopened/ingest/kafka/local"
)

// TestTopicsThatGrow adds partitions while split and score run: more of the raw topic are read too, more of the account
// topic stop everything with an explanation, and so does a restart. Events come all the time.
func TestTopicsThatGrow(t *testing.T) {
	broker, err := kafkalocal.Start(t.Context(), kafkalocal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(broker.Close)
	cfg := configs.DefaultConfig()
	cfg.Data, cfg.Engine.Listen, cfg.Engine.SealEvery = t.TempDir(), "", 100*time.Millisecond
	cfg.Kafka.Brokers, cfg.Kafka.Create.Enabled = []string{broker.Addr()}, true
	cfg.Kafka.Create.RawPartitions, cfg.Kafka.Create.AccountPartitions = 2, 2

	s, done := roles(t, &cfg)
	lines := simulated(3000, 200)
	feed := func(partition int, events [][]byte) {
		t.Helper()
		log, err := s.kafka.Log(t.Context(), cfg.Kafka.Topics.Raw, nil)
		if err == nil {
			err = log.Append(t.Context(), partition, events)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	split := func(want int64) {
		t.Helper()
		for end := time.Now().Add(time.Minute); s.engine.Stats().Split.Accepted < want; time.Sleep(20 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%d events were split, not %d", s.engine.Stats().Split.Accepted, want)
			}
		}
	}
	feed(0, lines[:1000])
	split(1000)

	more(t, broker.Addr(), cfg.Kafka.Topics.Raw, 3)
	time.Sleep(time.Second) // what writes to the raw topic has learnt of it, as a producer would
	feed(2, lines[1000:2000])
	split(2000)
	if n := s.met()["incident_repartitioned"]; n != 1 {
		t.Errorf("%d incidents", n)
	}

	more(t, broker.Addr(), cfg.Kafka.Topics.Account, 3)
	feed(2, lines[2000:])
	const want = "had 2 partitions and has 3 now"
	if err := <-done; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("the account topic has grown: %v", err)
	}
	_, done = roles(t, &cfg)
	if err := <-done; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("started again: %v", err)
	}
}

// roles runs split and score, without a store.
func roles(t *testing.T, cfg *configs.Config) (*service, <-chan error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	s, err := newService(ctx, cfg, []string{"split"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	s.roles = nil
	s.assign([]string{"split", "score"})
	done := make(chan error, 1)
	go func() { done <- s.run(ctx) }()
	t.Cleanup(func() { cancel(); s.kafka.Close() })
	return s, done
}

// more gives a topic more partitions.
func more(t *testing.T, broker, topic string, count int32) {
	t.Helper()
	client := kafkago.Client{Addr: kafkago.TCP(broker), Timeout: 10 * time.Second}
	answer, err := client.CreatePartitions(t.Context(), &kafkago.CreatePartitionsRequest{Topics: []kafkago.TopicPartitionsConfig{{Name: topic, Count: count}}})
	if err != nil || answer.Errors[topic] != nil {
		t.Fatal(err, answer)
	}
}
