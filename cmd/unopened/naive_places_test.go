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
		accounts, registered := naiveVisit(n.devices, e.Device, naiveWeek, e, at)
		if !late {
			a.onDevice.value, a.registeredOnDevice.value, a.hasDevice = accounts, registered, true
		}
		n.judge(a)
	}
	if e.Network != "" {
		accounts, registered := naiveVisit(n.networks, e.Network, naiveDay, e, at)
		if !late {
			a.onNetwork.value, a.registeredOnNetwork.value, a.hasNetwork = accounts, registered, true
		}
		n.judge(a)
	}
}

// naivePlace is a device or a network: which accounts came there, in the present window and the one before, and the
// registrations there, which fade by half in each window.
type naivePlace struct {
	first, last time.Time
	now, before naiveSet
	registered  float64
}

// naiveVisit counts an account at a place. It returns how many there were within a window: those of the present one, or
// the share of the one before that reaches into the last window's length, whichever is more; and the registrations.
func naiveVisit(places map[string]*naivePlace, name string, window time.Duration, e *naiveEvent, at time.Time) (accounts, registered float64) {
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
		p.registered *= naiveFade(naiveTicks(at.Sub(p.first), window) - naiveTicks(p.last.Sub(p.first), window))
		p.last = at
	}
	if e.Type == "account_registered" {
		p.registered += naiveFade(naiveTicks(p.last.Sub(at), window))
	}
	p.now.add(e.Actor)
	left := 1 - float64(p.last.Sub(p.first)%window)/float64(window)
	return max(p.now.count(), p.before.count()*left), p.registered
}

// naiveSet is a set of accounts. What is counted of more than 16 is an estimate, as features/sketch says: HyperLogLog with
// 128 registers up to 15, by the estimator of Ertl (2017), its series written out, less the bias that Flajolet et al.
// (2007) give.
type naiveSet struct {
	names     map[string]bool
	registers map[uint64]int
}

func newNaiveSet() naiveSet { return naiveSet{map[string]bool{}, map[uint64]int{}} }

func (s naiveSet) add(account string) {
	s.names[account] = true
	digest, _ := strconv.ParseUint(account[24:], 16, 32)
	rank := 1
	for rank < 15 && digest>>(32-rank) == 0 {
		rank++
	}
	s.registers[digest%128] = max(s.registers[digest%128], rank)
}

func (s naiveSet) count() float64 {
	if len(s.names) <= 16 {
		return float64(len(s.names))
	}
	var sum, full float64
	for _, rank := range s.registers {
		if rank < 15 {
			sum += math.Pow(2, -float64(rank))
		} else {
			full++
		}
	}
	empty := 1 - float64(len(s.registers))/128
	sigma, tau := empty, full/128
	for k := 1.0; k < 50; k++ {
		sigma += math.Pow(empty, math.Pow(2, k)) * math.Pow(2, k-1)
		tau -= math.Pow(1-math.Pow(1-full/128, math.Pow(2, -k)), 2) * math.Pow(2, -k)
	}
	sum += 128*sigma + 128*tau/3*math.Pow(2, -14)
	return max(17, math.Round(0.7213/(1+1.079/128)*128*128/sum))
}
