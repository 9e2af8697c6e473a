package features

import (
	"github.com/unopened/unopened/ingest"
)

// escalation counts what goes beyond a plain message.
type escalation struct {
	media1d      float32 `half:"1d"` // media sent to peers that the account contacted first and that never replied
	timed7d      float32 `half:"7d"` // sends that said whether a disappearing timer is on
	vanish7d     float32 `half:"7d"` // and of these with one on
	missed1d     float32 `half:"1d"` // own calls that were not answered
	forwards1d   float32 `half:"1d"`
	forwards5x1d float32 `half:"1d"`
}

func (f *escalation) observe(s *step) {
	if !s.send {
		return
	}
	ev := s.ev
	if s.unanswered && ev.Media >= ingest.MediaImage && ev.Media <= ingest.MediaFile {
		f.media1d += s.w[day]
	}
	if ev.Has.Any(ingest.FieldDisappearing) {
		f.timed7d += s.w[week]
		if ev.True.Any(ingest.FieldDisappearing) {
			f.vanish7d += s.w[week]
		}
	}
	if ev.Has.Any(ingest.FieldAnswered) && !ev.True.Any(ingest.FieldAnswered) {
		f.missed1d += s.w[day]
	}
	if ev.Forwards >= 1 {
		f.forwards1d += s.w[day]
	}
	if ev.Forwards >= 5 {
		f.forwards5x1d += s.w[day]
	}
}

var escalationDefs = family("escalation",
	Def{
		Name: "media_to_strangers_1d", Unit: Count, Window: oneDay, Needs: ingest.FieldMedia,
		Help:   "Images, videos, audio and files sent to peers whom the account contacted first and who never replied, fading by half each day.",
		Reason: "%.0f media sent to peers who never replied",
		Read:   func(a *Account, r *Reach) float32 { return a.given(ingest.FieldMedia, r.media1d) },
	},
	Def{
		Name: "disappearing_share_7d", Unit: Share, Window: oneWeek, Needs: ingest.FieldDisappearing,
		Help:   "Share of the account's sends with a disappearing-messages timer, among those that said so, shrunk.",
		Reason: "a share of %.2f of its sends disappear",
		Read:   func(_ *Account, r *Reach) float32 { return shrunk(r.vanish7d, r.timed7d, 0.1) },
	},
	Def{
		Name: "unanswered_calls_1d", Unit: Count, Window: oneDay, Needs: ingest.FieldAnswered,
		Help:   "Calls by the account that were not answered, fading by half each day.",
		Reason: "%.0f unanswered calls in a day",
		Read:   func(a *Account, r *Reach) float32 { return a.given(ingest.FieldAnswered, r.missed1d) },
	},
	Def{
		Name: "forwards_1d", Unit: Count, Window: oneDay, Needs: ingest.FieldForwards,
		Help:   "Forwarded messages that the account sent, fading by half each day.",
		Reason: "%.0f forwarded messages in a day",
		Read:   func(a *Account, r *Reach) float32 { return a.given(ingest.FieldForwards, r.forwards1d) },
	},
	Def{
		Name: "big_forwards_1d", Unit: Count, Window: oneDay, Needs: ingest.FieldForwards,
		Help:   "Messages forwarded five or more times that the account sent on, fading by half each day.",
		Reason: "%.0f messages sent on that were forwarded five or more times",
		Read:   func(a *Account, r *Reach) float32 { return a.given(ingest.FieldForwards, r.forwards5x1d) },
	},
)
