package main

import (
	"math"
	"slices"
	"time"
)

type naiveFeedback struct {
	blocks, reports, weighted, made, sides30d, removed naiveCounter
	sides                                              []string // the latest communities that complained
}

// complain takes that a peer blocked or reported the account: the community that it belongs to, once a peer, and the
// weight of a report.
func (a *naiveAccount) complain(by *naiveAccount, e *naiveEvent, at time.Time) {
	c := a.contact(e.Actor, at, true)
	if !c.complained {
		side := by.community(e.Target)
		c.complained, c.echoes = true, slices.Contains(a.sides, side)
		naiveStrange(&a.sides, 8, side)
		if !c.echoes {
			a.count(at, &a.sides30d)
		}
	}
	if e.Type != "report" || c.hasWeighed {
		return
	}
	c.hasWeighed = true
	weight := a.worth(at, naiveMonth) * by.credibility(e)
	if c.echoes { // hardly another one
		weight /= 4
	}
	a.weighted.value += weight
}

// community stands for those to whom an account belongs: its least neighbour, but one; those without any are one
// community.
func (a *naiveAccount) community(but string) string {
	for _, least := range a.neighbours(but) {
		return least[:4]
	}
	return ""
}

// credibility weighs a report of the account: one of some days' standing and traffic to whom the other wrote first, who
// reports little and whose report was verified, counts whole.
func (a *naiveAccount) credibility(e *naiveEvent) float64 {
	if a.abusive() > 0 {
		return 0
	}
	standing, approached, verified := 0.5, 0.25, 0.6
	if days := a.ageDays(); !math.IsNaN(days) {
		standing = min(1, (days+0.5)/7)
	}
	if we, they := a.opening(e.Target); they {
		approached = 1
	} else if we {
		approached = 0.5
	}
	if e.Verified != nil && *e.Verified {
		verified = 1
	} else if e.Verified != nil {
		verified = 0.3
	}
	rare := min(1, 3/max(1, a.made.value))
	traffic := min(1, (a.sent7d.value+a.received7d.value+1)/5)
	return rare * standing * approached * verified * traffic
}

// labelled counts the categories with a label of that verdict.
func (a *naiveAccount) labelled(verdict string) (n int) {
	for _, v := range a.labels {
		if v == verdict {
			n++
		}
	}
	return n
}

func (a *naiveAccount) abusive() int { return a.labelled("abusive") }
