package features

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/unopened/unopened/ingest"
)

// misplaced tells whether a compact slab would have its runs elsewhere.
func (s *slab[T]) misplaced() bool {
	used, _ := s.used()
	for i := uint32(s.live()); i < s.next; i++ {
		if used.has(i) {
			return true
		}
	}
	return false
}

// ends are the numbers of runs that the slabs of a table have had at once since they were last made compact.
func ends(t *Table) (n int) {
	n = int(t.accounts.next + t.places.next + t.groups.next + t.summaries.next + t.reaches.next)
	for i := range t.blocks.class {
		n += int(t.blocks.class[i].next)
	}
	for i := range t.blocks.traces.class {
		n += int(t.blocks.traces.class[i].next)
	}
	return n
}

// churning makes sides of a world within twelve days, in which four accounts have to do with thousands.
func churning(seed uint64, n int) []ingest.Event {
	sides := randomSides(seed, n, 300)
	random := rand.New(rand.NewPCG(seed, 2))
	first, last := sides[0].At, sides[n-1].At
	for i := range sides {
		ev := &sides[i]
		ev.At = noon + (ev.At-first)*12*dayMs/(last-first)
		if ev.Side != ingest.SideDevice && ev.Side != ingest.SideNetwork && !ev.Peer.IsZero() && random.IntN(3) == 0 {
			ev.Subject, ev.Peer = who(random.IntN(4)), who(1000+random.IntN(4000))
		}
	}
	return sides
}

// leave has an account leave as in a sweep, or a place or group: those that are named, wherever their rows lie.
func (t *Table) leave(id ingest.SubjectID) {
	if row, ok := t.accounts.find(&id); ok {
		t.summarise(t.accounts.at(row))
		t.drop(row)
	}
	if row, ok := t.places.find(&id); ok {
		t.places.drop(row)
	}
	if row, ok := t.groups.find(&id); ok {
		t.groups.drop(row)
	}
}

// leaving draws who or what is to leave: an account, the busy ones often, a place or a group.
func (t *Table) leaving(random *rand.Rand) ingest.SubjectID {
	switch random.IntN(6) {
	case 0, 1:
		return who(1000*(1+random.IntN(2)) + random.IntN(97))
	case 2:
		return t.firstGroup()
	}
	return who(random.IntN(300) * random.IntN(2) * random.IntN(3))
}

// firstGroup is the group with the least name.
func (t *Table) firstGroup() (least ingest.SubjectID) {
	t.groups.each(func(_ uint32, g *Group) {
		if least.IsZero() || bytes.Compare(g.ID[:], least[:]) < 0 {
			least = g.ID
		}
	})
	return least
}

// TestCompactionDoesNotShow has one of two tables made compact now and then, while accounts and places go and come back: every vector,
// the state and what a snapshot restores are the same.
func TestCompactionDoesNotShow(t *testing.T) {
	var moved [12]int
	for seed := range uint64(4) {
		random := rand.New(rand.NewPCG(seed, 3))
		plain, compact := New(Config{}), New(Config{})
		var want, got []byte
		for i, ev := range churning(seed, 20_000) {
			want, got = want[:0], got[:0]
			one := []ingest.Event{ev}
			run(plain, one, func(_ *Account, v *Vector) { want = append(want, rawSlice(v.X)...) })
			if random.IntN(20) == 0 {
				for k, s := range compact.slabs() {
					if s.(interface{ misplaced() bool }).misplaced() {
						moved[k]++
					}
				}
				compact.compact()
			}
			run(compact, one, func(_ *Account, v *Vector) { got = append(got, rawSlice(v.X)...) })
			if !bytes.Equal(want, got) {
				t.Fatalf("seed %d: side %d gives another vector", seed, i)
			}
			if random.IntN(10) == 0 {
				gone := plain.leaving(random)
				plain.leave(gone)
				compact.leave(gone)
			}
		}
		var b bytes.Buffer
		if err := compact.Snapshot(&b, 1, 1); err != nil {
			t.Fatal(err)
		}
		restored := New(Config{})
		if err := restored.Restore(&b, true, true); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if compact.Hash() != plain.Hash() || restored.Hash() != plain.Hash() || compact.Bytes() != plain.Bytes() {
			t.Errorf("seed %d: the state is another", seed)
		}
		a, other := compact.accounts.at(0), compact.accounts.at(1)
		if a.reach, other.reach = other.reach, a.reach; compact.Hash() == plain.Hash() {
			t.Error("two accounts have changed hands: the test shows nothing")
		}
	}
	for k, n := range moved {
		if n < 2 {
			t.Errorf("slab %d was out of order %d times: the test shows little", k, n)
		}
	}
	t.Logf("times that each slab had runs to move: %v", moved)
}

// TestCompactReservesWhatIsInUse has accounts go, those first that came first, and last.
func TestCompactReservesWhatIsInUse(t *testing.T) {
	for name, goes := range map[string]func(int) bool{
		"the first":  func(i int) bool { return i < 18_000 },
		"the last":   func(i int) bool { return i >= 2000 },
		"nine of 10": func(i int) bool { return i%10 > 0 },
		"none":       func(int) bool { return false },
		"all":        func(int) bool { return true },
	} {
		w, left := newWorld(t), 0
		for i := range 20_000 {
			w.do(ingest.Message, i, i+20_000)
		}
		before := *w.table.held
		for i := range 40_000 {
			if goes(i % 20_000) {
				w.table.drop(must(w.table.accounts.find(ref(who(i)))))
			} else {
				left++
			}
		}
		w.table.compact()
		most := w.table.Bytes() + int64(len(w.table.slabs())*segmentBytes)
		if *w.table.held > most || w.table.Len() != left {
			t.Errorf("%s: %d bytes reserved, %d before, at most %d are wanted; %d accounts left of %d", name, *w.table.held, before, most, w.table.Len(), left)
		}
		if name == "none" && *w.table.held != before {
			t.Errorf("nothing went, but %d bytes in place of %d are reserved", *w.table.held, before)
		}
		slots := 0
		for _, p := range w.table.accounts.parts {
			slots += len(p.slots)
		}
		if most := max(3*left, partCount*leastSlots*2); slots > most {
			t.Errorf("%s: an index of %d slots for %d accounts", name, slots, left)
		}
		for i := range 100 { // what is taken anew is empty
			w.do(ingest.Message, 50_000+i, 60_000+i)
			w.want(50_000+i, "contacts", 1)
		}
	}
}

func ref[T any](v T) *T { return &v }

func must(row uint32, ok bool) uint32 {
	if !ok {
		panic("no such row")
	}
	return row
}

// BenchmarkRoom measures what stands still: a sweep, and making compact what it leaves.
func BenchmarkRoom(b *testing.B) {
	for _, part := range []string{"sweep", "compact"} {
		b.Run(part, func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				table := crowd1M(b)
				if part == "compact" {
					table.sweep(nil)
					table.sweep(nil)
				}
				b.ReportMetric(float64(table.Bytes())/(1<<20), "MiB")
				b.StartTimer()
				if part == "sweep" {
					table.sweep(nil)
				} else {
					table.compact()
				}
			}
		})
	}
}

// crowd1M is a table of a million accounts, each fourth of which has a contact or more.
func crowd1M(b *testing.B) *Table {
	w := newWorld(b)
	random := rand.New(rand.NewPCG(1, 1))
	for range 1_000_000 {
		w.now += random.Int64N(2000)
		if i := random.IntN(1_000_000); i%4 == 0 {
			w.do(ingest.Message, i, random.IntN(250_000)*4)
		} else {
			w.do(ingest.Login, i, -1)
		}
	}
	return w.table
}
