package simulate

import "container/heap"

// task is one thing that will happen.
type task struct {
	at    int64
	order uint64   // of scheduling: two tasks of one millisecond keep it
	who   *account // whose act it is, which a deleted account no longer does; nil where it is nobody's
	do    func()
}

// queue is a heap of tasks, the next one first.
type queue []*task

func (q queue) Len() int      { return len(q) }
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(t any)   { *q = append(*q, t.(*task)) }

func (q queue) Less(i, j int) bool {
	return q[i].at < q[j].at || q[i].at == q[j].at && q[i].order < q[j].order
}

func (q *queue) Pop() any {
	last := len(*q) - 1
	t := (*q)[last]
	(*q)[last], *q = nil, (*q)[:last]
	return t
}

// schedule makes somebody do something at a time; what would come after the end never happens.
func (s *Simulator) schedule(at int64, who *account, do func()) {
	if at < s.end {
		s.order++
		heap.Push(&s.tasks, &task{max(at, s.now), s.order, who, do})
	}
}

// after schedules something some seconds from now.
func (s *Simulator) after(seconds float64, who *account, do func()) {
	s.schedule(s.now+int64(seconds*1000), who, do)
}

// awake schedules like after, but not while the account sleeps.
func (s *Simulator) awake(seconds float64, who *account, do func()) {
	s.schedule(s.waking(who, s.now+int64(seconds*1000)), who, do)
}
