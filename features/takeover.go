package features

import (
	"math"
	"slices"
	"time"

	"github.com/unopened/unopened/ingest"
)

// takeover keeps what is usual for an account, and how far it has left that of late.
type takeover struct {
	newDevice    uint32  // when the last device appeared that it had not known, in seconds since 2000; 0 for never
	newNetwork1d float32 `half:"1d"`
	newCountry1d float32 `half:"1d"`
	failed1h     float32 `half:"1h"`
	fan10m       float32 `half:"10m"` // old contacts written to
	fanPeak      float32 `half:"-"`   // its greatest in the present burst of acts
	fanMax30d    float32 `half:"30d"` // its greatest in earlier bursts
	unproved7d   float32 `half:"7d"`  // challenges failed
	devices      known4  // digests of what was seen last, latest first; 0 for none
	networks     known8
	countries    known4
}

type (
	known4 [4]uint16
	known8 [8]uint16
)

func (f *takeover) observe(s *step) {
	if !s.acts {
		return
	}
	ev := s.ev
	switch ev.Type {
	case ingest.LoginFailed:
		f.failed1h += s.w[hour]
		return // who failed is not known to be the account: its places do not become usual
	case ingest.ChallengeFailed:
		f.unproved7d += s.w[week]
	}
	if ev.Has.Any(ingest.FieldDevice) && strange(f.devices[:], digest(ev.Device)) {
		f.newDevice = max(f.newDevice, seconds(ev.At))
	}
	if ev.Has.Any(ingest.FieldNetwork) && strange(f.networks[:], digest(ev.Network)) {
		f.newNetwork1d += s.w[day]
	}
	if ev.Has.Any(ingest.FieldCountry) && strange(f.countries[:], uint16(ev.Country[0])<<8|uint16(ev.Country[1])) {
		f.newCountry1d += s.w[day]
	}
	if !s.late && ev.At-s.a.acted > hourMs { // an hour without an act ends a burst
		f.fanMax30d, f.fanPeak = max(f.fanMax30d, f.fanPeak), 0
	}
	if s.old {
		f.fan10m += s.w[tenMinutes]
		f.fanPeak = max(f.fanPeak, f.fan10m)
	}
}

// digest draws a keyed hash together into 16 bits, never 0. Two of an account's devices are confused once in 16,000.
func digest(v uint64) uint16 { return max(1, uint16(v^v>>16^v>>32^v>>48)) }

// strange puts v in front of what is known, and tells whether it was not while something else was.
func strange(known []uint16, v uint16) bool {
	at := slices.Index(known, v)
	isNew := at < 0 && known[0] != 0
	if at < 0 {
		at = len(known) - 1
	}
	copy(known[1:at+1], known[:at])
	known[0] = v
	return isNew
}

// hourSurprise is how rare the hour of the account's last send is in its own profile: the log ratio of an even
// share to its shrunk share without the day itself; unknown below ten hours of profile.
func (a *Account) hourSurprise(r *Reach) float32 {
	_, all, _ := r.profile()
	if all <= 10 {
		return nan
	}
	here := float32(r.inHour(int(a.sent/hourMs%24))) - 1
	even := (float32(all) - 1 + 12) / 24
	return float32(math.Log(float64(even / (max(0, here) + 0.5))))
}

var takeoverDefs = family("takeover",
	Def{
		Name: "new_device_hours", Unit: Hours, Needs: ingest.FieldDevice, Sign: Better, Harms: asTakeover, Source: "COMPA 2013; Thomas 2014",
		Help:   "Hours since the account last acted from a device that it had not known, after its first; unknown if it never did.",
		Reason: "a device that it had not known appeared %.1f hours ago",
		Read: func(a *Account, _ *Reach) float32 {
			if a.newDevice == 0 {
				return nan
			}
			return max(0, float32(a.Last-millis(a.newDevice))/float32(hourMs))
		},
	},
	Def{
		Name: "new_network_1d", Unit: Count, Window: oneDay, Needs: ingest.FieldNetwork, Sign: Worse, Harms: asTakeover, Source: "COMPA 2013; Thomas 2014",
		Help:   "Times that the account came from a network which it had not known, fading by half each day.",
		Reason: "came from %.0f networks that it had not known",
		Read:   func(a *Account, _ *Reach) float32 { return a.given(ingest.FieldNetwork, a.newNetwork1d) },
	},
	Def{
		Name: "new_country_1d", Unit: Count, Window: oneDay, Needs: ingest.FieldCountry, Sign: Worse, Harms: asTakeover, Source: "COMPA 2013; Thomas 2014",
		Help:   "Times that the account came from a country other than its last four, fading by half each day.",
		Reason: "came from %.0f countries that it had not known",
		Read:   func(a *Account, _ *Reach) float32 { return a.given(ingest.FieldCountry, a.newCountry1d) },
	},
	Def{
		Name: "login_failed_1h", Unit: Count, Window: time.Hour, Sign: Worse, Harms: asTakeover, Source: "Milka 2018",
		Help:   "Failed logins to the account, fading by half each hour.",
		Reason: "%.0f failed logins in an hour",
		Read:   func(a *Account, _ *Reach) float32 { return a.failed1h },
	},
	Def{
		Name: "challenges_failed_7d", Unit: Count, Window: oneWeek, Sign: Worse, Harms: asSpam | asSybil | asTakeover, Source: "Milka 2018",
		Help:   "Challenges that the account failed, fading by half each seven days.",
		Reason: "%.0f challenges failed in a week",
		Read:   func(a *Account, _ *Reach) float32 { return a.unproved7d },
	},
	Def{
		Name: "old_contact_fanout_10m", Unit: Count, Window: 10 * time.Minute, Sign: Worse, Harms: asTakeover, Source: "COMPA 2013; Thomas 2014",
		Help:   "Old contacts that the account wrote to (known for a day and have written to it, or in a mutual relation with it; nothing between them for an hour), fading by half each ten minutes.",
		Reason: "%.0f old contacts written to within ten minutes",
		Read:   func(a *Account, _ *Reach) float32 { return a.fan10m },
	},
	Def{
		Name: "fanout_surprise", Unit: Log, Window: 10 * time.Minute, Sign: Worse, Harms: asTakeover, Source: "COMPA 2013; Thomas 2014",
		Help:   "Log ratio of old_contact_fanout_10m to its greatest in the account's earlier bursts of acts, which fades by half each 30 days.",
		Reason: "writing to old contacts at a log ratio of %.1f to its own maximum",
		Read:   func(a *Account, _ *Reach) float32 { return logRatio(a.fan10m, a.fanMax30d) },
	},
	Def{
		Name: "hour_surprise", Unit: Log, Window: oneWeek, Sign: Worse, Harms: asTakeover, Source: "COMPA 2013; Thomas 2014",
		Help:   "How rare the hour of the account's last send is in its own days: log ratio of an even share to its own; unknown with little history.",
		Reason: "active at an hour that is rare for it, at a log ratio of %.1f",
		Read:   func(a *Account, r *Reach) float32 { return a.hourSurprise(r) },
	},
)
