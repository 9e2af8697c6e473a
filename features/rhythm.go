package features

import (
	"math"
	"time"
)

// rhythm keeps how an account's sends lie in time.
type rhythm struct {
	peak1d  float32 `half:"1d"`
	gapMean float32 `half:"-"` // seconds between sends, exponentially weighted over about 32 gaps
	gapVar  float32 `half:"-"`
	// hours has 4 bits for each hour of the day, UTC: on how many days something was sent in it, halved each week. A
	// burst counts once, so that it cannot rewrite the profile it is measured against.
	hours [12]uint8
	gaps  uint32 // gaps seen, at most 32
}

const fullGaps = 32

func (f *rhythm) observe(s *step) {
	if !s.send {
		return
	}
	f.peak1d = max(f.peak1d, s.a.sent1m)
	if s.late {
		return // its gap and hour have passed
	}
	if s.a.sent != 0 {
		f.gap(float32(s.ev.At-s.a.sent) / float32(second))
	}
	if s.a.sent == 0 || s.ev.At/hourMs != s.a.sent/hourMs {
		f.mark(int(s.ev.At / hourMs % 24))
	}
	s.a.sent = s.ev.At
}

// gap folds one gap into the moments (West 1979, with a weight that falls to 1/32).
func (f *rhythm) gap(g float32) {
	f.gaps = min(f.gaps+1, fullGaps)
	weight := 1 / float32(f.gaps)
	d := g - f.gapMean
	f.gapMean += float32(d * weight)
	f.gapVar = (1 - weight) * (f.gapVar + float32(float32(d*d)*weight))
}

func (f *rhythm) mark(h int) {
	if f.days(h) < 15 {
		f.hours[h/2] += 1 << (4 * (h & 1))
	}
}

// days returns on how many days something was sent in hour h.
func (f *rhythm) days(h int) uint8 { return f.hours[h/2] >> (4 * (h & 1)) & 15 }

// halve forgets half the profile n times.
func (f *rhythm) halve(n int64) {
	for ; n > 0 && f.hours != [12]uint8{}; n-- {
		for i, b := range f.hours {
			f.hours[i] = b >> 1 & 0x77
		}
	}
}

// profile returns the number of hours with sends, the days in all hours, and the days in the hours 0 to 5.
func (f *rhythm) profile() (active, all, night int) {
	for h := range 24 {
		n := int(f.days(h))
		all += n
		if n > 0 {
			active++
		}
		if h <= 5 {
			night += n
		}
	}
	return active, all, night
}

// burstiness is (s-m)/(s+m) of the gaps: -1 for a clock, 0 for chance, 1 for bursts (Goh and Barabási 2008).
func (f *rhythm) burstiness() float32 {
	if f.gaps < 5 {
		return nan
	}
	s := float32(math.Sqrt(float64(f.gapVar)))
	if s+f.gapMean == 0 {
		return 0
	}
	return (s - f.gapMean) / (s + f.gapMean)
}

var rhythmDefs = family("rhythm",
	Def{
		Name: "peak_minute_1d", Unit: Count, Window: oneDay,
		Help:   "Greatest value that sent_1m had, fading by half each day.",
		Reason: "%.0f messages and calls in the busiest minute of late",
		Read:   func(a *Account, _ *Reach) float32 { return a.peak1d },
	},
	Def{
		Name: "rate_surprise_1h", Unit: Log, Window: time.Hour,
		Help:   "Log ratio of what was sent in the last hour to what the account's own week before leads to expect.",
		Reason: "sends of the last hour stand at a log ratio of %.1f to the account's own week",
		Read: func(a *Account, _ *Reach) float32 {
			return logRatio(a.sent1h, max(0, a.sent7d-a.sent1h)/(7*24))
		},
	},
	Def{
		Name: "gap_burstiness", Unit: Ratio,
		Help:   "Burstiness of the gaps between sends: -1 for a clock, 0 for chance, 1 for bursts; unknown below 5 gaps.",
		Reason: "gaps between sends have a burstiness of %.2f",
		Read:   func(a *Account, _ *Reach) float32 { return a.burstiness() },
	},
	Def{
		Name: "active_hours_7d", Unit: Count, Window: oneWeek,
		Help:   "Hours of the day in which the account sent something of late; a day fades out within four weeks.",
		Reason: "active in %.0f different hours of the day",
		Read: func(a *Account, _ *Reach) float32 {
			active, _, _ := a.profile()
			return float32(active)
		},
	},
	Def{
		Name: "night_share_7d", Unit: Share, Window: oneWeek,
		Help:   "Share of the account's hours with sends that lie between 0 and 6 o'clock UTC, shrunk; unknown before the first send.",
		Reason: "a share of %.2f of its active hours lies at night",
		Read: func(a *Account, _ *Reach) float32 {
			_, all, night := a.profile()
			return shrunk(float32(night), float32(all), 0.15)
		},
	},
)
