package simulate

// step is what happens when a task is due.
type step func(*Simulator, task)

// task is one thing that will happen: account a does it, mostly to account b; what n counts is up to the step.
type task struct {
	at      int64
	order   uint64 // of scheduling: two tasks of one millisecond keep it
	do      step
	a, b, n int32
}

// queue is a binary heap of tasks, the next one first.
type queue []task

func (t *task) before(u *task) bool { return t.at < u.at || t.at == u.at && t.order < u.order }

func (q *queue) push(t task) {
	h := append(*q, t)
	i := len(h) - 1
	for i > 0 {
		up := (i - 1) / 2
		if !t.before(&h[up]) {
			break
		}
		h[i] = h[up]
		i = up
	}
	h[i] = t
	*q = h
}

func (q *queue) pop() (first task, ok bool) {
	h := *q
	if len(h) == 0 {
		return task{}, false
	}
	first = h[0]
	last := h[len(h)-1]
	h = h[:len(h)-1]
	*q = h
	for i := 0; len(h) > 0; {
		down := 2*i + 1
		if down+1 < len(h) && h[down+1].before(&h[down]) {
			down++
		}
		if down >= len(h) || !h[down].before(&last) {
			h[i] = last
			break
		}
		h[i] = h[down]
		i = down
	}
	return first, true
}
