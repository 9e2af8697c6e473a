package engine

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/unopened/unopened/features"
	"github.com/unopened/unopened/ingest"
)

// TestRepartitionKilledAnywhere fails each step in which a move writes, one after the other, each time on a copy: begun
// again, it ends as one that was never killed; so does one that is begun again after its end.
func TestRepartitionKilledAnywhere(t *testing.T) {
	w := newWorld(t, 120)
	e := w.live(t, 0, false)
	before := w.vault
	killed := errors.New("killed")
	at := 0
	for ; ; at++ {
		left := at
		folder := copyOf(t, before, ".")
		ctx, kill := context.WithCancel(t.Context())
		folder.step = func(string, string) error {
			if left--; left < 0 {
				kill()
				return killed
			}
			return nil
		}
		w.vault = folder
		r := w.grow(t, 5)
		_, err := r.Run(ctx, false)
		kill()
		folder.step = nil
		if err != nil && !errors.Is(err, killed) {
			t.Fatal(err)
		}
		again, repeated := w.grow(t, 5).Run(t.Context(), false)
		if repeated != nil || again.StateHash != e.StateHash() {
			t.Fatalf("killed at step %d, begun again: %v, %v", at, again, repeated)
		}
		var sum stateHash
		for k := range r.New {
			s := w.sealedShard(t, r.To, k, r.New)
			sum.add(s.table.Hash())
			if h := s.sealed.head; h.Next != 0 || h.First != 3 || s.counts != (SideCounts{}) {
				t.Fatalf("killed at step %d: %+v, %+v", at, h, s.counts)
			}
		}
		if sum.String() != e.StateHash() {
			t.Fatalf("killed at step %d: the hash is %s, not %s", at, sum.String(), e.StateHash())
		}
		if err == nil {
			break
		}
	}
	if at < 30 {
		t.Errorf("%d steps: the test shows little", at)
	}
}

// TestRepartitionRefuses gives the move what it must not touch; the world is left as it was, and in the end it is moved.
func TestRepartitionRefuses(t *testing.T) {
	w := newWorld(t, 120)
	ran := w.live(t, 0, false)
	refused := func(what string, want error, text string, change func(*Repartition)) {
		t.Helper()
		vault := w.vault
		w.vault = copyOf(t, vault, ".")
		defer func() { w.vault = vault }()
		r := w.grow(t, 5)
		change(r)
		_, err := r.Run(t.Context(), false)
		if !errors.Is(err, want) || err != nil && !strings.Contains(err.Error(), text) {
			t.Errorf("%s: %v", what, err)
		}
	}
	folder := func(r *Repartition) string { return r.Engine.Checkpoints.(*Folder).Dir }
	refused("an entry that was not handled", ErrNotAtRest, "handled up to", func(r *Repartition) {
		ends, _ := r.Ends(t.Context())
		ends[1]++
		r.Ends = func(context.Context) ([]int64, error) { return ends, nil }
	})
	refused("a shard that is elsewhere", ErrNotAtRest, "there is none of partition 2", func(r *Repartition) {
		_ = os.RemoveAll(filepath.Join(folder(r), "score", "account-2"))
	})
	refused("split that is elsewhere", ErrNotAtRest, "were split", func(r *Repartition) { _ = os.RemoveAll(filepath.Join(folder(r), "split")) })
	refused("split that was killed", ErrNotAtRest, "as after a kill", func(r *Repartition) { (&world{vault: r.Engine.Checkpoints}).fallBack(t, r, 1, 50) })
	refused("split that goes on meanwhile", ErrNotAtRest, "was split meanwhile", func(r *Repartition) {
		once := false
		r.Step = func() {
			if v := (&world{vault: r.Engine.Checkpoints}); !once {
				v.fallBack(t, r, 1, 0)
			}
			once = true
		}
	})
	refused("the control", nil, "", func(*Repartition) {})
	if m, err := w.grow(t, 5).Run(t.Context(), true); err != nil || m.StateHash != ran.StateHash() || len(m.Shards) != 5 {
		t.Errorf("dry: %+v, %v", m, err)
	}
	if found, _ := filepath.Glob(filepath.Join(w.vault.(*Folder).Dir, "score", "account+-*")); found != nil {
		t.Errorf("a dry run has written %v", found)
	}
	small := w.grow(t, 1)
	small.Engine.Config.WindowIDs = 1000
	if _, err := small.Run(t.Context(), true); err == nil || !strings.Contains(err.Error(), "engine.window_ids") {
		t.Errorf("too many ids: %v", err)
	}
	s := w.sealedShard(t, "account", 0, 3)
	s.engine.Features.MemoryMiB = s.table.Bytes()>>20 + 1
	if err := s.fits(); err != nil {
		t.Errorf("a state below its ceiling: %v", err)
	}
	s.engine.Features.MemoryMiB = 1
	for s.table.Bytes() < 1<<20 { // one that has grown beyond it
		v := features.NewVector()
		ev := numbered(uint64(s.table.Len()), testStart)
		ev.Subject = ingest.SubjectID(ev.ID)
		ev.Subject[15] = 1
		s.table.Observe(ev, &v)
	}
	if err := s.fits(); err == nil || !strings.Contains(err.Error(), "features.memory_mib") {
		t.Errorf("a state above its ceiling: %v", err)
	}
	w.retired(t)
}

// retired moves a world of which one shard is still open, and holds that what is of the old topic is out of use.
func (w *world) retired(t *testing.T) {
	t.Helper()
	old := w.engine(t)
	zombie, err := old.OpenShard(t.Context(), ingest.Partition{Topic: "account", ID: 0, Count: 3})
	if err != nil {
		t.Fatal(err)
	}
	splitter, err := old.OpenSplit(t.Context(), ingest.Partition{Topic: "raw", ID: 0, Count: 2})
	if err != nil {
		t.Fatal(err)
	}
	r := w.grow(t, 5)
	w.move(t, r)
	frozen := &zombie.(*shard).sealed
	frozen.next++
	if err := frozen.seal(t.Context(), durable()); !errors.Is(err, ErrFenced) {
		t.Errorf("a shard of the old topic seals: %v", err)
	}
	if err := splitter.Close(t.Context()); err != nil {
		t.Fatal(err) // nothing to seal
	}
	const remedy = "set kafka.topics.account"
	if _, err := old.OpenShard(t.Context(), ingest.Partition{Topic: "account", ID: 0, Count: 3}); err == nil || !strings.Contains(err.Error(), remedy) {
		t.Errorf("a shard of the old topic is opened: %v", err)
	}
	if _, err := old.OpenSplit(t.Context(), ingest.Partition{Topic: "raw", ID: 0, Count: 2}); err == nil || !strings.Contains(err.Error(), remedy) {
		t.Errorf("split goes on to the old topic: %v", err)
	}
	for _, h := range w.open(t, w.engine(t)) {
		if s, ok := h.Handler.(*shard); ok && h.partition == 3 {
			s.sealed.next++
		}
		if err := h.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := r.Run(t.Context(), false); !errors.Is(err, ErrReadBefore) {
		t.Errorf("a topic that is in use: %v", err)
	}
	other := *r
	other.To = "another"
	if _, err := other.Run(t.Context(), false); err == nil || !strings.Contains(err.Error(), "go on in topic account+ already") {
		t.Errorf("moved to two topics: %v", err)
	}
}

// TestRepartitionRefusesAWarmUpUnderWay: what a warm-up has written is no end to go on from before it is cut over.
func TestRepartitionRefusesAWarmUpUnderWay(t *testing.T) {
	w := newWarmWorld(t, 120, false)
	h := &History{Engine: w.engine(t), Digest: [16]byte{1}}
	if _, err := h.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := h.Begin(t.Context(), w.cut); err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	if err := h.Read(t.Context(), killing{w.history, rng, 1 << 40}); err != nil {
		t.Fatal(err)
	}
	for e, written := w.engine(t), int64(-1); written < w.accounts.size(); { // shards write to one another
		written = w.accounts.size()
		for p := range w.accounts.parts {
			s, err := e.OpenShard(t.Context(), ingest.Partition{Topic: "account", ID: p, Count: len(w.accounts.parts)})
			if err != nil {
				t.Fatal(err)
			}
			w.accounts.pump(t, s, p, max(0, s.Resume()), 1<<40)
			if err := s.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := w.grow(t, 5).Run(t.Context(), false); !errors.Is(err, ErrNotAtRest) || !strings.Contains(err.Error(), "warm-up") {
		t.Errorf("before it is cut over: %v", err)
	}
	if err := h.CutOver(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := w.grow(t, 5).Run(t.Context(), false); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}
