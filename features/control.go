package features

import "github.com/unopened/unopened/ingest"

// Control carries a control record out. Every partition gets one: an erasure concerns all of them, since any account
// may have the person among its contacts; of the others it is enough if the shard that owns the account carries it
// out, and no harm if each does: a row that has only flags is no account to Len and Each. Erasing walks over all accounts.
func (t *Table) Control(ev *ingest.Event) {
	t.settle()
	t.newest = max(t.newest, ev.At)
	switch ev.Type {
	case ingest.Erase:
		t.erase(&ev.Subject)
	case ingest.Hold:
		t.open(&ev.Subject, ev.At).flags |= flagHeld
	case ingest.Release:
		if t.Account(ev.Subject) != nil {
			t.open(&ev.Subject, ev.At).flags &^= flagHeld
		}
	case ingest.Object:
		t.open(&ev.Subject, ev.At).flags |= flagObjected
	}
}

// erase removes the account, every contact entry that names it, and its digest at devices and networks.
func (t *Table) erase(id *ingest.SubjectID) {
	if row, ok := t.accounts.find(id); ok {
		t.drop(row)
	}
	if row, ok := t.summaries.find(id); ok {
		t.summaries.drop(row)
	}
	peer, digest := peerKey(id), accountDigest(id)
	t.accounts.each(func(_ uint32, a *Account) {
		if r := t.reachOf(a); (r.block != 0 || r.trace != 0) && t.blocks.forget(r, peer) {
			t.reaches.since.mark(a.reach - 1)
		}
	})
	t.places.each(func(row uint32, p *Place) {
		for i := range p.seen {
			if p.seen[i].Remove(digest) {
				t.places.since.mark(row)
			}
		}
	})
}

// drop removes the account in a row with all that belongs to it.
func (t *Table) drop(row uint32) {
	a := t.accounts.at(row)
	if a.Events == 0 {
		t.silent--
	}
	if reach := a.reach; reach != 0 {
		t.blocks.drop(t.reaches.at(reach - 1).block)
		t.blocks.traces.drop(t.reaches.at(reach - 1).trace)
		t.reaches.give(reach - 1)
	}
	t.accounts.drop(row)
}
