package features

import (
	"github.com/unopened/unopened/ingest"
)

// lifecycle keeps how an account came to be and woke up.
type lifecycle struct {
	registered  uint32  // when, in seconds since 2000, where flagRegistered is set
	outreach1st uint32  // its first first contact, in seconds since 2000; 0 for none
	dormancy    float32 `half:"1d"` // idle days before the last waking
	onDevice    float32 `half:"7d"` // a device's last answer
	onNetwork   float32 `half:"1d"` // a network's last answer
	firstHour   uint32  // acts in its first hour
	joinDevice  float32 `half:"7d"` // registrations on the device, as it last answered
	joinNetwork float32 `half:"1d"` // and on the network
	days        uint32  // days on which it acted: bit n for n days before its last act
}

func (f *lifecycle) observe(s *step) {
	a, ev := s.a, s.ev
	if ev.Has.Any(ingest.FieldActorCreated) {
		a.created, a.flags = ev.Created, a.flags|flagCreated
	}
	if !s.acts || ev.Type == ingest.LoginFailed {
		return // who failed is not known to be the account: it does not wake by it
	}
	switch ev.Type {
	case ingest.AccountRegistered:
		f.registered = seconds(ev.At)
		a.flags = a.flags&^flagDeleted | flagRegistered
	case ingest.AccountDeleted:
		a.flags |= flagDeleted
	}
	if since := ev.At - a.began(); since >= 0 && since <= hourMs {
		f.firstHour++
	}
	if s.first && f.outreach1st == 0 {
		f.outreach1st = seconds(ev.At)
	}
	if s.late {
		return
	}
	if a.acted != 0 {
		f.dormancy = max(f.dormancy, float32(ev.At-a.acted)/float32(dayMs))
	}
	f.days = daysLater(f.days, a.acted, ev.At) | 1
	a.acted = ev.At
}

// daysLater returns days, which stood at a time, as they stand at a later one.
func daysLater(days uint32, from, to int64) uint32 {
	return days << max(0, min(32, to/dayMs-from/dayMs))
}

// daysActive returns the days on which the account acted: bit n for n days ago.
func (a *Account) daysActive() uint32 { return daysLater(a.days, a.acted, a.Last) }

// began returns when the account began: its registration, else its first event if it was made on that day or nothing
// is known of its making, else the start of the day of its making.
func (a *Account) began() int64 {
	switch made := int64(a.created) * dayMs; {
	case a.flags&flagRegistered != 0:
		return millis(a.registered)
	case a.flags&flagCreated != 0 && a.First-made > dayMs:
		return made
	}
	return a.First
}

var lifecycleDefs = family("lifecycle",
	Def{
		Name: "age_days", Unit: Days, Sign: Either, Harms: everyHarm, Source: "WhatsApp 2019",
		Help:   "Days since the account was registered; unknown where neither its registration nor its day was given.",
		Reason: "registered %.1f days ago",
		Read: func(a *Account, _ *Reach) float32 {
			days, _ := a.AgeDays()
			return days
		},
	},
	Def{
		Name: "hours_to_outreach", Unit: Hours, Sign: Better, Harms: asSpam | asScam | asSybil, Source: "WhatsApp 2019",
		Help:   "Hours from the account's registration, or else its first event, to its first first contact; unknown before that.",
		Reason: "first contact with a new peer %.1f hours after it began",
		Read: func(a *Account, _ *Reach) float32 {
			if a.outreach1st == 0 {
				return nan
			}
			return max(0, float32(millis(a.outreach1st)-a.began())/float32(hourMs))
		},
	},
	Def{
		Name: "dormancy_days", Unit: Days, Window: oneDay, Sign: Worse, Harms: asSpam | asTakeover, Source: "COMPA 2013",
		Help:   "Days that the account had done nothing before it last woke, fading by half each day.",
		Reason: "woke after %.1f days without an act",
		Read:   func(a *Account, _ *Reach) float32 { return a.dormancy },
	},
	Def{
		Name: "events_first_hour", Unit: Count, Sign: Worse, Harms: asSpam | asSybil, Source: "WhatsApp 2019",
		Help:   "Acts of the account in the hour after its registration, or else after its first event.",
		Reason: "%.0f acts in its first hour",
		Read:   func(a *Account, _ *Reach) float32 { return float32(a.firstHour) },
	},
	Def{
		Name: "accounts_on_device_7d", Unit: Count, Window: oneWeek, Needs: ingest.FieldDevice, Sign: Worse, Harms: asSpam | asScam | asSybil, Source: "Ianus 2019",
		Help:   "Accounts that registered or logged in on the account's device within a week, as it last answered, fading by half each seven days.",
		Reason: "%.0f accounts on its device within a week",
		Read: func(a *Account, _ *Reach) float32 {
			return a.known(flagOnDevice, a.onDevice)
		},
	},
	Def{
		Name: "accounts_on_network_1d", Unit: Count, Window: oneDay, Needs: ingest.FieldNetwork, Sign: Worse, Harms: asSybil, Source: "Ianus 2019",
		Help:   "Accounts that registered or logged in from the account's network within a day, as it last answered, fading by half each day.",
		Reason: "%.0f accounts on its network within a day",
		Read: func(a *Account, _ *Reach) float32 {
			return a.known(flagOnNetwork, a.onNetwork)
		},
	},
	Def{
		Name: "registered_on_device_7d", Unit: Count, Window: oneWeek, Needs: ingest.FieldDevice, Sign: Worse, Harms: asSpam | asScam | asSybil, Source: "Ianus 2019",
		Help:   "Accounts registered on the account's device, fading by half each seven days, as it last answered.",
		Reason: "%.0f accounts registered on its device within a week",
		Read: func(a *Account, _ *Reach) float32 {
			return a.known(flagOnDevice, a.joinDevice)
		},
	},
	Def{
		Name: "registered_on_network_1d", Unit: Count, Window: oneDay, Needs: ingest.FieldNetwork, Sign: Worse, Harms: asSybil, Source: "Ianus 2019",
		Help:   "Accounts registered from the account's network, fading by half each day, as it last answered.",
		Reason: "%.0f accounts registered on its network within a day",
		Read: func(a *Account, _ *Reach) float32 {
			return a.known(flagOnNetwork, a.joinNetwork)
		},
	},
)

// known returns v if the flag is set, else NaN.
func (a *Account) known(f flags, v float32) float32 {
	if a.flags&f == 0 {
		return nan
	}
	return v
}

// given returns v if the account's own acts have carried one of the fields, else NaN.
func (a *Account) given(f ingest.Fields, v float32) float32 {
	if !a.Seen.Any(f) {
		return nan
	}
	return v
}
