package features

import (
	"bytes"
	"testing"

	"github.com/unopened/unopened/ingest"
)

// Who had to make room and comes back is no newcomer: what others said of it, since when it is known and its devices go on,
// fading meanwhile. One who had only logged in begins anew.
func TestSummarySurvives(t *testing.T) {
	w := newWorld(t)
	w.table = New(Config{MemoryMiB: 1})
	w.do(ingest.AccountRegistered, 1, -1)
	w.do(ingest.AccountRegistered, 4, -1)
	w.do(ingest.Message, 1, 2, place(1, 1))
	w.do(ingest.Block, 2, 1)
	w.do(ingest.Block, 3, 1)
	w.table.Account(who(1)).place(&values{placeWhich: placeDevice, placeAccounts: 9})
	w.want(1, "accounts_on_device_7d", 9)
	before := w.value(1, "blocks_30d")
	for i := range 10000 {
		w.now += 10 * second
		for range 4 { // with as much as the one that is to go has done
			w.do(ingest.Login, 10+i, -1)
		}
	}
	if w.table.Account(who(1)) != nil || w.table.Account(who(4)) != nil {
		t.Fatal("nothing was evicted: the test shows nothing")
	}
	w.do(ingest.Message, 1, 5, place(7, 1))
	w.do(ingest.Login, 4, -1)
	days := float32(w.now-noon) / float32(dayMs)
	w.want(1, "age_days", days)
	w.want(1, "blocks_30d", before*fade(int64(days*ticksEach/30)))
	w.want(1, "new_device_hours", 0) // it had another device
	w.want(1, "accounts_on_device_7d", nan)
	w.want(1, "dormancy_days", days)
	w.want(4, "age_days", nan)
	if events := w.table.Account(who(1)).Events; events != 5 {
		t.Errorf("%d events, want 5", events)
	}
	if n := w.table.summaries.live(); n == 0 {
		t.Error("2 and 3 have left no summary")
	}
	w.table.Control(&ingest.Event{Type: ingest.Erase, Side: ingest.SideControl, Subject: who(3), At: w.now})
	if mentions(t, w.table, who(3)) != 0 {
		t.Error("an erased account's summary is left")
	}
}

// Summaries take an eighth of the ceiling at most; those idle for longest go.
func TestSummariesAreBounded(t *testing.T) {
	w := newWorld(t)
	w.table = New(Config{MemoryMiB: 1})
	for i := range 20000 {
		w.now += second
		w.do(ingest.GroupCreate, i, -1)
		if size := w.table.summaries.size(); size > 1<<20/8 {
			t.Fatalf("summaries take %d bytes", size)
		}
	}
	last := 19999
	for w.table.Account(who(last)) != nil {
		last--
	}
	has := func(n int) bool {
		id := who(n)
		_, ok := w.table.summaries.find(&id)
		return ok
	}
	if w.table.summariesForgotten == 0 || has(0) || !has(last) {
		t.Errorf("%d forgotten; the first one's is there: %v, that of the last one evicted: %v", w.table.summariesForgotten, has(0), has(last))
	}
}

// An account of which only stamps tell leaves no summary: it has no event to go on from. What is left can be restored, and
// accounts are counted right when they come after all.
func TestStampsAloneLeaveNoSummary(t *testing.T) {
	w := newWorld(t)
	w.table = New(Config{MemoryMiB: 1})
	for i := range 5000 {
		w.now += second
		w.table.ApplyStamp(&ingest.Stamp{Kind: ingest.StampReport, Subject: who(i), From: who(10_000 + i), At: w.now}, &w.v)
		w.do(ingest.GroupCreate, 20_000+i, -1)
	}
	if w.table.evicted == 0 || w.table.summaries.live() == 0 {
		t.Fatal("nothing was evicted: the test shows nothing")
	}
	var b bytes.Buffer
	if err := w.table.Snapshot(&b, 1, 1); err != nil {
		t.Fatal(err)
	}
	if err := New(w.table.cfg).Restore(&b, true, true); err != nil {
		t.Error(err)
	}
	for i := range 5000 {
		w.now += second
		w.do(ingest.GroupCreate, i, -1)
	}
	live := 0
	w.table.Each(func(*Account) { live++ })
	if live != w.table.Len() {
		t.Errorf("%d accounts with events, counted as %d", live, w.table.Len())
	}
}
