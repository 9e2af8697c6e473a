package main

import (
	"strconv"
	"time"

	"github.com/unopened/unopened/features/sketch"
)

// naiveLockstep is what an account did to whom and when, as the signature of the set of all that in this week and the one
// before.
type naiveLockstep struct {
	signature     sketch.MinHash
	week          int
	lastItem      uint64        // six bits of the last item
	items, before int           // of this week and the one before
	counted       [2]naiveGroup // the groups that have counted the account
	group         naiveCounter
}

// naiveGroup is a half of a signature. Accounts that have one in common are a group.
type naiveGroup struct{ a, b uint64 }

// lockstep takes a first contact, report or joining: the account goes to the groups of its bands in turn, and learns how
// many others came there. It tells whether there were any.
func (n *naive) lockstep(a *naiveAccount, e *naiveEvent, at time.Time, first bool) (others bool) {
	with := e.Target
	switch {
	case first, e.Type == "report":
	case e.Type == "group_join":
		with = e.Conversation
	default:
		return false
	}
	week := int(e.At / naiveWeek.Milliseconds())
	for range min(2, max(0, week-a.week)) {
		a.signature.Renew()
		a.items, a.before = 0, a.items
	}
	a.week = max(a.week, week) // what comes late counts in the present one
	item := naiveItem(with, at)
	a.signature.Add(item)
	if bits := max(1, item>>58); first || bits != a.lastItem { // else it is the same again, as far as six bits tell
		a.items, a.lastItem = a.items+1, bits
	}
	if a.items+a.before < 3 {
		return false
	}
	i := a.items % 2
	bands := a.signature.Bands()
	band := naiveGroup{bands[2*i], bands[2*i+1]}
	if a.counted[i] != band {
		a.counted[i] = band
		n.groups[band]++
	}
	a.group.raise(a.worth(at, naiveWeek) * float64(n.groups[band]-1))
	return n.groups[band] > 1
}

// naiveItem stands for a target in six hours, as features/lockstep.go hashes it.
func naiveItem(with string, at time.Time) uint64 {
	target, _ := strconv.ParseUint(with[:16], 16, 64)
	return sketch.Mix([2]uint64{0x9e3779b97f4a7c15, 0xc2b2ae3d27d4eb4f}, target, uint64(at.Unix()/(6*3600)))
}
