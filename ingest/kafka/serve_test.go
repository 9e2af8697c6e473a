package kafka

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/unopened/unopened/ingest"
)

// Nothing is read before all partitions that were given together are open, however long one of them takes: what its
// records say would come late. And one that cannot be opened holds up nobody for ever.
func TestNothingIsReadBeforeAllAreOpen(t *testing.T) {
	const partitions = 3
	config := testConfig(t, startLocal(t))
	config.Create.AccountPartitions = partitions
	cluster := newCluster(t, config)
	log, err := cluster.Log(t.Context(), config.Topics.Account, nil)
	if err != nil {
		t.Fatal(err)
	}
	for id := range partitions {
		if err := log.Append(t.Context(), id, [][]byte{{1}, {2}}); err != nil {
			t.Fatal(err)
		}
	}
	var open, early, read atomic.Int64
	err = cluster.ReadAll(config.Topics.Account).Run(t.Context(), func(_ context.Context, p ingest.Partition) (ingest.Handler, error) {
		if p.ID == 1 {
			time.Sleep(300 * time.Millisecond) // without the muster the others have read by then
		}
		open.Add(1)
		return &counting{func(b ingest.Batch) {
			if open.Load() < partitions {
				early.Add(1)
			}
			read.Add(int64(len(b.Records)))
		}}, nil
	})
	if err != nil || early.Load() != 0 || read.Load() != 2*partitions {
		t.Errorf("%d records, %d batches of them before all were open: %v", read.Load(), early.Load(), err)
	}
	err = cluster.ReadAll(config.Topics.Account).Run(t.Context(), func(_ context.Context, p ingest.Partition) (ingest.Handler, error) {
		if p.ID == 1 {
			return nil, errors.New("away")
		}
		return &counting{func(ingest.Batch) {}}, nil
	})
	if err == nil {
		t.Error("a partition that cannot be opened is no error")
	}
}
