package alerts

import "container/heap"

// item is one delivery in one queue.
type item struct {
	seq      uint64 // order in which deliveries came to the outbox
	delivery *Delivery
	attempts int   // so far; all of them failed
	due      int64 // when to try again, Unix milliseconds; 0 at once
}

// queue is what one endpoint has still to get: lanes, within which order is kept. A lane is in ready unless its
// first items are being sent. The outbox's lock guards it.
type queue struct {
	Endpoint
	lanes   map[string]*lane
	ready   laneHeap
	wake    chan struct{} // holds a token when something came in
	counts  EndpointCounts
	failing bool // the last attempt failed
}

// lane is a run of items that go out in their order: those of an account, or all of a queue.
type lane struct {
	key   string
	items []item
}

// newQueue returns the empty queue of an endpoint.
func newQueue(e Endpoint) *queue {
	e.Batch = max(e.Batch, 1)
	return &queue{Endpoint: e, lanes: make(map[string]*lane), wake: make(chan struct{}, 1), counts: EndpointCounts{Name: e.Name}}
}

// push adds an item at the end of its lane.
func (q *queue) push(it item) {
	key := ""
	if q.Lanes {
		key = it.delivery.Account
	}
	l, ok := q.lanes[key]
	if !ok {
		l = &lane{key: key}
		q.lanes[key] = l
	}
	if l.items = append(l.items, it); !ok {
		heap.Push(&q.ready, l)
	}
	q.counts.Pending++
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// next takes the lane out of ready that is due first, with the number of its items to send. Without one it returns
// nil and the time to wait for, 0 where nothing waits.
func (q *queue) next(now int64) (l *lane, n int, due int64) {
	if len(q.ready) == 0 {
		return nil, 0, 0
	}
	if due = q.ready[0].items[0].due; due > now {
		return nil, 0, due
	}
	l = heap.Pop(&q.ready).(*lane)
	return l, min(q.Batch, len(l.items)), 0
}

// drop takes the first n items of a lane away and puts the rest back into ready.
func (q *queue) drop(l *lane, n int) {
	clear(l.items[:n]) // lets the deliveries go
	l.items = l.items[n:]
	q.counts.Pending -= int64(n)
	if len(l.items) == 0 {
		delete(q.lanes, l.key)
		return
	}
	heap.Push(&q.ready, l)
}

// laneHeap has the lane on top that is due first; among those due at once the one whose item is oldest.
type laneHeap []*lane

func (h laneHeap) Len() int { return len(h) }
func (h laneHeap) Less(i, j int) bool {
	a, b := &h[i].items[0], &h[j].items[0]
	if a.due != b.due {
		return a.due < b.due
	}
	return a.seq < b.seq
}
func (h laneHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }

// Push is for container/heap.
func (h *laneHeap) Push(l any) { *h = append(*h, l.(*lane)) }

// Pop is for container/heap.
func (h *laneHeap) Pop() any {
	last := len(*h) - 1
	l := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return l
}
