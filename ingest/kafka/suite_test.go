package kafka

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
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
				{"topics", testTopics}, {"round trip", testRoundTrip}, {"read all", testReadAll}, {"rebalance", testRebalance},
				{"gap", testGap}, {"beyond the end", testBeyond}, {"stray headers", testStray}, {"back-pressure", testBackPressure},
				{"handler error", testHandlerError}, {"letters", testLetters}, {"too large", testTooLarge},
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

// newJava starts a real broker. Where the machine has no Java the test is skipped, but fails where CI is set.
func newJava(t *testing.T) *local.Java {
	broker, err := local.StartJava(t.Context(), t.TempDir(), local.JavaVersion)
	if errors.Is(err, local.ErrNoJava) && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(broker.Close)
	return broker
}

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
	k.next[k.part.ID] = b.Next
	k.caughtUp[k.part.ID] = b.CaughtUp
	select {
	case k.changed <- struct{}{}:
	default:
	}
	return nil
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
	limit := time.After(40 * time.Second)
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

func testRebalance(t *testing.T, addr string) {
	config := testConfig(t, addr)
	config.Create.AccountPartitions = 4
	cluster := newCluster(t, config)
	k := newKeeper() // both members keep their state in one place, as on shared storage
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var written [4]int
	producing := make(chan struct{})
	go func() {
		defer close(producing)
		log, err := cluster.Log(ctx, config.Topics.Account, nil)
		if err != nil {
			return
		}
		for i := 0; ctx.Err() == nil; i++ {
			id := i % 4
			if log.Append(ctx, id, [][]byte{fmt.Appendf(nil, "value %d", written[id])}) == nil {
				written[id]++
			}
		}
	}()
	first := run(t, cluster.Source(config.Topics.Account, "test"), k)
	k.wait(t, "the first member", func() bool { return len(k.seen) == 4 })
	second := newCluster(t, config)
	before := cluster.Stats().Generations
	stop := run(t, second.Source(config.Topics.Account, "test"), k)
	k.wait(t, "the second member", func() bool { return cluster.Stats().Generations > before && second.Stats().Records > 0 })
	k.mu.Lock()
	mark := k.total()
	k.mu.Unlock()
	k.wait(t, "more records with two members", func() bool { return k.total() > mark+100 })
	if err := first(); err != nil { // and now the first one leaves
		t.Fatal(err)
	}
	cancel()
	<-producing
	k.wait(t, "the end", func() bool {
		for id, n := range written {
			if len(k.seen[id]) < n {
				return false
			}
		}
		return true
	})
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if k.backward || k.gaps != 0 {
		t.Errorf("an offset moved back or was left out: gaps %d", k.gaps)
	}
	for id := range written {
		for i, value := range k.seen[id] {
			if value != fmt.Sprintf("value %d", i) {
				t.Fatalf("partition %d has %q at place %d", id, value, i)
			}
		}
	}
}

func testGap(t *testing.T, addr string) {
	config := testConfig(t, addr)
	cluster := newCluster(t, config)
	produce(t, cluster, config.Topics.Account, 0, 0, 100)
	k := newKeeper()
	k.next[0] = 10
	if err := deleteRecords(t.Context(), cluster, config.Topics.Account, 0, 60); err != nil {
		t.Fatal(err)
	}
	if err := cluster.ReadAll(config.Topics.Account).Run(t.Context(), k.opener); err != nil {
		t.Fatal(err)
	}
	if k.gaps != 50 || len(k.seen[0]) != 40 || k.seen[0][0] != "value 60" || k.backward {
		t.Errorf("gap %d, %d records", k.gaps, len(k.seen[0]))
	}
	if got := cluster.Stats(); got.GapRecords != 50 || got.Records != 40 {
		t.Errorf("stats %+v", got)
	}
}

func testBeyond(t *testing.T, addr string) {
	config := testConfig(t, addr)
	cluster := newCluster(t, config)
	produce(t, cluster, config.Topics.Account, 0, 0, 100)
	k := newKeeper()
	k.next[0] = 101
	err := run2(t, cluster.Source(config.Topics.Account, "test"), k)
	if err == nil || !strings.Contains(err.Error(), "wants offset 101, but the log ends at 100") || !strings.Contains(err.Error(), "partition 0") {
		t.Errorf("beyond the end: %v", err)
	}
	k = newKeeper()
	k.next[0] = 100 // the end itself is no fault
	stop := run(t, cluster.Source(config.Topics.Account, "test"), k)
	k.wait(t, "being caught up", func() bool { return k.caughtUp[0] })
	if err := stop(); err != nil {
		t.Error(err)
	}
}

// run2 runs a source until it ends by itself.
func run2(t *testing.T, source *Source, k *keeper) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 40*time.Second)
	defer cancel()
	err := source.Run(ctx, k.opener)
	if ctx.Err() != nil {
		t.Fatal("the source did not end")
	}
	return err
}

func testStray(t *testing.T, addr string) {
	config := testConfig(t, addr)
	cluster := newCluster(t, config)
	good := "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	var records []kafkago.Record
	for _, headers := range [][]kafkago.Header{
		nil,
		{{Key: "traceparent", Value: []byte(good)}},
		{{Key: "tracestate", Value: []byte("a=b")}},
		{{Key: "traceparent", Value: []byte("hello")}},
		{{Key: "traceparent", Value: []byte(good)}, {Key: "traceparent", Value: []byte(good)}},
	} {
		records = append(records, kafkago.Record{Value: kafkago.NewBytes([]byte("v")), Headers: headers})
	}
	send(t, func(client *kafkago.Client) (*kafkago.ProduceResponse, error) {
		return client.Produce(t.Context(), &kafkago.ProduceRequest{
			Topic: config.Topics.Raw, RequiredAcks: kafkago.RequireAll, Records: kafkago.NewRecordReader(records...)})
	}, cluster)
	k := newKeeper()
	if err := cluster.ReadAll(config.Topics.Raw).Run(t.Context(), k.opener); err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(k.stray) != "[2 3 4]" || len(k.seen[0]) != 5 {
		t.Errorf("stray: %v", k.stray)
	}
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

func testBackPressure(t *testing.T, addr string) {
	config := testConfig(t, addr)
	config.Fetch.MaxBytes = 4096
	cluster := newCluster(t, config)
	for i := range 20 {
		produce(t, cluster, config.Topics.Account, 0, i*100, (i+1)*100)
	}
	release, entered := make(chan struct{}), make(chan struct{}, 100)
	k := newKeeper()
	k.handle = func(ctx context.Context, id int, b ingest.Batch) error {
		if id != 0 {
			return nil
		}
		entered <- struct{}{}
		select {
		case <-release:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	stop := run(t, cluster.Source(config.Topics.Account, "test"), k)
	<-entered
	k.wait(t, "the other partitions", func() bool { return k.caughtUp[1] && k.caughtUp[2] })
	if got := cluster.Stats().Records; got != 0 || len(entered) != 0 {
		t.Errorf("with its first batch in the handler, the source had handed over %d records", got)
	}
	close(release)
	k.wait(t, "the rest", func() bool { return k.next[0] == 2000 && k.caughtUp[0] })
	if err := stop(); err != nil {
		t.Error(err)
	}
	if len(k.seen[0]) != 2000 || k.backward {
		t.Errorf("%d records", len(k.seen[0]))
	}
}

func testHandlerError(t *testing.T, addr string) {
	config := testConfig(t, addr)
	cluster := newCluster(t, config)
	produce(t, cluster, config.Topics.Account, 2, 0, 10)
	wrong := errors.New("disk full")
	k := newKeeper()
	k.handle = func(_ context.Context, id int, b ingest.Batch) error {
		if len(b.Records) > 0 {
			return wrong
		}
		return nil
	}
	err := run2(t, cluster.Source(config.Topics.Account, "test"), k)
	if !errors.Is(err, wrong) || !strings.Contains(err.Error(), "partition 2 of "+config.Topics.Account) {
		t.Errorf("got %v", err)
	}
	for id, open := range k.open {
		if open != 0 {
			t.Errorf("partition %d is still open", id)
		}
	}
	if err := cluster.ReadAll(config.Topics.Account).Run(t.Context(), k.opener); !errors.Is(err, wrong) {
		t.Errorf("read all: %v", err)
	}
	failing := func(context.Context, ingest.Partition) (ingest.Handler, error) { return nil, wrong }
	if err := cluster.Source(config.Topics.Account, "other").Run(t.Context(), failing); !errors.Is(err, wrong) {
		t.Errorf("open: %v", err)
	}
}

func testLetters(t *testing.T, addr string) {
	config := testConfig(t, addr)
	cluster := newCluster(t, config)
	letters, err := cluster.Letters(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := letters.Bury(t.Context(), []ingest.DeadLetter{{Topic: "t", Partition: 3, Offset: 9, Reason: "json", SizeLog2: 4}}); err != nil {
		t.Fatal(err)
	}
	k := newKeeper()
	if err := cluster.ReadAll(config.Topics.Dead).Run(t.Context(), k.opener); err != nil {
		t.Fatal(err)
	}
	if want := `{"topic":"t","partition":3,"offset":9,"reason":"json","size_log2":4}`; len(k.seen[0]) != 1 || k.seen[0][0] != want {
		t.Errorf("got %v", k.seen)
	}
}

// Append splits what is too large for one request, and halves it where the topic takes less; one record that is too
// large by itself is an error.
func testTooLarge(t *testing.T, addr string) {
	config := testConfig(t, addr)
	cluster := newCluster(t, config)
	log, err := cluster.Log(t.Context(), config.Topics.Account, nil)
	if err != nil {
		t.Fatal(err)
	}
	values := make([][]byte, 4000)
	for i := range values {
		values[i] = []byte(strings.Repeat("x", 600))
	}
	if err := log.Append(t.Context(), 0, values); err != nil {
		t.Fatal(err)
	}
	if ends, err := cluster.EndOffsets(t.Context(), config.Topics.Account); err != nil || ends[0] != 4000 {
		t.Errorf("end offsets %v, %v", ends, err)
	}
	err = log.Append(t.Context(), 0, [][]byte{make([]byte, 2<<20)})
	if !errors.Is(err, kafkago.MessageSizeTooLarge) || !strings.Contains(err.Error(), "max.message.bytes") {
		t.Errorf("got %v", err)
	}
}
