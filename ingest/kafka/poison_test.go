package kafka

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/compress"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/unopened/unopened/ingest"
)

// counting is a handler that only looks.
type counting struct{ look func(ingest.Batch) }

func (*counting) Resume() int64                                    { return -1 }
func (*counting) Close(context.Context) error                      { return nil }
func (c *counting) Handle(_ context.Context, b ingest.Batch) error { c.look(b); return nil }

// A batch that is whole but cannot be decoded becomes poison, offset by offset; those around it are read. The broker
// inside the process takes such batches, which Kafka refuses.
func TestPoison(t *testing.T) {
	config := testConfig(t, startLocal(t))
	cluster := newCluster(t, config)
	good := plainRecords(testRecord{value: "a"}, testRecord{value: "b"})
	bomb := deflated(t, compress.Zstd, plainRecords(testRecord{value: string(make([]byte, maxInflated))}))
	large := deflated(t, compress.Zstd, plainRecords(testRecord{value: string(make([]byte, maxInflated/2))}))
	for _, raw := range [][]byte{
		makeBatch(0, 0, 2, good),                                 // 0, 1
		makeBatch(0, int16(compress.Zstd), 3, []byte("garbage")), // 2, 3, 4
		makeBatch(0, 0, 2, good),                                 // 5, 6
		makeBatch(0, int16(compress.Zstd), 1, bomb),              // 7
		makeBatch(0, 0, 2, good),                                 // 8, 9
		makeBatch(0, int16(compress.Zstd), 1, large),             // 10
		makeBatch(0, 0, 4, good),                                 // 11 to 14: two records too few
	} {
		send(t, func(client *kafkago.Client) (*kafkago.ProduceResponse, error) {
			return client.RawProduce(t.Context(), &kafkago.RawProduceRequest{Topic: config.Topics.Raw, RequiredAcks: kafkago.RequireAll,
				RawRecords: protocol.RawRecordSet{Reader: bytes.NewReader(sized(raw))}})
		}, cluster)
	}
	k := newKeeper()
	if err := cluster.ReadAll(config.Topics.Raw).Run(t.Context(), k.opener); err != nil {
		t.Fatal(err)
	}
	if k.poison != 8 || len(k.seen[0]) != 15 || k.gaps != 0 || k.backward || k.next[0] != 15 || !k.caughtUp[0] {
		t.Errorf("poison %d, records %d, gaps %d, next %d", k.poison, len(k.seen[0]), k.gaps, k.next[0])
	}
	for offset, value := range k.seen[0] {
		want := map[int]string{0: "a", 1: "b", 5: "a", 6: "b", 8: "a", 9: "b", 10: string(make([]byte, maxInflated/2))}[offset]
		if value != want {
			t.Errorf("offset %d has %d bytes, want %d", offset, len(value), len(want))
		}
	}
	if got := cluster.Stats(); got.Poison != 8 || got.Records != 15 {
		t.Errorf("stats %+v", got)
	}
}

// sized puts the length before a batch that a produce request needs.
func sized(raw []byte) []byte {
	return append([]byte{byte(len(raw) >> 24), byte(len(raw) >> 16), byte(len(raw) >> 8), byte(len(raw))}, raw...)
}

// Many batches that each stay below the limit do not add up in memory.
func TestManyBombs(t *testing.T) {
	config := testConfig(t, startLocal(t))
	cluster := newCluster(t, config)
	raw := makeBatch(0, int16(compress.Zstd), 1, deflated(t, compress.Zstd, plainRecords(testRecord{value: string(make([]byte, maxInflated-100))})))
	const bombs = 100 // of a kilobyte each, 800 MiB together, in one answer
	for range bombs {
		send(t, func(client *kafkago.Client) (*kafkago.ProduceResponse, error) {
			return client.RawProduce(t.Context(), &kafkago.RawProduceRequest{Topic: config.Topics.Raw, RequiredAcks: kafkago.RequireAll,
				RawRecords: protocol.RawRecordSet{Reader: bytes.NewReader(sized(raw))}})
		}, cluster)
	}
	largest, read := 0, 0
	opener := func(_ context.Context, p ingest.Partition) (ingest.Handler, error) {
		if p.ID != 0 {
			return &counting{func(ingest.Batch) {}}, nil
		}
		return &counting{func(b ingest.Batch) {
			bytes := 0
			for _, r := range b.Records {
				bytes += len(r.Value)
			}
			largest, read = max(largest, bytes), read+len(b.Records)
		}}, nil
	}
	if err := cluster.ReadAll(config.Topics.Raw).Run(t.Context(), opener); err != nil {
		t.Fatal(err)
	}
	if read != bombs || largest > maxInflated+manyBytes {
		t.Errorf("%d records, at most %d bytes at once", read, largest)
	}
}

// Bytes that were spoilt on a broker's disk are found by the checksum.
func TestSpoiltOnDisk(t *testing.T) {
	broker := newJava(t)
	config := testConfig(t, broker.Addr())
	config.Compression = "lz4"
	cluster := newCluster(t, config)
	for i := range 3 {
		produce(t, cluster, config.Topics.Account, 0, i*10, (i+1)*10)
	}
	broker.Stop()
	name := filepath.Join(broker.Dir(), config.Topics.Account+"-0", "00000000000000000000.log")
	log, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	first, err := openBatch(log)
	if err != nil || first.last != 9 {
		t.Fatal("the log does not begin with the batch written", err)
	}
	log[first.size+recordsAt+5] ^= 1 // in the second batch
	if err := os.WriteFile(name, log, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := broker.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	k := newKeeper()
	if err := cluster.ReadAll(config.Topics.Account).Run(t.Context(), k.opener); err != nil {
		t.Fatal(err)
	}
	if k.poison != 10 || len(k.seen[0]) != 30 || k.seen[0][9] != "value 9" || k.seen[0][20] != "value 20" || k.backward {
		t.Errorf("poison %d of %d records", k.poison, len(k.seen[0]))
	}
}

// testTransactions: two producers' transactions take turns, one is undone and one is left open. What was committed is
// handed over and no more, in whichever answers it comes; the rest counts as gaps, not as lost, and a log that ends with a
// marker has an end. What is open is not read before it has ended.
func testTransactions(t *testing.T, addr string) {
	config := testConfig(t, addr)
	cluster := newCluster(t, config)
	try := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	producer := func(name string) *kgo.Client {
		client, err := kgo.NewClient(kgo.SeedBrokers(addr), kgo.TransactionalID(t.Name()+name), kgo.RecordPartitioner(kgo.ManualPartitioner()))
		try(err)
		t.Cleanup(client.Close)
		try(client.BeginTransaction())
		return client
	}
	write := func(client *kgo.Client, n int, value string) {
		t.Helper()
		for range n { // each in a batch of its own
			try(client.ProduceSync(t.Context(), &kgo.Record{Topic: config.Topics.Account, Partition: 1, Value: []byte(value)}).FirstErr())
		}
	}
	read := func(bytes int, end, gaps int64) {
		t.Helper()
		for ends := []int64{0, 0, 0}; ends[1] < end; { // a marker is written some time after the transaction has ended
			var err error
			ends, err = cluster.EndOffsets(t.Context(), config.Topics.Account)
			try(err)
		}
		k, c := newKeeper(), newCluster(t, config)
		c.config.Fetch.MaxBytes = bytes
		try(c.ReadAll(config.Topics.Account).Run(t.Context(), k.opener))
		if all := slices.Compact(slices.Clone(k.seen[1])); len(k.seen[1]) != 7 || len(all) != 1 || all[0] != "kept" || k.next[1] != end || !k.caughtUp[1] || k.gaps != gaps || k.lost != 0 {
			t.Errorf("answers of %d bytes: %q, next %d, gaps %d, lost %d", bytes, k.seen[1], k.next[1], k.gaps, k.lost)
		}
	}
	one, two := producer("one"), producer("two")
	write(one, 5, "taken back")
	write(two, 5, "kept")
	write(one, 3, "taken back")
	try(one.EndTransaction(t.Context(), kgo.TryAbort))
	try(one.BeginTransaction())
	write(one, 2, "kept")
	try(one.EndTransaction(t.Context(), kgo.TryCommit))
	try(two.EndTransaction(t.Context(), kgo.TryCommit))
	try(two.BeginTransaction())
	write(two, 2, "open")
	read(config.Fetch.MaxBytes, 18, 11)
	if !strings.Contains(t.Name(), "in-process") { // which leaves the list of what was undone out of an answer that is full
		read(1, 18, 11)
		read(150, 18, 11)
	}
	try(two.EndTransaction(t.Context(), kgo.TryAbort))
	read(config.Fetch.MaxBytes, 21, 14)
}
