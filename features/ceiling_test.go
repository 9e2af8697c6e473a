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
	n      int   // size of the attack
	seen   int   // subjects named so far
	acts   int   // acts so far
	every  int   // acts after which the heap is measured
	before int64 // what was reachable before there was a table
	bytes  int64 // the most that was in use
	heap   int64 // the most that the table was found to hold
}

// next names a subject that was not named before.
func (a *attacked) next() int { a.seen++; return a.seen }

// fill has quiet accounts come until little room is left.
func (a *attacked) fill() {
	for a.table.Bytes() < a.table.cfg.MemoryMiB<<20*15/16 {
		a.do(ingest.Login, a.next(), -1)
	}
}

// do has an account act.
func (a *attacked) do(typ ingest.Type, from, to int) {
	a.world.do(typ, from, to)
	a.measure()
}

// measure measures what is in use, and now and then the heap.
func (a *attacked) measure() {
	a.bytes = max(a.bytes, a.table.Bytes())
	if a.acts++; a.every > 0 && a.acts%a.every == 0 {
		a.heap = max(a.heap, reachable()-a.before)
	}
}

// attacks press on the ceiling, each where the state grows by another part.
var attacks = []struct {
	name   string
	least  int64 // part of the ceiling that it must reach, for the test to show anything
	attack func(*attacked)
}{
	{"fresh accounts", 2, func(a *attacked) {
		for range a.n {
			a.do(ingest.Login, a.next(), -1)
			a.now++
		}
	}},
	{"fresh accounts that write to each other", 2, func(a *attacked) {
		for range a.n / 2 {
			a.do(ingest.Message, a.next(), a.next())
			a.now++
		}
	}},
	{"one writes to all", 2, func(a *attacked) {
		for range a.n {
			a.do(ingest.Message, 0, a.next())
			a.now++
		}
	}},
	{"all write to one", 2, func(a *attacked) {
		for range a.n {
			a.do(ingest.Message, a.next(), 0)
			a.now++
		}
	}},
	{"one logs in from ever new devices and networks", 5, func(a *attacked) {
		a.do(ingest.Login, 0, -1)
		for range a.n {
			a.place(ingest.SideDevice, a.next())
			a.place(ingest.SideNetwork, a.next())
			a.now++
		}
	}},
	{"quiet accounts all begin to write", 2, func(a *attacked) {
		a.fill()
		for i := 2; i < a.seen; i += 2 {
			a.do(ingest.Message, i, i+1)
		}
	}},
	{"quiet accounts fill it, and one logs in from ever new devices", 2, func(a *attacked) {
		a.fill()
		for range a.n / 4 {
			a.place(ingest.SideDevice, a.next())
			a.now++
		}
	}},
	{"the contacts of all grow", 2, func(a *attacked) {
		all := int(a.table.cfg.MemoryMiB << 20 / 1200)
		for round := 1; round < 16; round++ {
			for i := range all {
				a.do(ingest.Message, i, (i+round)%all)
			}
		}
	}},
	{"all are suspects", 2, func(a *attacked) {
		for range a.n {
			a.do(ingest.Login, a.next(), -1)
			a.table.Account(who(a.seen)).Memo[0] = suspicion
			a.now++
		}
	}},
}

// TestCeilingUnderAttack has multitudes of cheap acts press on the ceiling. Bytes and the
// heap stay within it and an overhead at all times: a 32nd that may have grown since the last sweep; 15 % for what is reserved until the
// table is made compact (an eighth, and index that is to shrink then), and half a segment for each slab. The short form has 4 MiB
// and 60,000 acts in place of 64 MiB and 10 million.
func TestCeilingUnderAttack(t *testing.T) {
	for _, c := range attacks {
		t.Run(c.name, func(t *testing.T) {
			a := &attacked{world: newWorld(t), n: 60_000, every: 1000}
			cfg := Config{MemoryMiB: 4}
			if soaking {
				a.n, a.every, cfg.MemoryMiB = 10_000_000, 20_000, 64
			}
			a.before = reachable()
			a.table = New(cfg)
			c.attack(a)
			ceiling := cfg.MemoryMiB << 20
			gone, contacts := a.table.Evicted()
			t.Logf("ceiling %d, bytes %d and heap %d at most, %d at the end; %d accounts and %d contacts gone", ceiling, a.bytes, a.heap, reachable()-a.before, gone, contacts)
			slabs := int64(len(a.table.slabs()) * segmentBytes / 2)
			if a.bytes > ceiling+ceiling/32 || a.heap > ceiling*23/20+slabs {
				t.Error("above the ceiling")
			}
			if a.bytes < ceiling/c.least {
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
	a.measure()
}
