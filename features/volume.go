package features

import "time"

// volume counts what an account sends and receives.
type volume struct {
	sent1m     float32 `half:"1m"`
	sent10m    float32 `half:"10m"`
	sent1h     float32 `half:"1h"`
	sent1d     float32 `half:"1d"`
	sent7d     float32 `half:"7d"`
	received1d float32 `half:"1d"`
	received7d float32 `half:"7d"`
	alone      uint32  // direct messages and calls sent since anybody wrote to the account
}

func (f *volume) observe(s *step) {
	switch {
	case s.send:
		f.sent1m += s.w[minute]
		f.sent10m += s.w[tenMinutes]
		f.sent1h += s.w[hour]
		f.sent1d += s.w[day]
		f.sent7d += s.w[week]
	case s.receive:
		f.received1d += s.w[day]
		f.received7d += s.w[week]
	}
}

const (
	oneDay   = 24 * time.Hour
	oneWeek  = 7 * oneDay
	twoWeeks = 14 * oneDay
	oneMonth = 30 * oneDay
)

var volumeDefs = family("volume",
	Def{
		Name: "sent_1m", Unit: Count, Window: time.Minute, Sign: Worse, Harms: asSpam | asHarassment, Source: "Stringhini 2010",
		Help:   "Messages and calls that the account sent, of any kind, fading by half each minute.",
		Reason: "%.0f messages and calls sent within a minute",
		Read:   func(a *Account, _ *Reach) float32 { return a.sent1m },
	},
	Def{
		Name: "sent_10m", Unit: Count, Window: 10 * time.Minute, Sign: Worse, Harms: asSpam | asHarassment, Source: "Stringhini 2010",
		Help:   "Messages and calls that the account sent, fading by half each ten minutes.",
		Reason: "%.0f messages and calls sent within ten minutes",
		Read:   func(a *Account, _ *Reach) float32 { return a.sent10m },
	},
	Def{
		Name: "sent_1h", Unit: Count, Window: time.Hour, Sign: Worse, Harms: asSpam | asHarassment, Source: "Stringhini 2010",
		Help:   "Messages and calls that the account sent, fading by half each hour.",
		Reason: "%.0f messages and calls sent within an hour",
		Read:   func(a *Account, _ *Reach) float32 { return a.sent1h },
	},
	Def{
		Name: "sent_1d", Unit: Count, Window: oneDay, Sign: Worse, Harms: asSpam | asHarassment, Source: "Stringhini 2010",
		Help:   "Messages and calls that the account sent, fading by half each day.",
		Reason: "%.0f messages and calls sent within a day",
		Read:   func(a *Account, _ *Reach) float32 { return a.sent1d },
	},
	Def{
		Name: "sent_7d", Unit: Count, Window: oneWeek, Sign: Worse, Harms: asSpam | asHarassment, Source: "Stringhini 2010",
		Help:   "Messages and calls that the account sent, fading by half each seven days.",
		Reason: "%.0f messages and calls sent within a week",
		Read:   func(a *Account, _ *Reach) float32 { return a.sent7d },
	},
	Def{
		Name: "received_1d", Unit: Count, Window: oneDay, Sign: Better, Harms: asSpam | asScam | asSybil, Source: "CallRank 2007",
		Help:   "Direct messages and calls that the account received, fading by half each day.",
		Reason: "%.0f messages and calls received within a day",
		Read:   func(a *Account, _ *Reach) float32 { return a.received1d },
	},
	Def{
		Name: "received_7d", Unit: Count, Window: oneWeek, Sign: Better, Harms: asSpam | asScam | asSybil, Source: "CallRank 2007",
		Help:   "Direct messages and calls that the account received, fading by half each seven days.",
		Reason: "%.0f messages and calls received within a week",
		Read:   func(a *Account, _ *Reach) float32 { return a.received7d },
	},
)
