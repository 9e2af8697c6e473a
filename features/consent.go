package features

import (
	"math"

	"github.com/unopened/unopened/ingest"
)

// consent keeps whether those whom an account writes to want it.
type consent struct {
	replies7d  float32 `half:"7d"` // first contacts that got a reply, weighing what those first contacts weigh now
	toOpener7d float32 `half:"7d"` // direct sends to peers who opened the contact
	requests7d float32 `half:"7d"`
	accepts7d  float32 `half:"7d"` // weighing what those requests weigh now: see requested
	declines7d float32 `half:"7d"` // likewise
	delays7d   float32 `half:"7d"` // the sum of ln(1 + seconds) from first contact to first reply, weighed like replies7d
	turns7d    float32 `half:"7d"` // direct sends that follow something of a peer whom the account contacted first
	blocked7d  float32 `half:"7d"` // sends to peers who had blocked the account
	top7d      float32 `half:"7d"` // direct sends to the peer that got most
	run7d      float32 `half:"7d"` // longest run of sends to one peer without reply
}

func (f *consent) observe(s *step) {
	r := s.r
	if s.first {
		r.streak = min(r.streak, math.MaxUint16-1) + 1
	}
	if s.reply {
		f.reply(s)
		r.streak = 0
	}
	if s.accepted {
		f.accepts7d += s.request
	}
	if s.receive {
		s.a.alone = 0
	}
	if !s.out {
		if s.declined {
			f.declines7d += s.request
		}
		return
	}
	if s.ev.Type == ingest.ContactRequest {
		f.requests7d += s.w[week]
	} else {
		s.a.alone = min(s.a.alone, math.MaxUint32-1) + 1
	}
	if s.turn && s.c.flags&weOpened != 0 {
		f.turns7d += s.w[week]
	}
	if s.c.flags&theyOpened != 0 {
		f.toOpener7d += s.w[week]
	}
	if s.c.flags&blockedUs != 0 {
		f.blocked7d += s.w[week]
	}
	f.top7d = max(f.top7d, s.c.sent7d)
	f.run7d = max(f.run7d, float32(s.c.run)*s.w[week])
}

// reply counts a first reply. Where only a trace told of the first contact it counts whole, as far as first contacts are
// left without one, and leaves the mean delay as it is.
func (f *consent) reply(s *step) {
	w := s.opened[week]
	if s.delay >= 0 {
		f.delays7d += float32(w * log1p(float32(s.delay)))
	} else if w = outstanding(w, s.r.first7d, f.replies7d); f.replies7d > 0 {
		f.delays7d += float32(w * f.delays7d / f.replies7d)
	}
	f.replies7d += w
}

// outstanding is what a reply counts for that would count for w, where only some first contacts are left without one.
func outstanding(w, first, replies float32) float32 { return min(w, max(0, first-replies)) }

var consentDefs = family("consent",
	Def{
		Name: "reply_share_7d", Unit: Share, Window: oneWeek, Sign: Better, Harms: asSpam | asScam | asGrooming | asHarassment, Source: "Yang 2011; CallRank 2007",
		Help:   "Share of the account's first contacts that got a reply, shrunk; unknown without first contacts.",
		Reason: "a share of %.2f of its first contacts replied",
		Read:   func(_ *Account, r *Reach) float32 { return shrunk(r.replies7d, r.first7d, 0.6) },
	},
	Def{
		Name: "first_reply_hours_7d", Unit: Hours, Window: oneWeek, Sign: Worse, Harms: asSpam | asScam, Source: "CallRank 2007",
		Help:   "Hours from the account's first contacts to the first replies that they got, in the geometric mean; unknown without replies.",
		Reason: "first replies came after %.1f hours",
		Read:   func(_ *Account, r *Reach) float32 { return meanLog(r.delays7d, r.replies7d) / 3600 },
	},
	Def{
		Name: "turns_a_first_contact_7d", Unit: Ratio, Window: oneWeek, Sign: Better, Harms: asSpam | asHarassment, Source: "CallRank 2007",
		Help:   "How often the account answered a peer whom it had contacted first, for each such first contact: the depth of what came of them; unknown without first contacts.",
		Reason: "%.1f turns for each first contact",
		Read: func(_ *Account, r *Reach) float32 {
			if r.first7d == 0 {
				return nan
			}
			return r.turns7d / (r.first7d + 1)
		},
	},
	Def{
		Name: "sends_since_reply", Unit: Count, Sign: Worse, Harms: asSpam | asHarassment, Source: "CallRank 2007",
		Help:   "Direct messages and calls of the account since anybody last wrote to it or called it.",
		Reason: "%.0f direct sends since anybody wrote to it",
		Read:   func(a *Account, _ *Reach) float32 { return float32(a.alone) },
	},
	Def{
		Name: "unanswered_streak", Unit: Count, Sign: Worse, Harms: asSpam | asScam | asHarassment, Source: "Yang 2011",
		Help:   "First contacts that the account made since the last reply to one.",
		Reason: "%.0f first contacts in a row without a reply",
		Read:   func(_ *Account, r *Reach) float32 { return float32(r.streak) },
	},
	Def{
		Name: "in_out_balance_7d", Unit: Share, Window: oneWeek, Sign: Better, Harms: asSpam | asScam, Source: "CallRank 2007",
		Help:   "What the account received directly as a share of all that it received and sent directly, shrunk.",
		Reason: "a share of %.2f of its direct traffic is received",
		Read: func(a *Account, r *Reach) float32 {
			return shrunk(a.received7d, a.received7d+r.direct7d, 0.5)
		},
	},
	Def{
		Name: "inbound_first_share_7d", Unit: Share, Window: oneWeek, Sign: Better, Harms: everyHarm, Source: "CallRank 2007",
		Help:   "Share of the account's direct sends that went to peers who had contacted it first, shrunk; it speaks for the account.",
		Reason: "a share of %.2f of its direct sends answers peers who wrote first",
		Read:   func(_ *Account, r *Reach) float32 { return shrunk(r.toOpener7d, r.direct7d, 0.5) },
	},
	Def{
		Name: "decline_share_7d", Unit: Share, Window: oneWeek, Sign: Worse, Harms: asSpam | asScam | asGrooming | asSybil, Source: "SybilEdge 2020",
		Help:   "Contact requests declined as a share of those made, shrunk; unknown without requests.",
		Reason: "a share of %.2f of its requests was declined",
		Read:   func(_ *Account, r *Reach) float32 { return shrunk(r.declines7d, r.requests7d, 0.2) },
	},
	Def{
		Name: "accept_share_7d", Unit: Share, Window: oneWeek, Sign: Better, Harms: asSpam | asScam | asGrooming | asSybil, Source: "Yang 2011; SybilEdge 2020",
		Help:   "Contact requests accepted as a share of those made, shrunk; unknown without requests.",
		Reason: "a share of %.2f of its requests was accepted",
		Read:   func(_ *Account, r *Reach) float32 { return shrunk(r.accepts7d, r.requests7d, 0.6) },
	},
	Def{
		Name: "ignored_share_7d", Unit: Share, Window: oneWeek, Sign: Worse, Harms: asSpam | asScam | asSybil, Source: "SybilEdge 2020",
		Help:   "Contact requests that were neither accepted nor declined so far, as a share of those made, shrunk; unknown without requests.",
		Reason: "a share of %.2f of its requests was ignored",
		Read: func(_ *Account, r *Reach) float32 {
			return shrunk(max(0, r.requests7d-r.accepts7d-r.declines7d), r.requests7d, 0.2)
		},
	},
	Def{
		Name: "requests_7d", Unit: Count, Window: oneWeek, Sign: Worse, Harms: asSpam | asSybil, Source: "Yang 2011",
		Help:   "Contact requests that the account made, fading by half each seven days.",
		Reason: "%.0f contact requests in a week",
		Read:   func(_ *Account, r *Reach) float32 { return r.requests7d },
	},
	Def{
		Name: "sends_after_block_7d", Unit: Count, Window: oneWeek, Sign: Worse, Harms: asHarassment, Source: "Mariconti 2019",
		Help:   "Messages, calls and requests to peers who had blocked the account, fading by half each seven days.",
		Reason: "%.0f sends to peers who had blocked it",
		Read:   func(_ *Account, r *Reach) float32 { return r.blocked7d },
	},
	Def{
		Name: "top_dyad_share_7d", Unit: Share, Window: oneWeek, Sign: Either, Harms: asHarassment | asGrooming | asScam, Source: "Suarez-Tangil 2020",
		Help:   "Share of the account's direct sends that went to the peer who got most, shrunk.",
		Reason: "a share of %.2f of its direct sends went to one peer",
		Read:   func(_ *Account, r *Reach) float32 { return shrunk(r.top7d, r.direct7d, 0.4) },
	},
	Def{
		Name: "unanswered_to_one_7d", Unit: Count, Window: oneWeek, Sign: Worse, Harms: asHarassment, Source: "Mariconti 2019",
		Help:   "Longest run of sends to one peer without a reply, fading by half each seven days.",
		Reason: "%.0f sends to one peer without a reply",
		Read:   func(_ *Account, r *Reach) float32 { return r.run7d },
	},
)
