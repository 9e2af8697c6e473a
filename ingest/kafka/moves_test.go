package kafka

import (
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
)

// TestMoves moves the leaders of partitions and the group's coordinator from broker to broker, under load. The short
// form moves each 20 times, the long one 1,000 times.
func TestMoves(t *testing.T) {
	moves := 20
	if os.Getenv("UNOPENED_SOAK") != "" {
		moves = 1000
	}
	const brokers, partitions = 3, 3
	fake, err := kfake.NewCluster(kfake.NumBrokers(brokers), kfake.GroupMinSessionTimeout(100*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	defer fake.Close()
	config := testConfig(t, fake.ListenAddrs()[0])
	config.Create.AccountPartitions, config.Heartbeat = partitions, 100*time.Millisecond
	cluster := newCluster(t, config)
	cluster.metadataTime = 50 * time.Millisecond
	cluster.client.Store(cluster.newClient())
	topic, k := config.Topics.Account, newKeeper()
	source := cluster.Source(topic, "test")
	stop := run(t, source, k)
	load := startLoad(t, cluster, topic, partitions)
	load.passed(t, k, 0, 10)
	for move := range moves {
		id := move % partitions
		if err := fake.MoveTopicPartition(topic, int32(id), (fake.LeaderFor(topic, int32(id))+1+rand.Int32N(brokers-1))%brokers); err != nil {
			t.Fatal(err)
		}
		load.passed(t, k, id, 10)

		from, generations := fake.CoordinatorFor(source.group), cluster.Stats().Generations
		for fake.CoordinatorFor(source.group) == from {
			fake.RehashCoordinators()
		}
		k.wait(t, "a generation at the new coordinator", func() bool { return cluster.Stats().Generations > generations })
		load.passed(t, k, id, 10)
	}
	load.finish(t, k)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	stats := cluster.Stats()
	if stats.FetchErrors == 0 || stats.AppendRetries == 0 || met(stats) != "" { // the control: the moves were felt
		t.Errorf("stats %+v", stats)
	}
	t.Logf("%d moves of leaders and as many of the coordinator; %+v", moves, stats)
}
