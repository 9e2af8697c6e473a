package features

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/unopened/unopened/ingest"
)

// Where rows lie depends on seeds and room; nothing that comes out may.
func TestLayoutDoesNotShow(t *testing.T) {
	sides := randomSides(3, 6000, 700)
	var want [16]byte
	var values []float32
	for i, cfg := range []Config{{}, {}, {Accounts: 1 << 20}} {
		table := New(cfg)
		var got []float32
		run(table, sides, func(_ *Account, v *Vector) { got = append(got, v.X...) })
		if i == 0 {
			want, values = table.Hash(), got
			continue
		}
		if table.Hash() != want {
			t.Errorf("table %d has another hash", i)
		}
		if !bytes.Equal(rawSlice(got), rawSlice(values)) {
			t.Errorf("table %d gave other values", i)
		}
	}
	short := New(Config{})
	run(short, sides[:len(sides)-1], nil)
	if short.Hash() == want {
		t.Error("the hash does not see the last event")
	}
}

// The hash is a sum: it sees each account's memo, places, and contact entries.
func TestHashSeesEverything(t *testing.T) {
	table := New(Config{})
	run(table, randomSides(4, 500, 20), nil)
	before := table.Hash()
	changed := func(what string, change, back func()) {
		t.Helper()
		change()
		if table.Hash() == before {
			t.Errorf("%s does not show in the hash", what)
		}
		back()
		if table.Hash() != before {
			t.Fatalf("%s could not be put back", what)
		}
	}
	a := table.Account(who(3))
	memo := a.Memo[2]
	changed("a memo", func() { a.Memo[2] = 0.5 }, func() { a.Memo[2] = memo })
	r := table.reachOf(a)
	changed("a counter of the reach", func() { r.streak++ }, func() { r.streak-- })
	block := table.blocks.entries(r.block)
	i := slices.IndexFunc(block, func(c Contact) bool { return c.peer != 0 })
	changed("a contact", func() { block[i].run ^= 1 << 15 }, func() { block[i].run ^= 1 << 15 })
	p := table.places.at(0)
	changed("a place", func() { p.Last++ }, func() { p.Last-- })
}

func TestSnapshotRefuses(t *testing.T) {
	table := New(Config{})
	run(table, randomSides(6, 600, 40), nil)
	var b bytes.Buffer
	if err := table.Snapshot(&b, 1, 1); err != nil {
		t.Fatal(err)
	}
	good := b.Bytes()
	for cut := range len(good) {
		if cut%97 == 0 && New(Config{}).Restore(bytes.NewReader(good[:cut]), true, true) == nil {
			t.Errorf("%d of %d bytes were taken", cut, len(good))
		}
	}
	if err := New(Config{}).Restore(bytes.NewReader(good), true, true); err != nil {
		t.Error(err)
	}
	other := bytes.Clone(good)
	other[8]++
	if err := New(Config{}).Restore(bytes.NewReader(other), true, true); !errors.Is(err, ErrLayout) || !strings.Contains(err.Error(), "replay the log") {
		t.Errorf("another version: %v", err)
	}
	table.Stamps = append(table.Stamps, ingest.Stamp{})
	if err := table.Snapshot(&b, 1, 1); err == nil {
		t.Error("stamps would have been lost")
	}
}

// Bytes that lie are refused or harmless: nothing panics or hangs later. (That bytes are those that were written is for
// the checkpoint to see.)
func TestRestoreOfLyingBytes(t *testing.T) {
	table := New(Config{})
	sides := randomSides(8, 1500, 30)
	run(table, sides[:1000], nil)
	var b bytes.Buffer
	if err := table.Snapshot(&b, 1, 1); err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(3, 4))
	taken := 0
	for range 400 {
		bad := bytes.Clone(b.Bytes())
		for range 1 + r.IntN(3) {
			bad[r.IntN(len(bad))] = byte(r.Uint32())
		}
		fresh := New(Config{})
		if fresh.Restore(bytes.NewReader(bad), true, true) == nil {
			taken++
			run(fresh, sides[1000:], nil)
		}
	}
	if taken == 0 || taken == 400 {
		t.Errorf("%d of 400 were taken: the test shows nothing", taken)
	}
}

func TestEraseLeavesNothing(t *testing.T) {
	table := New(Config{})
	run(table, randomSides(9, 5000, 60), nil)
	id := who(5)
	if found := mentions(t, table, id); found == 0 {
		t.Fatal("there was nothing to erase")
	}
	n := table.Len()
	table.Control(&ingest.Event{Type: ingest.Erase, Side: ingest.SideControl, Subject: id, At: noon})
	if found := mentions(t, table, id); found != 0 {
		t.Errorf("%d traces are left", found)
	}
	if table.Account(id) != nil || table.Len() != n-1 {
		t.Error("the account is left")
	}
	table.Control(&ingest.Event{Type: ingest.Erase, Side: ingest.SideControl, Subject: id, At: noon})
}

// mentions counts where the pseudonym, or what stands for it, is found in the bytes of a snapshot.
func mentions(t *testing.T, table *Table, id ingest.SubjectID) int {
	var b bytes.Buffer
	if err := table.Snapshot(&b, 1, 1); err != nil {
		t.Fatal(err)
	}
	n := bytes.Count(b.Bytes(), id[:8]) + bytes.Count(b.Bytes(), id[8:])
	for _, part := range [][]byte{id[:8], id[12:]} {
		swapped := bytes.Clone(part)
		slices.Reverse(swapped) // as a little-endian number
		n += bytes.Count(b.Bytes(), swapped)
	}
	return n
}

func TestControl(t *testing.T) {
	w := newWorld(t)
	control := func(typ ingest.Type, n int) {
		w.table.Control(&ingest.Event{Type: typ, Side: ingest.SideControl, Subject: who(n), At: w.now})
	}
	control(ingest.Object, 1)
	control(ingest.Hold, 2)
	control(ingest.Release, 3)
	if w.table.Len() != 0 {
		t.Errorf("%d accounts without an event", w.table.Len())
	}
	w.do(ingest.Message, 1, 2)
	if a := w.table.Account(who(1)); !a.Objected() || w.table.Len() != 2 {
		t.Error("an objection before the first event was lost")
	}
	if !w.table.Account(who(2)).Held() {
		t.Error("a hold was lost")
	}
	control(ingest.Release, 2)
	if w.table.Account(who(2)).Held() {
		t.Error("a hold was not released")
	}
	w.do(ingest.AccountDeleted, 2, -1)
	if !w.table.Account(who(2)).Deleted() || w.table.Account(who(1)).Deleted() {
		t.Error("the deleted account is another")
	}
}

func TestSeenAndEvents(t *testing.T) {
	w := newWorld(t)
	w.do(ingest.Message, 1, 2, groups(1))
	w.value(1, "sent_1m")
	if !w.v.Seen.All(ingest.FieldActor|ingest.FieldSharedGroups) || w.v.Events != 1 {
		t.Errorf("seen %v, events %d", w.v.Seen.Names(), w.v.Events)
	}
	w.value(2, "sent_1m")
	if w.v.Seen != 0 || w.v.Events != 1 {
		t.Errorf("who has not acted has seen %v, events %d", w.v.Seen.Names(), w.v.Events)
	}
}

func TestObserveAllocatesNothing(t *testing.T) {
	table := New(Config{})
	sides := randomSides(10, 10000, 200)
	v := NewVector()
	observe := func() {
		for i := range sides {
			table.Observe(&sides[i], &v)
			table.Stamps = table.Stamps[:0]
		}
	}
	observe()
	if n := testing.AllocsPerRun(1, observe); n != 0 {
		t.Errorf("%v allocations in 10,000 events", n)
	}
}

// At the ceiling the oldest idle accounts go; suspects, labelled and held ones stay, and a replay evicts the same.
func TestCeiling(t *testing.T) {
	flood := func() *Table {
		w := newWorld(t)
		w.table = New(Config{MemoryMiB: 1})
		w.do(ingest.Message, 1, 2)
		w.table.Account(who(1)).Memo[0] = 0.9
		w.table.Control(&ingest.Event{Type: ingest.Hold, Side: ingest.SideControl, Subject: who(2), At: w.now})
		w.do(ingest.Message, 3, 2)
		for i := range 20000 {
			w.now += second
			w.do(ingest.Login, 10+i, -1)
		}
		return w.table
	}
	a, b := flood(), flood()
	if a.Hash() != b.Hash() {
		t.Error("two runs evicted differently")
	}
	if a.Bytes() > 1<<20+1<<10 {
		t.Errorf("%d bytes above a ceiling of 1 MiB", a.Bytes())
	}
	if gone, _ := a.Evicted(); gone == 0 || a.Len()+int(gone) != 20003 {
		t.Errorf("%d evicted, %d left", gone, a.Len())
	}
	if a.Account(who(1)) == nil || a.Account(who(2)) == nil {
		t.Error("a suspect or a held account was washed out")
	}
	if a.Account(who(3)) != nil {
		t.Error("the control should have gone")
	}
}

func TestConfig(t *testing.T) {
	if err := DefaultConfig().Validate(); err != nil {
		t.Error(err)
	}
	err := Config{MemoryMiB: -1, Accounts: -1}.Validate()
	if err == nil || !strings.Contains(err.Error(), "memory_mib") || !strings.Contains(err.Error(), "features.accounts") {
		t.Errorf("not all problems are told: %v", err)
	}
}

func BenchmarkObserve(b *testing.B) {
	for _, accounts := range []int{1000, 200000} {
		b.Run(fmt.Sprint(accounts), func(b *testing.B) {
			sides := randomSides(11, 300000, accounts)
			table := New(Config{})
			v := NewVector()
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				table.Observe(&sides[i%len(sides)], &v)
				table.Stamps = table.Stamps[:0]
			}
		})
	}
}
