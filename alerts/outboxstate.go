package alerts

import (
	"cmp"
	"errors"
	"slices"
)

// outboxState is an outbox in a desk's snapshot: each delivery once, and for each queue which of them it waits for.
type outboxState struct {
	Added      int64      `json:"added"`
	Suppressed int64      `json:"suppressed"`
	Deliveries []Delivery `json:"deliveries"`
	Queues     []queueRow `json:"queues"`
}

// queueRow is a queue in a snapshot.
type queueRow struct {
	Counts EndpointCounts `json:"counts"`
	Items  []itemRow      `json:"items"`
}

// itemRow is an item in a snapshot.
type itemRow struct {
	Delivery int   `json:"delivery"` // index into Deliveries
	Attempts int   `json:"attempts,omitempty"`
	Due      int64 `json:"due,omitempty"`
}

// errOutbox is a snapshot that contradicts itself.
var errOutbox = errors.New("snapshot of the outbox: damaged")

// state returns what a snapshot keeps. A delivery under way counts as pending.
func (o *Outbox) state() outboxState {
	o.mu.Lock()
	defer o.mu.Unlock()
	s := outboxState{Added: o.added, Suppressed: o.over}
	var order []item
	lists := make([][]item, len(o.queues))
	for i, q := range o.queues {
		lists[i] = q.list()
		order = append(order, lists[i]...)
	}
	slices.SortFunc(order, bySeq)
	order = slices.CompactFunc(order, func(a, b item) bool { return a.seq == b.seq })
	for _, it := range order {
		s.Deliveries = append(s.Deliveries, *it.delivery)
	}
	for i, q := range o.queues {
		row := queueRow{Counts: q.counts}
		for _, it := range lists[i] {
			at, _ := slices.BinarySearchFunc(order, it, bySeq)
			row.Items = append(row.Items, itemRow{Delivery: at, Attempts: it.attempts, Due: it.due})
		}
		s.Queues = append(s.Queues, row)
	}
	return s
}

// bySeq orders items as they came.
func bySeq(a, b item) int { return cmp.Compare(a.seq, b.seq) }

// list returns all items of a queue as they came.
func (q *queue) list() []item {
	var items []item
	for _, l := range q.lanes {
		items = append(items, l.items...)
	}
	slices.SortFunc(items, bySeq)
	return items
}

// restore replaces the queues by those of a snapshot. What waits for an endpoint that the config no longer has is
// dropped; an endpoint that is new starts empty.
func (o *Outbox) restore(s *outboxState) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.added, o.over, o.seq = s.Added, s.Suppressed, uint64(len(s.Deliveries))
	for i, q := range o.queues {
		o.queues[i] = newQueue(q.Endpoint)
	}
	for _, row := range s.Queues {
		q := o.queue(row.Counts.Name)
		if q == nil {
			o.log.Warn("an alert endpoint is gone from the config", "endpoint", row.Counts.Name, "pending", len(row.Items))
			continue
		}
		q.counts = row.Counts
		q.counts.Pending, q.counts.Disabled = 0, false
		for _, it := range row.Items {
			if it.Delivery < 0 || it.Delivery >= len(s.Deliveries) {
				return errOutbox
			}
			q.push(item{seq: uint64(it.Delivery), delivery: &s.Deliveries[it.Delivery], attempts: it.Attempts, due: it.Due})
		}
	}
	return nil
}
