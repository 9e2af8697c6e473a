package kafka

import (
	"context"
	"fmt"
	"net"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/unopened/unopened/ingest"
)

// A broker that is killed and comes back loses nothing that was acknowledged, and a source goes on by itself.
func TestKilledBroker(t *testing.T) {
	broker := newJava(t)
	config := testConfig(t, broker.Addr())
	config.SessionTimeout = 2 * time.Second
	cluster := newCluster(t, config)
	k := newKeeper()
	stop := run(t, cluster.Source(config.Topics.Account, "test"), k)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	log, err := cluster.Log(ctx, config.Topics.Account, nil)
	if err != nil {
		t.Fatal(err)
	}
	written, done := new(atomic.Int64), make(chan struct{})
	go func() {
		defer close(done)
		for log.Append(ctx, 0, [][]byte{fmt.Appendf(nil, "value %d", written.Load())}) == nil {
			written.Add(1)
		}
	}()
	k.wait(t, "the first records", func() bool { return len(k.seen[0]) > 50 })
	broker.Kill()
	before := written.Load()
	if err := broker.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	k.wait(t, "records after the restart", func() bool { return written.Load() > before+50 && int64(len(k.seen[0])) > before+50 })
	cancel()
	<-done
	last := fmt.Sprintf("value %d", written.Load()-1)
	k.wait(t, "the last acknowledged record", func() bool { return slices.Contains(k.seen[0][max(0, len(k.seen[0])-5):], last) })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	next := 0
	for _, value := range k.seen[0] { // what was sent again may be there twice, in order
		if value == fmt.Sprintf("value %d", next) {
			next++
		} else if value != fmt.Sprintf("value %d", next-1) {
			t.Fatalf("%q comes after value %d", value, next-1)
		}
	}
	if int64(next) < written.Load() || k.backward || k.gaps != 0 {
		t.Errorf("%d of %d values", next, written.Load())
	}
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
	case <-time.After(30 * time.Second):
		t.Fatal("the reader is stuck")
	}
	if got := cluster.Stats(); err != nil || len(k.seen[0]) != 20 || k.backward || got.Rebuilds != 1 || got.FetchErrors == 0 {
		t.Errorf("%v, %d records, %+v", err, len(k.seen[0]), got)
	}
}
