package features

import (
	"fmt"

	"github.com/unopened/unopened/ingest"
)

// Adopt copies from another table the accounts and places that mine names, with all that belongs to them, for shards
// whose subjects are divided anew. Each subject's part of Hash stays the same. It fails where a subject is here already;
// then the table cannot be used. What was evicted is not counted on.
func (t *Table) Adopt(from *Table, mine func(ingest.SubjectID) bool) error {
	t.newest = max(t.newest, from.newest)
	err := adopt(&t.accounts, &from.accounts, mine, func(a *Account) {
		if a.Events == 0 {
			t.silent++
		}
		if a.reach == 0 {
			return
		}
		theirs, ref := from.reachOf(a), t.reaches.take()
		r := t.reaches.at(ref)
		*r, a.reach = *theirs, ref+1
		if r.block != 0 {
			r.block = t.blocks.copyOf(from.blocks.entries(r.block), r.block>>30)
		}
		if r.trace != 0 {
			r.trace = t.blocks.traces.copyOf(from.blocks.traces.entries(r.trace), r.trace>>30)
		}
	})
	if err != nil {
		return err
	}
	if err := adopt(&t.groups, &from.groups, mine, func(*Group) {}); err != nil {
		return err
	}
	if err := adopt(&t.summaries, &from.summaries, mine, func(*Summary) {}); err != nil {
		return err
	}
	return adopt(&t.places, &from.places, mine, func(*Place) {})
}

// adopt copies the rows of the subjects that mine names; with is told of each copy.
func adopt[T any, P flat[T]](to, from *keyed[T, P], mine func(ingest.SubjectID) bool, with func(P)) (err error) {
	from.each(func(_ uint32, theirs P) {
		id := theirs.subject()
		if err != nil || !mine(*id) {
			return
		}
		if _, twice := to.find(id); twice {
			err = fmt.Errorf("two tables have the same subject: %w", errDamaged)
			return
		}
		row := to.take()
		ours := P(to.at(row))
		*ours = *theirs
		with(ours)
		to.enter(id, row)
	})
	return err
}

// Places is the number of devices and networks that the table knows.
func (t *Table) Places() int { return t.places.live() }
