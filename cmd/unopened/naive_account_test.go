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

func naiveFade(ticks int64) float64 { return math.Exp2(-float64(ticks) / 256) }

// naiveAccount is the state of an account. The names of counters are those of the features.
type naiveAccount struct {
	first, last time.Time
	events      uint32
	seen        ingest.Fields
	age         string
	created     *int
	counters    []*naiveCounter // all below
	contacts    map[string]*naiveContact

	sent1m, sent10m, sent1h, sent1d, sent7d, received1d, received7d naiveCounter

	peak             naiveCounter
	lastSent         time.Time
	gaps             int
	gapMean, gapVar  float64
	hours            [24]int
	lastAct          time.Time
	registered       time.Time
	outreach         time.Time
	dormancy         naiveCounter
	firstHour        int
	onDevice         naiveCounter
	onNetwork        naiveCounter
	hasDevice        bool
	hasNetwork       bool
	newDevice        time.Time
	networks1d       naiveCounter
	countries1d      naiveCounter
	failed           naiveCounter
	fan, fanEarlier  naiveCounter
	fanPeak          float64
	devices          []string
	networks         []string
	countries        []string
	first1h, first1d naiveCounter

	first7d, first30d, firstIn1h, firstIn7d, direct, related, strangers, known, untied naiveCounter
	groupAdds, groupJoins, burst, newSenders, crowdRun                                 naiveCounter

	streak                                                                int
	replies, toOpener, requests, declines, toBlocker, topDyad, longestRun naiveCounter

	aged, bands, minors1d, minors14d, minorsKnown, minorsUntied, minorReplies, minorBlocks naiveCounter

	media, timed, vanishing, missed, forwards, forwards5 naiveCounter

	blocks, reports, weighted, made naiveCounter
	labels                          map[string]string
}

// naiveContact is what an account knows of a peer. Its times are whole seconds.
type naiveContact struct {
	opened, last                                  time.Time
	weOpened, theyOpened, wrote                   bool
	blocking, hasBlocked, hasReported, hasWeighed bool
	minor                                         bool
	sent                                          float64 // in a week
	run                                           int     // sends since the peer last wrote
}

func newNaiveAccount(at time.Time) *naiveAccount {
	a := &naiveAccount{first: at, last: at, contacts: map[string]*naiveContact{}, labels: map[string]string{}}
	for half, counters := range map[time.Duration][]*naiveCounter{
		time.Minute:      {&a.sent1m},
		10 * time.Minute: {&a.sent10m, &a.fan},
		naiveHour:        {&a.sent1h, &a.failed, &a.first1h, &a.firstIn1h},
		naiveDay: {&a.sent1d, &a.received1d, &a.peak, &a.dormancy, &a.onNetwork, &a.networks1d, &a.countries1d, &a.first1d,
			&a.groupAdds, &a.burst, &a.newSenders, &a.crowdRun, &a.minors1d, &a.media, &a.missed, &a.forwards, &a.forwards5},
		naiveWeek: {&a.sent7d, &a.received7d, &a.onDevice, &a.first7d, &a.firstIn7d, &a.direct, &a.related, &a.strangers,
			&a.known, &a.untied, &a.groupJoins, &a.replies, &a.toOpener, &a.requests, &a.declines, &a.toBlocker, &a.topDyad,
			&a.longestRun, &a.timed, &a.vanishing, &a.made},
		2 * naiveWeek: {&a.aged, &a.bands, &a.minors14d, &a.minorsKnown, &a.minorsUntied, &a.minorReplies, &a.minorBlocks},
		naiveMonth:    {&a.fanEarlier, &a.first30d, &a.blocks, &a.reports, &a.weighted},
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
		if c.value < 1e-12 { // after forty half-lives a thing is forgotten
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

func naiveDate(unixDay int) time.Time { return time.Unix(int64(unixDay)*86400, 0).UTC() }

// contact returns the entry of a peer, and makes it if it may. An account knows at most 448 peers: the one whose last
// event is oldest makes room.
func (a *naiveAccount) contact(peer string, at time.Time, make bool) *naiveContact {
	if c, ok := a.contacts[peer]; ok || !make {
		return c
	}
	if len(a.contacts) >= 448 {
		oldest := ""
		for name, c := range a.contacts {
			if old := a.contacts[oldest]; old == nil || c.last.Before(old.last) || c.last.Equal(old.last) && name < oldest {
				oldest = name
			}
		}
		delete(a.contacts, oldest)
	}
	c := &naiveContact{opened: at.Truncate(time.Second), last: at.Truncate(time.Second)}
	a.contacts[peer] = c
	return c
}

// advance fades the sends to a peer to a time, and returns what one of that time counts for.
func (c *naiveContact) advance(a *naiveAccount, at time.Time) float64 {
	now := at.Truncate(time.Second)
	n := naiveTicks(now.Sub(a.first), naiveWeek) - naiveTicks(c.last.Sub(a.first), naiveWeek)
	if now.Before(c.last) {
		return naiveFade(-n)
	}
	c.sent *= naiveFade(n)
	c.last = now
	return 1
}

// open notes who made the first contact, unless there was one, and tells whether this was it.
func (c *naiveContact) open(by *bool, at time.Time) bool {
	if c.weOpened || c.theyOpened {
		return false
	}
	*by = true
	c.opened = at.Truncate(time.Second)
	return true
}

// hear notes that the peer answered, and tells whether it was the first answer to a contact that the account made.
func (c *naiveContact) hear() (reply bool) {
	reply = c.weOpened && !c.wrote
	c.wrote, c.run = true, 0
	return reply
}

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
