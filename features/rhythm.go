package features

import (
	"encoding/binary"
	"math"
	"math/bits"
	"time"
)

// rhythm keeps how an account's sends lie in time.
type rhythm struct {
	peak1d    float32 `half:"1d"`
	gapMean   float32 `half:"-"` // seconds between sends, exponentially weighted over about 32 gaps
	gapVar    float32 `half:"-"`
	logMean   float32 `half:"-"` // and of the natural logarithms of gap + 1
	logVar    float32 `half:"-"`
	gapZ      float32 `half:"-"`  // deviations by which the last gap lay below logMean
	session7d float32 `half:"7d"` // hours of the longest session
	session   uint32  // when the present one began, in seconds since 2000; 0 before there is one
	// hours has 4 bits for each hour of the day, UTC: on how many days something was sent in it, halved each week. A
	// burst counts once, so that it cannot rewrite the profile it is measured against.
	hours [12]uint8
	gaps  uint32 // gaps seen, at most 32
}

const (
	fullGaps = 32
	pause    = 30 * minuteMs // a gap from which a new session begins
)

func (f *rhythm) observe(s *step) {
	if !s.send {
		return
	}
	f.peak1d = max(f.peak1d, s.a.sent1m)
	if s.late {
		return // its gap and hour have passed
	}
	since := s.ev.At - s.a.sent
	if s.a.sent != 0 {
		f.gap(float32(since) / float32(second))
	}
	if s.a.sent == 0 || s.ev.At/hourMs != s.a.sent/hourMs {
		f.mark(int(s.ev.At / hourMs % 24))
	}
	if s.a.sent == 0 || since > pause {
		f.session = seconds(s.ev.At)
	}
	f.session7d = max(f.session7d, float32(s.ev.At-millis(f.session))/float32(hourMs))
	s.a.sent = s.ev.At
}

// gap folds one gap into the moments (West 1979, with a weight that falls to 1/32).
func (f *rhythm) gap(g float32) {
	l := float32(math.Log1p(float64(g)))
	if f.gaps >= fullGaps/4 {
		f.gapZ = (f.logMean - l) / float32(math.Sqrt(float64(f.logVar)+0.01))
	}
	f.gaps = min(f.gaps+1, fullGaps)
	weight := 1 / float32(f.gaps)
	fold(&f.gapMean, &f.gapVar, g, weight)
	fold(&f.logMean, &f.logVar, l, weight)
}

func fold(mean, variance *float32, x, weight float32) {
	d := x - *mean
	*mean += float32(d * weight)
	*variance = (1 - weight) * (*variance + float32(float32(d*d)*weight))
}

func (f *rhythm) mark(h int) {
	if f.inHour(h) < 15 {
		f.hours[h/2] += 1 << (4 * (h & 1))
	}
}

// inHour returns on how many days something was sent in hour h.
func (f *rhythm) inHour(h int) uint8 { return f.hours[h/2] >> (4 * (h & 1)) & 15 }

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
	for i := 0; i < len(f.hours); i += 4 {
		eight := binary.LittleEndian.Uint32(f.hours[i:])
		active += bits.OnesCount32((eight | eight>>1 | eight>>2 | eight>>3) & 0x11111111)
		all += sum4(eight)
	}
	return active, all, sum4(binary.LittleEndian.Uint32(f.hours[:4]) & 0xffffff)
}

// sum4 adds the eight numbers of four bits.
func sum4(eight uint32) int {
	const low = 0x0f0f0f0f
	return int((eight&low + eight>>4&low) * 0x01010101 >> 24)
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
		Name: "peak_minute_1d", Unit: Count, Window: oneDay, Sign: Worse, Harms: asSpam | asTakeover, Source: "Stringhini 2010",
		Help:   "Greatest value that sent_1m had, fading by half each day.",
		Reason: "%.0f messages and calls in the busiest minute of late",
		Read:   func(_ *Account, r *Reach) float32 { return r.peak1d },
	},
	Def{
		Name: "rate_surprise_1h", Unit: Log, Window: time.Hour, Sign: Worse, Harms: asSpam | asHarassment | asTakeover, Source: "COMPA 2013",
		Help:   "Log ratio of what was sent in the last hour to what the account's own week before leads to expect.",
		Reason: "sends of the last hour stand at a log ratio of %.1f to the account's own week",
		Read: func(a *Account, _ *Reach) float32 {
			return logRatio(a.sent1h, max(0, a.sent7d-a.sent1h)/(7*24))
		},
	},
	Def{
		Name: "gap_hours", Unit: Hours, Sign: Either, Harms: asSpam | asSybil, Source: "Chu 2010",
		Help:   "Geometric mean of the gaps between sends, over about the last 32; unknown below 5 gaps.",
		Reason: "%.2f hours between sends",
		Read: func(_ *Account, r *Reach) float32 {
			if r.gaps < 5 {
				return nan
			}
			return float32(math.Expm1(float64(r.logMean)) / 3600)
		},
	},
	Def{
		Name: "gap_burstiness", Unit: Ratio, Sign: Either, Harms: asSpam | asSybil, Source: "Goh and Barabási 2008; Chu 2010",
		Help:   "Burstiness of the gaps between sends: -1 for a clock, 0 for chance, 1 for bursts; unknown below 5 gaps.",
		Reason: "gaps between sends have a burstiness of %.2f",
		Read:   func(_ *Account, r *Reach) float32 { return r.burstiness() },
	},
	Def{
		Name: "gap_z", Unit: Ratio, Sign: Worse, Harms: asSpam | asHarassment | asTakeover, Source: "COMPA 2013",
		Help:   "Standard deviations by which the last gap between sends was shorter than the account's own, of their logarithms; unknown below 9 gaps.",
		Reason: "the last gap between sends lies %.1f deviations below its own",
		Read: func(_ *Account, r *Reach) float32 {
			if r.gaps <= fullGaps/4 {
				return nan
			}
			return r.gapZ
		},
	},
	Def{
		Name: "session_hours_7d", Unit: Hours, Window: oneWeek, Sign: Worse, Harms: asSpam | asScam, Source: "Chu 2010",
		Help:   "Longest session of sends, each within half an hour of the one before, fading by half each seven days.",
		Reason: "a session of %.1f hours without a pause",
		Read:   func(_ *Account, r *Reach) float32 { return r.session7d },
	},
	Def{
		Name: "active_hours_7d", Unit: Count, Window: oneWeek, Sign: Either, Harms: asSpam | asScam | asSybil, Source: "Chu 2010",
		Help:   "Hours of the day in which the account sent something of late; a day fades out within four weeks.",
		Reason: "active in %.0f different hours of the day",
		Read: func(_ *Account, r *Reach) float32 {
			active, _, _ := r.profile()
			return float32(active)
		},
	},
	Def{
		Name: "active_days_30d", Unit: Count, Window: oneMonth, Sign: Either, Harms: asSpam | asSybil | asTakeover, Source: "Ianus 2019",
		Help:   "Days of the last 30, the present one among them, on which the account did something.",
		Reason: "active on %.0f of the last 30 days",
		Read:   func(a *Account, _ *Reach) float32 { return float32(bits.OnesCount32(a.daysActive() & (1<<30 - 1))) },
	},
	Def{
		Name: "night_share_7d", Unit: Share, Window: oneWeek, Sign: Either, Harms: asTakeover, Source: "COMPA 2013",
		Help:   "Share of the account's hours with sends that lie between 0 and 6 o'clock UTC, shrunk; unknown before the first send.",
		Reason: "a share of %.2f of its active hours lies at night",
		Read: func(_ *Account, r *Reach) float32 {
			_, all, night := r.profile()
			return shrunk(float32(night), float32(all), 0.15)
		},
	},
)
