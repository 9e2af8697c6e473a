package main

import (
	"math"
	"slices"
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
	groups   map[naiveGroup]int // accounts in lockstep
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
		groups: map[naiveGroup]int{}, features: all, scorer: set.Scorer(), vector: features.NewVector(),
	}, err
}

// handle takes one event, and judges every account whose state it changes.
func (n *naive) handle(e *naiveEvent) {
	at := e.time()
	var actor, target *naiveAccount
	first := false
	if e.Actor != "" && e.Type != "label" {
		actor = n.account(e.Actor, at)
		first = actor.act(e, at)
		n.judge(actor)
	}
	if e.Target != "" {
		target = n.account(e.Target, at)
		answer := target.receive(e, at)
		n.judge(target)
		if answer != nil {
			actor.learn(e.Target, answer, at)
			n.judge(actor)
		}
	}
	if actor == nil {
		return
	}
	if e.Type == "report" || e.Type == "block" {
		target.complain(actor, e, at)
		n.judge(target)
	}
	if n.lockstep(actor, e, at, first) {
		n.judge(actor)
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

// act takes what the account did, and tells whether it was its first contact with somebody.
func (a *naiveAccount) act(e *naiveEvent, at time.Time) (first bool) {
	late := a.advance(at)
	a.events++
	a.seen |= e.given()
	a.describe(e.ActorAge, e.ActorCreated, late)
	old := false
	if e.Target != "" {
		first, old = a.turn(e, at)
	}
	if e.said() {
		a.send(e, at, late)
	}
	a.does(e, at)
	if e.Type == "login_failed" {
		return first // it may have been anybody
	}
	a.move(e, at, late, old)
	if since := at.Sub(a.began()); since >= 0 && since <= naiveHour {
		a.firstHour++
	}
	if first && a.outreach.IsZero() {
		a.outreach = at.Truncate(time.Second)
	}
	if late {
		return first
	}
	if !a.lastAct.IsZero() {
		a.dormancy.raise(at.Sub(a.lastAct).Hours() / 24)
	}
	a.lastAct = at
	if today := naiveDayOf(at); !slices.Contains(a.days, today) {
		a.days = append(a.days, today)
	}
	return first
}

// does counts acts by their type.
func (a *naiveAccount) does(e *naiveEvent, at time.Time) {
	switch e.Type {
	case "report":
		a.count(at, &a.made)
	case "group_add":
		a.count(at, &a.groupAdds)
	case "group_join":
		a.count(at, &a.groupJoins)
		a.join(at)
	case "group_create":
		a.count(at, &a.groupsMade)
	case "account_registered":
		a.registered = at.Truncate(time.Second)
	case "login_failed":
		a.count(at, &a.failed)
	case "challenge_failed":
		a.count(at, &a.unproved)
	}
	if e.dealing() && e.Country != "" && e.PhoneCountry != "" {
		a.count(at, &a.placed)
		a.countIf(e.Country != e.PhoneCountry, at, &a.abroad)
	}
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
	a.sentAny(e, at)
	if late {
		return
	}
	if !a.lastSent.IsZero() {
		a.pause(at.Sub(a.lastSent).Seconds())
	}
	if a.lastSent.IsZero() || at.Sub(a.lastSent) > naiveHour/2 {
		a.session = at.Truncate(time.Second)
	}
	a.sessionHours.raise(at.Sub(a.session).Hours())
	if hour := at.Truncate(naiveHour); a.lastSent.IsZero() || !hour.Equal(a.lastSent.Truncate(naiveHour)) {
		a.hours[at.Hour()] = min(15, a.hours[at.Hour()]+1)
	}
	a.lastSent = at
}

// pause takes a gap between sends: how far it lies below the earlier ones, and into their mean and variance over about
// the last 32 of them.
func (a *naiveAccount) pause(seconds float64) {
	log := math.Log1p(seconds)
	a.gapZ = (a.gapLog.mean - log) / math.Sqrt(a.gapLog.variance+0.01)
	a.gaps = min(32, a.gaps+1)
	a.gap.fold(seconds, 1/float64(a.gaps))
	a.gapLog.fold(log, 1/float64(a.gaps))
}

// naiveMoments are a mean and a variance.
type naiveMoments struct{ mean, variance float64 }

func (m *naiveMoments) fold(x, weight float64) {
	d := x - m.mean
	m.mean += d * weight
	m.variance = (1 - weight) * (m.variance + d*d*weight)
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
