package main

import (
	"math"
	"slices"
	"time"
)

type naiveTargets struct {
	told, theirContacts, toldAge, theirAges, toldHours, quiet, toLabelled naiveCounter // see hearTarget
	compared, mutual, common, evasions                                    naiveCounter

	barredDevices, barredNetworks []string     // of peers whom the account has blocked
	senders                       naiveBurst   // new senders
	crowding                      naiveCounter // the score of the latest
}

// naiveBurst scores how far what comes in an hour lies above the past: MIDAS-R of one edge (Bhatia et al. 2020).
type naiveBurst struct {
	now, total float64
	tick       int
}

func (b *naiveBurst) add(tick int) float64 {
	if tick > b.tick {
		b.now *= math.Pow(0.5, float64(tick-b.tick))
		b.tick = tick
	}
	b.now++
	b.total++
	ticks := float64(b.tick)
	if b.tick == 1 || b.now < 2 || b.now < b.total/ticks {
		return 0
	}
	d := (b.now - b.total/ticks) * ticks
	return d * d / (b.total * (ticks - 1))
}

// naiveAnswer is what a recipient tells who turns to it: how many others do, and at a first contact of itself.
type naiveAnswer struct {
	others, usual, midas float64 // new senders within the hour, in the usual hour of a week, and the score of their burst
	first                bool
	contacts             int
	ageDays              float64
	hours, quiet         bool // it is known when it is active; and it is not at this time
	labelled             bool
	barred               float64
	neighbours           []string
}

// bar notes from where a peer acted whom the account blocks.
func (a *naiveAccount) bar(c *naiveContact) {
	c.weBlocked = true
	if c.device != "" {
		naiveStrange(&a.barredDevices, 4, c.device)
	}
	if c.network != "" {
		naiveStrange(&a.barredNetworks, 4, c.network)
	}
}

// crowd is what a recipient tells of all others, where the sender's own first contact counts for so much.
func (a *naiveAccount) crowd(hour, week float64) *naiveAnswer {
	return &naiveAnswer{
		others: max(0, a.firstIn1h.value-hour), usual: max(0, a.firstIn7d.value-week) / (7 * 24), midas: a.crowding.value,
	}
}

// introduce is what a recipient tells of itself to who contacts it first.
func (a *naiveAccount) introduce(e *naiveEvent, at time.Time, c *naiveContact) *naiveAnswer {
	answer := a.crowd(a.worth(at, naiveHour), a.worth(at, naiveWeek))
	answer.first, answer.contacts, answer.ageDays = true, len(a.contacts)+len(a.traces)-1, a.ageDays()
	_, all, _ := a.profile()
	answer.hours, answer.quiet = all > 10, a.hours[at.Hour()] == 0
	answer.labelled = a.abusive() > 0
	fresh := e.ActorCreated != nil && at.Sub(naiveDate(*e.ActorCreated)) <= naiveWeek
	if slices.Contains(a.barredDevices, c.device) {
		answer.barred = 1
	} else if fresh && slices.Contains(a.barredNetworks, c.network) {
		answer.barred = 0.25
	}
	if c.weBlocked {
		answer.barred = 0
	}
	answer.neighbours = a.neighbours(e.Actor)
	answer.neighbours = answer.neighbours[:min(24, len(answer.neighbours))]
	return answer
}

// learn takes the answer of a peer to whom the account turned.
func (a *naiveAccount) learn(peer string, answer *naiveAnswer, at time.Time) {
	worth := a.worth(at, naiveDay)
	a.burst.raise(worth * naiveLogRatio(answer.others, answer.usual))
	a.newSenders.raise(worth * answer.others)
	a.midas.raise(worth * math.Log1p(answer.midas))
	c := a.contacts[peer]
	if c != nil && !c.wrote && answer.others >= 4 {
		a.crowdRun.raise(worth * float64(c.run))
	}
	if answer.first {
		a.hearTarget(answer, at, c != nil && c.minor)
		a.compare(peer, answer.neighbours, at)
	}
}

// hearTarget takes what the recipient of a first contact tells of itself.
func (a *naiveAccount) hearTarget(answer *naiveAnswer, at time.Time, minor bool) {
	worth := a.worth(at, naiveWeek)
	a.count(at, &a.told)
	a.theirContacts.value += worth * math.Log1p(float64(answer.contacts))
	if !math.IsNaN(answer.ageDays) {
		a.count(at, &a.toldAge)
		a.theirAges.value += worth * math.Log1p(answer.ageDays)
	}
	if answer.hours {
		a.countIf(true, at, &a.toldHours)
		a.countIf(answer.quiet, at, &a.quiet)
		a.countIf(minor, at, &a.minorsRested)
		a.countIf(minor && answer.quiet, at, &a.minorsQuiet)
	}
	a.countIf(answer.labelled, at, &a.toLabelled)
	a.evasions.value += answer.barred * a.worth(at, a.evasions.half)
}

// compare looks for the account's neighbours among those of a recipient.
func (a *naiveAccount) compare(peer string, theirs []string, at time.Time) {
	ours := a.neighbours(peer)
	if len(ours) == 0 || len(theirs) == 0 {
		return
	}
	common := 0
	for _, neighbour := range ours {
		if slices.Contains(theirs, neighbour) {
			common++
		}
	}
	a.count(at, &a.compared)
	a.countIf(common > 0, at, &a.mutual)
	a.common.value += a.worth(at, a.common.half) * float64(common) / float64(len(ours))
}
