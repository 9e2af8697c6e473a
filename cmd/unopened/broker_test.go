package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/unopened/unopened/configs"
	"github.com/unopened/unopened/ingest/kafka"
	brokers "github.com/unopened/unopened/ingest/kafka/local"
)

// fakeKafka starts a broker in this process, with the topics, and returns a configuration for it with its file.
func fakeKafka(t *testing.T) (*configs.Config, string, *kafka.Cluster) {
	t.Helper()
	broker, err := brokers.Start(t.Context(), brokers.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(broker.Close)
	c := configs.DefaultConfig()
	c.Data = filepath.Join(t.TempDir(), "data")
	c.Kafka.Brokers = []string{broker.Addr()}
	c.Kafka.Create.Enabled, c.Kafka.Create.RawPartitions, c.Kafka.Create.AccountPartitions = true, 2, 3
	c.Engine.Listen = ""
	cluster, err := kafka.New(c.Kafka, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	if err := cluster.EnsureTopics(t.Context()); err != nil {
		t.Fatal(err)
	}
	return &c, saved(t, &c), cluster
}

// saved writes a configuration to a file.
func saved(t *testing.T, c *configs.Config) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "unopened.yaml")
	if err := c.Save(name); err != nil {
		t.Fatal(err)
	}
	return name
}

// sendLines produces lines to the raw topic, in turn to its partitions.
func sendLines(t *testing.T, cluster *kafka.Cluster, lines [][]byte) {
	t.Helper()
	log, err := cluster.Log(t.Context(), cluster.Topics().Raw, nil)
	if err != nil {
		t.Fatal(err)
	}
	parts := make([][][]byte, log.Partitions())
	for i, line := range lines {
		parts[i%len(parts)] = append(parts[i%len(parts)], line)
	}
	for p, values := range parts {
		if err := log.Append(t.Context(), p, values); err != nil {
			t.Fatal(err)
		}
	}
}

// linesOf are the lines of a file.
func linesOf(t *testing.T, name string) [][]byte {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Split(bytes.TrimSuffix(text, []byte("\n")), []byte("\n"))
}

// groups is the number of consumer groups that the broker knows.
func groups(t *testing.T, cfg *configs.Config) int {
	t.Helper()
	client := &kafkago.Client{Addr: kafkago.TCP(cfg.Kafka.Brokers...)}
	answer, err := client.ListGroups(t.Context(), &kafkago.ListGroupsRequest{})
	if err != nil || answer.Error != nil {
		t.Fatal(err, answer)
	}
	return len(answer.Groups)
}
