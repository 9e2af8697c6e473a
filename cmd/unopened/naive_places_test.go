package main

import (
	"math"
	"strconv"
	"time"
)

// come takes that an account came to a device and a network.
func (n *naive) come(a *naiveAccount, e *naiveEvent, at time.Time) {
	late := at.Before(a.last)
	if e.Device != "" {
		accounts := naiveVisit(n.devices, e.Device, naiveWeek, e.Actor, at)
		if !late {
			a.onDevice.value, a.hasDevice = accounts, true
		}
		n.judge(a)
	}
	if e.Network != "" {
		accounts := naiveVisit(n.networks, e.Network, naiveDay, e.Actor, at)
		if !late {
			a.onNetwork.value, a.hasNetwork = accounts, true
		}
		n.judge(a)
	}
}

// naivePlace is a device or a network: which accounts came there, in the present window and the one before.
type naivePlace struct {
	first, last time.Time
	now, before naiveSet
}

// naiveVisit counts an account at a place, and returns how many there were within a window: those of the present one,
// or the share of the one before that reaches into the last window's length, whichever is more.
func naiveVisit(places map[string]*naivePlace, name string, window time.Duration, account string, at time.Time) float64 {
	p := places[name]
	if p == nil {
		p = &naivePlace{first: at, last: at, now: newNaiveSet(), before: newNaiveSet()}
		places[name] = p
	}
	if at.After(p.last) {
		turned := at.Sub(p.first)/window - p.last.Sub(p.first)/window
		if turned > 0 {
			p.before, p.now = p.now, newNaiveSet()
		}
		if turned > 1 {
			p.before = newNaiveSet()
		}
		p.last = at
	}
	p.now.add(account)
	left := 1 - float64(p.last.Sub(p.first)%window)/float64(window)
	return max(p.now.count(), p.before.count()*left)
}

// naiveSet is a set of accounts. What is counted of more than 16 is an estimate, as features/sketch says: linear
// counting with 512 bits (Whang et al. 1990).
type naiveSet struct {
	names map[string]bool
	bits  map[uint64]bool
}

func newNaiveSet() naiveSet { return naiveSet{map[string]bool{}, map[uint64]bool{}} }

func (s naiveSet) add(account string) {
	s.names[account] = true
	digest, _ := strconv.ParseUint(account[24:], 16, 32)
	s.bits[digest%512] = true
}

func (s naiveSet) count() float64 {
	if len(s.names) <= 16 {
		return float64(len(s.names))
	}
	return math.Round(512 * math.Log(512/float64(max(1, 512-len(s.bits)))))
}
