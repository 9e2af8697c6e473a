package features

import (
	"math/bits"

	"github.com/unopened/unopened/ingest"
)

// feedback keeps what others say of an account: peers by blocks and reports, analysts by labels.
type feedback struct {
	blocks30d   float32 `half:"30d"` // distinct blockers
	reports30d  float32 `half:"30d"` // distinct reporters
	weighted30d float32 `half:"30d"` // reports, each with its reporter's credibility: see applyReport
	made7d      float32 `half:"7d"`  // reports that the account made
	abusive     uint16  // categories with a standing label, bit = category
	benign      uint16
}

func (f *feedback) observe(s *step) {
	switch {
	case s.acts && s.ev.Type == ingest.Report:
		f.made7d += s.w[week]
	case s.blocked:
		f.blocks30d += s.w[month]
	case s.reported:
		f.reports30d += s.w[month]
	case !s.acts && s.ev.Type == ingest.Report && s.ev.Peer.IsZero():
		f.reports30d = max(f.reports30d, s.w[month]) // who has no name cannot be told apart: together they count as one
	case !s.acts && s.ev.Type == ingest.Label:
		f.label(uint16(1)<<s.ev.Category, s.ev.Verdict)
	}
}

// label lets the newest verdict on a category stand.
func (f *feedback) label(bit uint16, v ingest.LabelVerdict) {
	f.abusive &^= bit
	f.benign &^= bit
	switch v {
	case ingest.Abusive:
		f.abusive |= bit
	case ingest.Benign:
		f.benign |= bit
	}
}

// reporters keeps from how many sides complaints come.
type reporters struct {
	sides30d   float32 `half:"30d"` // distinct communities of those who blocked or reported the account
	removed30d float32 `half:"30d"` // times that somebody removed it from a group
	sides      known8  // digests of the communities, latest first; 0 for none
}

func (f *reporters) observe(s *step) {
	if !s.acts && s.ev.Type == ingest.GroupRemove {
		f.removed30d += s.w[month]
	}
}

// weightCap is the most that weighted reports can come to, however many there are.
const weightCap = 10

var feedbackDefs = family("feedback",
	Def{
		Name: "blocks_30d", Unit: Count, Window: oneMonth, Sign: Worse, Harms: everyHarm, Source: "Freeman 2017",
		Help:   "Distinct peers who blocked the account, fading by half each 30 days.",
		Reason: "blocked by %.0f peers",
		Read:   func(a *Account, _ *Reach) float32 { return a.blocks30d },
	},
	Def{
		Name: "reports_30d", Unit: Count, Window: oneMonth, Sign: Worse, Harms: everyHarm, Source: "Freeman 2017",
		Help:   "Distinct peers who reported the account, fading by half each 30 days.",
		Reason: "reported by %.0f peers",
		Read:   func(a *Account, _ *Reach) float32 { return a.reports30d },
	},
	Def{
		Name: "reports_weighted_30d", Unit: Count, Window: oneMonth, Sign: Worse, Harms: everyHarm, Source: "Freeman 2017; REV2 2018",
		Help:   "Distinct reporters, each weighted by credibility (0 to 1), fading by half each 30 days and levelling off at 10.",
		Reason: "reports come to %.1f credible reporters",
		Read: func(a *Account, _ *Reach) float32 {
			return a.weighted30d * weightCap / (a.weighted30d + weightCap)
		},
	},
	Def{
		Name: "complaint_sides_30d", Unit: Count, Window: oneMonth, Sign: Worse, Harms: everyHarm, Source: "Freeman 2017",
		Help:   "Distinct communities of those who blocked or reported the account, fading by half each 30 days: a clique that complains together counts once, and so do all who have no neighbours.",
		Reason: "complaints from %.0f communities",
		Read:   func(_ *Account, r *Reach) float32 { return r.sides30d },
	},
	Def{
		Name: "removed_from_groups_30d", Unit: Count, Window: oneMonth, Sign: Worse, Harms: asSpam | asHarassment, Source: "Garimella 2018",
		Help:   "Times that somebody removed the account from a group, fading by half each 30 days.",
		Reason: "removed from groups %.0f times",
		Read:   func(_ *Account, r *Reach) float32 { return r.removed30d },
	},
	Def{
		Name: "block_share_30d", Unit: Ratio, Window: oneMonth, Sign: Worse, Harms: everyHarm, Source: "Freeman 2017",
		Help:   "Distinct blockers and reporters for each first contact that the account made, shrunk.",
		Reason: "%.2f blocks and reports for each first contact",
		Read: func(a *Account, r *Reach) float32 {
			return (a.blocks30d + a.reports30d + 0.02) / (r.first30d + 2)
		},
	},
	Def{
		Name: "reports_made_7d", Unit: Count, Window: oneWeek, Sign: Either, Harms: asHarassment, Source: "Freeman 2017",
		Help:   "Reports that the account made of others, fading by half each seven days.",
		Reason: "%.0f reports made in a week",
		Read:   func(a *Account, _ *Reach) float32 { return a.made7d },
	},
	Def{
		Name: "labels_abusive", Unit: Count, Sign: Worse, Harms: everyHarm, Source: "REV2 2018",
		Help:   "Categories in which an analyst's label says that the account is abusive.",
		Reason: "confirmed as abusive in %.0f categories",
		Read:   func(a *Account, _ *Reach) float32 { return float32(bits.OnesCount16(a.abusive)) },
	},
	Def{
		Name: "labels_benign", Unit: Count, Sign: Better, Harms: everyHarm, Source: "REV2 2018",
		Help:   "Categories in which an analyst's label says that the account is benign.",
		Reason: "confirmed as benign in %.0f categories",
		Read:   func(a *Account, _ *Reach) float32 { return float32(bits.OnesCount16(a.benign)) },
	},
)
