package main

import (
	"math"
	"slices"
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
	silence := at.Truncate(time.Second).Sub(c.last)
	if !met {
		silence = math.MaxInt64
	}
	worth := c.advance(a, at)
	switch e.Type {
	case "contact_accept", "contact_decline":
		c.open(&c.theyOpened, at) // the peer must have asked
	case "block":
		a.bar(c)
	case "unblock":
		c.weBlocked = false
		a.barredDevices = slices.DeleteFunc(a.barredDevices, func(d string) bool { return d == c.device })
		a.barredNetworks = slices.DeleteFunc(a.barredNetworks, func(n string) bool { return n == c.network })
	}
	if !e.outward() {
		return false, false
	}
	had := c.wrote
	first = c.open(&c.weOpened, at)
	known := had && at.Truncate(time.Second).Sub(c.opened) >= naiveDay
	a.reach(e, at, c, worth)
	if first {
		a.meet(e, at)
		a.dropDyads(at)
	}
	if e.Type == "call" && e.Answered != nil && *e.Answered && c.hear() {
		a.answered(c, at)
	}
	a.longestRun.raise(float64(c.run) * a.worth(at, naiveWeek))
	if e.said() {
		a.escalate(e, at, c, had)
	}
	a.countIf(c.minor && !first && c.weOpened && !c.wrote && silence >= naiveDay, at, &a.minorsAgain)
	return first, silence >= naiveHour && (known || e.Relation == "mutual")
}

// reach counts a direct message, call or request, which counts for so much between the two.
func (a *naiveAccount) reach(e *naiveEvent, at time.Time, c *naiveContact, worth float64) {
	a.count(at, &a.direct)
	if e.Type == "contact_request" {
		a.count(at, &a.requests)
		c.asked = true
	} else {
		a.alone++
		if c.wrote && c.run == 0 {
			c.turns++
			a.countIf(c.weOpened, at, &a.turns)
		}
	}
	c.sent += worth
	c.run++
	if today := naiveDayOf(at); today > c.wroteOn {
		c.wroteOn = today
		a.countIf(c.minor, at, &a.minorsWritten)
	}
	a.countIf(c.theyOpened, at, &a.toOpener)
	a.countIf(c.blocking, at, &a.toBlocker)
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
	since := at.Truncate(time.Second).Sub(a.joined)
	if since >= 0 && since <= naiveDay && e.SharedGroups != nil && *e.SharedGroups > 0 && e.Relation != "mutual" {
		a.count(at, &a.mediated)
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

// answered counts the first reply to a contact that the account made; it weighs what that contact weighs now, and whole where
// that was before all that is known, as far as first contacts are left without one: then it leaves the mean delay as it is.
func (a *naiveAccount) answered(c *naiveContact, at time.Time) {
	a.streak = 0
	seconds, known := c.age(at)
	weight, minors := a.worth(at, naiveWeek), a.worth(at, a.minorReplies.half)
	if known {
		weight, minors = a.since(c.opened, naiveWeek), a.since(c.opened, a.minorReplies.half)
		a.delays.value += weight * math.Log1p(seconds)
	} else {
		weight = min(weight, max(0, a.first7d.value-a.replies.value))
		minors = min(minors, max(0, a.minors14d.value-a.minorReplies.value))
		if a.replies.value > 0 {
			a.delays.value += weight * a.delays.value / a.replies.value
		}
	}
	a.replies.value += weight
	if c.minor {
		a.minorReplies.value += minors
	}
}

// receive takes what was done to the account, and returns what it tells a peer who must know how many others turn to it.
func (a *naiveAccount) receive(e *naiveEvent, at time.Time) *naiveAnswer {
	late := a.advance(at)
	a.events++
	a.describe(e.TargetAge, e.TargetCreated, late)
	if e.said() {
		a.count(at, &a.received1d, &a.received7d)
		a.alone = 0
	}
	switch {
	case e.Type == "label":
		a.labels[e.Category] = e.Verdict
		return nil
	case e.Type == "group_add":
		a.join(at)
	case e.Type == "group_remove":
		a.count(at, &a.removed)
	case e.Type == "report" && e.Actor == "": // reporters without a name count as one together
		a.reports.raise(a.worth(at, naiveMonth))
	}
	if e.Actor == "" {
		return nil
	}
	makes := []string{"contact_accept", "contact_decline", "block", "unblock", "report"}
	c := a.contact(e.Actor, at, e.outward() || slices.Contains(makes, e.Type))
	if c == nil {
		return nil
	}
	if e.ActorAge != "" {
		c.minor = naiveMinor(e.ActorAge)
	}
	if e.Device != "" {
		c.device = e.Device
	}
	if e.Network != "" {
		c.network = e.Network
	}
	c.advance(a, at)
	if a.hear(e, at, c) {
		a.crowding.value = a.senders.add(1 + int(max(0, at.Sub(a.first))/naiveHour))
		return a.introduce(e, at, c)
	}
	if answer := a.crowd(a.since(c.opened, naiveHour), a.since(c.opened, naiveWeek)); e.said() && c.theyOpened && c.sent == 0 &&
		answer.others >= 4 { // a crowd, and not yet an answer
		return answer
	}
	return nil
}

// hear takes what a peer did, and tells whether it was its first contact with the account.
func (a *naiveAccount) hear(e *naiveEvent, at time.Time, c *naiveContact) (firstIn bool) {
	switch e.Type {
	case "message", "call", "contact_request":
		if firstIn = c.open(&c.theyOpened, at); firstIn {
			a.count(at, &a.firstIn1h, &a.firstIn7d)
		}
		if c.hear() {
			a.answered(c, at)
		}
	case "contact_accept":
		c.open(&c.weOpened, at) // the account must have asked
		a.accepted(c, at)
	case "contact_decline":
		c.open(&c.weOpened, at)
		c.asked = false
		a.declines.value += a.request(c, at)
		a.countIf(c.minor, at, &a.minorBlocks, &a.minorDeclines)
	case "block":
		if !c.hasBlocked {
			a.count(at, &a.blocks)
			a.countIf(c.minor, at, &a.minorBlocks)
		}
		c.blocking, c.hasBlocked = true, true
	case "unblock":
		c.blocking = false
	case "report":
		if !c.hasReported {
			a.count(at, &a.reports)
			a.countIf(c.minor, at, &a.minorBlocks, &a.minorReports)
		}
		c.hasReported = true
	}
	return firstIn
}

// accepted takes that a peer accepted a request.
func (a *naiveAccount) accepted(c *naiveContact, at time.Time) {
	weight, reply := a.request(c, at), c.hear()
	if reply {
		a.answered(c, at)
	}
	if reply || c.asked {
		a.accepts.value += weight
	}
	c.asked = false
}

// request is what a request weighs that the peer answers: as the first contact, if that is known and nothing came of it, or
// else as one of this moment.
func (a *naiveAccount) request(c *naiveContact, at time.Time) float64 {
	if c.weOpened && !c.wrote && !c.opened.IsZero() {
		return a.since(c.opened, naiveWeek)
	}
	return a.worth(at, naiveWeek)
}

// join notes that the account came to a group.
func (a *naiveAccount) join(at time.Time) {
	if at := at.Truncate(time.Second); at.After(a.joined) {
		a.joined = at
	}
}
