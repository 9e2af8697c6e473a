package features

import (
	"math/rand/v2"
	"testing"

	"github.com/unopened/unopened/ingest"
)

// The index behaves like a map through growth and removal.
func TestIndexIsAMap(t *testing.T) {
	k := New(Config{}).accounts
	model := map[ingest.SubjectID]uint32{}
	random := rand.New(rand.NewPCG(1, 1))
	for range 60000 {
		id := who(random.IntN(20000))
		row, ok := k.find(&id)
		if want, in := model[id]; in != ok || in && want != row {
			t.Fatalf("row %d %v, want %d %v", row, ok, want, in)
		}
		switch {
		case !ok:
			row = k.take()
			k.at(row).ID = id
			k.enter(&id, row)
			model[id] = row
		case random.IntN(3) == 0:
			k.drop(row)
			delete(model, id)
		}
	}
	if k.live() != len(model) {
		t.Errorf("%d rows, want %d", k.live(), len(model))
	}
	n := 0
	k.each(func(row uint32, a *Account) {
		if model[a.ID] != row {
			t.Errorf("row %d is not %v", row, a.ID)
		}
		n++
	})
	if n != len(model) {
		t.Errorf("each saw %d of %d", n, len(model))
	}
}
