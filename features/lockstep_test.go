package features

import (
	"testing"

	"github.com/unopened/unopened/ingest"
)

// Two accounts that turn to the same one target a week do not act in lockstep, however long they go on; with three targets
// in the same hours they do.
func TestOneTargetAWeekIsNoLockstep(t *testing.T) {
	for targets, want := range map[int]float32{1: 0, 3: 1} {
		w := newWorld(t)
		for week := range 6 {
			for i := range targets {
				w.do(ingest.Message, 1, 100+10*week+i)
				w.do(ingest.Message, 2, 100+10*week+i)
			}
			w.now += weekMs
		}
		w.now -= weekMs
		w.do(ingest.Message, 2, 1)
		w.want(2, "lockstep_accounts_7d", want)
	}
}

// The bands take turns however much an account does.
func TestBandsTakeTurns(t *testing.T) {
	w := newWorld(t)
	var asked [bands]int
	for i := range 600 {
		ev := w.raw(ingest.Message, 1, 100+i)
		w.table.Observe(side(ev, ingest.SideActed), &w.v)
		f := &w.table.reachOf(w.table.Account(who(1))).lockstep
		for _, st := range w.table.Stamps {
			for b := range bands {
				if i >= 500 && st.Subject == ingest.GroupSubject(f.band(b)) {
					asked[b]++
				}
			}
		}
		w.drain()
	}
	if asked != [bands]int{50, 50} {
		t.Errorf("of 100 times the bands were asked %d", asked)
	}
}

// Who reports one account again and again has turned to one target, however often.
func TestReportsOfOneAreOneItem(t *testing.T) {
	for targets, want := range map[int]float32{1: 0, 3: 1} {
		w := newWorld(t)
		for i := range 6 {
			w.do(ingest.Report, 1, 100+i%targets)
			w.do(ingest.Report, 2, 100+i%targets)
		}
		w.want(2, "lockstep_accounts_7d", want)
	}
}
