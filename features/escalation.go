package features

import (
	"github.com/unopened/unopened/features/sketch"
	"github.com/unopened/unopened/ingest"
)

// escalation counts what goes beyond a plain message.
type escalation struct {
	media1d      float32          `half:"1d"` // media sent to peers that the account contacted first and that never replied
	timed7d      float32          `half:"7d"` // sends that said whether a disappearing timer is on
	vanish7d     float32          `half:"7d"` // and of these with one on
	missed1d     float32          `half:"1d"` // own calls that were not answered
	forwards1d   float32          `half:"1d"`
	forwards5x1d float32          `half:"1d"`
	mediaTime14d float32          `half:"14d"` // the sum of ln(1 + seconds) from a first contact of the account to its first media there
	mediaFirst   float32          `half:"14d"` // and how many such there were
	callTime14d  float32          `half:"14d"`
	callFirst    float32          `half:"14d"`
	timerTime14d float32          `half:"14d"`
	timerFirst   float32          `half:"14d"`
	cold7d       float32          `half:"7d"` // messages and calls to peers that the account contacted first and that never replied
	coldMedia7d  float32          `half:"7d"` // and of these with media
	rekeyed1d    float32          `half:"1d"` // sends to peers who have written, in a new cryptographic session
	dropped30d   float32          `half:"30d"`
	sizes        sketch.Histogram // of the log2 sizes of what it sent
}

func (f *escalation) observe(s *step) {
	if s.dropped > 0 {
		f.dropped30d += float32(float32(s.dropped) * s.w[month])
	}
	if !s.send {
		return
	}
	ev := s.ev
	media := ev.Media >= ingest.MediaImage && ev.Media <= ingest.MediaFile
	vanishes := ev.True.Any(ingest.FieldDisappearing)
	if s.unanswered {
		f.cold7d += s.w[week]
		if media {
			f.media1d += s.w[day]
			f.coldMedia7d += s.w[week]
		}
	}
	if c := s.c; c != nil {
		f.mark(s, hadMedia, media, &f.mediaTime14d, &f.mediaFirst)
		f.mark(s, hadCall, ev.Type == ingest.Call, &f.callTime14d, &f.callFirst)
		f.mark(s, hadTimer, vanishes, &f.timerTime14d, &f.timerFirst)
		if s.written && ev.True.Any(ingest.FieldSessionNew) {
			f.rekeyed1d += s.w[day]
		}
	}
	if ev.Has.Any(ingest.FieldSize) {
		f.sizes.Add(sizeBin(ev.Size))
	}
	f.count(s, vanishes)
}

// count adds what needs no peer.
func (f *escalation) count(s *step, vanishes bool) {
	ev := s.ev
	if ev.Has.Any(ingest.FieldDisappearing) {
		f.timed7d += s.w[week]
		if vanishes {
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

// mark takes the first time that the account does a thing with a peer; where the account opened the contact it counts how
// long that took.
func (f *escalation) mark(s *step, had contactFlags, does bool, time, first *float32) {
	if !does || s.c.flags&had != 0 {
		return
	}
	s.c.flags |= had
	if s.c.flags&weOpened != 0 && s.c.opened != longAgo {
		*time += float32(s.w[fortnight] * log1p(float32(max(0, int64(seconds(s.ev.At))-int64(s.c.opened)))))
		*first += s.w[fortnight]
	}
}

// sizeBin is the bin of a ciphertext's log2 size: 16 bytes and less, ... 512 KiB and more.
func sizeBin(log2 uint8) uint { return uint(max(4, log2)) - 4 }

var escalationDefs = family("escalation",
	Def{
		Name: "media_to_strangers_1d", Unit: Count, Window: oneDay, Needs: ingest.FieldMedia, Sign: Worse, Harms: asScam | asGrooming | asHarassment, Source: "Thorn 2024",
		Help:   "Images, videos, audio and files sent to peers whom the account contacted first and who never replied, fading by half each day.",
		Reason: "%.0f media sent to peers who never replied",
		Read:   func(a *Account, r *Reach) float32 { return a.given(ingest.FieldMedia, r.media1d) },
	},
	Def{
		Name: "disappearing_share_7d", Unit: Share, Window: oneWeek, Needs: ingest.FieldDisappearing, Sign: Either, Harms: asGrooming | asScam, Source: "Thorn 2024",
		Help:   "Share of the account's sends with a disappearing-messages timer, among those that said so, shrunk.",
		Reason: "a share of %.2f of its sends disappear",
		Read:   func(_ *Account, r *Reach) float32 { return shrunk(r.vanish7d, r.timed7d, 0.1) },
	},
	Def{
		Name: "unanswered_calls_1d", Unit: Count, Window: oneDay, Needs: ingest.FieldAnswered, Sign: Worse, Harms: asHarassment | asSpam, Source: "CallRank 2007",
		Help:   "Calls by the account that were not answered, fading by half each day.",
		Reason: "%.0f unanswered calls in a day",
		Read:   func(a *Account, r *Reach) float32 { return a.given(ingest.FieldAnswered, r.missed1d) },
	},
	Def{
		Name: "forwards_1d", Unit: Count, Window: oneDay, Needs: ingest.FieldForwards, Sign: Either, Harms: asSpam, Source: "Melo 2019",
		Help:   "Forwarded messages that the account sent, fading by half each day.",
		Reason: "%.0f forwarded messages in a day",
		Read:   func(a *Account, r *Reach) float32 { return a.given(ingest.FieldForwards, r.forwards1d) },
	},
	Def{
		Name: "big_forwards_1d", Unit: Count, Window: oneDay, Needs: ingest.FieldForwards, Sign: Worse, Harms: asSpam, Source: "Melo 2019",
		Help:   "Messages forwarded five or more times that the account sent on, fading by half each day.",
		Reason: "%.0f messages sent on that were forwarded five or more times",
		Read:   func(a *Account, r *Reach) float32 { return a.given(ingest.FieldForwards, r.forwards5x1d) },
	},
	Def{
		Name: "hours_to_media_14d", Unit: Hours, Window: twoWeeks, Needs: ingest.FieldMedia, Sign: Better, Harms: asScam | asGrooming, Source: "Thorn 2024; Winters 2017",
		Help:   "Hours from the account's first contacts to the first media that it sent there, in the geometric mean; unknown without such.",
		Reason: "first media came %.1f hours after its first contacts",
		Read:   func(a *Account, r *Reach) float32 { return meanLog(r.mediaTime14d, r.mediaFirst) / 3600 },
	},
	Def{
		Name: "hours_to_call_14d", Unit: Hours, Window: twoWeeks, Sign: Better, Harms: asScam | asGrooming, Source: "Winters 2017; Suarez-Tangil 2020",
		Help:   "Hours from the account's first contacts to its first call there, in the geometric mean; unknown without such.",
		Reason: "first calls came %.1f hours after its first contacts",
		Read:   func(a *Account, r *Reach) float32 { return meanLog(r.callTime14d, r.callFirst) / 3600 },
	},
	Def{
		Name: "hours_to_timer_14d", Unit: Hours, Window: twoWeeks, Needs: ingest.FieldDisappearing, Sign: Better, Harms: asScam | asGrooming, Source: "Thorn 2024",
		Help:   "Hours from the account's first contacts to the first send there that disappears, in the geometric mean; unknown without such.",
		Reason: "first disappearing sends came %.1f hours after its first contacts",
		Read:   func(a *Account, r *Reach) float32 { return meanLog(r.timerTime14d, r.timerFirst) / 3600 },
	},
	Def{
		Name: "stranger_media_share_7d", Unit: Share, Window: oneWeek, Needs: ingest.FieldMedia, Sign: Worse, Harms: asScam | asGrooming | asHarassment, Source: "Thorn 2024",
		Help:   "Share of images, videos, audio and files among what it sent to peers whom it contacted first and who never replied, shrunk.",
		Reason: "a share of %.2f of what it sent to peers who never replied was media",
		Read: func(a *Account, r *Reach) float32 {
			return a.given(ingest.FieldMedia, shrunk(r.coldMedia7d, r.cold7d, 0.1))
		},
	},
	Def{
		Name: "size_entropy", Unit: Bits, Needs: ingest.FieldSize, Sign: Better, Harms: asSpam | asSybil, Source: "Stringhini 2010; Chu 2010",
		Help:   "Entropy of the log2 sizes of the account's messages, over about the last 100: the same text each time has none; unknown below 8.",
		Reason: "sizes of its messages have an entropy of %.1f bits",
		Read: func(_ *Account, r *Reach) float32 {
			if r.sizes.Count() < 8 {
				return nan
			}
			return float32(r.sizes.Entropy())
		},
	},
	Def{
		Name: "dropped_dyads_30d", Unit: Count, Window: oneMonth, Sign: Worse, Harms: asScam | asGrooming, Source: "Suarez-Tangil 2020",
		Help:   "Peers whom the account contacted first, with whom it had eight turns or more and then nothing for three days, as seen at its next first contact, fading by half each 30 days.",
		Reason: "%.0f dialogues that it opened, and then dropped",
		Read:   func(_ *Account, r *Reach) float32 { return r.dropped30d },
	},
	Def{
		Name: "rekeyed_1d", Unit: Count, Window: oneDay, Needs: ingest.FieldSessionNew, Sign: Worse, Harms: asTakeover, Source: "Signal 2016",
		Help:   "Sends in a new cryptographic session to peers who had written to the account, fading by half each day: a new device does that.",
		Reason: "%.0f sends to known peers in a new cryptographic session",
		Read:   func(a *Account, r *Reach) float32 { return a.given(ingest.FieldSessionNew, r.rekeyed1d) },
	},
)
