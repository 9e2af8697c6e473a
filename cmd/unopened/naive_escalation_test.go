package main

import (
	"math"
	"slices"
	"time"

	"github.com/unopened/unopened/features/sketch"
)

type naiveEscalation struct {
	media, timed, vanishing, missed, forwards, forwards5 naiveCounter
	cold, coldMedia, rekeyed, dropped                    naiveCounter
	toMedia, toCall, toTimer                             naiveMeanTime
	sizes                                                sketch.Histogram
}

// naiveMeanTime is a geometric mean of seconds: the sum of the logarithms, and how many there were.
type naiveMeanTime struct{ time, times naiveCounter }

// sentAny takes of a message or call, of any kind, what needs no peer.
func (a *naiveAccount) sentAny(e *naiveEvent, at time.Time) {
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
	if e.Size != nil { // 16 bytes and less, ..., 512 KiB and more
		a.sizes.Add(uint(min(15, max(0, *e.Size-4))))
	}
}

// escalate takes how far a message or call to a peer goes; had says that the peer had written before it.
func (a *naiveAccount) escalate(e *naiveEvent, at time.Time, c *naiveContact, had bool) {
	media := slices.Contains([]string{"image", "video", "audio", "file"}, e.Media)
	if c.weOpened && !c.wrote {
		a.count(at, &a.cold)
		if media {
			a.count(at, &a.media, &a.coldMedia)
		}
	}
	if had && e.SessionNew != nil && *e.SessionNew {
		a.count(at, &a.rekeyed)
	}
	if media {
		a.reached(&c.hadMedia, &a.toMedia, c, at)
	}
	if e.Type == "call" {
		a.reached(&c.hadCall, &a.toCall, c, at)
	}
	if e.Disappearing != nil && *e.Disappearing {
		a.reached(&c.hadTimer, &a.toTimer, c, at)
	}
}

// reached takes a step with a peer: where it is the first of its kind, and the account made the contact, it took a time.
func (a *naiveAccount) reached(had *bool, mean *naiveMeanTime, c *naiveContact, at time.Time) {
	seconds, known := c.age(at)
	if !*had && c.weOpened && known {
		mean.time.value += a.worth(at, mean.time.half) * math.Log1p(seconds)
		a.count(at, &mean.times)
	}
	*had = true
}

// dropDyads counts the dialogues that the account opened, had eight turns in and left for three days, each once.
func (a *naiveAccount) dropDyads(at time.Time) {
	for _, c := range a.contacts {
		if c.weOpened && c.turns >= 8 && !c.dropped && at.Truncate(time.Second).Sub(c.last) >= 3*naiveDay {
			c.dropped = true
			a.count(at, &a.dropped)
		}
	}
}
