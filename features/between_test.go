package features

import (
	"testing"

	"github.com/unopened/unopened/ingest"
)

// flood has an account hear of so many strangers that whom it knows leave but a trace.
func (w *world) flood(account int) {
	for i := range 80 {
		w.do(ingest.Message, 5000+i, account)
	}
	w.now += 60 * dayMs
	for i := range 80 {
		w.do(ingest.Message, 6000+i, account)
	}
}

// Who unblocks after only a trace is left of it blocks no longer.
func TestUnblockReachesATrace(t *testing.T) {
	for unblocks, want := range map[bool]float32{false: 1, true: 0} {
		w := newWorld(t)
		w.do(ingest.Message, 1, 2)
		w.do(ingest.Block, 2, 1)
		w.flood(1)
		if unblocks {
			w.do(ingest.Unblock, 2, 1)
			w.flood(1)
		}
		w.do(ingest.Message, 1, 2)
		w.want(1, "sends_after_block_7d", want)
	}
}

// A report that comes before its side knows who comes back from a trace: a reply to so old a contact weighs nothing.
func TestReportBeforeItsSide(t *testing.T) {
	w := newWorld(t)
	w.do(ingest.Message, 1, 2)
	w.flood(1)
	w.do(ingest.Message, 1, 3)
	w.do(ingest.Message, 3, 1)
	st := ingest.Stamp{Kind: ingest.StampReport, Subject: who(1), From: who(2), At: w.now}
	w.table.ApplyStamp(&st, &w.v)
	w.do(ingest.Message, 2, 1)
	w.want(1, "reply_share_7d", 1.6/2)
}

// Who blocks and then reports is one complaint of one community, whatever its neighbours are by then, and its report weighs as
// if it had reported alone; that of another one of its community weighs a quarter.
func TestComplaintsCountOnceAPeer(t *testing.T) {
	weight := func(blocksFirst bool, others int) float32 {
		w := newWorld(t)
		w.do(ingest.Message, 1, 2)
		w.now += 30 * dayMs
		w.do(ingest.Message, 1, 2)
		for i := range others { // who have no neighbours either
			w.do(ingest.Block, 20+i, 1)
		}
		if blocksFirst {
			w.do(ingest.Block, 2, 1)
			w.do(ingest.Message, 2, 3)
			w.do(ingest.Message, 3, 2) // its community is another one now
		}
		w.do(ingest.Report, 2, 1)
		w.want(1, "complaint_sides_30d", 1)
		return w.value(1, "reports_weighted_30d")
	}
	alone, blocked, echo := weight(false, 0), weight(true, 0), weight(false, 1)
	if alone <= 0 || blocked < alone { // a dialogue more is traffic more
		t.Errorf("a report weighs %v, after a block %v", alone, blocked)
	}
	if echo > 0.27*alone || echo < 0.23*alone {
		t.Errorf("the second one of a community weighs %v, the first %v", echo, alone)
	}
}

// A call that is answered tells of no new session with one who had written: only what follows does.
func TestRekeyedIsTowardsThoseWhoHadWritten(t *testing.T) {
	w := newWorld(t)
	rekeyed := says(ingest.FieldSessionNew, true)
	w.do(ingest.Message, 1, 2, rekeyed)
	w.do(ingest.Call, 1, 2, rekeyed, says(ingest.FieldAnswered, true))
	w.want(1, "rekeyed_1d", 0)
	w.do(ingest.Message, 1, 2, rekeyed)
	w.want(1, "rekeyed_1d", 1)
	w.do(ingest.ContactAccept, 3, 4)
	w.do(ingest.Call, 3, 4, rekeyed, says(ingest.FieldAnswered, true))
	w.want(3, "rekeyed_1d", 0)
}

// A request to one who has written before, or who writes before it accepts, is no ignored one; a second acceptance is none.
func TestAcceptanceAfterAnAnswer(t *testing.T) {
	w := newWorld(t)
	w.do(ingest.Message, 2, 1)
	w.do(ingest.ContactRequest, 1, 2)
	w.do(ingest.ContactAccept, 2, 1)
	w.do(ingest.ContactAccept, 2, 1)
	w.do(ingest.ContactRequest, 1, 3)
	w.do(ingest.Message, 3, 1)
	w.do(ingest.ContactAccept, 3, 1)
	w.do(ingest.ContactRequest, 1, 4)
	w.do(ingest.ContactAccept, 4, 1)
	w.do(ingest.ContactRequest, 1, 5) // ignored
	w.want(1, "accept_share_7d", 3.6/5)
	w.want(1, "ignored_share_7d", 1.2/5)
}

// A report of one of whom only a trace is left weighs as one of somebody who wrote first, not as one of a stranger.
func TestReporterRemembersByATrace(t *testing.T) {
	weight := func(with func(*world)) float32 {
		w := newWorld(t)
		w.do(ingest.Message, 3, 2)
		with(w)
		w.do(ingest.Report, 2, 1)
		return w.value(1, "reports_weighted_30d")
	}
	stranger := weight(func(w *world) { w.flood(2) })
	wroteFirst := weight(func(w *world) { w.do(ingest.Message, 1, 2); w.flood(2) })
	if stranger <= 0 || wroteFirst < 3.9*stranger {
		t.Errorf("a report of one who wrote first weighs %v, of a stranger %v", wroteFirst, stranger)
	}
}

// An account evades a block of another one on its device, not its own.
func TestNobodyEvadesOwnBlock(t *testing.T) {
	w := newWorld(t)
	w.do(ingest.Report, 1, 2, place(7, 8)) // so that 2 knows the device of 1, who has not turned to it
	w.do(ingest.Block, 2, 1)
	w.do(ingest.Message, 1, 2, place(7, 8))
	w.do(ingest.Message, 3, 2, place(7, 9))
	w.want(1, "evasions_30d", 0)
	w.want(3, "evasions_30d", 1)
}

// Who unblocks an account blocks no other one of its device or network either; what it blocks beside goes on.
func TestUnblockForgivesTheDevice(t *testing.T) {
	w := newWorld(t)
	w.do(ingest.Message, 2, 1, place(7, 8))
	w.do(ingest.Message, 3, 1, place(9, 10))
	w.do(ingest.Block, 1, 2)
	w.do(ingest.Block, 1, 3)
	w.do(ingest.Unblock, 1, 2)
	w.do(ingest.Message, 4, 1, place(7, 8))
	w.do(ingest.Message, 5, 1, place(9, 10))
	w.want(4, "evasions_30d", 0)
	w.want(5, "evasions_30d", 1)
}

// Who writes first after a lull is in no burst; who comes with many is.
func TestLullIsNoBurst(t *testing.T) {
	w := newWorld(t)
	sender := 100
	from := func(n int) {
		for range n {
			sender++
			w.do(ingest.Message, sender, 1)
		}
	}
	for range 100 { // ten an hour, as at a support line
		from(10)
		w.now += hourMs
	}
	usual := w.value(sender, "recipient_midas_1h")
	w.now += 8 * hourMs
	from(1)
	w.want(sender, "recipient_midas_1h", 0)
	from(200)
	if got := w.value(sender, "recipient_midas_1h"); got < usual+3 {
		t.Errorf("in a burst the score is %v, in a usual hour %v", got, usual)
	}
}

// The first stranger whom a quiet account of old hears of is no burst by itself; one of a crowd there is.
func TestOneAloneIsNoBurst(t *testing.T) {
	w := newWorld(t)
	w.do(ingest.Message, 1, 2)
	w.now += 300 * dayMs
	w.do(ingest.Message, 3, 1)
	w.want(3, "recipient_midas_1h", 0)
	for n := range 10 {
		w.do(ingest.Message, 10+n, 1)
	}
	if got := w.value(19, "recipient_midas_1h"); got < 8 {
		t.Errorf("the last of a crowd hears of a score of %v", got)
	}
}

// A request declined weighs what the request does by then, as one accepted does, where it was the first contact; one to a peer
// of old counts as it is answered.
func TestAnswersWeighWhatRequestsDo(t *testing.T) {
	for typ, name := range map[ingest.Type]string{ingest.ContactAccept: "accept_share_7d", ingest.ContactDecline: "decline_share_7d"} {
		w := newWorld(t)
		w.do(ingest.ContactRequest, 1, 2)
		w.do(ingest.ContactRequest, 1, 3)
		w.now += weekMs
		w.do(typ, 2, 1)
		usual := map[ingest.Type]float32{ingest.ContactAccept: 0.6, ingest.ContactDecline: 0.2}[typ]
		w.want(1, name, (0.5+usual)/2)
		w.want(1, "ignored_share_7d", 0.7/2)

		w.do(ingest.Message, 4, 5)
		w.do(ingest.Message, 5, 4)
		w.now += 10 * weekMs
		w.do(ingest.ContactRequest, 4, 5)
		w.do(typ, 5, 4)
		w.want(4, name, (1+usual)/2)
		w.want(4, "ignored_share_7d", 0.2/2)
	}
}
