package features

import (
	"encoding/binary"
	"errors"
	"math/bits"
	"slices"
	"testing"

	"github.com/unopened/unopened/ingest"
)

// divided are the tables of several shards.
type divided []*Table

func newDivided(n int) (d divided) {
	for range n {
		d = append(d, New(Config{}))
	}
	return d
}

// of is the table of a subject.
func (d divided) of(id ingest.SubjectID) *Table { return d[ingest.PartitionOf(id, len(d))] }

// run observes sides, each with the stamps that it causes.
func (d divided) run(sides []ingest.Event) {
	v := NewVector()
	for i := range sides {
		t := d.of(sides[i].Subject)
		t.Observe(&sides[i], &v)
		for stamps := t.take(); len(stamps) > 0; stamps = stamps[1:] {
			to := d.of(stamps[0].Subject)
			to.ApplyStamp(&stamps[0], &v)
			stamps = append(stamps, to.take()...)
		}
	}
}

// take takes the stamps that have come up.
func (t *Table) take() []ingest.Stamp {
	stamps := slices.Clone(t.Stamps)
	t.Stamps = t.Stamps[:0]
	return stamps
}

// adopt divides the subjects among n tables.
func (d divided) adopt(t *testing.T, n int, mine func(ingest.SubjectID) bool) divided {
	t.Helper()
	to := newDivided(n)
	for k, table := range to {
		for _, from := range d {
			if err := table.Adopt(from, func(id ingest.SubjectID) bool { return ingest.PartitionOf(id, n) == k && mine(id) }); err != nil {
				t.Fatal(err)
			}
		}
	}
	return to
}

func everybody(ingest.SubjectID) bool { return true }

// sum is what the tables hold together.
func (d divided) sum() (hash [2]uint64, accounts, places int) {
	for _, t := range d {
		h := t.Hash()
		var carry uint64
		hash[1], carry = bits.Add64(hash[1], binary.BigEndian.Uint64(h[8:]), 0)
		hash[0], _ = bits.Add64(hash[0], binary.BigEndian.Uint64(h[:8]), carry)
		accounts, places = accounts+t.Len(), places+t.Places()
	}
	return hash, accounts, places
}

// equal compares two divisions of the same subjects, without the lockstep groups that one may have let go already.
func (d divided) equal(o divided) bool {
	newest := int64(0)
	for _, t := range slices.Concat(d, o) {
		newest = max(newest, t.newest)
	}
	for _, t := range slices.Concat(d, o) {
		t.groups.each(func(row uint32, g *Group) {
			if newest-g.Last > groupMost {
				t.groups.drop(row)
			}
		})
	}
	h1, a1, p1 := d.sum()
	h2, a2, p2 := o.sum()
	return h1 == h2 && a1 == a2 && p1 == p2
}

// TestDividedAnewChangesNothing divides subjects among other numbers of tables and observes on: each time all of them
// together hold what one table holds that was never divided, and so do tables that were restored from their snapshots.
// The controls leave an account out.
func TestDividedAnewChangesNothing(t *testing.T) {
	sides := append(randomSides(7, 20_000, 200), randomSides(8, 20_000, 4000)...) // few with many contacts, many with few
	hold := ingest.Event{Type: ingest.Hold, Side: ingest.SideControl, Subject: who(5_000), At: noon}
	whole, d := newDivided(1), newDivided(3)
	whole.of(hold.Subject).Control(&hold) // a row without events
	d.of(hold.Subject).Control(&hold)
	for _, n := range []int{5, 2, 7, 1, 4} {
		some := sides[:len(sides)/3]
		sides = sides[len(some):]
		whole.run(some)
		d.run(some)
		if left := d.adopt(t, n, func(id ingest.SubjectID) bool { return id != some[0].Subject }); left.equal(whole) {
			t.Fatal("an account that is left out does not show")
		}
		d = d.adopt(t, n, everybody)
		if !d.equal(whole) {
			t.Fatalf("after a move to %d tables: %v, not %v", n, d, whole)
		}
		for i, table := range d {
			c := chain{}
			c.add(t, table, 1)
			d[i] = c.restore(t, Config{})
		}
		if !d.equal(whole) {
			t.Fatalf("restored after a move to %d tables: %v, not %v", n, d, whole)
		}
	}
	var grown int
	for i := range whole[0].blocks.class {
		grown += min(1, whole[0].blocks.class[i].live())
	}
	if grown < 3 || whole[0].silent == 0 || whole[0].Places() == 0 {
		t.Errorf("blocks of %d sizes, %d rows without events, %d places: the test shows little", grown, whole[0].silent, whole[0].Places())
	}
	if err := d[0].Adopt(d[0], everybody); !errors.Is(err, errDamaged) {
		t.Errorf("the same subjects again: %v", err)
	}
}
