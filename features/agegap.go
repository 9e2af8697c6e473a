package features

import (
	"github.com/unopened/unopened/ingest"
)

// agegap keeps how old those are whom an account contacts first. All is unknown while no send of the account has
// given the peer's age band.
type agegap struct {
	aged14d         float32 `half:"14d"` // first contacts with a known age band
	bands14d        float32 `half:"14d"` // the sum of those bands
	minors1d        float32 `half:"1d"`
	minors14d       float32 `half:"14d"`
	minorsTied14d   float32 `half:"14d"` // first contacts with minors that gave relation or shared groups
	minorsUntied14d float32 `half:"14d"` // and of these without any tie
	minorReplies14d float32 `half:"14d"` // weighing what those first contacts weigh now
	minorBlocks14d  float32 `half:"14d"` // blocks, declines and reports by minors
	minorDecl14d    float32 `half:"14d"` // declines alone
	minorReports14d float32 `half:"14d"` // reports alone
	minorAgain14d   float32 `half:"14d"` // sends to minors who never replied, after a day's silence
	minorRested14d  float32 `half:"14d"` // first contacts with minors whose hours are known
	minorQuiet14d   float32 `half:"14d"` // and of these made in one of its quiet hours
	minorsDay1d     float32 `half:"1d"`  // minors written to, each once a day
}

func (f *agegap) observe(s *step) {
	if s.minor && s.out {
		if s.today {
			f.minorsDay1d += s.w[day]
		}
		if s.unanswered && !s.first && s.quiet >= 86400 {
			f.minorAgain14d += s.w[fortnight]
		}
	}
	if s.minor && s.reply {
		w := s.opened[fortnight]
		if s.delay < 0 {
			w = outstanding(w, f.minors14d, f.minorReplies14d)
		}
		f.minorReplies14d += w
	}
	switch {
	case s.first && s.ev.PeerAge != 0:
		f.open(s)
	case s.minor && (s.blocked || s.reported || s.declined):
		f.minorBlocks14d += s.w[fortnight]
		if s.reported {
			f.minorReports14d += s.w[fortnight]
		}
		if s.declined {
			f.minorDecl14d += s.w[fortnight]
		}
	}
}

// hear takes a minor's answer to a first contact.
func (f *agegap) hear(quiet, w float32) {
	if quiet == quiet {
		f.minorRested14d += w
		f.minorQuiet14d += float32(w * quiet)
	}
}

func (f *agegap) open(s *step) {
	w := s.w[fortnight]
	f.aged14d += w
	f.bands14d += float32(w * float32(s.ev.PeerAge))
	if !s.ev.PeerAge.Minor() {
		return
	}
	f.minors1d += s.w[day]
	f.minors14d += w
	if tied, known := tie(s.ev); known {
		f.minorsTied14d += w
		if !tied {
			f.minorsUntied14d += w
		}
	}
}

var agegapDefs = family("agegap",
	Def{
		Name: "minors_first_contacts_1d", Unit: Count, Window: oneDay, Needs: ingest.FieldTargetAge, Sign: Worse, Harms: asGrooming, Source: "Winters 2017; Instagram 2021",
		Help:   "Peers in an age band below 18 that the account was the first to contact, fading by half each day.",
		Reason: "%.0f first contacts with minors in a day",
		Read:   func(a *Account, r *Reach) float32 { return a.given(ingest.FieldTargetAge, r.minors1d) },
	},
	Def{
		Name: "minors_first_contacts_14d", Unit: Count, Window: twoWeeks, Needs: ingest.FieldTargetAge, Sign: Worse, Harms: asGrooming, Source: "Winters 2017; Instagram 2021",
		Help:   "Peers in an age band below 18 that the account was the first to contact, fading by half each 14 days.",
		Reason: "%.0f first contacts with minors in 14 days",
		Read:   func(a *Account, r *Reach) float32 { return a.given(ingest.FieldTargetAge, r.minors14d) },
	},
	Def{
		Name: "minor_share_14d", Unit: Share, Window: twoWeeks, Needs: ingest.FieldTargetAge, Sign: Worse, Harms: asGrooming, Source: "Winters 2017; Instagram 2021",
		Help:   "Share of minors among the account's first contacts with a known age band, shrunk.",
		Reason: "a share of %.2f of its first contacts are minors",
		Read:   func(_ *Account, r *Reach) float32 { return shrunk(r.minors14d, r.aged14d, 0.1) },
	},
	Def{
		Name: "minors_no_mutual_share_14d", Unit: Share, Window: twoWeeks, Sign: Worse, Harms: asGrooming, Source: "Winters 2017; Instagram 2021",
		Needs:  ingest.FieldTargetAge | ingest.FieldRelation | ingest.FieldSharedGroups,
		Help:   "Share of first contacts with minors that have neither a mutual relation nor a shared group, shrunk.",
		Reason: "a share of %.2f of its first contacts with minors have no tie to it",
		Read:   func(_ *Account, r *Reach) float32 { return shrunk(r.minorsUntied14d, r.minorsTied14d, 0.3) },
	},
	Def{
		Name: "minors_reply_share_14d", Unit: Share, Window: twoWeeks, Needs: ingest.FieldTargetAge, Sign: Better, Harms: asGrooming, Source: "Winters 2017; Instagram 2021",
		Help:   "Share of the account's first contacts with minors that got a reply, shrunk; unknown without such contacts.",
		Reason: "a share of %.2f of its first contacts with minors replied",
		Read:   func(_ *Account, r *Reach) float32 { return shrunk(r.minorReplies14d, r.minors14d, 0.6) },
	},
	Def{
		Name: "minors_blocked_14d", Unit: Count, Window: twoWeeks, Needs: ingest.FieldTargetAge, Sign: Worse, Harms: asGrooming, Source: "Winters 2017; Instagram 2021",
		Help:   "Blocks, declined requests and reports by minors, fading by half each 14 days.",
		Reason: "%.0f blocks, declines and reports by minors",
		Read:   func(a *Account, r *Reach) float32 { return a.given(ingest.FieldTargetAge, r.minorBlocks14d) },
	},
	Def{
		Name: "minors_declined_14d", Unit: Count, Window: twoWeeks, Needs: ingest.FieldTargetAge, Sign: Worse, Harms: asGrooming, Source: "Instagram 2021",
		Help:   "Contact requests that minors declined, fading by half each 14 days.",
		Reason: "%.0f requests declined by minors",
		Read:   func(a *Account, r *Reach) float32 { return a.given(ingest.FieldTargetAge, r.minorDecl14d) },
	},
	Def{
		Name: "minors_reported_14d", Unit: Count, Window: twoWeeks, Needs: ingest.FieldTargetAge, Sign: Worse, Harms: asGrooming, Source: "Instagram 2021",
		Help:   "Distinct minors who reported the account, fading by half each 14 days.",
		Reason: "reported by %.0f minors",
		Read:   func(a *Account, r *Reach) float32 { return a.given(ingest.FieldTargetAge, r.minorReports14d) },
	},
	Def{
		Name: "minors_again_14d", Unit: Count, Window: twoWeeks, Needs: ingest.FieldTargetAge, Sign: Worse, Harms: asGrooming, Source: "Winters 2017",
		Help:   "Sends to minors whom the account contacted first and who never replied, after a day or more without a dealing, fading by half each 14 days.",
		Reason: "%.0f sends to minors after a day of silence on their side",
		Read:   func(a *Account, r *Reach) float32 { return a.given(ingest.FieldTargetAge, r.minorAgain14d) },
	},
	Def{
		Name: "minors_quiet_share_14d", Unit: Share, Window: twoWeeks, Needs: ingest.FieldTargetAge, Sign: Worse, Harms: asGrooming, Source: "Winters 2017",
		Help:   "Share of first contacts with minors made in an hour of the day at which the minor has sent nothing of late, among minors whose hours are known, shrunk.",
		Reason: "a share of %.2f of its first contacts with minors come at hours at which they send nothing",
		Read:   func(_ *Account, r *Reach) float32 { return shrunk(r.minorQuiet14d, r.minorRested14d, 0.2) },
	},
	Def{
		Name: "minors_written_1d", Unit: Count, Window: oneDay, Needs: ingest.FieldTargetAge, Sign: Worse, Harms: asGrooming, Source: "Winters 2017",
		Help:   "Minors to whom the account wrote, called or sent a request, each once a day, fading by half each day: how many at once.",
		Reason: "%.0f minors written to within a day",
		Read:   func(a *Account, r *Reach) float32 { return a.given(ingest.FieldTargetAge, r.minorsDay1d) },
	},
	Def{
		Name: "band_gap_14d", Unit: Ratio, Window: twoWeeks, Needs: ingest.FieldActorAge | ingest.FieldTargetAge, Sign: Worse, Harms: asGrooming, Source: "Winters 2017; Instagram 2021",
		Help:   "Age bands by which the account is older than those it contacts first, in the mean; negative if younger.",
		Reason: "%.1f age bands older than those it contacts first",
		Read: func(a *Account, r *Reach) float32 {
			if a.age == 0 || r.aged14d == 0 {
				return nan
			}
			return float32(a.age) - r.bands14d/r.aged14d
		},
	},
)
