package features

import (
	"time"

	"github.com/unopened/unopened/ingest"
)

// outreach counts first contacts: to whom the account turns, and who turns to it.
type outreach struct {
	first1h      float32 `half:"1h"`
	first1d      float32 `half:"1d"`
	first7d      float32 `half:"7d"`
	first30d     float32 `half:"30d"`
	firstIn1h    float32 `half:"1h"` // first contacts that peers made with the account
	firstIn7d    float32 `half:"7d"`
	direct7d     float32 `half:"7d"` // direct messages, calls and requests to peers
	related7d    float32 `half:"7d"` // first contacts that gave the relation
	strangers7d  float32 `half:"7d"` // and of these with strangers
	tied7d       float32 `half:"7d"` // first contacts that gave relation or shared groups
	untied7d     float32 `half:"7d"` // and of these without mutual relation or shared group
	groupAdds1d  float32 `half:"1d"`
	groupJoin7d  float32 `half:"7d"`
	groupMade7d  float32 `half:"7d"`
	mediated7d   float32 `half:"7d"` // first contacts to peers of a group joined within a day
	placed7d     float32 `half:"7d"` // acts on others and in groups that gave the countries of network and number
	abroad7d     float32 `half:"7d"` // and of these from another country than the number's
	burst1d      float32 `half:"1d"` // recipients' answers: see applyRecipient
	newSenders1d float32 `half:"1d"`
	midas1d      float32 `half:"1d"`
	crowd1d      float32 `half:"1d"`
	joined       uint32  // when it last came to a group, in seconds since 2000; 0 for never
}

func (f *outreach) observe(s *step) {
	ev := s.ev
	if s.acts && ev.Has.All(ingest.FieldCountry|ingest.FieldPhoneCountry) {
		f.placed7d += s.w[week]
		if ev.Country != ev.PhoneCountry {
			f.abroad7d += s.w[week]
		}
	}
	switch {
	case s.out:
		f.direct7d += s.w[week]
		if s.first {
			f.open(s)
		}
	case s.firstIn:
		f.firstIn1h += s.w[hour]
		f.firstIn7d += s.w[week]
	case ev.Type == ingest.GroupAdd && s.acts:
		f.groupAdds1d += s.w[day]
	case ev.Type == ingest.GroupAdd:
		f.joined = max(f.joined, seconds(ev.At))
	case ev.Type == ingest.GroupJoin:
		f.groupJoin7d += s.w[week]
		f.joined = max(f.joined, seconds(ev.At))
	case ev.Type == ingest.GroupCreate:
		f.groupMade7d += s.w[week]
	}
}

// open counts a first contact that the account made.
func (f *outreach) open(s *step) {
	f.first1h += s.w[hour]
	f.first1d += s.w[day]
	f.first7d += s.w[week]
	f.first30d += s.w[month]
	if s.ev.Has.Any(ingest.FieldRelation) {
		f.related7d += s.w[week]
		if s.ev.Relation == ingest.Stranger {
			f.strangers7d += s.w[week]
		}
	}
	if since := int64(seconds(s.ev.At)) - int64(f.joined); f.joined != 0 && since >= 0 && since <= 86400 &&
		s.ev.SharedGroups > 0 && s.ev.Relation != ingest.Mutual {
		f.mediated7d += s.w[week]
	}
	if tied, known := tie(s.ev); known {
		f.tied7d += s.w[week]
		if !tied {
			f.untied7d += s.w[week]
		}
	}
}

// tie tells whether subject and peer have a mutual relation or a group in common, and whether the event says so.
func tie(ev *ingest.Event) (tied, known bool) {
	return ev.Relation == ingest.Mutual || ev.SharedGroups > 0, ev.Has.Any(ingest.FieldRelation | ingest.FieldSharedGroups)
}

var outreachDefs = family("outreach",
	Def{
		Name: "first_contacts_1h", Unit: Count, Window: time.Hour, Sign: Worse, Harms: asSpam | asScam | asSybil, Source: "Yang 2011",
		Help:   "Peers that the account was the first to contact, by direct message, call or request, fading by half each hour.",
		Reason: "%.0f first contacts in an hour",
		Read:   func(_ *Account, r *Reach) float32 { return r.first1h },
	},
	Def{
		Name: "first_contacts_1d", Unit: Count, Window: oneDay, Sign: Worse, Harms: asSpam | asScam | asSybil, Source: "Yang 2011",
		Help:   "Peers that the account was the first to contact, fading by half each day.",
		Reason: "%.0f first contacts in a day",
		Read:   func(_ *Account, r *Reach) float32 { return r.first1d },
	},
	Def{
		Name: "first_contacts_7d", Unit: Count, Window: oneWeek, Sign: Worse, Harms: asSpam | asScam | asSybil, Source: "Yang 2011",
		Help:   "Peers that the account was the first to contact, fading by half each seven days.",
		Reason: "%.0f first contacts in a week",
		Read:   func(_ *Account, r *Reach) float32 { return r.first7d },
	},
	Def{
		Name: "novelty_share_7d", Unit: Share, Window: oneWeek, Sign: Worse, Harms: asSpam | asScam, Source: "Yang 2011",
		Help:   "First contacts as a share of the account's direct messages, calls and requests, shrunk.",
		Reason: "a share of %.2f of its direct sends are first contacts",
		Read:   func(_ *Account, r *Reach) float32 { return shrunk(r.first7d, r.direct7d, 0.2) },
	},
	Def{
		Name: "self_initiated_share_7d", Unit: Share, Window: oneWeek, Sign: Worse, Harms: asSpam | asScam | asGrooming, Source: "Yang 2011",
		Help:   "Share of the account's new contacts that it opened itself, shrunk.",
		Reason: "a share of %.2f of its new contacts was opened by itself",
		Read:   func(_ *Account, r *Reach) float32 { return shrunk(r.first7d, r.first7d+r.firstIn7d, 0.5) },
	},
	Def{
		Name: "stranger_share_7d", Unit: Share, Window: oneWeek, Needs: ingest.FieldRelation, Sign: Worse, Harms: asSpam | asScam | asGrooming, Source: "WhatsApp 2019",
		Help:   "Share of strangers among the account's first contacts whose relation was given, shrunk.",
		Reason: "a share of %.2f of its first contacts are strangers",
		Read:   func(_ *Account, r *Reach) float32 { return shrunk(r.strangers7d, r.related7d, 0.2) },
	},
	Def{
		Name: "no_mutual_share_7d", Unit: Share, Window: oneWeek, Needs: ingest.FieldRelation | ingest.FieldSharedGroups, Sign: Worse, Harms: asSpam | asScam | asGrooming | asSybil, Source: "Yang 2011",
		Help:   "Share of first contacts with neither a mutual relation nor a shared group, among those that gave either, shrunk.",
		Reason: "a share of %.2f of its first contacts have no tie to it",
		Read:   func(_ *Account, r *Reach) float32 { return shrunk(r.untied7d, r.tied7d, 0.3) },
	},
	Def{
		Name: "contacts", Unit: Count, Sign: Better, Harms: asSpam | asScam | asSybil, Source: "Stringhini 2010",
		Help:   "Peers that the account is known to have had to do with: 28 in full, up to 1,024 more by a trace.",
		Reason: "%.0f contacts known",
		Read:   func(_ *Account, r *Reach) float32 { return float32(r.degree()) },
	},
	Def{
		Name: "group_adds_1d", Unit: Count, Window: oneDay, Sign: Worse, Harms: asSpam, Source: "WhatsApp 2019",
		Help:   "Accounts that the account added to groups, fading by half each day.",
		Reason: "%.0f accounts added to groups in a day",
		Read:   func(_ *Account, r *Reach) float32 { return r.groupAdds1d },
	},
	Def{
		Name: "groups_joined_7d", Unit: Count, Window: oneWeek, Sign: Worse, Harms: asSpam | asGrooming, Source: "WhatsApp 2019",
		Help:   "Groups that the account joined, fading by half each seven days.",
		Reason: "%.0f groups joined in a week",
		Read:   func(_ *Account, r *Reach) float32 { return r.groupJoin7d },
	},
	Def{
		Name: "groups_created_7d", Unit: Count, Window: oneWeek, Sign: Worse, Harms: asSpam, Source: "WhatsApp 2019",
		Help:   "Groups that the account created, fading by half each seven days.",
		Reason: "%.0f groups created in a week",
		Read:   func(_ *Account, r *Reach) float32 { return r.groupMade7d },
	},
	Def{
		Name: "group_mediated_share_7d", Unit: Share, Window: oneWeek, Needs: ingest.FieldSharedGroups, Sign: Worse, Harms: asSpam | asScam | asGrooming, Source: "Garimella 2018",
		Help:   "Share of first contacts that went to peers of a shared group, without a mutual relation, within a day after the account came to a group, shrunk.",
		Reason: "a share of %.2f of its first contacts are peers of a group that it had just come to",
		Read: func(a *Account, r *Reach) float32 {
			return a.given(ingest.FieldSharedGroups, shrunk(r.mediated7d, r.first7d, 0.1))
		},
	},
	Def{
		Name: "country_mismatch_share_7d", Unit: Share, Window: oneWeek, Needs: ingest.FieldCountry | ingest.FieldPhoneCountry, Sign: Either, Harms: asSpam | asScam | asTakeover, Source: "Ianus 2019",
		Help:   "Share of the account's acts on others and in groups that came from another country than that of its number, among those that gave both, shrunk; refugees and travellers have it too.",
		Reason: "a share of %.2f of its acts came from another country than its number's",
		Read:   func(_ *Account, r *Reach) float32 { return shrunk(r.abroad7d, r.placed7d, 0.1) },
	},
	Def{
		Name: "recipient_burst_1h", Unit: Log, Window: oneDay, Sign: Worse, Harms: asHarassment, Source: "Hine 2017",
		Help:   "Greatest log ratio of other new senders that a recipient of its first contacts had in an hour to that recipient's own week, at the first contact and, while there are four or more, at each message until the recipient writes; fading by half each day.",
		Reason: "recipients had a burst of other new senders at a log ratio of %.1f",
		Read:   func(_ *Account, r *Reach) float32 { return r.burst1d },
	},
	Def{
		Name: "recipient_new_senders_1h", Unit: Count, Window: oneDay, Sign: Worse, Harms: asHarassment, Source: "Hine 2017",
		Help:   "Most other new senders that a recipient of its first contacts had in an hour, at the times of recipient_burst_1h, fading by half each day.",
		Reason: "a recipient had %.0f other new senders in the hour",
		Read:   func(_ *Account, r *Reach) float32 { return r.newSenders1d },
	},
	Def{
		Name: "recipient_midas_1h", Unit: Log, Window: oneDay, Sign: Worse, Harms: asHarassment, Source: "MIDAS 2020",
		Help:   "Logarithm of the greatest chi-squared score, plus 1, by which an hour's new senders at a recipient of its first contacts exceed that recipient's own past (MIDAS-R; one sender alone is no burst), at the times of recipient_burst_1h, fading by half each day.",
		Reason: "recipients had a burst of new senders at a log score of %.1f",
		Read:   func(_ *Account, r *Reach) float32 { return r.midas1d },
	},
	Def{
		Name: "crowd_unanswered_1d", Unit: Count, Window: oneDay, Sign: Worse, Harms: asHarassment, Source: "Hine 2017",
		Help:   "Most direct sends without a reply to a recipient who at the time had four or more other new senders in the hour and has never written to the account, fading by half each day.",
		Reason: "%.0f sends without a reply to one whom a crowd writes to",
		Read:   func(_ *Account, r *Reach) float32 { return r.crowd1d },
	},
)
