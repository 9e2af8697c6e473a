package simulate

// task is one thing that will happen.
type task struct {
	at    int64
	order uint64   // of scheduling: two tasks of one millisecond keep it
	who   *account // whose act it is, which a deleted account no longer does; nil where it is nobody's
	do    func()
}

func (t *task) before(u *task) bool { return t.at < u.at || t.at == u.at && t.order < u.order }

// queue is a heap of tasks, the next one first. It holds them by value and has four children a node: container/heap, of
// pointers, took a third of a simulation's time (BenchmarkNext).
type queue []task

const children = 4

func (q *queue) push(t task) {
	*q = append(*q, t)
	h, i := *q, len(*q)-1
	for i > 0 {
		up := (i - 1) / children
		if !t.before(&h[up]) {
			break
		}
		h[i], i = h[up], up
	}
	h[i] = t
}

func (q *queue) pop() task {
	h := *q
	first, last := h[0], len(h)-1
	t := h[last]
	h[last], h = task{}, h[:last]
	*q = h
	i := 0
	for c := 1; c < len(h); c = children*i + 1 {
		least := c
		for k := c + 1; k < min(c+children, len(h)); k++ {
			if h[k].before(&h[least]) {
				least = k
			}
		}
		if !h[least].before(&t) {
			break
		}
		h[i], i = h[least], least
	}
	if last > 0 {
		h[i] = t
	}
	return first
}

// schedule makes somebody do something at a time; what would come after the end never happens.
func (s *Simulator) schedule(at int64, who *account, do func()) {
	if at < s.end {
		s.order++
		s.tasks.push(task{max(at, s.now), s.order, who, do})
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
