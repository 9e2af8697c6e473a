package features

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"io"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/unopened/unopened/ingest"
)

// chain is what checkpoints keep: the snapshots since a whole one.
type chain struct {
	files     [][]byte
	step, of  int
	beginning int // of the sweep at hand
}

// add takes the next snapshot, as a part of a sweep when one is under way. When it ends, what was before it goes.
func (c *chain) add(t *testing.T, table *Table, sweepIn int) {
	t.Helper()
	if c.step == c.of && sweepIn > 0 {
		c.step, c.of, c.beginning = 0, sweepIn, len(c.files)
	}
	step, of := 0, 0
	if c.step < c.of {
		c.step++
		step, of = c.step, c.of
	}
	var b bytes.Buffer
	if err := table.Snapshot(&b, step, of); err != nil {
		t.Fatal(err)
	}
	c.files = append(c.files, b.Bytes())
	if of > 0 && step == of {
		c.files, c.step, c.of = c.files[c.beginning:], 0, 0
	}
}

// restore makes a table of the chain.
func (c *chain) restore(t *testing.T, cfg Config) *Table {
	t.Helper()
	table := New(cfg)
	for i, file := range c.files {
		if err := table.Restore(bytes.NewReader(file), i == 0, i == len(c.files)-1); err != nil {
			t.Fatalf("file %d of %d: %v", i, len(c.files), err)
		}
	}
	return table
}

func order(t *Table) (ids []string) {
	t.Each(func(a *Account) { ids = append(ids, a.ID.String()) })
	return ids
}

// TestChainAnywhereEqualsUninterrupted takes snapshots at random places, sweeps in random numbers of parts, erases, evicts
// and makes compact, and now and then goes on from what the chain holds: the state, and what comes out, is that of a table
// that was never interrupted.
func TestChainAnywhereEqualsUninterrupted(t *testing.T) {
	for seed := range uint64(12) {
		rng := rand.New(rand.NewPCG(seed, 1))
		cfg := Config{MemoryMiB: int64(seed % 3)} // two of three reach their ceiling and evict
		sides := randomSides(100+seed, 12_000, 400+3000*int(seed%3))
		whole, table, c := New(cfg), New(cfg), chain{}
		restored, swept, compacted, within := 0, 0, 0, 0
		for len(sides) > 0 {
			n := min(len(sides), 1+rng.IntN(200))
			erase := ingest.Event{Type: ingest.Erase, Side: ingest.SideControl, Subject: sides[0].Subject, At: sides[0].At}
			for _, each := range []*Table{whole, table} {
				end := 0
				for i := range sides[:n] {
					run(each, sides[i:i+1], nil)
					if end > ends(each) {
						compacted++
						within += min(1, c.step)
					}
					end = ends(each)
				}
				if n%7 == 0 {
					each.Control(&erase)
				}
				if n%5 == 0 && cfg.MemoryMiB == 0 {
					each.compact()
				}
			}
			sides = sides[n:]
			before := len(c.files)
			c.add(t, table, rng.IntN(2)*rng.IntN(9))
			if len(c.files) <= before {
				swept++
			}
			if rng.IntN(6) > 0 {
				continue
			}
			restored++
			table = c.restore(t, cfg)
			c.step, c.of = 0, 0 // a sweep that was under way is forgotten with the process
			if table.Hash() != whole.Hash() || table.Len() != whole.Len() || table.Bytes() != whole.Bytes() || !slices.Equal(order(table), order(whole)) {
				t.Fatalf("seed %d: after %d restores the state is another", seed, restored)
			}
		}
		if evicted, _ := whole.Evicted(); restored < 5 || swept < 5 || (evicted > 0) != (cfg.MemoryMiB > 0) || (within > 0) != (evicted > 0) {
			t.Errorf("seed %d: %d restores, %d sweeps, %d evicted, made compact %d times, %d of them within a sweep: the test shows little", seed, restored, swept, evicted, compacted, within)
		}
		t.Logf("seed %d: made compact %d times in both tables, %d of them within a sweep", seed, compacted, within)
	}
}

// TestChainWithoutOneFileDiffers is the control: every file counts.
func TestChainWithoutOneFileDiffers(t *testing.T) {
	sides := randomSides(3, 2000, 3000)
	table, c := New(Config{}), chain{}
	for i := range 10 {
		run(table, sides[i*200:(i+1)*200], nil)
		c.add(t, table, 0)
	}
	if c.restore(t, Config{}).Hash() != table.Hash() {
		t.Fatal("the whole chain gives another state")
	}
	for i := range c.files {
		part := New(Config{})
		var err error
		for k, file := range c.files {
			if k != i && err == nil {
				err = part.Restore(bytes.NewReader(file), k == 0 || i == 0 && k == 1, k == len(c.files)-1 || i == len(c.files)-1 && k == i-1)
			}
		}
		if err == nil && part.Hash() == table.Hash() {
			t.Errorf("without file %d the state is the same", i)
		}
	}
}

// TestSnapshotCostsWhatChanged holds the bytes of a snapshot against the accounts that were touched since the last.
func TestSnapshotCostsWhatChanged(t *testing.T) {
	table := New(Config{})
	run(table, randomSides(5, 60_000, 20_000), nil)
	size := func(step, of int) int {
		t.Helper()
		var b bytes.Buffer
		estimate := table.Changed()
		if err := table.Snapshot(&b, step, of); err != nil {
			t.Fatal(err)
		}
		if of == 0 && int64(b.Len()) < estimate {
			t.Errorf("%d bytes, Changed said %d", b.Len(), estimate)
		}
		return b.Len()
	}
	all := size(1, 1)
	nothing := size(0, 0)
	run(table, randomSides(6, 10, 5), nil)
	few := size(0, 0)
	eighth := size(1, 8)
	t.Logf("all %d bytes, nothing changed %d, ten events %d, an eighth %d", all, nothing, few, eighth)
	if nothing > 16<<10 || few > nothing+64<<10 || few == nothing || eighth > all/7+nothing {
		t.Error("a snapshot costs more than what changed")
	}
}

// TestSnapshotOfAnotherLayout reads a snapshot whose accounts lie otherwise: fields in another order, one that this
// program lacks, and one missing. All others arrive where they belong.
func TestSnapshotOfAnotherLayout(t *testing.T) {
	table := New(Config{})
	run(table, randomSides(8, 3000, 200), nil)
	var b bytes.Buffer
	if err := table.Snapshot(&b, 1, 1); err != nil {
		t.Fatal(err)
	}
	other := relaid(t, b.Bytes(), "volume.sent7d", "rhythm.unheardOf")
	got := New(Config{})
	if err := got.Restore(bytes.NewReader(other), true, true); err != nil {
		t.Fatal(err)
	}
	if want := "+Account.volume.sent7d -Account.rhythm.unheardOf"; got.Moved() != want {
		t.Errorf("moved %q, want %q", got.Moved(), want)
	}
	if got.Hash() == table.Hash() {
		t.Error("a field was dropped, but the state is the same")
	}
	table.accounts.each(func(_ uint32, a *Account) {
		g := got.Account(a.ID)
		if g == nil || g.sent7d != 0 {
			t.Fatalf("an account is missing, or has what was dropped")
		}
		g.sent7d = a.sent7d
	})
	if got.Hash() != table.Hash() {
		t.Error("with the dropped field put back the state is another")
	}
}

// relaid rewrites a whole snapshot as a program would have written it whose Account has its fields in reverse order,
// without the field gone, and with another one of four bytes.
func relaid(t *testing.T, whole []byte, gone, more string) []byte {
	t.Helper()
	in := bytes.NewReader(whole)
	var h head
	if err := binary.Read(in, binary.LittleEndian, &h); err != nil {
		t.Fatal(err)
	}
	_, _ = in.Seek(int64(h.Layout), io.SeekCurrent) // it is ours
	theirs := ours
	theirs.Rows = slices.Clone(ours.Rows)
	row := &theirs.Rows[0]
	fields := slices.Clone(row.Fields)
	slices.Reverse(fields)
	row.Fields, row.Size = []fieldLayout{{Name: more, Form: "uint32", Size: 4}}, 4
	var moves []move
	for _, f := range fields {
		if f.Name == gone {
			continue
		}
		moves = append(moves, move{f.Offset, row.Size, f.Size})
		f.Offset = row.Size
		row.Size += f.Size
		row.Fields = append(row.Fields, f)
	}
	text, err := json.Marshal(theirs)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	h.Layout = uint32(len(text))
	_ = binary.Write(&out, binary.LittleEndian, &h) // into memory
	out.Write(text)
	var n [3]uint32
	_ = binary.Read(in, binary.LittleEndian, &n)
	_ = binary.Write(&out, binary.LittleEndian, n)
	_, _ = io.CopyN(&out, in, int64(4*(n[2]-n[1])))
	for {
		var stretch [2]uint32
		_ = binary.Read(in, binary.LittleEndian, &stretch)
		_ = binary.Write(&out, binary.LittleEndian, stretch)
		if stretch[1] == 0 {
			break
		}
		for range stretch[1] {
			from, to := make([]byte, ours.Rows[0].Size), make([]byte, row.Size)
			_, _ = io.ReadFull(in, from)
			for _, m := range moves {
				copy(to[m.to:m.to+m.size], from[m.from:])
			}
			out.Write(to)
		}
	}
	_, _ = in.WriteTo(&out)
	return out.Bytes()
}

// A block or a ring of a class that does not exist is damage, as any other that an account cannot have.
func TestRestoreRefusesUnknownBlocks(t *testing.T) {
	for name, spoil := range map[string]func(*Reach){
		"none":         func(*Reach) {},
		"class":        func(r *Reach) { r.block |= 3 << 30 },
		"block":        func(r *Reach) { r.block += 7 },
		"ring's class": func(r *Reach) { r.trace |= 3 << 30 },
	} {
		w := newWorld(t)
		w.do(ingest.Message, 1, 2)
		spoil(w.table.reachOf(w.table.Account(who(1))))
		var b bytes.Buffer
		if err := w.table.Snapshot(&b, 1, 1); err != nil {
			t.Fatal(err)
		}
		if err := New(w.table.cfg).Restore(&b, true, true); (err == nil) != (name == "none") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
