package kafka

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/unopened/unopened/ingest"
	"github.com/unopened/unopened/ingest/kafka/local"
)

// The suite runs against every broker that this machine has.
func TestSuite(t *testing.T) {
	for _, broker := range []struct {
		name  string
		start func(*testing.T) string
	}{{"in-process", startLocal}, {"Apache Kafka " + local.JavaVersion, startJava}} {
		t.Run(broker.name, func(t *testing.T) {
			addr := broker.start(t)
			for _, test := range []struct {
				name string
				run  func(*testing.T, string)
			}{
				{"topics", testTopics}, {"topic settings", testTopicSettings}, {"round trip", testRoundTrip}, {"read all", testReadAll}, {"rebalance", testRebalance},
				{"gap", testGap}, {"beyond the end", testBeyond}, {"created again", testRecreated}, {"more raw partitions", testMorePartitions},
				{"a log that grew", testGrownLog}, {"stray headers", testStray}, {"back-pressure", testBackPressure},
				{"handler error", testHandlerError}, {"letters", testLetters}, {"too large", testTooLarge},
				{"transactions", testTransactions},
				{"starts", testStarts}, {"follow", testFollow},
			} {
				t.Run(test.name, func(t *testing.T) { test.run(t, addr) })
			}
		})
	}
}

func startLocal(t *testing.T) string {
	broker, err := local.Start(t.Context(), local.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(broker.Close)
	return broker.Addr()
}

func startJava(t *testing.T) string { return newJava(t).Addr() }

func newJava(t *testing.T) *local.Java { return newJavaCluster(t, local.JavaVersion, 1)[0] }

// newJavaCluster starts a cluster of real brokers.
func newJavaCluster(t *testing.T, version string, count int) []*local.Java {
	t.Helper()
	dirs := make([]string, count)
	for i := range dirs {
		dirs[i] = t.TempDir()
	}
	brokers, err := local.StartJavaCluster(t.Context(), version, dirs...)
	return started(t, err, brokers...)
}

// started takes what a start of a real broker returned. Where the machine has no Java the test is skipped, but fails
// where CI is set.
func started(t *testing.T, err error, brokers ...*local.Java) []*local.Java {
	t.Helper()
	if errors.Is(err, local.ErrNoJava) && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, broker := range brokers {
		t.Cleanup(broker.Close)
	}
	return brokers
}

func testTopics(t *testing.T, addr string) {
	config := testConfig(t, addr)
	config.Create.Enabled = false
	cluster, err := New(config, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Close()
	err = cluster.EnsureTopics(t.Context())
	if !errors.Is(err, ErrTopic) || !strings.Contains(err.Error(), config.Topics.Account) {
		t.Fatalf("missing topics: got %v", err)
	}
	config.Create.Enabled = true
	cluster = newCluster(t, config)
	if err := cluster.EnsureTopics(t.Context()); err != nil {
		t.Fatalf("topics that exist: %v", err)
	}
	for topic, want := range map[string]int{config.Topics.Raw: 2, config.Topics.Account: 3, config.Topics.Dead: 1, config.Topics.Alerts: 1} {
		if got, err := cluster.Partitions(t.Context(), topic); err != nil || got != want {
			t.Errorf("partitions of %s: got %d, %v, want %d", topic, got, err, want)
		}
	}
	config.Topics.Alerts = config.Topics.Raw + "2"
	swapped := config
	swapped.Topics.Alerts, swapped.Topics.Dead = config.Topics.Raw, config.Topics.Dead+"2"
	swapped.Topics.Raw = config.Topics.Raw + "3"
	other, err := New(swapped, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if err := other.EnsureTopics(t.Context()); err == nil || !strings.Contains(err.Error(), "has 2 partitions") {
		t.Errorf("alert topic with two partitions: got %v", err)
	}
}

// The raw topic gives records the broker's time, whatever the writer says; the other topics keep theirs as long as asked.
func testTopicSettings(t *testing.T, addr string) {
	config := testConfig(t, addr)
	config.Create.Retention = 48 * time.Hour
	cluster := newCluster(t, config)
	if strings.Contains(t.Name(), "Apache") { // the broker in the process keeps the writer's time all the same
		for topic, want := range map[string]bool{config.Topics.Raw: true, config.Topics.Account: false} {
			if sent, got := yesterday(t, cluster, topic); (got >= sent.Add(24*time.Hour).UnixMilli()) != want {
				t.Errorf("%s: the time of a record of %v is %v", topic, sent, time.UnixMilli(got))
			}
		}
	}
	for topic, want := range map[string]string{config.Topics.Raw: LogAppendTime, config.Topics.Account: "CreateTime", "none": ""} {
		if got := cluster.TimestampType(t.Context(), topic); got != want {
			t.Errorf("%s: message.timestamp.type is %q, want %q", topic, got, want)
		}
	}
	const asked = "172800000"
	for topic, want := range map[string]bool{config.Topics.Raw: false, config.Topics.Account: true, config.Topics.Dead: true, config.Topics.Alerts: true} {
		if got := setting(t, cluster, topic, "retention.ms"); (got == asked) != want {
			t.Errorf("%s: retention.ms is %q", topic, got)
		}
	}
	config.Topics = Topics{Raw: config.Topics.Raw + "2", Account: config.Topics.Account + "2", Dead: config.Topics.Dead + "2", Alerts: config.Topics.Alerts + "2"}
	config.Create.Retention = 0
	if got := setting(t, newCluster(t, config), config.Topics.Account, "retention.ms"); got == "0" || got == asked {
		t.Errorf("the brokers' default is %q", got)
	}
}

// yesterday writes a record with a time 24 hours ago, and returns that time and the record's as it is read.
func yesterday(t *testing.T, cluster *Cluster, topic string) (sent time.Time, got int64) {
	t.Helper()
	sent = time.Now().Add(-24 * time.Hour)
	send(t, func(client *kafkago.Client) (*kafkago.ProduceResponse, error) {
		return client.Produce(t.Context(), &kafkago.ProduceRequest{Topic: topic, RequiredAcks: kafkago.RequireAll,
			Records: kafkago.NewRecordReader(kafkago.Record{Time: sent, Value: kafkago.NewBytes([]byte("v"))})})
	}, cluster)
	k := newKeeper()
	k.handle = func(_ context.Context, _ int, b ingest.Batch) error {
		for _, r := range b.Records {
			got = r.Time
		}
		return nil
	}
	part := ingest.Partition{Topic: topic}
	handler, err := k.opener(t.Context(), part)
	if err != nil {
		t.Fatal(err)
	}
	r := &reader{cluster: cluster, part: part, handler: handler, stop: 1}
	if err := r.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	return sent, got
}

// setting returns what a broker says of a topic's setting; "" where it says nothing.
func setting(t *testing.T, cluster *Cluster, topic, name string) string {
	t.Helper()
	response, err := cluster.client.Load().DescribeConfigs(t.Context(), &kafkago.DescribeConfigsRequest{Resources: []kafkago.DescribeConfigRequestResource{
		{ResourceType: kafkago.ResourceTypeTopic, ResourceName: topic, ConfigNames: []string{name}}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, resource := range response.Resources {
		for _, entry := range resource.ConfigEntries {
			if entry.ConfigName == name {
				return entry.ConfigValue
			}
		}
	}
	return ""
}

func testRoundTrip(t *testing.T, addr string) {
	for _, compression := range compressions {
		t.Run(compression, func(t *testing.T) {
			config := testConfig(t, addr)
			config.Compression = compression
			cluster := newCluster(t, config)
			before := time.Now().UnixMilli()
			produce(t, cluster, config.Topics.Account, 1, 0, 5000)
			k := newKeeper()
			k.next[1] = 1234 // in the middle of a batch
			var times []int64
			k.handle = func(_ context.Context, _ int, b ingest.Batch) error {
				for _, r := range b.Records {
					times = append(times, r.Time)
					if r.Size != len(r.Value) {
						return fmt.Errorf("size %d of %q", r.Size, r.Value)
					}
				}
				return nil
			}
			stop := run(t, cluster.Source(config.Topics.Account, "test"), k)
			k.wait(t, "the end", func() bool { return k.caughtUp[1] && k.next[1] == 5000 && k.caughtUp[0] })
			if err := stop(); err != nil {
				t.Fatal(err)
			}
			if len(k.seen[1]) != 5000-1234 || k.seen[1][0] != "value 1234" || k.seen[1][len(k.seen[1])-1] != "value 4999" || k.backward || k.gaps != 0 {
				t.Errorf("saw %d values, gaps %d", len(k.seen[1]), k.gaps)
			}
			if times[0] < before || times[0] > time.Now().UnixMilli() {
				t.Errorf("the record's time is %d", times[0])
			}
			if ends, err := cluster.EndOffsets(t.Context(), config.Topics.Account); err != nil || ends[0] != 0 || ends[1] != 5000 {
				t.Errorf("end offsets %v, %v", ends, err)
			}
			if committed := committed(t, cluster, config.GroupPrefix+".test", config.Topics.Account, 1); committed != 5000 {
				t.Errorf("the group's offset is %d, want 5000", committed)
			}
		})
	}
}

func committed(t *testing.T, cluster *Cluster, group, topic string, id int) int64 {
	t.Helper()
	response, err := cluster.client.Load().OffsetFetch(t.Context(), &kafkago.OffsetFetchRequest{GroupID: group, Topics: map[string][]int{topic: {id}}})
	if err != nil {
		t.Fatal(err)
	}
	return response.Topics[topic][0].CommittedOffset
}

func testReadAll(t *testing.T, addr string) {
	config := testConfig(t, addr)
	cluster := newCluster(t, config)
	for id := range 3 {
		produce(t, cluster, config.Topics.Account, id, 0, 100*id)
	}
	k := newKeeper()
	k.handle = func(ctx context.Context, id int, b ingest.Batch) error {
		if id == 2 && len(b.Records) > 0 { // written after the start, so not to be read
			log, err := cluster.Log(ctx, config.Topics.Account, nil)
			if err != nil {
				return err
			}
			return log.Append(ctx, 2, [][]byte{[]byte("late")})
		}
		return nil
	}
	if err := cluster.ReadAll(config.Topics.Account).Run(t.Context(), k.opener); err != nil {
		t.Fatal(err)
	}
	for id := range 3 {
		if got := len(k.seen[id]); got != 100*id || !k.caughtUp[id] || k.open[id] != 0 {
			t.Errorf("partition %d: %d records, caught up %v, open %d", id, got, k.caughtUp[id], k.open[id])
		}
	}
}
