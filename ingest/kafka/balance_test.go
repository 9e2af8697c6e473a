package kafka

import (
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// A group whose leader was told, once, that the topic does not exist gives nothing to anybody. The control shows that;
// a source joins again and reads.
func TestLeaderSawNoPartition(t *testing.T) {
	fake, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.GroupMinSessionTimeout(100*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	defer fake.Close()
	config := testConfig(t, fake.ListenAddrs()[0])
	cluster := newCluster(t, config)
	topic := config.Topics.Account
	produce(t, cluster, topic, 0, 0, 10)
	blind := func() *kfake.FaultHandle {
		return fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Metadata}, Topic: topic, Err: kerr.UnknownTopicOrPartition, Count: 1,
			When: func(r kmsg.Request) bool { return r.GetVersion() < 8 }}) // as the group's own connection asks
	}

	control := cluster.Source(topic, "control").groupConfig(&balance{})
	control.WatchPartitionChanges = true
	fault := blind()
	group, err := kafkago.NewConsumerGroup(control)
	if err != nil {
		t.Fatal(err)
	}
	generation, err := group.Next(t.Context())
	if err != nil || fault.Hits() != 1 || len(generation.Assignments[topic]) != 0 {
		t.Errorf("the control was given %v, %v", generation, err)
	}
	if err := group.Close(); err != nil {
		t.Fatal(err)
	}

	fault, k := blind(), newKeeper()
	stop := run(t, cluster.Source(topic, "test"), k)
	k.wait(t, "the records", func() bool { return k.next[0] == 10 })
	if err := stop(); err != nil || fault.Hits() != 1 {
		t.Errorf("%v, asked %d times", err, fault.Hits())
	}
}
