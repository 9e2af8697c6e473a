package kafka

import (
	"bytes"
	"testing"

	"github.com/unopened/unopened/ingest"
	"github.com/unopened/unopened/ingest/kafka/local"
)

// BenchmarkAppend and BenchmarkRead write and read 100,000 records of 200 bytes through the broker in this process.
func BenchmarkAppend(b *testing.B) { benchmark(b, true) }
func BenchmarkRead(b *testing.B)   { benchmark(b, false) }

func benchmark(b *testing.B, write bool) {
	broker, err := local.Start(b.Context(), local.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer broker.Close()
	config := DefaultConfig()
	config.Brokers, config.Create.Enabled = []string{broker.Addr()}, true
	cluster, err := New(config, nil)
	if err == nil {
		err = cluster.EnsureTopics(b.Context())
	}
	if err != nil {
		b.Fatal(err)
	}
	defer cluster.Close()
	log, err := cluster.Log(b.Context(), config.Topics.Account, func(v []byte) []byte { return v[:16] })
	if err != nil {
		b.Fatal(err)
	}
	const records = 100_000
	values := make([][]byte, records)
	for i := range values {
		values[i] = bytes.Repeat([]byte{byte(i)}, 200)
	}
	if !write {
		if err := log.Append(b.Context(), 0, values); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		if write {
			if err := log.Append(b.Context(), 0, values); err != nil {
				b.Fatal(err)
			}
			continue
		}
		read := 0
		r := &reader{cluster: cluster, part: ingest.Partition{Topic: config.Topics.Account}, stop: records,
			handler: &counting{func(batch ingest.Batch) { read += len(batch.Records) }}}
		if err := r.run(b.Context()); err != nil || read != records {
			b.Fatal(read, err)
		}
	}
	b.ReportMetric(records*float64(b.N)/b.Elapsed().Seconds(), "records/s")
}
