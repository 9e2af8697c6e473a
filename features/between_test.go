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
