package features

import (
	"testing"

	"github.com/unopened/unopened/ingest"
)

func TestVolume(t *testing.T) {
	w := newWorld(t)
	for range 4 {
		w.do(ingest.Message, 1, 2)
	}
	w.do(ingest.Message, 1, -1, func(ev *ingest.Event) { ev.Kind = ingest.Group })
	w.do(ingest.Login, 1, -1)
	w.want(1, "sent_1m", 5)
	w.want(2, "received_1d", 4)
	w.now += 60 * second
	w.do(ingest.Message, 2, 1)
	w.want(1, "sent_1m", 2.5)
	w.want(1, "sent_10m", float32(5*exact(60*second, tenMinutes)))
	w.want(1, "received_7d", 1)
	w.want(2, "sent_7d", 1)
	w.want(1, "contacts", 1)
}

func TestRhythm(t *testing.T) {
	w := newWorld(t)
	for range 200 { // a clock
		w.do(ingest.Message, 1, 2)
		w.now += 10 * second
	}
	w.want(1, "gap_burstiness", -1)
	w.want(1, "active_hours_7d", 1)
	w.want(1, "night_share_7d", 0.075)
	if got := w.value(1, "rate_surprise_1h"); got < 4 {
		t.Errorf("rate_surprise_1h = %v after a first burst", got)
	}
	if peak, now := w.value(1, "peak_minute_1d"), w.value(1, "sent_1m"); peak < 8 || now < 8 {
		t.Errorf("peak %v, now %v", peak, now)
	}
	w.now += hourMs
	w.do(ingest.Message, 1, 2)
	if peak, now := w.value(1, "peak_minute_1d"), w.value(1, "sent_1m"); peak < 8 || now > 1.01 {
		t.Errorf("an hour later peak %v, now %v", peak, now)
	}
	w.want(1, "active_hours_7d", 2)
	w.now += 14 * hourMs // 3 o'clock
	w.do(ingest.Message, 1, 2)
	w.want(1, "night_share_7d", 1.15/4)
	w.now += 28 * dayMs
	w.do(ingest.Message, 1, 2)
	w.want(1, "active_hours_7d", 1)

	for range 100 { // bursts
		for range 10 {
			w.do(ingest.Message, 5, 2)
			w.now += second
		}
		w.now += 10 * hourMs
	}
	if got := w.value(5, "gap_burstiness"); got < 0.2 {
		t.Errorf("bursts have burstiness %v", got)
	}
	w.want(2, "gap_burstiness", nan)
}

func TestLifecycle(t *testing.T) {
	w := newWorld(t)
	w.do(ingest.AccountRegistered, 1, -1)
	w.want(1, "hours_to_outreach", nan)
	w.now += 2 * hourMs
	w.do(ingest.Message, 1, 2)
	w.want(1, "hours_to_outreach", 2)
	w.want(1, "age_days", 2./24)
	w.want(2, "age_days", nan)
	w.want(1, "events_first_hour", 1)
	w.want(1, "dormancy_days", 2./24)
	w.now += 10 * dayMs
	w.do(ingest.Message, 1, 2)
	w.want(1, "dormancy_days", 10)
	w.now += dayMs
	w.do(ingest.Message, 1, 2)
	w.want(1, "dormancy_days", 5)

	made := func(ev *ingest.Event) {
		ev.Created, ev.Has = uint16(w.now/dayMs-100), ev.Has|ingest.FieldActorCreated
	}
	w.do(ingest.Message, 3, 2, made)
	w.want(3, "age_days", 100+float32(w.now%dayMs)/float32(dayMs))
	w.want(3, "hours_to_outreach", 24*(100+float32(w.now%dayMs)/float32(dayMs)))
}

func TestPlacesAnswer(t *testing.T) {
	w := newWorld(t)
	device, network := who(900), who(901)
	login := func(account int, typ ingest.Type) {
		ev := w.raw(typ, account, -1)
		place(7, 8)(&ev)
		w.tell(ev)
		for s, subject := range map[ingest.Side]ingest.SubjectID{ingest.SideDevice: device, ingest.SideNetwork: network} {
			at := ev
			at.Subject, at.Peer, at.Side = subject, ev.Subject, s
			if got := w.table.Observe(&at, &w.v); got != nil {
				t.Fatal("a place's side has an account")
			}
			w.drain()
		}
	}
	w.do(ingest.Login, 50, -1)
	w.want(50, "accounts_on_device_7d", nan)
	for i := range 12 {
		login(i, ingest.AccountRegistered)
		login(i, ingest.Login)
	}
	login(40, ingest.LoginFailed)
	w.want(11, "accounts_on_device_7d", 12)
	w.want(11, "accounts_on_network_1d", 12)
	w.want(0, "accounts_on_device_7d", 1)
	w.want(40, "accounts_on_device_7d", nan)
	w.now += 36 * hourMs
	login(11, ingest.Login)
	w.want(11, "accounts_on_device_7d", 12)
	w.want(11, "accounts_on_network_1d", 6) // half of the day before is left
	for i := range 300 {
		login(100+i, ingest.Login)
	}
	if got := w.value(399, "accounts_on_device_7d"); got < 280 || got > 345 {
		t.Errorf("312 accounts are estimated as %v", got)
	}
}

func TestOutreach(t *testing.T) {
	w := newWorld(t)
	w.do(ingest.Message, 9, 1)                                  // 9 wrote first: answering is no first contact
	w.do(ingest.Message, 1, 9)                                  //
	w.do(ingest.Message, 1, 2, relation(ingest.Stranger))       // no tie
	w.do(ingest.Message, 1, 2)                                  // known by now
	w.do(ingest.ContactRequest, 1, 3, relation(ingest.Mutual))  // a tie
	w.do(ingest.Call, 1, 4, relation(ingest.OneWay), groups(2)) // a tie by groups
	w.do(ingest.Message, 1, 5, groups(0))                       // none
	w.do(ingest.GroupAdd, 1, 6)                                 // no contact
	w.do(ingest.GroupJoin, 1, -1)                               //
	w.tell(func() ingest.Event { ev := w.raw(ingest.Message, 1, -1); ev.Kind = ingest.Channel; return ev }())
	w.want(1, "first_contacts_1h", 4)
	w.want(1, "first_contacts_1d", 4)
	w.want(1, "first_contacts_7d", 4)
	w.want(1, "novelty_share_7d", 4.2/7)
	w.want(1, "self_initiated_share_7d", 4.5/6)
	w.want(1, "stranger_share_7d", 1.2/4)
	w.want(1, "no_mutual_share_7d", 2.3/5)
	w.want(1, "contacts", 5)
	w.want(1, "group_adds_1d", 1)
	w.want(1, "groups_joined_7d", 1)
	w.want(9, "first_contacts_1d", 1)
	w.want(9, "self_initiated_share_7d", 1.5/2)
	w.want(2, "first_contacts_1d", 0)
}

// Each new sender of a brigade hears how many others came within the hour; a lone one does not.
func TestRecipientAnswers(t *testing.T) {
	w := newWorld(t)
	for i := range 30 {
		w.do(ingest.Message, 10+i, 1)
		w.now += 10 * second
	}
	w.do(ingest.Message, 50, 2)
	if got := w.value(39, "recipient_new_senders_1h"); got < 24 || got > 29 {
		t.Errorf("the thirtieth heard of %v others", got)
	}
	if got := w.value(39, "recipient_burst_1h"); got < 2.9 {
		t.Errorf("burst %v", got)
	}
	w.want(10, "recipient_new_senders_1h", 0)
	w.want(50, "recipient_burst_1h", 0)
	w.want(39, "crowd_unanswered_1d", 1)
	w.want(10, "crowd_unanswered_1d", 0) // when it wrote there was no crowd yet

	w.do(ingest.Message, 10, 1) // the first to come hears of the crowd when it writes again
	if got := w.value(10, "recipient_new_senders_1h"); got < 24 || got > 29 {
		t.Errorf("the first heard of %v others", got)
	}
	w.want(10, "crowd_unanswered_1d", 2)
	w.do(ingest.Message, 50, 2)
	w.do(ingest.Message, 50, 2)
	w.want(50, "crowd_unanswered_1d", 0) // alone, however often
	w.do(ingest.Message, 1, 11)
	w.do(ingest.Message, 11, 1)
	w.do(ingest.Message, 11, 1)
	w.want(11, "crowd_unanswered_1d", 0) // it was answered
}

func TestConsent(t *testing.T) {
	w := newWorld(t)
	w.do(ingest.Message, 1, 2)
	w.do(ingest.Message, 1, 3)
	w.do(ingest.Message, 2, 1)
	w.do(ingest.Message, 2, 1) // counts once
	w.want(1, "unanswered_streak", 0)
	w.want(1, "reply_share_7d", 1.6/3)
	for range 5 {
		w.do(ingest.Message, 1, 3)
	}
	w.want(1, "unanswered_to_one_7d", 6)
	w.want(1, "top_dyad_share_7d", 6.4/8)
	w.do(ingest.ContactRequest, 1, 4)
	w.do(ingest.ContactRequest, 1, 5)
	w.do(ingest.ContactDecline, 4, 1)
	w.do(ingest.ContactAccept, 5, 1)
	w.want(1, "requests_7d", 2)
	w.want(1, "decline_share_7d", 1.2/3)
	w.want(1, "reply_share_7d", 2.6/5)
	w.do(ingest.Message, 1, 6)
	w.do(ingest.Call, 1, 7, says(ingest.FieldAnswered, true))
	w.want(1, "unanswered_streak", 0) // who takes a call replies
	w.do(ingest.Message, 1, 8)
	w.want(1, "unanswered_streak", 1)
	w.do(ingest.Block, 3, 1)
	w.do(ingest.Message, 1, 3)
	w.do(ingest.Message, 1, 3)
	w.do(ingest.Unblock, 3, 1)
	w.do(ingest.Message, 1, 3)
	w.want(1, "sends_after_block_7d", 2)
	w.want(2, "inbound_first_share_7d", 2.5/3)
	w.want(1, "inbound_first_share_7d", 0.5/15)
	w.want(1, "in_out_balance_7d", 2.5/17)
	w.want(8, "reply_share_7d", nan)
}

func TestReplyWeighsWhatItsFirstContactDoes(t *testing.T) {
	w := newWorld(t)
	for i := range 4 {
		w.do(ingest.Message, 1, 10+i)
	}
	w.now += 7 * dayMs
	for i := range 4 {
		w.do(ingest.Message, 10+i, 1)
	}
	w.want(1, "reply_share_7d", 2.6/3)
}

func TestAgegap(t *testing.T) {
	w := newWorld(t)
	adult := ages(ingest.Age35to49, ingest.Age13to15)
	w.do(ingest.Message, 1, 2, adult, relation(ingest.Stranger))
	w.do(ingest.Message, 1, 3, adult, groups(1))
	w.do(ingest.Message, 1, 4, adult)
	w.do(ingest.Message, 1, 5, ages(ingest.Age35to49, ingest.Age50Up))
	w.do(ingest.Message, 1, 6)
	w.do(ingest.Message, 1, 2, adult)
	w.want(1, "minors_first_contacts_1d", 3)
	w.want(1, "minors_first_contacts_14d", 3)
	w.want(1, "minor_share_14d", 3.1/5)
	w.want(1, "minors_no_mutual_share_14d", 1.3/3)
	w.want(1, "band_gap_14d", 6-(2+2+2+7)/4.)
	w.do(ingest.Message, 2, 1)
	w.want(1, "minors_reply_share_14d", 1.6/4)
	w.do(ingest.Block, 3, 1)
	w.do(ingest.Report, 4, 1)
	w.do(ingest.Block, 5, 1)
	w.want(1, "minors_blocked_14d", 2)
	w.want(6, "minors_first_contacts_1d", nan)
}

func TestEscalation(t *testing.T) {
	w := newWorld(t)
	image := func(ev *ingest.Event) { ev.Media, ev.Has = ingest.MediaImage, ev.Has|ingest.FieldMedia }
	forward := func(n uint8) func(*ingest.Event) {
		return func(ev *ingest.Event) { ev.Forwards, ev.Has = n, ev.Has|ingest.FieldForwards }
	}
	w.do(ingest.Message, 1, 2, image)
	w.do(ingest.Message, 1, 2, image)
	w.do(ingest.Message, 2, 1)
	w.do(ingest.Message, 1, 2, image) // not to a stranger any more
	w.do(ingest.Message, 3, 1)
	w.do(ingest.Message, 1, 3, image) // 3 wrote first
	w.want(1, "media_to_strangers_1d", 2)
	w.do(ingest.Message, 1, 2, says(ingest.FieldDisappearing, true))
	w.do(ingest.Message, 1, 2, says(ingest.FieldDisappearing, false))
	w.want(1, "disappearing_share_7d", 1.1/3)
	w.do(ingest.Call, 1, 2, says(ingest.FieldAnswered, false))
	w.do(ingest.Call, 1, 2, says(ingest.FieldAnswered, true))
	w.want(1, "unanswered_calls_1d", 1)
	w.do(ingest.Message, 1, 2, forward(0))
	w.do(ingest.Message, 1, 2, forward(1))
	w.do(ingest.Message, 1, 2, forward(5))
	w.want(1, "forwards_1d", 2)
	w.want(1, "big_forwards_1d", 1)
}
