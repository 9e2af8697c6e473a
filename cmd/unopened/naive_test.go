package main

import (
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
	features []naiveFeature
	scorer   *models.Scorer
	vector   features.Vector
	scores   [models.Harms]models.Score
	judged   int // verdicts
}

func newNaive(set *models.Set) (*naive, error) {
	all, err := naiveCatalogue()
	return &naive{
		accounts: map[string]*naiveAccount{}, devices: map[string]*naivePlace{}, networks: map[string]*naivePlace{},
		features: all, scorer: set.Scorer(), vector: features.NewVector(),
	}, err
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
		others, usual, answers := target.receive(e, at)
		n.judge(target)
		if answers {
			actor.crowd(e.Target, others, usual, at)
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
	a.read(n.features, &n.vector)
	n.scorer.Score(&n.vector, &n.scores)
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
