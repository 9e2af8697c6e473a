package evaluate

import (
	"math"
	"slices"

	"github.com/unopened/unopened/models"
)

// queue is a day of analysts: of each contest they look at the accounts that ranked highest on that day, up to the
// budget, and at none twice.
type queue struct {
	day     int64 // since 1970, of the latest event; 0 before the first
	waiting []int32
	top     []int32 // of the contest at hand, the highest first
	reviews [models.Harms][perHarm]review
}

// review counts whom analysts have looked at.
type review struct{ looked, found int }

// dayMs is a day in milliseconds.
const dayMs = 86_400_000

// until ends the day if a later one has begun. Days are those of the latest event: a late event belongs to the day on
// which it comes.
func (w *Watch) until(at int64) {
	q := &w.queue
	if day := at / dayMs; day > q.day {
		w.endDay()
		q.day = day
	}
}

// note takes a signal of an account into today.
func (q *queue) note(w *Watch, i int32, signal int, x float64) {
	l := &w.lives[i]
	if !l.waiting {
		l.waiting = true
		q.waiting = append(q.waiting, i)
		for s := range l.today {
			l.today[s] = float32(math.Inf(-1))
		}
	}
	l.today[signal] = max(l.today[signal], float32(x))
}

// endDay lets the analysts look.
func (w *Watch) endDay() {
	q := &w.queue
	for h := range models.Harm(models.Harms) {
		for k, c := range contests(h) {
			bit := uint32(1) << (int(h)*perHarm + k)
			for _, i := range q.highest(w, c, bit) {
				w.lives[i].looked |= bit
				q.reviews[h][k].looked++
				if w.accounts[i].Kind == Member {
					q.reviews[h][k].found++
				}
			}
		}
	}
	for _, i := range q.waiting {
		w.lives[i].waiting = false
	}
	q.waiting = q.waiting[:0]
}

// highest returns the accounts that are looked at. Of equal ones the innocent come first.
func (q *queue) highest(w *Watch, c contest, bit uint32) []int32 {
	q.top = q.top[:0]
	before := func(a, b int32) bool {
		x, y := w.lives[a].today[c.signal], w.lives[b].today[c.signal]
		if x != y {
			return x > y
		}
		return w.accounts[a].Kind == Innocent && w.accounts[b].Kind == Member
	}
	for _, i := range q.waiting {
		l := &w.lives[i]
		if !l.acted || l.looked&bit != 0 || math.IsInf(float64(l.today[c.signal]), -1) || !w.concerns(i, c.harm) {
			continue
		}
		n := len(q.top)
		if n == w.Budget && (n == 0 || !before(i, q.top[n-1])) {
			continue
		}
		at, _ := slices.BinarySearchFunc(q.top, i, func(have, want int32) int {
			if before(want, have) {
				return 1
			}
			return -1
		})
		if n == w.Budget {
			q.top = q.top[:n-1]
		}
		q.top = slices.Insert(q.top, at, i)
	}
	return q.top
}

// concerns tells whether an account is a positive or negative of a harm: accounts of other harms' campaigns are neither.
func (w *Watch) concerns(i int32, h models.Harm) bool {
	a := &w.accounts[i]
	return a.Kind == Innocent || a.Kind == Member && a.Harm == h
}
