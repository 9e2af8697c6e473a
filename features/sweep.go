package features

import "math/bits"

// suspicion is the recorded score from which an account is never evicted, so that no flood of fresh accounts can wash
// a suspect out.
const suspicion = 0.3

// Bytes is what the state occupies: it depends on the contents only, not on what has been reserved for more.
func (t *Table) Bytes() int64 {
	return t.accounts.size() + t.places.size() + t.groups.size() + t.summaries.size() + t.reaches.bytes() + t.blocks.bytes()
}

// full tells whether the ceiling is reached.
func (t *Table) full() bool { return t.cfg.MemoryMiB > 0 && t.Bytes() >= t.cfg.MemoryMiB<<20 }

// mayGrow tells whether contact blocks may grow.
func (t *Table) mayGrow() bool { return !t.full() }

// makeRoom sweeps, at the ceiling, before an account is added.
func (t *Table) makeRoom() {
	if int64(t.accounts.live()) >= t.sweepAt && t.full() {
		t.sweep()
		t.sweepAt = int64(t.accounts.live()) + int64(t.accounts.live())/64 // if little could go, do not look again at once
	}
}

// sweep evicts at least a sixteenth of the accounts, those idle for longest, as far as so many may go, and the places and
// groups idle for as long. Who goes follows from the contents alone, so a replay evicts the same.
func (t *Table) sweep() {
	bar := t.bar(t.accounts.live()/16+1, func(idle func(last int64)) {
		t.accounts.each(func(_ uint32, a *Account) {
			if a.evictable() {
				idle(a.Last)
			}
		})
	})
	t.accounts.each(func(row uint32, a *Account) {
		if a.evictable() && t.idleness(a.Last) >= bar {
			t.summarise(a)
			t.drop(row)
			t.evicted++
		}
	})
	t.places.each(func(row uint32, p *Place) {
		if t.idleness(p.Last) >= bar {
			t.places.drop(row)
		}
	})
	t.groups.each(func(row uint32, g *Group) {
		if t.idleness(g.Last) >= bar {
			t.groups.drop(row)
		}
	})
	t.trim()
}

// bar returns the idleness from which on there are at least so many of those that each names by their last times; 0 where
// there are not so many at all.
func (t *Table) bar(least int, each func(idle func(last int64))) int {
	var count [256]int
	each(func(last int64) { count[t.idleness(last)]++ })
	bar, sum := len(count), 0
	for bar > 0 && sum < least {
		bar--
		sum += count[bar]
	}
	return bar
}

// idleness is the time since last on a scale of eight steps an octave, from 0 to 255 beyond any time.
func (t *Table) idleness(last int64) int {
	ms := uint64(max(1, (t.newest-last)/second))
	octave := bits.Len64(ms)
	return min(255, octave<<3|int(ms<<(64-octave)>>60&7))
}

// evictable tells whether nothing speaks for keeping the account.
func (a *Account) evictable() bool {
	if a.flags&(flagHeld|flagObjected) != 0 || a.abusive|a.benign != 0 {
		return false
	}
	for _, score := range a.Memo {
		if score >= suspicion {
			return false
		}
	}
	return true
}
