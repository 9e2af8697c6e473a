package main

import (
	"math"
	"time"
)

// turn takes an act of the account on a peer, and tells whether it was its first contact with the peer, and whether it
// wrote to an old contact.
func (a *naiveAccount) turn(e *naiveEvent, at time.Time) (first, old bool) {
	_, met := a.contacts[e.Target]
	c := a.contact(e.Target, at, e.outward() || e.Type == "contact_accept" || e.Type == "contact_decline")
	if c == nil {
		return false, false
	}
	if e.TargetAge != "" {
		c.minor = naiveMinor(e.TargetAge)
	}
	quiet := !met || at.Truncate(time.Second).Sub(c.last) >= naiveHour
	worth := c.advance(a, at)
	if e.Type == "contact_accept" || e.Type == "contact_decline" {
		c.open(&c.theyOpened, at) // the peer must have asked
	}
	if !e.outward() {
		return false, false
	}
	first = c.open(&c.weOpened, at)
	known := c.wrote && at.Truncate(time.Second).Sub(c.opened) >= naiveDay
	old = quiet && (known || e.Relation == "mutual")
	c.sent += worth
	c.run++
	a.reach(e, at, c)
	if first {
		a.meet(e, at)
	}
	if e.Type == "call" && e.Answered != nil && *e.Answered && c.hear() {
		a.answered(c)
	}
	a.longestRun.raise(float64(c.run) * a.worth(at, naiveWeek))
	if c.weOpened && !c.wrote && (e.Media == "image" || e.Media == "video" || e.Media == "audio" || e.Media == "file") {
		a.count(at, &a.media)
	}
	return first, old
}

// reach counts a direct message, call or request.
func (a *naiveAccount) reach(e *naiveEvent, at time.Time, c *naiveContact) {
	a.count(at, &a.direct)
	if e.Type == "contact_request" {
		a.count(at, &a.requests)
	}
	if c.theyOpened {
		a.count(at, &a.toOpener)
	}
	if c.blocking {
		a.count(at, &a.toBlocker)
	}
	a.topDyad.raise(c.sent)
}

// meet counts a first contact that the account made.
func (a *naiveAccount) meet(e *naiveEvent, at time.Time) {
	a.streak++
	a.count(at, &a.first1h, &a.first1d, &a.first7d, &a.first30d)
	if e.Relation != "" {
		a.count(at, &a.related)
		if e.Relation == "stranger" {
			a.count(at, &a.strangers)
		}
	}
	tied, known := e.tie()
	if known {
		a.count(at, &a.known)
		if !tied {
			a.count(at, &a.untied)
		}
	}
	if e.TargetAge == "" {
		return
	}
	a.count(at, &a.aged)
	a.bands.value += a.worth(at, a.bands.half) * float64(naiveBand(e.TargetAge))
	if !naiveMinor(e.TargetAge) {
		return
	}
	a.count(at, &a.minors1d, &a.minors14d)
	if known {
		a.count(at, &a.minorsKnown)
		if !tied {
			a.count(at, &a.minorsUntied)
		}
	}
}

// answered counts the first reply to a contact that the account made; it weighs what that contact weighs now.
func (a *naiveAccount) answered(c *naiveContact) {
	a.streak = 0
	a.replies.value += a.since(c.opened, a.replies.half)
	if c.minor {
		a.minorReplies.value += a.since(c.opened, a.minorReplies.half)
	}
}

// receive takes what was done to the account. Where the peer must know how many others turn to the account, it answers
// with their number within an hour and what is usual.
func (a *naiveAccount) receive(e *naiveEvent, at time.Time) (others, usual float64, answers bool) {
	late := a.advance(at)
	a.events++
	a.describe(e.TargetAge, e.TargetCreated, late)
	if e.said() {
		a.count(at, &a.received1d, &a.received7d)
	}
	if e.Type == "label" {
		a.labels[e.Category] = e.Verdict
		return 0, 0, false
	}
	if e.Actor == "" {
		if e.Type == "report" { // reporters without a name count as one together
			a.reports.raise(a.worth(at, naiveMonth))
		}
		return 0, 0, false
	}
	makes := e.outward() || e.Type == "contact_accept" || e.Type == "contact_decline" || e.Type == "block" || e.Type == "report"
	c := a.contact(e.Actor, at, makes)
	if c == nil {
		return 0, 0, false
	}
	if e.ActorAge != "" {
		c.minor = naiveMinor(e.ActorAge)
	}
	c.advance(a, at)
	if a.hear(e, at, c) {
		others, usual = a.newSendersBut(a.worth(at, naiveHour), a.worth(at, naiveWeek))
		return others, usual, true
	}
	others, usual = a.newSendersBut(a.since(c.opened, naiveHour), a.since(c.opened, naiveWeek))
	return others, usual, e.said() && c.theyOpened && c.sent == 0 && others >= 4 // a crowd, and not yet an answer
}

// newSendersBut returns how many others than the peer made a first contact with the account, within an hour and in the
// usual hour of a week.
func (a *naiveAccount) newSendersBut(hour, week float64) (others, usual float64) {
	return max(0, a.firstIn1h.value-hour), max(0, a.firstIn7d.value-week) / (7 * 24)
}

// hear takes what a peer did.
func (a *naiveAccount) hear(e *naiveEvent, at time.Time, c *naiveContact) (firstIn bool) {
	unwanted := false
	switch e.Type {
	case "message", "call", "contact_request":
		if firstIn = c.open(&c.theyOpened, at); firstIn {
			a.count(at, &a.firstIn1h, &a.firstIn7d)
		}
		if c.hear() {
			a.answered(c)
		}
	case "contact_accept":
		c.open(&c.weOpened, at) // the account must have asked
		if c.hear() {
			a.answered(c)
		}
	case "contact_decline":
		c.open(&c.weOpened, at)
		a.count(at, &a.declines)
		unwanted = true
	case "block":
		if unwanted = !c.hasBlocked; unwanted {
			a.count(at, &a.blocks)
		}
		c.blocking, c.hasBlocked = true, true
	case "unblock":
		c.blocking = false
	case "report":
		if unwanted = !c.hasReported; unwanted {
			a.count(at, &a.reports)
		}
		c.hasReported = true
	}
	if unwanted && c.minor {
		a.count(at, &a.minorBlocks)
	}
	return firstIn
}

// crowd takes how many others turn to a peer to whom the account turns.
func (a *naiveAccount) crowd(peer string, others, usual float64, at time.Time) {
	worth := a.worth(at, naiveDay)
	a.burst.raise(worth * math.Log((others+1)/(usual+1)))
	a.newSenders.raise(worth * others)
	if c := a.contacts[peer]; c != nil && !c.wrote && others >= 4 {
		a.crowdRun.raise(worth * float64(c.run))
	}
}

// weigh adds the weight of a report, once a reporter: one of some days' standing and traffic whom the account wrote to
// first, who reports little and whose report was verified, counts whole.
func (a *naiveAccount) weigh(by *naiveAccount, e *naiveEvent, at time.Time) {
	c := a.contact(e.Actor, at, true)
	if c.hasWeighed {
		return
	}
	c.hasWeighed = true
	if by.abusive() > 0 {
		return
	}
	standing, approached, verified := 0.5, 0.25, 0.6
	if days := by.ageDays(); !math.IsNaN(days) {
		standing = min(1, (days+0.5)/7)
	}
	if to := by.contacts[e.Target]; to != nil && to.theyOpened {
		approached = 1
	} else if to != nil && to.weOpened {
		approached = 0.5
	}
	if e.Verified != nil && *e.Verified {
		verified = 1
	} else if e.Verified != nil {
		verified = 0.3
	}
	rare := min(1, 3/max(1, by.made.value))
	traffic := min(1, (by.sent7d.value+by.received7d.value+1)/5)
	a.weighted.value += a.worth(at, naiveMonth) * rare * standing * approached * verified * traffic
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
