package kafka

import (
	"context"
	"fmt"
	"net"
	"os"
	"sync/atomic"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/unopened/unopened/ingest"
	"github.com/unopened/unopened/ingest/kafka/local"
)

// TestOutages stops, kills and starts real brokers again under load: the leader of the partition that is watched, where
// there are three. Nothing that was acknowledged is lost, nothing is skipped, and a source goes on by itself. The short
// form is one kill of one broker; the long one has 30 restarts and 10 kills of each version, alone, and 10 and 10 of
// three.
func TestOutages(t *testing.T) {
	type outages struct {
		version              string
		brokers, stops, kill int
	}
	all := []outages{{local.JavaVersion, 1, 0, 1}}
	if os.Getenv("UNOPENED_SOAK") != "" {
		all = []outages{{local.JavaVersion, 1, 30, 10}, {local.OldJavaVersion, 1, 30, 10}, {local.JavaVersion, 3, 10, 10}, {local.OldJavaVersion, 3, 10, 10}}
	}
	for _, test := range all {
		t.Run(fmt.Sprintf("%d of %s", test.brokers, test.version), func(t *testing.T) {
			brokers := newJavaCluster(t, test.version, test.brokers)
			config := testConfig(t, "")
			config.Brokers = nil
			for _, broker := range brokers {
				config.Brokers = append(config.Brokers, broker.Addr())
			}
			config.Create.Replication, config.Create.AccountPartitions, config.SessionTimeout = len(brokers), 1, 2*time.Second
			cluster, k := newCluster(t, config), newKeeper()
			stop := run(t, cluster.Source(config.Topics.Account, "test"), k)
			load := startLoad(t, cluster, config.Topics.Account, 1)
			load.passed(t, k, 0, 50)
			for i := range test.stops + test.kill {
				broker := brokers[leader(t, cluster, config.Topics.Account)-1]
				if i < test.stops {
					broker.Stop()
				} else {
					broker.Kill()
				}
				if len(brokers) > 1 { // the others go on without it
					load.passed(t, k, 0, 50)
				}
				if err := broker.Restart(t.Context()); err != nil {
					t.Fatal(err)
				}
				load.passed(t, k, 0, 50)
			}
			load.finish(t, k)
			if err := stop(); err != nil {
				t.Fatal(err)
			}
			if stats := cluster.Stats(); stats.AppendRetries == 0 || met(stats) != "" { // the control: the outages were felt
				t.Errorf("stats %+v", stats)
			}
			t.Logf("%d stops, %d kills, %d records; %+v", test.stops, test.kill, load.written[0].Load(), cluster.Stats())
		})
	}
}

// leader is the node that leads partition 0 of a topic.
func leader(t *testing.T, cluster *Cluster, topic string) int {
	t.Helper()
	answer, err := cluster.client.Load().Metadata(t.Context(), &kafkago.MetadataRequest{Topics: []string{topic}})
	if err != nil || len(answer.Topics[0].Partitions) == 0 {
		t.Fatal(err, answer)
	}
	return answer.Topics[0].Partitions[0].Leader.ID
}

// wall is what a connection may be behind: closed, nothing goes through in either direction.
type wall struct{ closed atomic.Bool }

type walled struct {
	net.Conn
	wall *wall
}

func (c *walled) Write(b []byte) (int, error) {
	if c.wall.closed.Load() {
		return len(b), nil
	}
	return c.Conn.Write(b)
}

func (c *walled) Read(b []byte) (int, error) {
	for {
		n, err := c.Conn.Read(b)
		if err != nil || !c.wall.closed.Load() {
			return n, err
		}
	}
}

// A client from which no answer comes is replaced, and its successor goes on where it stopped.
func TestWatchdog(t *testing.T) {
	config := testConfig(t, startLocal(t))
	config.Fetch.MaxWait = 20 * time.Millisecond
	direct := newCluster(t, config)
	produce(t, direct, config.Topics.Account, 0, 0, 10)
	cluster, err := New(config, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Close()
	cluster.requestTime, cluster.stalled = 100*time.Millisecond, 300*time.Millisecond
	first, wall := cluster.newClient(), new(wall)
	first.Transport.(*kafkago.Transport).Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, addr)
		return &walled{conn, wall}, err
	}
	cluster.client.Store(first)

	k := newKeeper()
	r := &reader{cluster: cluster, part: ingest.Partition{Topic: config.Topics.Account, Count: 3}, stop: 20}
	if r.handler, err = k.opener(t.Context(), r.part); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- r.run(t.Context()) }()
	k.wait(t, "the first records", func() bool { return k.next[0] == 10 })
	wall.closed.Store(true)
	produce(t, direct, config.Topics.Account, 0, 10, 20)
	select {
	case err = <-done:
	case <-time.After(patienceOfTests):
		t.Fatal("the reader is stuck")
	}
	if got := cluster.Stats(); err != nil || len(k.seen[0]) != 20 || k.backward || got.Rebuilds != 1 || got.FetchErrors == 0 {
		t.Errorf("%v, %d records, %+v", err, len(k.seen[0]), got)
	}
}
