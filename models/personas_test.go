package models

import (
	"maps"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/unopened/unopened/features"
)

// action is the score at which an alert opens.
const action = 0.9

type values = map[string]float64

// quiet is an adult of two years who writes to people he knows: what the personas and campaigns depart from. All the
// contract's fields are given.
var quiet = values{
	"sent_1m": 0, "sent_10m": 2, "sent_1h": 6, "sent_1d": 40, "sent_7d": 250, "received_1d": 35, "received_7d": 230,
	"peak_minute_1d": 4, "rate_surprise_1h": 0.8, "gap_burstiness": 0.4, "active_hours_7d": 13, "night_share_7d": 0.05,
	"age_days": 700, "hours_to_outreach": 30, "dormancy_days": 0.3, "events_first_hour": 3,
	"accounts_on_device_7d": 1, "accounts_on_network_1d": 3,
	"first_contacts_1h": 0, "first_contacts_1d": 0.2, "first_contacts_7d": 1, "novelty_share_7d": 0.01, "self_initiated_share_7d": 0.5,
	"stranger_share_7d": 0.1, "no_mutual_share_7d": 0.15, "contacts": 50, "group_adds_1d": 0, "groups_joined_7d": 0.2,
	"recipient_burst_1h": 0.1, "recipient_new_senders_1h": 0, "crowd_unanswered_1d": 0, "reply_share_7d": 0.8, "unanswered_streak": 0, "in_out_balance_7d": 0.48,
	"inbound_first_share_7d": 0.45, "requests_7d": 0, "sends_after_block_7d": 0, "top_dyad_share_7d": 0.3, "unanswered_to_one_7d": 2,
	"minors_first_contacts_1d": 0, "minors_first_contacts_14d": 0, "minor_share_14d": 0.05, "minors_blocked_14d": 0, "band_gap_14d": 0,
	"media_to_strangers_1d": 0, "disappearing_share_7d": 0.05, "unanswered_calls_1d": 0.5, "forwards_1d": 1, "big_forwards_1d": 0.2,
	"blocks_30d": 0, "reports_30d": 0, "reports_weighted_30d": 0, "block_share_30d": 0.005, "reports_made_7d": 0, "labels_abusive": 0, "labels_benign": 0,
	"new_network_1d": 0.2, "new_country_1d": 0, "login_failed_1h": 0, "old_contact_fanout_10m": 0.5, "fanout_surprise": -0.8, "hour_surprise": 0,
}

// innocents must stay below the action threshold for every harm.
var innocents = map[string]values{
	"quiet adult": {},
	"newcomer with a new phone": {"age_days": 1, "hours_to_outreach": 0.2, "events_first_hour": 60, "contacts": 30, "first_contacts_1h": 15,
		"first_contacts_1d": 30, "first_contacts_7d": 35, "novelty_share_7d": 0.3, "self_initiated_share_7d": 0.8, "stranger_share_7d": 0.03,
		"no_mutual_share_7d": 0.1, "reply_share_7d": 0.7, "unanswered_streak": 3, "in_out_balance_7d": 0.4, "inbound_first_share_7d": 0.15, "peak_minute_1d": 8},
	"newcomer in the first ten minutes, nobody has replied yet": {"age_days": 0, "hours_to_outreach": 0.05, "events_first_hour": 14, "contacts": 12,
		"first_contacts_1h": 12, "first_contacts_1d": 12, "first_contacts_7d": 12, "novelty_share_7d": 0.94, "self_initiated_share_7d": 0.96,
		"stranger_share_7d": 0.02, "no_mutual_share_7d": 0.1, "reply_share_7d": 0.05, "unanswered_streak": 12, "in_out_balance_7d": 0.04,
		"inbound_first_share_7d": 0.04, "peak_minute_1d": 4, "received_7d": 0, "sent_7d": 12},
	"support line": {"received_7d": 2500, "sent_7d": 2800, "sent_1d": 400, "sent_1h": 50, "peak_minute_1d": 15, "contacts": 120, "active_hours_7d": 24,
		"first_contacts_1d": 6, "first_contacts_7d": 30, "novelty_share_7d": 0.01, "self_initiated_share_7d": 0.06, "stranger_share_7d": 0.95,
		"no_mutual_share_7d": 0.95, "reply_share_7d": 0.5, "inbound_first_share_7d": 0.96, "accounts_on_device_7d": 3},
	"coach": {"minors_first_contacts_1d": 8, "minors_first_contacts_14d": 22, "minor_share_14d": 0.8, "minors_no_mutual_share_14d": 0.08,
		"minors_reply_share_14d": 0.75, "band_gap_14d": 4, "first_contacts_1d": 10, "first_contacts_7d": 18, "self_initiated_share_7d": 0.85,
		"stranger_share_7d": 0.6, "no_mutual_share_7d": 0.1, "reply_share_7d": 0.7, "group_adds_1d": 12},
	"organiser": {"group_adds_1d": 60, "groups_joined_7d": 6, "first_contacts_1d": 25, "first_contacts_7d": 70, "novelty_share_7d": 0.2,
		"self_initiated_share_7d": 0.75, "stranger_share_7d": 0.2, "no_mutual_share_7d": 0.1, "reply_share_7d": 0.6, "sent_10m": 30,
		"peak_minute_1d": 12, "old_contact_fanout_10m": 25, "fanout_surprise": 0.4, "forwards_1d": 20},
	"survivor who changed device and network": {"new_device_hours": 3, "new_network_1d": 2, "new_country_1d": 1, "login_failed_1h": 2,
		"disappearing_share_7d": 0.9, "hour_surprise": 2, "old_contact_fanout_10m": 3, "fanout_surprise": 0.3},
	"refugee with a foreign number": {"age_days": 4, "new_network_1d": 4, "new_country_1d": 1.5, "accounts_on_network_1d": 200,
		"hours_to_outreach": 0.5, "events_first_hour": 30, "first_contacts_1d": 12, "first_contacts_7d": 25, "self_initiated_share_7d": 0.7,
		"stranger_share_7d": 0.3, "no_mutual_share_7d": 0.35, "reply_share_7d": 0.65, "groups_joined_7d": 8, "contacts": 25},
	"large family on one device and network": {"accounts_on_device_7d": 5, "accounts_on_network_1d": 30},
	"popular teenager": {"minors_first_contacts_1d": 5, "minors_first_contacts_14d": 25, "minor_share_14d": 0.95, "minors_no_mutual_share_14d": 0.25,
		"minors_reply_share_14d": 0.85, "band_gap_14d": 0.2, "first_contacts_7d": 15, "first_contacts_1d": 5, "reply_share_7d": 0.85, "sent_1d": 300},
	"survivor who tells ten friends of the new phone": {"new_device_hours": 1, "new_network_1d": 1, "old_contact_fanout_10m": 10, "fanout_surprise": 1.6,
		"sent_10m": 10, "rate_surprise_1h": 2, "in_out_balance_7d": 0.45},
	"customer of a shop that has just opened": {"recipient_burst_1h": 2.6, "recipient_new_senders_1h": 30, "crowd_unanswered_1d": 2,
		"unanswered_to_one_7d": 2, "first_contacts_1d": 1, "first_contacts_7d": 2, "stranger_share_7d": 0.6, "no_mutual_share_7d": 0.6},
	"greetings at New Year": {"old_contact_fanout_10m": 30, "fanout_surprise": 2.5, "sent_10m": 40, "peak_minute_1d": 10, "rate_surprise_1h": 4, "hour_surprise": 3},
}

// campaigns must reach the action threshold for the harm named before the colon.
var campaigns = map[string]values{
	"spam: burst": {"age_days": 0.2, "hours_to_outreach": 0.1, "events_first_hour": 30, "contacts": 20, "first_contacts_1h": 20, "first_contacts_1d": 20,
		"first_contacts_7d": 20, "novelty_share_7d": 0.95, "self_initiated_share_7d": 0.97, "stranger_share_7d": 0.95, "no_mutual_share_7d": 0.96,
		"reply_share_7d": 0.03, "unanswered_streak": 20, "in_out_balance_7d": 0.03, "inbound_first_share_7d": 0.03, "peak_minute_1d": 12},
	"spam: slow, from an aged account, some replies": {"first_contacts_1h": 2, "first_contacts_1d": 14, "first_contacts_7d": 70, "novelty_share_7d": 0.85,
		"self_initiated_share_7d": 0.95, "stranger_share_7d": 0.9, "no_mutual_share_7d": 0.9, "reply_share_7d": 0.08, "unanswered_streak": 12,
		"in_out_balance_7d": 0.1, "inbound_first_share_7d": 0.03, "block_share_30d": 0.1},
	"scam: one of a farm, in shifts": {"age_days": 20, "first_contacts_1d": 6, "first_contacts_7d": 30, "novelty_share_7d": 0.15, "self_initiated_share_7d": 0.95,
		"stranger_share_7d": 0.95, "no_mutual_share_7d": 0.95, "reply_share_7d": 0.45, "inbound_first_share_7d": 0.04, "active_hours_7d": 22,
		"accounts_on_device_7d": 9, "media_to_strangers_1d": 8, "disappearing_share_7d": 0.5, "block_share_30d": 0.2, "in_out_balance_7d": 0.45},
	"grooming: five minors": {"minors_first_contacts_1d": 3, "minors_first_contacts_14d": 5, "minor_share_14d": 0.85, "minors_no_mutual_share_14d": 0.88,
		"minors_reply_share_14d": 0.35, "minors_blocked_14d": 1, "band_gap_14d": 3, "first_contacts_7d": 5, "first_contacts_1d": 3,
		"self_initiated_share_7d": 0.9, "stranger_share_7d": 0.8, "inbound_first_share_7d": 0.08, "disappearing_share_7d": 0.4},
	"grooming: age not given": {"band_gap_14d": -100, "minors_first_contacts_1d": 4, "minors_first_contacts_14d": 9, "minor_share_14d": 0.9,
		"minors_no_mutual_share_14d": 0.9, "minors_reply_share_14d": 0.3, "minors_blocked_14d": 2, "self_initiated_share_7d": 0.93, "inbound_first_share_7d": 0.06},
	"harassment: one of a brigade": {"age_days": 5, "contacts": 2, "first_contacts_1d": 1, "recipient_burst_1h": 2.6, "recipient_new_senders_1h": 25,
		"reply_share_7d": 0.3, "in_out_balance_7d": 0.08, "unanswered_to_one_7d": 5, "top_dyad_share_7d": 0.8, "inbound_first_share_7d": 0.08, "novelty_share_7d": 0.2},
	"harassment: one of a brigade, with a life of its own": {"recipient_burst_1h": 2.4, "recipient_new_senders_1h": 12, "crowd_unanswered_1d": 5,
		"unanswered_to_one_7d": 5, "first_contacts_1d": 1, "first_contacts_7d": 2, "reply_share_7d": 0.6},
	"harassment: alone, around blocks": {"age_days": 90, "contacts": 6, "unanswered_to_one_7d": 45, "sends_after_block_7d": 5, "reply_share_7d": 0.3,
		"in_out_balance_7d": 0.1, "unanswered_calls_1d": 8, "top_dyad_share_7d": 0.9, "block_share_30d": 0.5, "blocks_30d": 1},
	"sybil: one of a ring": {"age_days": 1, "hours_to_outreach": 0.1, "events_first_hour": 50, "accounts_on_device_7d": 12, "accounts_on_network_1d": 60,
		"groups_joined_7d": 12, "first_contacts_1d": 12, "gap_burstiness": -0.3, "no_mutual_share_7d": 0.8, "inbound_first_share_7d": 0.1},
	"takeover: with failed logins": {"new_device_hours": 0.2, "new_network_1d": 1.2, "new_country_1d": 1, "login_failed_1h": 5, "old_contact_fanout_10m": 18,
		"fanout_surprise": 2, "rate_surprise_1h": 3.5, "hour_surprise": 1.5, "in_out_balance_7d": 0.4},
	"takeover: same country, right password": {"new_device_hours": 0.2, "new_network_1d": 1, "old_contact_fanout_10m": 30,
		"fanout_surprise": 2.4, "rate_surprise_1h": 4, "hour_surprise": 1, "in_out_balance_7d": 0.35},
}

// person is a quiet adult with these departures; -100 stands for unknown.
func person(t testing.TB, departs values) features.Vector {
	all := maps.Clone(quiet)
	maps.Copy(all, departs)
	maps.DeleteFunc(all, func(_ string, x float64) bool { return x == -100 })
	return vector(t, all)
}

func TestInnocentsStayBelow(t *testing.T) {
	set := loadShipped(t, DefaultConfig())
	var scores [Harms]Score
	for name, departs := range innocents {
		v := person(t, departs)
		set.Score(&v, &scores)
		for h := range Harm(Harms) {
			if scores[h].Value >= action {
				t.Errorf("%s: %s %.3f%s", name, h, scores[h].Value, said(set, h, v))
			}
		}
	}
}

func TestCampaignsReach(t *testing.T) {
	set := loadShipped(t, DefaultConfig())
	var scores [Harms]Score
	for name, departs := range campaigns {
		h, _ := ParseHarm(name[:strings.Index(name, ":")])
		v := person(t, departs)
		set.Score(&v, &scores)
		if scores[h].Value < action {
			t.Errorf("%s: %.3f%s", name, scores[h].Value, said(set, h, v))
		}
	}
}

// feedbackOfOthers is what others can do to an account by themselves, however many they are.
var feedbackOfOthers = values{"blocks_30d": 200, "reports_30d": 200, "reports_weighted_30d": 10, "block_share_30d": 200, "minors_blocked_14d": 50}

// TestReportsAloneRaiseNoAlert: however often innocents are reported and blocked, they stay below for every harm.
func TestReportsAloneRaiseNoAlert(t *testing.T) {
	set := loadShipped(t, DefaultConfig())
	var before, after [Harms]Score
	rose := 0
	for name, departs := range innocents {
		mobbed := maps.Clone(departs)
		maps.Copy(mobbed, feedbackOfOthers)
		v, w := person(t, departs), person(t, mobbed)
		set.Score(&v, &before)
		set.Score(&w, &after)
		for h := range Harm(Harms) {
			if after[h].Margin > before[h].Margin {
				rose++
			}
			if after[h].Value >= action {
				t.Errorf("%s, mobbed: %s %.3f%s", name, h, after[h].Value, said(set, h, w))
			}
		}
	}
	if rose < len(innocents) {
		t.Errorf("feedback counts for nothing: only %d margins rose", rose)
	}
}

// TestUnknownIsNeutral: an account of which nothing is known is far from every threshold, and forgetting any one
// feature of an innocent takes it over none.
func TestUnknownIsNeutral(t *testing.T) {
	set := loadShipped(t, DefaultConfig())
	var scores [Harms]Score
	v := vector(t, nil)
	set.Score(&v, &scores)
	for h := range Harm(Harms) {
		if scores[h].Value > 0.3 {
			t.Errorf("nothing known: %s %.3f", h, scores[h].Value)
		}
	}
	for name, departs := range innocents {
		for feature := range quiet {
			forgets := maps.Clone(departs)
			forgets[feature] = -100
			v := person(t, forgets)
			set.Score(&v, &scores)
			for h := range Harm(Harms) {
				if scores[h].Value >= action {
					t.Errorf("%s without %s: %s %.3f%s", name, feature, h, scores[h].Value, said(set, h, v))
				}
			}
		}
	}
}

// TestGatesStandAgainstAnySum: with one gate of the grooming card closed no combination of the other features comes
// to the threshold, guards included.
func TestGatesStandAgainstAnySum(t *testing.T) {
	set := loadShipped(t, DefaultConfig())
	r := rand.New(rand.NewPCG(9, 10))
	var scores [Harms]Score
	closed, open := 0, 0
	tied, _ := features.Index("minors_no_mutual_share_14d")
	for range 50_000 {
		v := randomVector(r)
		v.X[tied] = 0.1
		set.Score(&v, &scores)
		if scores[Grooming].Value >= action {
			closed++
		}
		v.X[tied] = 0.95
		set.Score(&v, &scores)
		if scores[Grooming].Value >= action {
			open++
		}
	}
	if closed != 0 || open == 0 {
		t.Errorf("at the threshold: %d with ties to the minors, %d without", closed, open)
	}
}

// said lists an explanation, one contribution a line.
func said(set *Set, h Harm, v features.Vector) string {
	var b strings.Builder
	reasons := set.Explain(h, &v, nil)
	for _, r := range Top(reasons, len(reasons)) {
		b.WriteString("\n\t" + formatted(&r))
	}
	return b.String()
}
