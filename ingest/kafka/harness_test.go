package kafka

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/unopened/unopened/ingest"
)

// patienceOfTests is how long what must happen may take; only a test that fails waits for so long.
const patienceOfTests = 2 * time.Minute

// testConfig is a config with topics that no other test has.
func testConfig(t *testing.T, addr string) Config {
	config := DefaultConfig()
	config.Brokers = []string{addr}
	name := strings.NewReplacer("/", ".", " ", "-", "#", ".").Replace(t.Name())
	config.GroupPrefix = name
	config.Topics = Topics{Raw: name + ".raw", Account: name + ".account", Dead: name + ".dead", Alerts: name + ".alerts"}
	config.Create = Create{Enabled: true, RawPartitions: 2, AccountPartitions: 3, Replication: 1}
	config.Fetch.MaxWait = 100 * time.Millisecond
	config.SessionTimeout, config.Heartbeat = 6*time.Second, 200*time.Millisecond
	return config
}

// newCluster returns a cluster whose topics exist.
func newCluster(t *testing.T, config Config) *Cluster {
	t.Helper()
	cluster, err := New(config, slog.New(slog.NewTextHandler(testWriter{t}, nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	if err := cluster.EnsureTopics(t.Context()); err != nil {
		t.Fatal(err)
	}
	return cluster
}

type testWriter struct{ t *testing.T }

func (w testWriter) Write(b []byte) (int, error) {
	w.t.Logf("%s", b)
	return len(b), nil
}

// produce writes values n, n+1, … to a partition of a topic.
func produce(t *testing.T, cluster *Cluster, topic string, partition, from, to int) {
	t.Helper()
	log, err := cluster.Log(t.Context(), topic, func(v []byte) []byte { return v[:1] })
	if err != nil {
		t.Fatal(err)
	}
	var values [][]byte
	for i := from; i < to; i++ {
		values = append(values, fmt.Appendf(nil, "value %d", i))
	}
	if err := log.Append(t.Context(), partition, values); err != nil {
		t.Fatal(err)
	}
}

// keeper is a handler that keeps its state, as a checkpoint would, across generations and processes.
type keeper struct {
	mu       sync.Mutex
	next     map[int]int64
	seen     map[int][]string
	gaps     int64
	lost     int64
	poison   int
	stray    []int64
	caughtUp map[int]bool
	open     map[int]int // handlers open
	backward bool
	handle   func(ctx context.Context, id int, b ingest.Batch) error
	changed  chan struct{}
}

func newKeeper() *keeper {
	return &keeper{next: map[int]int64{}, seen: map[int][]string{}, caughtUp: map[int]bool{}, open: map[int]int{}, changed: make(chan struct{}, 1)}
}

type partitionKeeper struct {
	*keeper
	part ingest.Partition
}

func (k *keeper) opener(_ context.Context, p ingest.Partition) (ingest.Handler, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.open[p.ID]++
	if k.open[p.ID] > 1 {
		return nil, fmt.Errorf("partition %d is open twice", p.ID)
	}
	return &partitionKeeper{k, p}, nil
}

func (k *partitionKeeper) Resume() int64 {
	k.mu.Lock()
	defer k.mu.Unlock()
	if next, ok := k.next[k.part.ID]; ok {
		return next
	}
	return -1
}

func (k *partitionKeeper) Handle(ctx context.Context, b ingest.Batch) error {
	if k.handle != nil {
		if err := k.handle(ctx, k.part.ID, b); err != nil {
			return err
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.apply(b)
	return nil
}

// apply takes a batch in; the caller holds the lock.
func (k *partitionKeeper) apply(b ingest.Batch) {
	if next, ok := k.next[k.part.ID]; ok && b.Next-b.Gap-int64(len(b.Records)) != next {
		k.backward = true
	}
	for i := range b.Records {
		r := &b.Records[i]
		k.seen[k.part.ID] = append(k.seen[k.part.ID], string(r.Value))
		if r.Poison {
			k.poison++
		}
		if r.Stray {
			k.stray = append(k.stray, r.Offset)
		}
	}
	k.gaps += b.Gap
	k.lost += b.Lost
	k.next[k.part.ID] = b.Next
	k.caughtUp[k.part.ID] = b.CaughtUp
	select {
	case k.changed <- struct{}{}:
	default:
	}
}

func (k *partitionKeeper) Close(context.Context) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.open[k.part.ID]--
	return nil
}

func (k *keeper) total() (n int) {
	for _, values := range k.seen {
		n += len(values)
	}
	return n
}

// wait waits until done, called under the lock, is true.
func (k *keeper) wait(t *testing.T, what string, done func() bool) {
	t.Helper()
	limit := time.After(patienceOfTests)
	for {
		k.mu.Lock()
		ok := done()
		k.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-k.changed:
		case <-time.After(50 * time.Millisecond):
		case <-limit:
			t.Fatalf("waiting for %s: %+v", what, k.next)
		}
	}
}

// run runs a source until stop is called, which returns its error.
func run(t *testing.T, source *Source, k *keeper) (stop func() error) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- source.Run(ctx, k.opener) }()
	return sync.OnceValue(func() error { cancel(); return <-done })
}

// runToEnd runs a source until it ends by itself.
func runToEnd(t *testing.T, source *Source, k *keeper) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patienceOfTests)
	defer cancel()
	err := source.Run(ctx, k.opener)
	if ctx.Err() != nil {
		t.Fatal("the source did not end")
	}
	return err
}

// send repeats what writes until it works: a topic that was just made may have no leader yet.
func send(t *testing.T, write func(*kafkago.Client) (*kafkago.ProduceResponse, error), cluster *Cluster) {
	t.Helper()
	err := cluster.persist(t.Context(), patience, func(_ context.Context, client *kafkago.Client) error {
		response, err := write(client)
		if err == nil {
			err = response.Error
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
