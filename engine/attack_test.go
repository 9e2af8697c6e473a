package engine

import (
	"testing"

	"github.com/unopened/unopened/ingest"
	"github.com/unopened/unopened/ingest/simulate"
)

// seeded plays a simulated messenger, with n fresh accounts spread over its lines, and returns the truth about it.
func (f *flood) seeded(sc *simulate.Scenario, n int) []simulate.Account {
	sim := simulate.New(*sc)
	span := float64(sc.Days) * 24 * float64(hourMs)
	f.run(func() {
		for done := 0; ; {
			line, item, more := sim.Next(nil)
			if !more {
				return
			}
			f.line(line)
			for due := int(float64(n) * float64(item.At-sc.Start) / span); done < due; done++ {
				f.register(done, item.At)
			}
		}
	})
	return sim.Truth()
}

// TestFloodOfFreshAccounts registers a multitude of fresh accounts among the life of a messenger, at a ceiling that
// holds a small part of them: the ceiling holds, and recall on the messenger's abusers falls by at most a point. The short
// form has 60,000 fresh accounts in place of 10 million.
func TestFloodOfFreshAccounts(t *testing.T) {
	sc := simulate.Default()
	sc.Accounts, sc.Days, sc.Hostile, sc.Repeats, sc.Encoding = long(600, 7000), long(3, 7), 0, 0, ingest.Protobuf
	calm, rough := &flood{T: t}, &flood{T: t, MiB: long(int64(4), 64)}
	calm.seeded(&sc, 0)
	truth := rough.seeded(&sc, long(60_000, 10_000_000))
	rough.holds()
	all, missed := 0, 0
	for _, harm := range []string{"spam", "harassment", "grooming", "takeover"} {
		abusers, before, after := 0, 0, 0
		for _, a := range truth {
			if a.Harm != harm {
				continue
			}
			abusers++
			if calm.alerts[a.Account+" "+a.Harm] {
				before++
			}
			if rough.alerts[a.Account+" "+a.Harm] {
				after++
			}
		}
		t.Logf("%s: of %d abusers %d are alerted without the flood, %d with it", harm, abusers, before, after)
		if before == 0 {
			t.Errorf("%s: no abuser is alerted: the test shows nothing", harm)
		}
		if fell := before - after; fell > max(1, abusers/100) { // one account of a few is more than a point
			t.Errorf("%s: recall fell by %d of %d", harm, fell, abusers)
		}
		all, missed = all+abusers, missed+before-after
	}
	if float64(missed) > float64(all)/100 {
		t.Errorf("recall fell by %d of %d in all", missed, all)
	}
}

// attackAt is when the attacks below begin.
const attackAt = int64(1_750_000_000_000)

// strangers has an account write to so many strangers, one a minute, from the one with number first on, and returns the time after it.
func (f *flood) strangers(from ingest.SubjectID, first, n int, at int64) int64 {
	for i := range n {
		at += 60_000
		f.put(ingest.Message, at, from, fresh(1<<40+first+i))
	}
	return at
}

// flushed has an account that registers write to some strangers, then n fresh accounts register within 20 minutes, and then the
// account writes to more strangers.
func (f *flood) flushed(account ingest.SubjectID, before, n, after int) {
	f.only = account.String()
	f.run(func() {
		f.put(ingest.AccountRegistered, attackAt, account, ingest.SubjectID{})
		at := f.strangers(account, 0, before, attackAt)
		for i := range n {
			f.register(i, at+int64(i)*20*60_000/int64(n))
		}
		f.strangers(account, before, after, at+20*60_000)
	})
}

// TestFloodCannotEvictASuspect has a spammer stop short of the action threshold and flood the table with fresh accounts, so
// that its own history be evicted: it is kept, and alerted for what it does afterwards, which alone would not do. The short form
// has 20,000 fresh accounts in place of 10 million.
func TestFloodCannotEvictASuspect(t *testing.T) {
	const suspicious, innocent, more = 8, 5, 5
	spammer, n := fresh(1<<41), long(20_000, 10_000_000)
	stream := func(MiB int64, before, n, after int) *flood {
		f := &flood{T: t, MiB: MiB}
		f.flushed(spammer, before, n, after)
		return f
	}
	alert := spammer.String() + " spam"
	if f := stream(2, suspicious, 0, 0); f.score < 0.3 || f.alerts[alert] {
		t.Fatalf("score %.2f, alerts %v: this is no suspect below the action threshold", f.score, f.alerts)
	}
	if f := stream(2, 0, 0, more); f.alerts[alert] {
		t.Fatal("what it does afterwards would do alone: the test shows nothing")
	}
	if f := stream(2, suspicious, n, 0); f.gone == 0 || f.table.Account(spammer) == nil {
		t.Errorf("the suspect was evicted, as one of %d", f.gone)
	}
	if f := stream(2, suspicious, n, more); !f.alerts[alert] {
		t.Errorf("no alert after the flood, score %.2f", f.score)
	}
	if f := stream(2, innocent, n, 0); f.table.Account(spammer) != nil {
		t.Errorf("the control, an account of score %.2f, should have been evicted", f.score)
	}
	t.Run("from below", func(t *testing.T) {
		rest := suspicious + more - innocent - 1
		calm, f := &flood{T: t}, &flood{T: t, MiB: 2}
		calm.flushed(spammer, innocent, 0, rest)
		f.flushed(spammer, innocent, n, rest)
		if !calm.alerts[alert] {
			t.Fatalf("score %.2f without a ceiling: the test shows nothing", calm.score)
		}
		if !f.alerts[alert] {
			t.Errorf("who floods before it is a suspect begins anew: score %.2f in place of %.2f", f.score, calm.score)
		}
	})
}

// TestOneAccountWritesToMany has one account contact a multitude, which evicts its own contacts and other accounts: it is alerted as
// a spammer, and the ceiling holds. The short form has 50,000 contacts in place of 5 million.
func TestOneAccountWritesToMany(t *testing.T) {
	n := long(50_000, 5_000_000)
	spammer := fresh(1 << 41)
	f := &flood{T: t, MiB: long(int64(4), 64), only: spammer.String()}
	f.run(func() {
		f.put(ingest.AccountRegistered, attackAt, spammer, ingest.SubjectID{})
		for i := range n {
			f.put(ingest.Message, attackAt+int64(i)*24*hourMs/int64(n), spammer, fresh(i))
		}
	})
	f.holds()
	if f.dropped == 0 {
		t.Error("no contact was evicted: the test shows nothing")
	}
	if !f.alerts[spammer.String()+" spam"] || f.score < 0.9 || f.others > 0 {
		t.Errorf("alerts %v, score %.2f at the end, %d others alerted", f.alerts, f.score, f.others)
	}
	if f.table.Account(spammer).Events != uint32(n)+1 {
		t.Errorf("the spammer lost its own history: %d events", f.table.Account(spammer).Events)
	}
}

// TestManyAccountsWriteToOne has a multitude write to one account, once each. The one is not flagged. The short form has 50,000
// senders in place of 5 million.
func TestManyAccountsWriteToOne(t *testing.T) {
	n := long(50_000, 5_000_000)
	star := fresh(1 << 41)
	f := &flood{T: t, MiB: long(int64(4), 64), only: star.String()}
	f.run(func() {
		f.put(ingest.AccountRegistered, attackAt, star, ingest.SubjectID{})
		for i := range n {
			f.put(ingest.Message, attackAt+int64(i)*24*hourMs/int64(n), fresh(i), star)
		}
	})
	if len(f.alerts) > 0 {
		t.Errorf("the one to whom all write is alerted: %v", f.alerts)
	}
	for what, held := range map[string]bool{
		"the ceiling":                f.table.Bytes() <= f.MiB<<20+f.MiB<<15,
		"the history of the one":     f.table.Account(star).Events >= uint32(n),
		"a message is no harassment": f.others <= n/1000,
	} {
		if !held {
			t.Errorf("%s does not hold: %d MiB, %d bytes of state, %d senders alerted, %d events of the one left",
				what, f.MiB, f.table.Bytes(), f.others, f.table.Account(star).Events)
		}
	}
}
