package features

import (
	"math"
	"slices"

	"github.com/unopened/unopened/features/sketch"
	"github.com/unopened/unopened/ingest"
)

// targets keeps what the recipients of an account's first contacts have answered of themselves (StampRecipient), and what
// it keeps as a recipient for its own answers.
type targets struct {
	told7d     float32 `half:"7d"` // first contacts answered
	degree7d   float32 `half:"7d"` // the sum of ln(1 + contacts) of the recipients
	aged7d     float32 `half:"7d"` // answered with the recipient's age
	ages7d     float32 `half:"7d"` // the sum of ln(1 + days) of these
	asked7d    float32 `half:"7d"` // answered where both had neighbours
	mutual7d   float32 `half:"7d"` // and of these with one in common
	common7d   float32 `half:"7d"` // and the sum of the shares of the account's neighbours that are the recipient's
	rested7d   float32 `half:"7d"` // answered whose recipient's hours are known
	quiet7d    float32 `half:"7d"` // and of these made in one of its quiet hours
	labelled7d float32 `half:"7d"` // first contacts with accounts that were labelled abusive
	evades30d  float32 `half:"30d"`

	devices  known4      // digests of the devices of peers whom the account blocks, latest first; 0 for none
	networks known4      // and of their networks
	senders  sketch.Cell // new senders in an hour
	bursting float32     `half:"1h"` // the score of the latest if it came in a burst; it fades with the hour
}

// observe keeps who is blocked, until an unblocking, and how far new senders outnumber the account's own past.
func (f *targets) observe(s *step) {
	switch {
	case s.acts && s.ev.Type == ingest.Block && s.c != nil:
		s.c.flags |= weBlocked
		if s.c.device != 0 {
			strange(f.devices[:], s.c.device)
		}
		if s.c.network != 0 {
			strange(f.networks[:], s.c.network)
		}
	case s.acts && s.ev.Type == ingest.Unblock && s.c != nil:
		s.c.flags &^= weBlocked
		forgive(f.devices[:], s.c.device)
		forgive(f.networks[:], s.c.network)
	case s.firstIn:
		// MIDAS-R by the hour separates the senders of simulated brigades with an AUC of 0.957 (make ablation); where one
		// sender alone was a burst it was 0.925, with MIDAS-F then 0.920, with ticks of ten minutes 0.783.
		f.bursting = f.senders.AddR(uint32(max(0, s.ev.At-s.a.First)/hourMs) + 1)
		if !f.senders.Above() {
			f.bursting = 0
		}
	}
}

// forgive takes v out of what is known, if it is there.
func forgive(known []uint16, v uint16) {
	if at := slices.Index(known, v); at >= 0 {
		copy(known[at:], known[at+1:])
		known[len(known)-1] = 0
	}
}

// hear takes a recipient's answer to a first contact.
func (f *targets) hear(v *values, w *weights) {
	f.told7d += w[week]
	f.degree7d += float32(w[week] * log1p(v[recipientDegree]))
	if days := v[recipientAge]; days == days {
		f.aged7d += w[week]
		f.ages7d += float32(w[week] * log1p(days))
	}
	if quiet := v[recipientQuiet]; quiet == quiet {
		f.rested7d += w[week]
		f.quiet7d += float32(w[week] * quiet)
	}
	if v[recipientLabels] > 0 {
		f.labelled7d += w[week]
	}
	f.evades30d += float32(w[month] * v[recipientBarred])
}

// compare takes how many of the account's neighbours are the recipient's, too.
func (f *targets) compare(common, neighbours int, w *weights) {
	if neighbours == 0 {
		return
	}
	f.asked7d += w[week]
	if common > 0 {
		f.mutual7d += w[week]
		f.common7d += float32(w[week] * float32(common) / float32(neighbours))
	}
}

func log1p(x float32) float32 { return float32(math.Log1p(float64(x))) }

// meanLog returns the mean whose logarithms, plus 1, add up to sum over n; NaN over none.
func meanLog(sum, n float32) float32 {
	if n == 0 {
		return nan
	}
	return float32(math.Expm1(float64(sum / n)))
}

var targetsDefs = family("targets",
	Def{
		Name: "target_contacts_7d", Unit: Count, Window: oneWeek, Sign: Either, Harms: asSpam | asScam | asHarassment, Source: "SybilEdge 2020",
		Help:   "Contacts that the recipients of its first contacts have, in their geometric mean; unknown without answers.",
		Reason: "recipients of its first contacts have %.0f contacts",
		Read:   func(_ *Account, r *Reach) float32 { return meanLog(r.degree7d, r.told7d) },
	},
	Def{
		Name: "target_age_days_7d", Unit: Days, Window: oneWeek, Sign: Either, Harms: asScam | asSybil, Source: "SybilEdge 2020",
		Help:   "Days since the recipients of its first contacts were registered, in their geometric mean; unknown where none is known.",
		Reason: "recipients of its first contacts are %.0f days old",
		Read:   func(_ *Account, r *Reach) float32 { return meanLog(r.ages7d, r.aged7d) },
	},
	Def{
		Name: "mutual_contact_share_7d", Unit: Share, Window: oneWeek, Sign: Better, Harms: asSpam | asScam | asGrooming | asSybil, Source: "Yang 2011",
		Help:   "Share of first contacts whose recipient has a neighbour in common with the account (one that both have a dialogue with), among those where both have neighbours, shrunk.",
		Reason: "a share of %.2f of its first contacts have a neighbour in common with it",
		Read:   func(_ *Account, r *Reach) float32 { return shrunk(r.mutual7d, r.asked7d, 0.5) },
	},
	Def{
		Name: "target_clustering_7d", Unit: Share, Window: oneWeek, Sign: Better, Harms: asSpam | asScam | asGrooming | asSybil, Source: "Yang 2011",
		Help:   "Share of the account's neighbours that know the recipient of a first contact, in the mean over first contacts: how far those whom it turns to belong together; shrunk.",
		Reason: "a share of %.2f of its neighbours know those whom it contacts first",
		Read:   func(_ *Account, r *Reach) float32 { return shrunk(r.common7d, r.asked7d, 0.1) },
	},
	Def{
		Name: "quiet_hours_share_7d", Unit: Share, Window: oneWeek, Sign: Worse, Harms: asSpam | asHarassment | asGrooming, Source: "Winters 2017",
		Help:   "Share of first contacts made in an hour of the day at which the recipient has sent nothing of late, among recipients whose hours are known, shrunk.",
		Reason: "a share of %.2f of its first contacts come at hours at which the recipient sends nothing",
		Read:   func(_ *Account, r *Reach) float32 { return shrunk(r.quiet7d, r.rested7d, 0.2) },
	},
	Def{
		Name: "targets_labelled_7d", Unit: Count, Window: oneWeek, Sign: Worse, Harms: asSpam | asScam | asSybil, Source: "SybilEdge 2020; REV2 2018",
		Help:   "First contacts with accounts that were labelled abusive at the time, fading by half each seven days.",
		Reason: "%.0f first contacts with accounts labelled abusive",
		Read:   func(_ *Account, r *Reach) float32 { return r.labelled7d },
	},
	Def{
		Name: "evasions_30d", Unit: Count, Window: oneMonth, Needs: ingest.FieldDevice, Sign: Worse, Harms: asHarassment | asGrooming | asScam, Source: "Ianus 2019; Mariconti 2019",
		Help:   "First contacts with peers who had blocked another account on the same device, or, counting a quarter, on the same network while the account was in its first week, fading by half each 30 days.",
		Reason: "%.0f first contacts with peers who had blocked another account of its device or network",
		Read:   func(a *Account, r *Reach) float32 { return a.given(ingest.FieldDevice, r.evades30d) },
	},
)
