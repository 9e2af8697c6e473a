package features

import (
	"math"
	"testing"

	"github.com/unopened/unopened/ingest"
)

func TestFeedback(t *testing.T) {
	w := newWorld(t)
	for range 3 { // one a peer, however often
		w.do(ingest.Block, 2, 1)
		w.do(ingest.Unblock, 2, 1)
		w.do(ingest.Report, 2, 1)
		w.do(ingest.Report, 3, 1)
	}
	w.want(1, "blocks_30d", 1)
	w.want(1, "reports_30d", 2)
	w.want(3, "reports_made_7d", 3)
	w.want(1, "block_share_30d", 3.02/2)
	hidden := w.raw(ingest.Report, 4, 5)
	hidden.Flip()
	hidden.Side, hidden.Peer = ingest.SideReceived, ingest.SubjectID{}
	for range 3 {
		w.table.Observe(&hidden, &w.v)
		w.now += dayMs
		hidden.At = w.now
	}
	w.table.Observe(&hidden, &w.v)
	w.want(5, "reports_30d", 1)

	label := func(c ingest.Category, v ingest.LabelVerdict) {
		ev := ingest.Event{Type: ingest.Label, Side: ingest.SideReceived, Subject: who(1), At: w.now, Category: c, Verdict: v}
		w.table.Observe(&ev, &w.v)
	}
	label(ingest.Spam, ingest.Abusive)
	label(ingest.Spam, ingest.Abusive)
	label(ingest.Other, ingest.Abusive)
	label(ingest.Grooming, ingest.Benign)
	w.want(1, "labels_abusive", 2)
	w.want(1, "labels_benign", 1)
	label(ingest.Spam, ingest.Benign)
	label(ingest.Other, ingest.Withdrawn)
	w.want(1, "labels_abusive", 0)
	w.want(1, "labels_benign", 2)
}

// 200 fresh accounts that do nothing but report weigh less than two old ones that were written to.
func TestReportsAreWeighed(t *testing.T) {
	w := newWorld(t)
	old := func(ev *ingest.Event) {
		ev.PeerCreated, ev.Has = uint16(w.now/dayMs-500), ev.Has|ingest.FieldTargetCreated
	}
	verified := says(ingest.FieldVerified, true)
	for i := range 2 {
		for j := range 5 {
			w.do(ingest.Message, 10+i, 20+j)
		}
		w.do(ingest.Message, 20+i, 10+i) // a dialogue each, so that the two belong to different communities
		w.do(ingest.Message, 1, 10+i, old)
		w.do(ingest.Report, 10+i, 1, verified)
		w.do(ingest.Report, 10+i, 1, verified)
	}
	w.want(1, "reports_weighted_30d", 2./1.2)
	for i := range 200 {
		w.do(ingest.AccountRegistered, 1000+i, -1)
		for range 5 {
			w.do(ingest.Report, 1000+i, 2)
		}
	}
	w.want(2, "reports_30d", 200)
	if got := w.value(2, "reports_weighted_30d"); got > 1.5 {
		t.Errorf("200 fresh reporters weigh %v", got)
	}
}

// A mutual relation makes an old contact of a peer that the table has never seen; no other does.
func TestOldContactsByRelation(t *testing.T) {
	w := newWorld(t)
	for i := range 6 {
		w.do(ingest.Message, 1, 10+i, relation(ingest.Mutual))
		w.do(ingest.Message, 1, 10+i, relation(ingest.Mutual)) // nothing between them for an hour: only the first
		w.do(ingest.Message, 2, 10+i, relation(ingest.OneWay))
		w.do(ingest.Message, 3, 10+i)
	}
	w.want(1, "old_contact_fanout_10m", 6)
	w.want(2, "old_contact_fanout_10m", 0)
	w.want(3, "old_contact_fanout_10m", 0)
}

func TestTakeover(t *testing.T) {
	w := newWorld(t)
	for i := range 8 { // old contacts, over four days at noon
		w.do(ingest.Message, 10+i, 1)
		w.do(ingest.Message, 1, 10+i, place(1, 1))
	}
	for range 20 {
		w.now += dayMs
		w.do(ingest.Message, 1, 10, place(1, 1))
		w.do(ingest.Message, 1, 11, place(1, 2))
	}
	w.want(1, "new_device_hours", nan)
	w.want(1, "old_contact_fanout_10m", 2)
	if got := w.value(1, "hour_surprise"); got > -1 {
		t.Errorf("at its usual hour the surprise is %v", got)
	}
	w.now += 15 * hourMs
	for range 3 {
		w.do(ingest.LoginFailed, 1, -1, place(66, 66))
	}
	w.want(1, "login_failed_1h", 3)
	w.want(1, "new_device_hours", nan) // who failed is not the account
	for i := range 8 {
		w.do(ingest.Message, 1, 10+i, place(66, 66))
		w.do(ingest.Message, 1, 10+i, place(66, 66))
	}
	w.want(1, "old_contact_fanout_10m", 8)
	w.want(1, "fanout_surprise", float32(math.Log(9./3)))
	w.want(1, "new_network_1d", 1)
	if got := w.value(1, "hour_surprise"); got < 0.5 {
		t.Errorf("at a new hour the surprise is %v", got)
	}
	w.now += 2 * hourMs
	w.do(ingest.Message, 10, 1)
	w.want(1, "new_device_hours", 2)
	w.now += 60 * dayMs
	for range 24 { // neither ends its sleep nor counts as an act of its first hour
		w.do(ingest.LoginFailed, 1, -1, place(66, 66))
		w.now += hourMs
	}
	w.do(ingest.Login, 1, -1, place(66, 66))
	w.want(1, "dormancy_days", 61+2./24)
	w.do(ingest.LoginFailed, 99, -1)
	w.want(99, "events_first_hour", 0)
	w.want(1, "new_country_1d", nan)
}
