package main

import (
	"math"
	"slices"
	"time"

	"github.com/unopened/unopened/ingest"
)

const (
	naiveHour  = time.Hour
	naiveDay   = 24 * naiveHour
	naiveWeek  = 7 * naiveDay
	naiveMonth = 30 * naiveDay
)

// naiveCounter is a count that fades by half in a half-life.
type naiveCounter struct {
	value float64
	half  time.Duration
}

func (c *naiveCounter) raise(to float64) { c.value = max(c.value, to) }

// naiveTicks returns how many ticks of a half-life have passed: counters fade by whole ticks, 256 a half-life, counted
// from the account's first event.
func naiveTicks(span, half time.Duration) int64 { return int64(max(0, span) / (half / 256)) }

// naiveFade is what is left of 1 after so many ticks: after forty half-lives a thing is forgotten.
func naiveFade(ticks int64) float64 {
	if ticks >= 40*256 {
		return 0
	}
	return math.Exp2(-float64(ticks) / 256)
}

// naiveAccount is the state of an account. The names of counters are those of the features.
type naiveAccount struct {
	first, last time.Time
	events      uint32
	seen        ingest.Fields
	age         string
	created     *int
	counters    []*naiveCounter          // all below
	contacts    map[string]*naiveContact // those known in full
	traces      []naiveTrace             // those who made room, the oldest first
	labels      map[string]string

	naiveVolume
	naiveRhythm
	naiveLifecycle
	naiveOutreach
	naiveTargets
	naiveConsent
	naiveAgegap
	naiveEscalation
	naiveFeedback
	naiveLockstep
	naiveTakeover
}

type naiveVolume struct {
	sent1m, sent10m, sent1h, sent1d, sent7d, received1d, received7d naiveCounter
}

type naiveRhythm struct {
	peak         naiveCounter
	lastSent     time.Time
	gaps         int
	gap, gapLog  naiveMoments
	gapZ         float64
	session      time.Time // when the present one began
	sessionHours naiveCounter
	hours        [24]int
	days         []int // on which it acted, since 1970
}

type naiveLifecycle struct {
	lastAct                                 time.Time
	registered                              time.Time
	outreach                                time.Time
	dormancy                                naiveCounter
	firstHour                               int
	onDevice, onNetwork                     naiveCounter
	registeredOnDevice, registeredOnNetwork naiveCounter
	hasDevice, hasNetwork                   bool
}

type naiveOutreach struct {
	first1h, first1d, first7d, first30d, firstIn1h, firstIn7d, direct, related, strangers, known, untied naiveCounter
	groupAdds, groupJoins, groupsMade, mediated, placed, abroad, burst, newSenders, midas, crowdRun      naiveCounter
	joined                                                                                               time.Time // a group
}

type naiveConsent struct {
	streak, alone                                                                                 int
	replies, delays, accepts, toOpener, turns, requests, declines, toBlocker, topDyad, longestRun naiveCounter
}

type naiveAgegap struct {
	aged, bands, minors1d, minors14d, minorsKnown, minorsUntied, minorReplies, minorBlocks naiveCounter
	minorDeclines, minorReports, minorsAgain, minorsRested, minorsQuiet, minorsWritten     naiveCounter
}

type naiveTakeover struct {
	newDevice                    time.Time
	networks1d, countries1d      naiveCounter
	failed, unproved             naiveCounter
	fan, fanEarlier              naiveCounter
	fanPeak                      float64
	devices, networks, countries []string
}

func newNaiveAccount(at time.Time) *naiveAccount {
	a := &naiveAccount{first: at, last: at, contacts: map[string]*naiveContact{}, labels: map[string]string{}}
	for half, counters := range map[time.Duration][]*naiveCounter{
		time.Minute:      {&a.sent1m},
		10 * time.Minute: {&a.sent10m, &a.fan},
		naiveHour:        {&a.sent1h, &a.failed, &a.first1h, &a.firstIn1h, &a.crowding},
		naiveDay: {&a.sent1d, &a.received1d, &a.peak, &a.dormancy, &a.onNetwork, &a.registeredOnNetwork, &a.networks1d,
			&a.countries1d, &a.first1d, &a.groupAdds, &a.burst, &a.newSenders, &a.midas, &a.crowdRun, &a.minors1d,
			&a.minorsWritten, &a.media, &a.missed, &a.forwards, &a.forwards5, &a.rekeyed},
		naiveWeek: {&a.sent7d, &a.received7d, &a.sessionHours, &a.onDevice, &a.registeredOnDevice, &a.first7d, &a.firstIn7d,
			&a.direct, &a.related, &a.strangers, &a.known, &a.untied, &a.groupJoins, &a.groupsMade, &a.mediated, &a.placed,
			&a.abroad, &a.told, &a.theirContacts, &a.theirAges, &a.toldAge, &a.compared, &a.mutual, &a.common, &a.toldHours,
			&a.quiet, &a.toLabelled, &a.replies, &a.delays, &a.accepts, &a.toOpener, &a.turns, &a.requests, &a.declines,
			&a.unproved, &a.toBlocker, &a.topDyad, &a.longestRun, &a.timed, &a.vanishing, &a.cold, &a.coldMedia, &a.made, &a.group},
		2 * naiveWeek: {&a.aged, &a.bands, &a.minors14d, &a.minorsKnown, &a.minorsUntied, &a.minorReplies, &a.minorBlocks,
			&a.minorDeclines, &a.minorReports, &a.minorsAgain, &a.minorsRested, &a.minorsQuiet, &a.toMedia.time,
			&a.toMedia.times, &a.toCall.time, &a.toCall.times, &a.toTimer.time, &a.toTimer.times},
		naiveMonth: {&a.fanEarlier, &a.first30d, &a.evasions, &a.dropped, &a.blocks, &a.reports, &a.weighted, &a.sides30d,
			&a.removed},
	} {
		for _, c := range counters {
			c.half = half
			a.counters = append(a.counters, c)
		}
	}
	return a
}

// advance fades all counters to a time. The state never turns back; late says that it would have to.
func (a *naiveAccount) advance(at time.Time) (late bool) {
	if at.Before(a.last) {
		return true
	}
	for _, c := range a.counters {
		if n := naiveTicks(at.Sub(a.first), c.half) - naiveTicks(a.last.Sub(a.first), c.half); n > 0 {
			c.value *= naiveFade(n)
		}
		if c.value < 1e-12 { // as good as forgotten
			c.value = 0
		}
	}
	for range at.Sub(a.first)/naiveWeek - a.last.Sub(a.first)/naiveWeek {
		for h := range a.hours {
			a.hours[h] /= 2
		}
	}
	a.last = at
	return false
}

// worth is what an event counts for in a counter: 1, and a late one what it would have faded to by now.
func (a *naiveAccount) worth(at time.Time, half time.Duration) float64 {
	return naiveFade(naiveTicks(a.last.Sub(at), half))
}

// since is what an event of an earlier time that counted for 1 has faded to.
func (a *naiveAccount) since(at time.Time, half time.Duration) float64 {
	return naiveFade(naiveTicks(a.last.Sub(a.first), half) - naiveTicks(at.Sub(a.first), half))
}

// count adds an event to counters.
func (a *naiveAccount) count(at time.Time, counters ...*naiveCounter) {
	for _, c := range counters {
		c.value += a.worth(at, c.half)
	}
}

// countIf adds an event to counters if it is one of them.
func (a *naiveAccount) countIf(is bool, at time.Time, counters ...*naiveCounter) {
	if is {
		a.count(at, counters...)
	}
}

// began returns when the account began: its registration, else the day of its making, unless that is the day of its
// first event or unknown: then its first event.
func (a *naiveAccount) began() time.Time {
	if !a.registered.IsZero() {
		return a.registered
	}
	if a.created != nil && a.first.Sub(naiveDate(*a.created)) > naiveDay {
		return naiveDate(*a.created)
	}
	return a.first
}

// ageDays returns the days since registration, NaN where they are unknown.
func (a *naiveAccount) ageDays() float64 {
	switch {
	case !a.registered.IsZero():
		return max(0, a.last.Sub(a.registered).Hours()/24)
	case a.created != nil:
		return max(0, a.last.Sub(naiveDate(*a.created)).Hours()/24)
	}
	return math.NaN()
}

// naiveDayOf returns the Unix day of a time.
func naiveDayOf(at time.Time) int { return int(at.Unix() / 86400) }

func naiveDate(unixDay int) time.Time { return time.Unix(int64(unixDay)*86400, 0).UTC() }

// naiveStrange puts what was seen in front of the latest few, and tells whether it was not among them, if any was.
func naiveStrange(known *[]string, most int, seen string) bool {
	i := slices.Index(*known, seen)
	isNew := i < 0 && len(*known) > 0
	if i >= 0 {
		*known = slices.Delete(*known, i, i+1)
	}
	*known = slices.Insert(*known, 0, seen)
	*known = (*known)[:min(most, len(*known))]
	return isNew
}
