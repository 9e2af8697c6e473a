package main

import (
	"math"
	"strconv"
	"time"

	"github.com/unopened/unopened/features"
	"github.com/unopened/unopened/models"
)

// naive is the same detection as a straightforward program has it: maps of pointers, strings, time.Time, every feature
// computed the plain way from its definition in features/CATALOGUE.md, and what concerns two accounts written into
// both at once. It is the slow and obvious reference of the features, and what `make bench` compares with. What the
// service has beside the features (refusals, repeats, partitions, checkpoints, alerts) it does without.
type naive struct {
	accounts map[string]*naiveAccount
	devices  map[string]*naivePlace
	networks map[string]*naivePlace
	set      *models.Set
	vector   features.Vector
	scores   [models.Harms]models.Score
	judged   int // verdicts
}

func newNaive(set *models.Set) *naive {
	return &naive{
		accounts: map[string]*naiveAccount{}, devices: map[string]*naivePlace{}, networks: map[string]*naivePlace{},
		set: set, vector: features.NewVector(),
	}
}

// handle takes one event, and judges every account whose state it changes.
func (n *naive) handle(e *naiveEvent) {
	at := e.time()
	var actor, target *naiveAccount
	if e.Actor != "" && e.Type != "label" {
		actor = n.account(e.Actor, at)
		actor.act(e, at)
		n.judge(actor)
	}
	if e.Target != "" {
		target = n.account(e.Target, at)
		firstIn := target.receive(e, at)
		n.judge(target)
		if firstIn {
			actor.crowd(target, at)
			n.judge(actor)
		}
	}
	if e.Type == "report" && actor != nil {
		target.weigh(actor, e, at)
		n.judge(target)
	}
	if e.Type == "account_registered" || e.Type == "login" || e.Type == "device_added" {
		n.come(actor, e, at)
	}
}

func (n *naive) account(id string, at time.Time) *naiveAccount {
	a := n.accounts[id]
	if a == nil {
		a = newNaiveAccount(at)
		n.accounts[id] = a
	}
	return a
}

// judge scores an account.
func (n *naive) judge(a *naiveAccount) {
	a.read(&n.vector)
	n.set.Score(&n.vector, &n.scores)
	n.judged++
}

// act takes what the account did.
func (a *naiveAccount) act(e *naiveEvent, at time.Time) {
	late := a.advance(at)
	a.events++
	a.seen |= e.given()
	a.describe(e.ActorAge, e.ActorCreated, late)
	first := false
	old := false
	if e.Target != "" {
		first, old = a.turn(e, at)
	}
	if e.said() {
		a.send(e, at, late)
	}
	switch e.Type {
	case "report":
		a.count(at, &a.made)
	case "group_add":
		a.count(at, &a.groupAdds)
	case "group_join":
		a.count(at, &a.groupJoins)
	case "account_registered":
		a.registered = at.Truncate(time.Second)
	case "login_failed":
		a.count(at, &a.failed)
		return // it may have been anybody
	}
	a.move(e, at, late, old)
	if since := at.Sub(a.began()); since >= 0 && since <= naiveHour {
		a.firstHour++
	}
	if first && a.outreach.IsZero() {
		a.outreach = at.Truncate(time.Second)
	}
	if late {
		return
	}
	if !a.lastAct.IsZero() {
		a.dormancy.raise(at.Sub(a.lastAct).Hours() / 24)
	}
	a.lastAct = at
}

// describe keeps what an event says of the account itself.
func (a *naiveAccount) describe(age string, created *int, late bool) {
	if age != "" && (!late || a.age == "") {
		a.age = age
	}
	if created != nil {
		a.created = created
	}
}

// send takes a message or call, of any kind, that the account sent.
func (a *naiveAccount) send(e *naiveEvent, at time.Time, late bool) {
	a.count(at, &a.sent1m, &a.sent10m, &a.sent1h, &a.sent1d, &a.sent7d)
	a.peak.raise(a.sent1m.value)
	if e.Disappearing != nil {
		a.count(at, &a.timed)
		if *e.Disappearing {
			a.count(at, &a.vanishing)
		}
	}
	if e.Answered != nil && !*e.Answered {
		a.count(at, &a.missed)
	}
	if e.Forwards != nil && *e.Forwards >= 1 {
		a.count(at, &a.forwards)
	}
	if e.Forwards != nil && *e.Forwards >= 5 {
		a.count(at, &a.forwards5)
	}
	if late {
		return
	}
	if !a.lastSent.IsZero() {
		a.gap(at.Sub(a.lastSent).Seconds())
	}
	if hour := at.Truncate(naiveHour); a.lastSent.IsZero() || !hour.Equal(a.lastSent.Truncate(naiveHour)) {
		a.hours[at.Hour()] = min(15, a.hours[at.Hour()]+1)
	}
	a.lastSent = at
}

// gap folds a gap between sends into mean and variance, over about the last 32 of them.
func (a *naiveAccount) gap(seconds float64) {
	a.gaps = min(32, a.gaps+1)
	w := 1 / float64(a.gaps)
	d := seconds - a.gapMean
	a.gapMean += d * w
	a.gapVar = (1 - w) * (a.gapVar + d*d*w)
}

// move takes where the account acted from, and whether it wrote to an old contact.
func (a *naiveAccount) move(e *naiveEvent, at time.Time, late, old bool) {
	if e.Device != "" && naiveStrange(&a.devices, 4, e.Device) && at.After(a.newDevice) {
		a.newDevice = at.Truncate(time.Second)
	}
	if e.Network != "" && naiveStrange(&a.networks, 8, e.Network) {
		a.count(at, &a.networks1d)
	}
	if e.Country != "" && naiveStrange(&a.countries, 4, e.Country) {
		a.count(at, &a.countries1d)
	}
	if !late && at.Sub(a.lastAct) > naiveHour { // another burst of acts begins
		a.fanEarlier.raise(a.fanPeak)
		a.fanPeak = 0
	}
	if old {
		a.count(at, &a.fan)
		a.fanPeak = max(a.fanPeak, a.fan.value)
	}
}

// turn takes an act of the account on a peer, and tells whether it was its first contact with the peer, and whether it
// wrote to an old contact.
func (a *naiveAccount) turn(e *naiveEvent, at time.Time) (first, old bool) {
	c := a.contact(e.Target, at, e.outward() || e.Type == "contact_accept" || e.Type == "contact_decline")
	if c == nil {
		return false, false
	}
	if e.TargetAge != "" {
		c.minor = naiveMinor(e.TargetAge)
	}
	quiet := at.Truncate(time.Second).Sub(c.last)
	worth := c.advance(a, at)
	if e.Type == "contact_accept" || e.Type == "contact_decline" {
		c.open(&c.theyOpened, at) // the peer must have asked
	}
	if !e.outward() {
		return false, false
	}
	first = c.open(&c.weOpened, at)
	old = c.wrote && quiet >= naiveHour && at.Truncate(time.Second).Sub(c.opened) >= naiveDay
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

// receive takes what was done to the account, and tells whether it was the first contact that the peer made with it.
func (a *naiveAccount) receive(e *naiveEvent, at time.Time) (firstIn bool) {
	late := a.advance(at)
	a.events++
	a.describe(e.TargetAge, e.TargetCreated, late)
	if e.said() {
		a.count(at, &a.received1d, &a.received7d)
	}
	if e.Type == "label" {
		a.labels[e.Category] = e.Verdict
		return false
	}
	if e.Actor == "" {
		if e.Type == "report" { // reporters without a name count as one together
			a.reports.raise(a.worth(at, naiveMonth))
		}
		return false
	}
	makes := e.outward() || e.Type == "contact_accept" || e.Type == "contact_decline" || e.Type == "block" || e.Type == "report"
	c := a.contact(e.Actor, at, makes)
	if c == nil {
		return false
	}
	if e.ActorAge != "" {
		c.minor = naiveMinor(e.ActorAge)
	}
	c.advance(a, at)
	return a.hear(e, at, c)
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

// crowd takes that a peer whom the account has just contacted first had other new senders in the hour.
func (a *naiveAccount) crowd(peer *naiveAccount, at time.Time) {
	others := max(0, peer.firstIn1h.value-peer.worth(at, naiveHour))
	usual := max(0, peer.firstIn7d.value-peer.worth(at, naiveWeek)) / (7 * 24)
	a.burst.raise(a.worth(at, naiveDay) * math.Log((others+1)/(usual+1)))
	a.newSenders.raise(a.worth(at, naiveDay) * others)
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
