package features

import "math/bits"

const (
	// suspicion is the recorded score from which an account is a suspect, until it has been idle for suspectFor. While
	// suspects are less than half of all accounts none is evicted, so no flood of fresh accounts washes one out.
	suspicion  = 0.3
	suspectFor = 30 * dayMs

	// The ranks by which rows go are those of idleness, eight steps an octave, and each octave of an account's events
	// counts against two of idleness: who floods must do as much with each account as the one that is to go has done.
	// An account that was not seen for longer than shortLived, as those of a flood are, goes before others up to sixteen
	// octaves more idle; a suspect whose score has reached alarming goes eight octaves later.
	ranks       = 2048
	middle      = 512
	eventRank   = 16
	shortLived  = 6 * hourMs
	shortRank   = 128
	alarming    = 0.9
	alarmedRank = 64

	// Parts of the ceiling that may be taken by places, by lockstep groups and by summaries.
	placesShare    = 4
	groupsShare    = 8
	summariesShare = 8
)

// Bytes is what the state occupies: it depends on the contents only, not on what has been reserved for more.
func (t *Table) Bytes() int64 {
	return t.accounts.size() + t.places.size() + t.groups.size() + t.summaries.size() + t.reaches.bytes() + t.blocks.bytes()
}

func (t *Table) ceiling() int64 { return t.cfg.MemoryMiB << 20 }

// mayGrow tells whether contact blocks may grow: not at the ceiling.
func (t *Table) mayGrow() bool { return t.cfg.MemoryMiB == 0 || t.Bytes() < t.ceiling() }

// makeRoom sweeps, where so much above the ceiling is in use, before a row is added or grows. but, if any, is the account
// that grows.
func (t *Table) makeRoom(but *Account, above int64) {
	if bytes := t.Bytes(); t.cfg.MemoryMiB == 0 || bytes < t.ceiling()+above || bytes < t.sweepAt {
		return
	}
	t.sweep(but)
	t.sweepAt = t.Bytes() + t.Bytes()/64 // if little could go, do not look again at once
}

// sweep evicts a sixteenth of the accounts, those that matter least, as far as so many may go. Who goes follows from the
// contents and their order in the log alone, so a replay evicts the same.
func (t *Table) sweep(but *Account) {
	var ordinary, suspects int
	t.accounts.each(func(_ uint32, a *Account) {
		switch {
		case a == but || a.pinned():
		case t.suspect(a):
			suspects++
		default:
			ordinary++
		}
	})
	n, ofSuspects := t.accounts.live()/16+1, 0
	if suspects > t.accounts.live()/2 {
		ofSuspects = n
	}
	t.evict(min(n-ofSuspects, (ordinary+1)/2), func(a *Account) bool { return a != but && !a.pinned() && !t.suspect(a) })
	t.evict(ofSuspects, func(a *Account) bool { return a != but && !a.pinned() && t.suspect(a) })
	t.summariesForgotten += trim(t, &t.summaries, summariesShare)
}

// evict removes n of the accounts that may go, by rank and then in the order of their rows: that in which they came, but for
// rows that were taken again or moved, which follows from the log too. Those worth it leave a summary.
func (t *Table) evict(n int, may func(*Account) bool) {
	if n == 0 {
		return
	}
	var q quota
	t.accounts.each(func(_ uint32, a *Account) {
		if may(a) {
			q.count[a.rank(t)]++
		}
	})
	q.take(n)
	t.accounts.each(func(row uint32, a *Account) {
		if may(a) && q.goes(a.rank(t)) {
			t.summarise(a)
			t.drop(row)
			t.evicted++
		}
	})
}

// trim keeps rows within a share of the ceiling: where there are more, an eighth of them goes, by rank. It returns how many
// went.
func trim[T any, P ranked[T]](t *Table, k *keyed[T, P], share int64) (gone uint64) {
	if t.cfg.MemoryMiB == 0 || k.size() < t.ceiling()/share {
		return 0
	}
	var q quota
	k.each(func(_ uint32, r P) { q.count[r.rank(t)]++ })
	q.take(k.live()/8 + 1)
	k.each(func(row uint32, r P) {
		if q.goes(r.rank(t)) {
			k.drop(row)
			gone++
		}
	})
	return gone
}

// ranked is a pointer to a row that knows its subject and how little it matters.
type ranked[T any] interface {
	flat[T]
	rank(*Table) int
}

func (p *Place) rank(t *Table) int { return t.idleness(p.Last) }
func (g *Group) rank(t *Table) int { return t.idleness(g.Last) }

// rank lets summaries of accounts with fewer contacts go first, by octaves up to eight, whatever their idleness: who would
// have a flood push out what is known of him must turn to as many with each account of it.
func (s *Summary) rank(t *Table) int {
	return t.idleness(s.Last) + 256*(4-min(4, bits.Len32(s.contacts)))
}

func (a *Account) rank(t *Table) int {
	rank := middle + t.idleness(a.Last) - eventRank*bits.Len32(a.Events)
	switch worst := a.worst(); {
	case worst >= alarming:
		rank -= alarmedRank
	case worst < suspicion && a.Last-a.First < shortLived:
		rank += shortRank
	}
	return max(0, rank)
}

// quota says which of those counted by rank go: all above a bar, and of those at the bar the first ones.
type quota struct {
	count [ranks]int
	bar   int
	left  int // that may go at the bar
}

// take sets the bar so that n go.
func (q *quota) take(n int) {
	for q.bar = len(q.count) - 1; q.bar > 0 && q.count[q.bar] < n; q.bar-- {
		n -= q.count[q.bar]
	}
	q.left = n
}

// goes tells whether the next one of a rank goes.
func (q *quota) goes(rank int) bool {
	if rank != q.bar {
		return rank > q.bar
	}
	q.left--
	return q.left >= 0
}

// idleness is the time since last on a scale of eight steps an octave, from 0 to 255 beyond any time.
func (t *Table) idleness(last int64) int {
	s := uint64(max(1, (t.newest-last)/second))
	octave := bits.Len64(s)
	return min(255, octave<<3|int(s<<(64-octave)>>60&7))
}

// worst is the greatest score last recorded of any harm.
func (a *Account) worst() (worst float32) {
	for _, score := range a.Memo {
		if score > worst { // not for NaN
			worst = score
		}
	}
	return worst
}

// pinned tells whether an account is never evicted: it is held, has objected, or bears a label.
func (a *Account) pinned() bool {
	return a.flags&(flagHeld|flagObjected) != 0 || a.abusive|a.benign != 0
}

// suspect tells whether an account is under suspicion.
func (t *Table) suspect(a *Account) bool {
	return a.worst() >= suspicion && t.newest-a.Last < suspectFor
}
