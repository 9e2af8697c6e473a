package kafka

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
)

// load writes value 0, value 1, … to each partition of a topic, one after the other, as fast as they are acknowledged.
type load struct {
	written []atomic.Int64 // acknowledged, by partition
	stop    func()
}

// startLoad begins to write; it ends with finish or the test.
func startLoad(t *testing.T, cluster *Cluster, topic string, partitions int) *load {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	log, err := cluster.Log(ctx, topic, nil)
	if err != nil {
		t.Fatal(err)
	}
	l := &load{written: make([]atomic.Int64, partitions)}
	var writing sync.WaitGroup
	for id := range l.written {
		writing.Go(func() {
			for log.Append(ctx, id, [][]byte{fmt.Appendf(nil, "value %d", l.written[id].Load())}) == nil {
				l.written[id].Add(1)
			}
		})
	}
	l.stop = func() { cancel(); writing.Wait() }
	t.Cleanup(l.stop)
	return l
}

// passed waits until a partition has some more records, written and read.
func (l *load) passed(t *testing.T, k *keeper, id int, more int64) {
	t.Helper()
	k.mu.Lock()
	read := len(k.seen[id])
	k.mu.Unlock()
	before := l.written[id].Load()
	k.wait(t, fmt.Sprintf("more of partition %d", id), func() bool {
		return l.written[id].Load() > before+more && len(k.seen[id]) > read+int(more)
	})
}

// finish ends the writing and holds that all that was acknowledged was read, each partition in order, nothing left out.
// What was sent again, because no answer came, may be there twice in a row.
func (l *load) finish(t *testing.T, k *keeper) {
	t.Helper()
	l.stop()
	for id := range l.written {
		last := fmt.Sprintf("value %d", l.written[id].Load()-1)
		k.wait(t, "the last acknowledged record", func() bool { return slices.Contains(k.seen[id][max(0, len(k.seen[id])-5):], last) })
		k.mu.Lock()
		next, err := inOrder(k.seen[id])
		k.mu.Unlock()
		if err != nil || next < l.written[id].Load() {
			t.Errorf("partition %d: %d of %d values; %v", id, next, l.written[id].Load(), err)
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.backward || k.gaps != 0 {
		t.Errorf("an offset moved back: %v; %d were left out", k.backward, k.gaps)
	}
}

// inOrder counts the values that come one after the other.
func inOrder(seen []string) (next int64, err error) {
	for _, value := range seen {
		switch value {
		case fmt.Sprintf("value %d", next):
			next++
		case fmt.Sprintf("value %d", next-1):
		default:
			return next, fmt.Errorf("%q comes after value %d", value, next-1)
		}
	}
	return next, nil
}

// What finish rests on finds what is missing and what is out of order.
func TestInOrder(t *testing.T) {
	for _, test := range []struct {
		seen []string
		good bool
	}{
		{[]string{"value 0", "value 1", "value 1", "value 2"}, true},
		{[]string{"value 0", "value 2"}, false},
		{[]string{"value 0", "value 1", "value 0"}, false},
		{[]string{"value 1"}, false},
	} {
		if _, err := inOrder(test.seen); (err == nil) != test.good {
			t.Errorf("%v: %v", test.seen, err)
		}
	}
}
