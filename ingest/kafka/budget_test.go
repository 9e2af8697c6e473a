package kafka

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/unopened/unopened/ingest"
)

// TestManyPartitions reads 200 partitions with a backlog each while no handler comes to an end, until each has a batch
// at hand: what they have together stays within the total and a little for each. The control has a total that is
// nowhere near. Then all are read to the end, none is left waiting.
func TestManyPartitions(t *testing.T) {
	const partitions, backlog = 200, 512 << 10
	config := testConfig(t, startLocal(t))
	config.Create.AccountPartitions = partitions
	config.Fetch.MaxBytes = backlog
	filler := newCluster(t, config)
	log, err := filler.Log(t.Context(), config.Topics.Account, nil)
	if err != nil {
		t.Fatal(err)
	}
	values := slices.Repeat([][]byte{make([]byte, 1000)}, 16)
	for id := range partitions {
		for range backlog / 16_000 { // in small batches, of which a fetch can have few
			if err := log.Append(t.Context(), id, values); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, total := range []int{8 << 20, 1 << 30} {
		config.Fetch.TotalBytes = total
		cluster, err := New(config, nil)
		if err != nil {
			t.Fatal(err)
		}
		atHand, read := hold(t, cluster, partitions)
		cluster.Close()
		t.Logf("fetch.total_bytes %d: %d bytes at hand at once", total, atHand)
		if limit := 8<<20 + partitions*leastBytes; (atHand <= limit) != (total == 8<<20) {
			t.Errorf("%d bytes at hand at once, the limit of the smaller total is %d", atHand, limit)
		}
		if want := partitions * (backlog / 16_000) * 16; read != want || cluster.fetching.Load() != 0 {
			t.Errorf("%d of %d records; %d bytes not given back", read, want, cluster.fetching.Load())
		}
	}
}

// hold reads all partitions, holds up the handlers until each has its first batch, and returns how many bytes they had
// then and how many records they got in all.
func hold(t *testing.T, cluster *Cluster, partitions int) (bytes, read int) {
	t.Helper()
	var mu sync.Mutex
	waiting, all := partitions, make(chan struct{})
	opener := func(_ context.Context, p ingest.Partition) (ingest.Handler, error) {
		first := true
		return &counting{func(b ingest.Batch) {
			mu.Lock()
			read += len(b.Records)
			if first {
				for i := range b.Records {
					bytes += b.Records[i].Size
				}
				if waiting--; waiting == 0 {
					close(all)
				}
			}
			mu.Unlock()
			if first {
				select {
				case <-all:
				case <-time.After(patienceOfTests):
					t.Errorf("partition %d waits in vain", p.ID)
				}
			}
			first = false
		}}, nil
	}
	if err := cluster.ReadAll(cluster.config.Topics.Account).Run(t.Context(), opener); err != nil {
		t.Fatal(err)
	}
	return bytes, read
}
