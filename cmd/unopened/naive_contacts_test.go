package main

import (
	"math"
	"slices"
	"time"
)

// naiveContact is what an account knows of a peer. Its times are whole seconds.
type naiveContact struct {
	naiveTrace
	opened, last                         time.Time // opened is zero where it was before all that is known
	hasBlocked, hasWeighed               bool
	complained, echoes                   bool // it has complained; others of its community had before it
	weBlocked, asked, minor              bool // the account has blocked it; waits for its answer to a request
	hadMedia, hadCall, hadTimer, dropped bool
	device, network                      string  // from which it last acted on the account
	sent                                 float64 // in a week
	run                                  int     // sends since the peer last wrote
	turns                                int     // answers to something of the peer's
	wroteOn                              int     // the day of the account's latest send
}

// naiveTrace is what is left of a peer who made room.
type naiveTrace struct {
	peer                 string
	weOpened, theyOpened bool
	wrote, blocking      bool // the peer
	hasReported          bool
}

// contact returns the entry of a peer, and makes it if it may. An account knows at most 28 peers: the one who matters least
// makes room, and is one of the 1,024 of whom a trace is left until it comes back.
func (a *naiveAccount) contact(peer string, at time.Time, make bool) *naiveContact {
	if c, ok := a.contacts[peer]; ok || !make {
		return c
	}
	at = at.Truncate(time.Second)
	c := &naiveContact{naiveTrace: naiveTrace{peer: peer}, opened: at, last: at}
	if i := a.traceOf(peer); i >= 0 {
		c.naiveTrace = a.traces[i]
		a.traces = slices.Delete(a.traces, i, i+1)
		c.hasBlocked, c.hasWeighed, c.complained = c.blocking, c.hasReported, c.blocking || c.hasReported // nobody counts twice
	}
	if c.weOpened || c.theyOpened {
		c.opened = time.Time{}
	}
	if len(a.contacts) >= 28 {
		a.makeRoom()
	}
	a.contacts[peer] = c
	return c
}

func (a *naiveAccount) traceOf(peer string) int {
	return slices.IndexFunc(a.traces, func(t naiveTrace) bool { return t.peer == peer })
}

// makeRoom leaves a trace of the peer whose last event is oldest, where a dialogue counts as a fortnight and a block
// against the account as 30 days younger.
func (a *naiveAccount) makeRoom() {
	var least *naiveContact
	for _, c := range a.contacts {
		if least == nil || c.matters().Before(least.matters()) || c.matters().Equal(least.matters()) && c.peer < least.peer {
			least = c
		}
	}
	delete(a.contacts, least.peer)
	a.traces = append(a.traces, least.naiveTrace)
	a.traces = a.traces[max(0, len(a.traces)-1024):]
}

func (c *naiveContact) matters() time.Time {
	at := c.last
	if c.dialogue() {
		at = at.Add(2 * naiveWeek)
	}
	if c.blocking {
		at = at.Add(naiveMonth)
	}
	return at
}

// dialogue tells whether both have written to each other.
func (c *naiveContact) dialogue() bool { return c.wrote && c.wroteOn > 0 }

// neighbours returns the peers, but one, with whom the account has a dialogue, in order.
func (a *naiveAccount) neighbours(but string) (all []string) {
	for peer, c := range a.contacts {
		if peer != but && c.dialogue() {
			all = append(all, peer)
		}
	}
	slices.Sort(all)
	return all
}

// opening tells who made the first contact with a peer, as far as the account knows.
func (a *naiveAccount) opening(peer string) (we, they bool) {
	if c := a.contacts[peer]; c != nil {
		return c.weOpened, c.theyOpened
	}
	if i := a.traceOf(peer); i >= 0 {
		return a.traces[i].weOpened, a.traces[i].theyOpened
	}
	return false, false
}

// advance fades the sends to a peer to a time, and returns what one of that time counts for.
func (c *naiveContact) advance(a *naiveAccount, at time.Time) float64 {
	now := at.Truncate(time.Second)
	n := naiveTicks(now.Sub(a.first), naiveWeek) - naiveTicks(c.last.Sub(a.first), naiveWeek)
	if now.Before(c.last) {
		return naiveFade(-n)
	}
	c.sent *= naiveFade(n)
	c.last = now
	return 1
}

// open notes who made the first contact, unless there was one, and tells whether this was it.
func (c *naiveContact) open(by *bool, at time.Time) bool {
	if c.weOpened || c.theyOpened {
		return false
	}
	*by = true
	c.opened = at.Truncate(time.Second)
	return true
}

// age returns the seconds since the first contact, and whether it is known when that was.
func (c *naiveContact) age(at time.Time) (seconds float64, known bool) {
	return max(0, math.Floor(at.Truncate(time.Second).Sub(c.opened).Seconds())), !c.opened.IsZero()
}

// hear notes that the peer answered, and tells whether it was the first answer to a contact that the account made.
func (c *naiveContact) hear() (reply bool) {
	reply = c.weOpened && !c.wrote
	c.wrote, c.run = true, 0
	return reply
}
