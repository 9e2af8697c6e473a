package main

import (
	"fmt"
	"math"

	"github.com/unopened/unopened/features"
	"github.com/unopened/unopened/ingest"
)

// share is a share of what was counted, drawn towards what is usual by the weight of one observation; unknown where
// nothing was counted.
func share(part, whole *naiveCounter, usual float64) float64 {
	return naiveShare(part.value, whole.value, usual)
}

func naiveShare(part, whole, usual float64) float64 {
	if whole == 0 {
		return math.NaN()
	}
	return min(1, (part+usual)/(whole+1))
}

func naiveLogRatio(a, b float64) float64 { return math.Log((a + 1) / (b + 1)) }

// when returns v, or unknown.
func when(known bool, v float64) float64 {
	if !known {
		return math.NaN()
	}
	return v
}

// meanOfLogs is a mean of that whose logarithms add up to sum, one that was counted where nothing is taken as its 1;
// unknown where nothing was counted.
func meanOfLogs(sum, count *naiveCounter) float64 {
	return when(count.value > 0, math.Expm1(sum.value/count.value))
}

func (m *naiveMeanTime) hours() float64 { return meanOfLogs(&m.time, &m.times) / 3600 }

// ifGiven returns v if the account's own acts have carried one of the fields, or unknown.
func (a *naiveAccount) ifGiven(f ingest.Fields, c *naiveCounter) float64 {
	return when(a.seen.Any(f), c.value)
}

func (a *naiveAccount) burstiness() float64 {
	sd := math.Sqrt(a.gap.variance)
	if sd+a.gap.mean == 0 {
		return when(a.gaps >= 5, 0)
	}
	return when(a.gaps >= 5, (sd-a.gap.mean)/(sd+a.gap.mean))
}

// profile returns the hours of the day with sends, the days in all of them, and the days in those at night.
func (a *naiveAccount) profile() (active, all, night float64) {
	for h, days := range a.hours {
		all += float64(days)
		if days > 0 {
			active++
		}
		if h < 6 {
			night += float64(days)
		}
	}
	return active, all, night
}

func (a *naiveAccount) hourSurprise() float64 {
	_, all, _ := a.profile()
	if all <= 10 {
		return math.NaN()
	}
	others := max(0, float64(a.hours[a.lastSent.Hour()])-1)
	return math.Log((all - 1 + 12) / 24 / (others + 0.5))
}

// activeDays counts the days on which the account acted, of the 30 up to the present one.
func (a *naiveAccount) activeDays() (n float64) {
	for _, day := range a.days {
		if day > naiveDayOf(a.last)-30 {
			n++
		}
	}
	return n
}

func (a *naiveAccount) bandGap() float64 {
	if a.age == "" || a.aged.value == 0 {
		return math.NaN()
	}
	return float64(naiveBand(a.age)) - a.bands.value/a.aged.value
}

// read writes the account's features into v, at the place that each has in the catalogue.
func (a *naiveAccount) read(all []naiveFeature, v *features.Vector) {
	for i, read := range all {
		v.X[i] = float32(read(a))
	}
	v.Seen, v.Events = a.seen, a.events
}

type naiveFeature func(*naiveAccount) float64

// naiveCatalogue returns the naive features in the order of the catalogue.
func naiveCatalogue() ([]naiveFeature, error) {
	all := make([]naiveFeature, len(features.Catalogue))
	for i, def := range features.Catalogue {
		if all[i] = naiveFeatures[def.Name]; all[i] == nil {
			return nil, fmt.Errorf("the straightforward build lacks the feature %s: write it into naive_features_test.go the plain way, from its definition", def.Name)
		}
	}
	return all, nil
}

// naiveFeatures are all features by name, each as the catalogue defines it.
var naiveFeatures = map[string]naiveFeature{
	"sent_1m":     func(a *naiveAccount) float64 { return a.sent1m.value },
	"sent_10m":    func(a *naiveAccount) float64 { return a.sent10m.value },
	"sent_1h":     func(a *naiveAccount) float64 { return a.sent1h.value },
	"sent_1d":     func(a *naiveAccount) float64 { return a.sent1d.value },
	"sent_7d":     func(a *naiveAccount) float64 { return a.sent7d.value },
	"received_1d": func(a *naiveAccount) float64 { return a.received1d.value },
	"received_7d": func(a *naiveAccount) float64 { return a.received7d.value },

	"peak_minute_1d": func(a *naiveAccount) float64 { return a.peak.value },
	"rate_surprise_1h": func(a *naiveAccount) float64 {
		return naiveLogRatio(a.sent1h.value, max(0, a.sent7d.value-a.sent1h.value)/(7*24))
	},
	"gap_hours":        func(a *naiveAccount) float64 { return when(a.gaps >= 5, math.Expm1(a.gapLog.mean)/3600) },
	"gap_burstiness":   func(a *naiveAccount) float64 { return a.burstiness() },
	"gap_z":            func(a *naiveAccount) float64 { return when(a.gaps > 8, a.gapZ) },
	"session_hours_7d": func(a *naiveAccount) float64 { return a.sessionHours.value },
	"active_hours_7d":  func(a *naiveAccount) float64 { active, _, _ := a.profile(); return active },
	"active_days_30d":  func(a *naiveAccount) float64 { return a.activeDays() },
	"night_share_7d":   func(a *naiveAccount) float64 { _, all, night := a.profile(); return naiveShare(night, all, 0.15) },

	"age_days": func(a *naiveAccount) float64 { return a.ageDays() },
	"hours_to_outreach": func(a *naiveAccount) float64 {
		return when(!a.outreach.IsZero(), max(0, a.outreach.Sub(a.began()).Hours()))
	},
	"dormancy_days":            func(a *naiveAccount) float64 { return a.dormancy.value },
	"events_first_hour":        func(a *naiveAccount) float64 { return float64(a.firstHour) },
	"accounts_on_device_7d":    func(a *naiveAccount) float64 { return when(a.hasDevice, a.onDevice.value) },
	"accounts_on_network_1d":   func(a *naiveAccount) float64 { return when(a.hasNetwork, a.onNetwork.value) },
	"registered_on_device_7d":  func(a *naiveAccount) float64 { return when(a.hasDevice, a.registeredOnDevice.value) },
	"registered_on_network_1d": func(a *naiveAccount) float64 { return when(a.hasNetwork, a.registeredOnNetwork.value) },

	"first_contacts_1h": func(a *naiveAccount) float64 { return a.first1h.value },
	"first_contacts_1d": func(a *naiveAccount) float64 { return a.first1d.value },
	"first_contacts_7d": func(a *naiveAccount) float64 { return a.first7d.value },
	"novelty_share_7d":  func(a *naiveAccount) float64 { return share(&a.first7d, &a.direct, 0.2) },
	"self_initiated_share_7d": func(a *naiveAccount) float64 {
		return naiveShare(a.first7d.value, a.first7d.value+a.firstIn7d.value, 0.5)
	},
	"stranger_share_7d":  func(a *naiveAccount) float64 { return share(&a.strangers, &a.related, 0.2) },
	"no_mutual_share_7d": func(a *naiveAccount) float64 { return share(&a.untied, &a.known, 0.3) },
	"contacts":           func(a *naiveAccount) float64 { return float64(len(a.contacts) + len(a.traces)) },
	"group_adds_1d":      func(a *naiveAccount) float64 { return a.groupAdds.value },
	"groups_joined_7d":   func(a *naiveAccount) float64 { return a.groupJoins.value },
	"groups_created_7d":  func(a *naiveAccount) float64 { return a.groupsMade.value },
	"group_mediated_share_7d": func(a *naiveAccount) float64 {
		return when(a.seen.Any(ingest.FieldSharedGroups), share(&a.mediated, &a.first7d, 0.1))
	},
	"country_mismatch_share_7d": func(a *naiveAccount) float64 { return share(&a.abroad, &a.placed, 0.1) },
	"recipient_burst_1h":        func(a *naiveAccount) float64 { return a.burst.value },
	"recipient_new_senders_1h":  func(a *naiveAccount) float64 { return a.newSenders.value },
	"recipient_midas_1h":        func(a *naiveAccount) float64 { return a.midas.value },
	"crowd_unanswered_1d":       func(a *naiveAccount) float64 { return a.crowdRun.value },
	"target_contacts_7d":        func(a *naiveAccount) float64 { return meanOfLogs(&a.theirContacts, &a.told) },
	"target_age_days_7d":        func(a *naiveAccount) float64 { return meanOfLogs(&a.theirAges, &a.toldAge) },
	"mutual_contact_share_7d":   func(a *naiveAccount) float64 { return share(&a.mutual, &a.compared, 0.5) },
	"target_clustering_7d":      func(a *naiveAccount) float64 { return share(&a.common, &a.compared, 0.1) },
	"quiet_hours_share_7d":      func(a *naiveAccount) float64 { return share(&a.quiet, &a.toldHours, 0.2) },
	"targets_labelled_7d":       func(a *naiveAccount) float64 { return a.toLabelled.value },
	"evasions_30d":              func(a *naiveAccount) float64 { return a.ifGiven(ingest.FieldDevice, &a.evasions) },

	"reply_share_7d":       func(a *naiveAccount) float64 { return share(&a.replies, &a.first7d, 0.6) },
	"first_reply_hours_7d": func(a *naiveAccount) float64 { return meanOfLogs(&a.delays, &a.replies) / 3600 },
	"turns_a_first_contact_7d": func(a *naiveAccount) float64 {
		return when(a.first7d.value > 0, a.turns.value/(a.first7d.value+1))
	},
	"sends_since_reply": func(a *naiveAccount) float64 { return float64(a.alone) },
	"unanswered_streak": func(a *naiveAccount) float64 { return float64(a.streak) },
	"in_out_balance_7d": func(a *naiveAccount) float64 {
		return naiveShare(a.received7d.value, a.received7d.value+a.direct.value, 0.5)
	},
	"inbound_first_share_7d": func(a *naiveAccount) float64 { return share(&a.toOpener, &a.direct, 0.5) },
	"decline_share_7d":       func(a *naiveAccount) float64 { return share(&a.declines, &a.requests, 0.2) },
	"accept_share_7d":        func(a *naiveAccount) float64 { return share(&a.accepts, &a.requests, 0.6) },
	"ignored_share_7d": func(a *naiveAccount) float64 {
		return naiveShare(max(0, a.requests.value-a.accepts.value-a.declines.value), a.requests.value, 0.2)
	},
	"requests_7d":          func(a *naiveAccount) float64 { return a.requests.value },
	"sends_after_block_7d": func(a *naiveAccount) float64 { return a.toBlocker.value },
	"top_dyad_share_7d":    func(a *naiveAccount) float64 { return share(&a.topDyad, &a.direct, 0.4) },
	"unanswered_to_one_7d": func(a *naiveAccount) float64 { return a.longestRun.value },

	"minors_first_contacts_1d":   func(a *naiveAccount) float64 { return a.ifGiven(ingest.FieldTargetAge, &a.minors1d) },
	"minors_first_contacts_14d":  func(a *naiveAccount) float64 { return a.ifGiven(ingest.FieldTargetAge, &a.minors14d) },
	"minor_share_14d":            func(a *naiveAccount) float64 { return share(&a.minors14d, &a.aged, 0.1) },
	"minors_no_mutual_share_14d": func(a *naiveAccount) float64 { return share(&a.minorsUntied, &a.minorsKnown, 0.3) },
	"minors_reply_share_14d":     func(a *naiveAccount) float64 { return share(&a.minorReplies, &a.minors14d, 0.6) },
	"minors_blocked_14d":         func(a *naiveAccount) float64 { return a.ifGiven(ingest.FieldTargetAge, &a.minorBlocks) },
	"minors_declined_14d":        func(a *naiveAccount) float64 { return a.ifGiven(ingest.FieldTargetAge, &a.minorDeclines) },
	"minors_reported_14d":        func(a *naiveAccount) float64 { return a.ifGiven(ingest.FieldTargetAge, &a.minorReports) },
	"minors_again_14d":           func(a *naiveAccount) float64 { return a.ifGiven(ingest.FieldTargetAge, &a.minorsAgain) },
	"minors_quiet_share_14d":     func(a *naiveAccount) float64 { return share(&a.minorsQuiet, &a.minorsRested, 0.2) },
	"minors_written_1d":          func(a *naiveAccount) float64 { return a.ifGiven(ingest.FieldTargetAge, &a.minorsWritten) },
	"band_gap_14d":               func(a *naiveAccount) float64 { return a.bandGap() },

	"media_to_strangers_1d": func(a *naiveAccount) float64 { return a.ifGiven(ingest.FieldMedia, &a.media) },
	"disappearing_share_7d": func(a *naiveAccount) float64 { return share(&a.vanishing, &a.timed, 0.1) },
	"unanswered_calls_1d":   func(a *naiveAccount) float64 { return a.ifGiven(ingest.FieldAnswered, &a.missed) },
	"forwards_1d":           func(a *naiveAccount) float64 { return a.ifGiven(ingest.FieldForwards, &a.forwards) },
	"big_forwards_1d":       func(a *naiveAccount) float64 { return a.ifGiven(ingest.FieldForwards, &a.forwards5) },
	"hours_to_media_14d":    func(a *naiveAccount) float64 { return a.toMedia.hours() },
	"hours_to_call_14d":     func(a *naiveAccount) float64 { return a.toCall.hours() },
	"hours_to_timer_14d":    func(a *naiveAccount) float64 { return a.toTimer.hours() },
	"stranger_media_share_7d": func(a *naiveAccount) float64 {
		return when(a.seen.Any(ingest.FieldMedia), share(&a.coldMedia, &a.cold, 0.1))
	},
	"size_entropy":      func(a *naiveAccount) float64 { return when(a.sizes.Count() >= 8, a.sizes.Entropy()) },
	"dropped_dyads_30d": func(a *naiveAccount) float64 { return a.dropped.value },
	"rekeyed_1d":        func(a *naiveAccount) float64 { return a.ifGiven(ingest.FieldSessionNew, &a.rekeyed) },

	"blocks_30d":              func(a *naiveAccount) float64 { return a.blocks.value },
	"reports_30d":             func(a *naiveAccount) float64 { return a.reports.value },
	"reports_weighted_30d":    func(a *naiveAccount) float64 { return a.weighted.value * 10 / (a.weighted.value + 10) },
	"complaint_sides_30d":     func(a *naiveAccount) float64 { return a.sides30d.value },
	"removed_from_groups_30d": func(a *naiveAccount) float64 { return a.removed.value },
	"block_share_30d": func(a *naiveAccount) float64 {
		return (a.blocks.value + a.reports.value + 0.02) / (a.first30d.value + 2)
	},
	"reports_made_7d":      func(a *naiveAccount) float64 { return a.made.value },
	"labels_abusive":       func(a *naiveAccount) float64 { return float64(a.abusive()) },
	"labels_benign":        func(a *naiveAccount) float64 { return float64(a.labelled("benign")) },
	"lockstep_accounts_7d": func(a *naiveAccount) float64 { return a.group.value },

	"new_device_hours": func(a *naiveAccount) float64 {
		return when(!a.newDevice.IsZero(), max(0, a.last.Sub(a.newDevice).Hours()))
	},
	"new_network_1d":         func(a *naiveAccount) float64 { return a.ifGiven(ingest.FieldNetwork, &a.networks1d) },
	"new_country_1d":         func(a *naiveAccount) float64 { return a.ifGiven(ingest.FieldCountry, &a.countries1d) },
	"login_failed_1h":        func(a *naiveAccount) float64 { return a.failed.value },
	"challenges_failed_7d":   func(a *naiveAccount) float64 { return a.unproved.value },
	"old_contact_fanout_10m": func(a *naiveAccount) float64 { return a.fan.value },
	"fanout_surprise":        func(a *naiveAccount) float64 { return naiveLogRatio(a.fan.value, a.fanEarlier.value) },
	"hour_surprise":          func(a *naiveAccount) float64 { return a.hourSurprise() },
}
