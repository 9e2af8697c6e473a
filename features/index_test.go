package features

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/unopened/unopened/ingest"
)

// TestRestoreIndexesEveryRow restores more accounts than are indexed at a time, some of them erased: each is
// found. Where one stands there twice, far apart, the snapshot is refused; so is one that is not sound.
func TestRestoreIndexesEveryRow(t *testing.T) {
	const n = indexBatch + indexBatch/8
	id := func(i int) (s ingest.SubjectID) {
		binary.BigEndian.PutUint64(s[:], uint64(i+1)*0x9e3779b97f4a7c15)
		return s
	}
	table, v := New(Config{}), NewVector()
	for i := range n {
		table.Observe(&ingest.Event{Type: ingest.Login, Side: ingest.SideActed, Subject: id(i), At: 1_750_000_000_000}, &v)
	}
	for i := 0; i < n; i += 30_000 {
		table.Control(&ingest.Event{Type: ingest.Erase, Side: ingest.SideControl, Subject: id(i), At: 1_750_000_000_000})
	}
	table.Stamps = table.Stamps[:0]
	restored := func() (*Table, error) {
		var b bytes.Buffer
		if err := table.Snapshot(&b, 1, 1); err != nil {
			t.Fatal(err)
		}
		got := New(Config{})
		return got, got.Restore(&b, true, true)
	}
	got, err := restored()
	if err != nil || got.Hash() != table.Hash() || got.Len() != table.Len() {
		t.Fatalf("%d accounts of %d, %v", got.Len(), table.Len(), err)
	}
	for i := range n {
		if a := got.Account(id(i)); (a == nil) != (i%30_000 == 0) || a != nil && a.ID != id(i) {
			t.Fatalf("account %d: %v", i, a)
		}
	}
	last := table.Account(id(n - 1))
	for name, spoil := range map[string]func(){
		"twice":     func() { last.ID = id(1) },
		"not sound": func() { last.Last = last.First - 1 },
		"empty":     func() { last.ID = ingest.SubjectID{} },
	} {
		was := *last
		spoil()
		if _, err := restored(); err == nil {
			t.Errorf("%s: restored", name)
		}
		*last = was
	}
	if _, err := restored(); err != nil {
		t.Errorf("the control: %v", err)
	}
}
