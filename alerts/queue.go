package alerts

import (
	"cmp"
	"slices"
	"time"
)

// item is one delivery in one queue.
type item struct {
	number   int // counts deliveries in the order in which they came to the outbox
	delivery *Delivery
	retry
}

// retry is how far the attempts at an item have come.
type retry struct {
	Attempts int   `json:"attempts"` // all of them failed
	Due      int64 `json:"due"`      // when to try again, Unix milliseconds; 0 at once
}

// queue is what one endpoint has still to get: lanes, within which order is kept. The outbox's lock guards it.
type queue struct {
	Endpoint
	lanes   map[string]*lane
	ready   []*lane // all lanes but the one that is being sent, first the one that is due first
	counts  EndpointCounts
	failing bool // the last attempt failed
}

// lane is a run of items that go out in their order: those of an account, or all of a queue.
type lane struct {
	key   string
	items []item
	batch []Delivery // what is under way: the first of the items
}

// newQueue returns the empty queue of an endpoint.
func newQueue(e Endpoint) *queue {
	return &queue{Endpoint: e, lanes: make(map[string]*lane), counts: EndpointCounts{Name: e.Name}}
}

// push adds an item at the end of its lane.
func (q *queue) push(i item) {
	key := i.delivery.Account
	if q.Patient {
		key = ""
	}
	if l, ok := q.lanes[key]; ok {
		l.items = append(l.items, i)
	} else {
		q.lanes[key] = &lane{key: key, items: []item{i}}
		q.line(q.lanes[key])
	}
	q.counts.Pending++
}

// line puts a lane into ready: by the time when it is due, then by the age of its first item. To move the pointers
// behind it costs less than any request does.
func (q *queue) line(l *lane) {
	at, _ := slices.BinarySearchFunc(q.ready, l, func(a, b *lane) int {
		return cmp.Or(cmp.Compare(a.items[0].Due, b.items[0].Due), cmp.Compare(a.items[0].number, b.items[0].number))
	})
	q.ready = slices.Insert(q.ready, at, l)
}

// next takes the lane out of ready that is due first. Without one it returns nil and when to look again, unless
// something comes in before.
func (q *queue) next(now time.Time) (l *lane, due time.Time) {
	if len(q.ready) == 0 {
		return nil, now.Add(time.Hour)
	}
	l = q.ready[0]
	if due = time.UnixMilli(l.items[0].Due); due.After(now) {
		return nil, due
	}
	q.ready = q.ready[1:]
	l.batch = nil
	for _, i := range l.items[:min(max(q.Batch, 1), len(l.items))] {
		l.batch = append(l.batch, *i.delivery)
	}
	return l, due
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
	q.line(l)
}

// disable drops all that a queue holds, the lane that is being sent with it.
func (q *queue) disable(l *lane) {
	q.counts.Disabled = true
	q.counts.Rejected += q.counts.Pending
	q.counts.Pending = 0
	q.lanes, q.ready, l.items = make(map[string]*lane), nil, nil
}
