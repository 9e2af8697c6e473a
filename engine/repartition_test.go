package engine

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/unopened/unopened/ingest"
	"github.com/unopened/unopened/ingest/file"
)

// grow returns the re-partitioning of a world's account topic, as it lies there, to another number of partitions.
func (w *world) grow(t *testing.T, partitions int) *Repartition {
	t.Helper()
	r := &Repartition{Engine: w.engine(t), From: w.accounts.name, To: w.accounts.name + "+", Old: len(w.accounts.parts), New: partitions, Raw: w.raw.name, RawPartitions: len(w.raw.parts)}
	parts := w.accounts.parts
	r.Ends = func(context.Context) (ends []int64, err error) {
		for _, part := range parts {
			ends = append(ends, int64(len(part)))
		}
		return ends, nil
	}
	return r
}

// move carries a re-partitioning out; what comes after is written to the new topic.
func (w *world) move(t *testing.T, r *Repartition) *Moved {
	t.Helper()
	m, err := r.Run(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	w.accounts = newTopic(r.To, r.New)
	return m
}

// copyOf copies the folder of a vault, or one of its roles.
func copyOf(t *testing.T, v Vault, role string) *Folder {
	t.Helper()
	to := &Folder{Dir: t.TempDir()}
	if err := os.CopyFS(filepath.Join(to.Dir, role), os.DirFS(filepath.Join(v.(*Folder).Dir, role))); err != nil {
		t.Fatal(err)
	}
	return to
}

// parted cuts the raw topic into parts that come one after the other; each begins with the last records of the one
// before, as a producer sends them that lost the answer. It returns the whole topic of each.
func (w *world) parted(parts int) (whole []*topic) {
	const again = 150
	for n := range parts {
		next := newTopic(w.raw.name, len(w.raw.parts))
		for i, all := range w.raw.parts {
			size := len(all) / parts
			if n > 0 {
				next.parts[i] = slices.Concat(whole[n-1].parts[i], all[n*size-again:n*size])
			}
			next.parts[i] = append(slices.Clip(next.parts[i]), all[n*size:(n+1)*size]...)
		}
		whole = append(whole, next)
	}
	w.raw = whole[0]
	return whole
}

// sealedShard is the sealed state of a partition of the account topic.
func (w *world) sealedShard(t *testing.T, topic string, p, count int) *shard {
	t.Helper()
	s, err := w.engine(t).newShard(ingest.Partition{Topic: topic, ID: p, Count: count})
	if err == nil {
		err = s.sealed.look(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestRepartitionedRunEqualsCleanReplay kills a deployment that is moved from 3 to 5 to 2 partitions while it works. After
// each move all shards together have the state of before, and each stretch ends with the state, alerts and verdict rows
// of a clean replay of its account topic on what was moved; repeats over the cut count once, no row has the name of one
// before. (Of 400 accounts in three days, with 5 kills a stretch; the long form has 20 such deployments of 3,000 accounts with 30.
// The form with a broker and the command is in cmd/unopened.)
func TestRepartitionedRunEqualsCleanReplay(t *testing.T) {
	if !soaking {
		repartitionedEqualsClean(t, newWorld(t, 400), 5)
		return
	}
	for seed := range uint64(20) {
		t.Run(fmt.Sprint("seed ", seed+1), func(t *testing.T) { repartitionedEqualsClean(t, simulated(t, 3000, 3, seed+1), 30) })
	}
}

func repartitionedEqualsClean(t *testing.T, w *world, kills int) {
	whole := w.parted(3)
	e := w.live(t, kills, false)
	clean, ref := w.clean(t)
	for i, partitions := range []int{5, 2} {
		if d := differences(e, w, clean, ref); d != nil {
			t.Fatalf("before move %d: %v", i+1, d)
		}
		before := e.Stats()
		m := w.move(t, w.grow(t, partitions))
		if m.StateHash != e.StateHash() || m.Accounts != before.Accounts || m.Accounts == 0 || m.Places == 0 || m.Episodes == 0 || m.Read != before.Sides {
			t.Fatalf("moved %+v of %+v with hash %s", m, before, e.StateHash())
		}
		ref.vault = copyOf(t, w.vault, "score")
		w.raw = whole[i+1]
		alerts, rows := len(w.inbox.got), len(w.rows.found)
		e = w.live(t, kills, false)
		clean = w.cleanOn(t, ref)
		s := e.Stats()
		if wrong := s.Unbalanced(); wrong != nil || s.Sides.Offsets != w.accounts.size() || s.Sides.Late != 0 {
			t.Errorf("move %d: %v, of %d entries: %+v", i+1, wrong, w.accounts.size(), s.Sides)
		}
		if s.Sides.Duplicate-s.Sides.Resent < 500 || s.Sides.Resent == 0 || len(w.inbox.got) == alerts || len(w.rows.found) == rows {
			t.Errorf("move %d: %d alerts and %d rows, then %d and %d; %+v: the test shows nothing", i+1, alerts, rows, len(w.inbox.got), len(w.rows.found), s.Sides)
		}
	}
	for _, d := range differences(e, w, clean, ref) {
		t.Errorf("at the end: %s", d)
	}
	t.Logf("two moves, %d kills, %d raw records, %d alerts, %d verdict rows", 3*kills, w.raw.size(), len(w.inbox.got), len(w.rows.found))
}

// TestRepartitionNeedsItsParts takes a part of the move away, as if it had been forgotten: what follows differs from a
// clean replay. Split falls back to an earlier checkpoint after the move, as when its last files are damaged.
func TestRepartitionNeedsItsParts(t *testing.T) {
	first := newWorld(t, 300)
	whole := first.parted(2)
	first.live(t, 0, false)
	_, past := first.clean(t)
	for name, c := range map[string]struct {
		forget func(*shard)
		shows  func(w, ref *world, differ []string, s Stats) bool
	}{
		"nothing":   {func(*shard) {}, func(_, _ *world, differ []string, s Stats) bool { return differ != nil || s.Sides.Resent < 300 }},
		"causes":    {func(s *shard) { clear(s.causes) }, func(_, _ *world, _ []string, s Stats) bool { return s.Sides.Resent == 0 }},
		"ids, too":  {func(s *shard) { clear(s.causes); s.window = newWindow(s.window.span, 1<<20, s.engine.windowKey()) }, func(_, _ *world, differ []string, _ Stats) bool { return slices.Contains(differ, "state hash") }},
		"the count": {func(s *shard) { s.sealed.head.First = 0 }, func(w, ref *world, _ []string, _ Stats) bool { return len(w.inbox.got) < len(ref.inbox.got) }},
	} {
		t.Run(name, func(t *testing.T) {
			w := *first
			w.inbox, w.rows = &inbox{got: maps.Clone(first.inbox.got)}, &rows{found: maps.Clone(first.rows.found)}
			w.candidates = &topic{first.candidates.name, slices.Clone(first.candidates.parts)}
			w.vault = copyOf(t, first.vault, ".")
			r := w.grow(t, 4)
			w.move(t, r)
			ref := &world{rows: &rows{found: maps.Clone(past.rows.found)}, inbox: &inbox{got: maps.Clone(past.inbox.got)}, vault: copyOf(t, w.vault, "score"), models: w.models}
			for k := range r.New {
				s := w.sealedShard(t, r.To, k, r.New)
				c.forget(s)
				s.sealed.sections[2].State = s.window
				if err := SaveCheckpoint(t.Context(), w.vault, s.sealed.head, s.sealed.sections); err != nil {
					t.Fatal(err)
				}
			}
			for id := range w.raw.parts {
				w.fallBack(t, r, id, 200)
			}
			w.raw = whole[1]
			e := w.live(t, 0, false)
			clean := w.cleanOn(t, ref)
			if differ := differences(e, &w, clean, ref); c.shows(&w, ref, differ, e.Stats()) != (name != "nothing") {
				t.Errorf("without %s: %v, %+v", name, differ, e.Stats())
			}
		})
	}
}

// fallBack has split begin a raw partition some records before what it had sealed.
func (w *world) fallBack(t *testing.T, r *Repartition, id int, records int64) {
	t.Helper()
	s, err := r.splitSeal(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	h := s.head
	h.Next -= records
	if err := SaveCheckpoint(t.Context(), w.vault, h, s.sections); err != nil {
		t.Fatal(err)
	}
}

// TestRepartitionEqualsNone drains stamps after each event, so that nothing depends on the number of shards: a deployment
// that is moved twice then ends with the very state and alerts of one that never was.
func TestRepartitionEqualsNone(t *testing.T) {
	never, moved := newWorld(t, 300), newWorld(t, 300)
	whole := moved.parted(3)
	never.raw = whole[2]
	want := never.drained(t)
	var got *Engine
	for i, partitions := range []int{7, 2, 0} {
		moved.raw = whole[i]
		if got = moved.drained(t); partitions > 0 {
			moved.move(t, moved.grow(t, partitions))
		}
	}
	if got.StateHash() != want.StateHash() || !maps.Equal(moved.inbox.got, never.inbox.got) || len(never.inbox.got) == 0 {
		t.Errorf("hash %s and %d alerts, never moved %s and %d", got.StateHash(), len(moved.inbox.got), want.StateHash(), len(never.inbox.got))
	}
	if got.Stats().Accounts != want.Stats().Accounts {
		t.Errorf("%d accounts, never moved %d", got.Stats().Accounts, want.Stats().Accounts)
	}
}

// drained takes what the raw topic has beyond split's checkpoints through an in-process account log, and seals. The
// world's account topic then has as many records as went through.
func (w *world) drained(t *testing.T) *Engine {
	t.Helper()
	e, log := w.engine(t), file.NewLog(w.accounts.name, w.accounts.Partitions())
	e.Accounts, e.Drain = log, log.Drain
	all := w.open(t, e)
	for _, r := range all {
		if s, ok := r.Handler.(*shard); ok {
			log.Attach(r.partition, s)
		}
	}
	for i := int64(0); i < int64(len(w.raw.parts[0])); i++ {
		for _, r := range all {
			if r.topic == w.raw && r.next == i {
				r.next = r.topic.pump(t, r.Handler, r.partition, r.next, 1)
			}
		}
	}
	for _, r := range all {
		if d, ok := r.Handler.(*deskHandler); ok {
			r.topic.pump(t, r.Handler, r.partition, r.next, 1<<40)
			if err := d.desk.Drain(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if s, ok := r.Handler.(*shard); ok {
			w.accounts.parts[r.partition] = make([][]byte, max(0, s.sealed.next))
		}
		if err := r.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	return e
}
