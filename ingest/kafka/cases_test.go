package kafka

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/unopened/unopened/ingest"
)

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
	if got := cluster.Stats(); got.GapRecords != 50 || got.Records != 40 || met(got) != "gap:1" {
		t.Errorf("stats %+v", got)
	}
}

func testBeyond(t *testing.T, addr string) {
	config := testConfig(t, addr)
	cluster := newCluster(t, config)
	produce(t, cluster, config.Topics.Account, 0, 0, 100)
	k := newKeeper()
	k.next[0] = 101
	err := runToEnd(t, cluster.Source(config.Topics.Account, "test"), k)
	if want := (Incident{Kind: BeyondEnd, Role: "test", Topic: config.Topics.Account, From: 100, To: 101}); !errors.Is(err, want) ||
		!strings.Contains(err.Error(), "role test") || !strings.Contains(err.Error(), "identity.key") || met(cluster.Stats()) != "beyond_end:1" {
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
	err := runToEnd(t, cluster.Source(config.Topics.Account, "test"), k)
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
