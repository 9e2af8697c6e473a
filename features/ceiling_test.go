package features

import (
	"os"
	"runtime"
	"testing"

	"github.com/unopened/unopened/ingest"
)

// soaking asks for the long forms of tests (make soak).
var soaking = os.Getenv("UNOPENED_SOAK") != ""

// reachable is the heap that is reachable now.
func reachable() int64 {
	runtime.GC()
	runtime.GC() // what finalizers held over the first
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// attacked is a table under an attack.
type attacked struct {
	*world
	n    int // size of the attack
	seen int // subjects named so far
}

// next names a subject that was not named before.
func (a *attacked) next() int { a.seen++; return a.seen }

// TestCeilingUnderAttack has a multitude of cheap acts press on the ceiling, each where the state grows by another part. Bytes and the
// heap stay within it and an overhead: a 32nd that may have grown since the last sweep, a segment that is partly filled
// for each slab, and room kept for rows like those evicted: a quarter, and as much again where all that was there before was of another
// kind. The short form has 4 MiB and 60,000 acts in place of 64 MiB and 10 million.
func TestCeilingUnderAttack(t *testing.T) {
	for _, c := range []struct {
		name   string
		least  int64 // part of the ceiling that it must reach, for the test to show anything
		kept   int64 // quarters of the ceiling that may be kept beside what is used
		attack func(*attacked)
	}{
		{"fresh accounts", 2, 1, func(a *attacked) {
			for range a.n {
				a.do(ingest.Login, a.next(), -1)
				a.now++
			}
		}},
		{"fresh accounts that write to each other", 2, 1, func(a *attacked) {
			for range a.n / 2 {
				a.do(ingest.Message, a.next(), a.next())
				a.now++
			}
		}},
		{"one writes to all", 2, 1, func(a *attacked) {
			for range a.n {
				a.do(ingest.Message, 0, a.next())
				a.now++
			}
		}},
		{"all write to one", 2, 1, func(a *attacked) {
			for range a.n {
				a.do(ingest.Message, a.next(), 0)
				a.now++
			}
		}},
		{"one logs in from ever new devices and networks", 5, 1, func(a *attacked) {
			a.do(ingest.Login, 0, -1)
			for range a.n {
				a.place(ingest.SideDevice, a.next())
				a.place(ingest.SideNetwork, a.next())
				a.now++
			}
		}},
		{"quiet accounts all begin to write", 2, 4, func(a *attacked) {
			for a.table.Bytes() < a.table.cfg.MemoryMiB<<20*15/16 {
				a.do(ingest.Login, a.next(), -1)
			}
			for i := 2; i < a.seen; i += 2 {
				a.do(ingest.Message, i, i+1)
			}
		}},
		{"all are suspects", 2, 1, func(a *attacked) {
			for range a.n {
				a.do(ingest.Login, a.next(), -1)
				a.table.Account(who(a.seen)).Memo[0] = suspicion
				a.now++
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := &attacked{world: newWorld(t), n: 60_000}
			cfg := Config{MemoryMiB: 4}
			if soaking {
				a.n, cfg.MemoryMiB = 10_000_000, 64
			}
			before := reachable()
			a.table = New(cfg)
			c.attack(a)
			heap, bytes, ceiling := reachable()-before, a.table.Bytes(), cfg.MemoryMiB<<20
			gone, contacts := a.table.Evicted()
			t.Logf("ceiling %d, bytes %d, heap %d; %d accounts and %d contacts gone", ceiling, bytes, heap, gone, contacts)
			slabs := int64(len(a.table.slabs()) * segmentBytes)
			if bytes > ceiling+ceiling/32 || heap > ceiling+c.kept*ceiling/4+slabs {
				t.Error("above the ceiling")
			}
			if bytes < ceiling/c.least {
				t.Error("nothing pressed on the ceiling: the test shows nothing")
			}
			runtime.KeepAlive(a.table)
		})
	}
	free := &attacked{world: newWorld(t), n: 60_000}
	for range free.n {
		free.do(ingest.Login, free.next(), -1)
	}
	if free.table.Bytes() < 2*4<<20 {
		t.Errorf("the control, without a ceiling, has only %d bytes", free.table.Bytes())
	}
}

// place has account 0 come to a device or network.
func (a *attacked) place(side ingest.Side, n int) {
	a.table.Observe(&ingest.Event{Type: ingest.Login, Side: side, At: a.now, Subject: who(n), Peer: who(0)}, &a.v)
	a.drain()
}
