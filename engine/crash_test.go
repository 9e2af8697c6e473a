package engine

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
)

// crash ends a process without a word: nothing is sealed. Only its sender is stopped, since it shares our memory.
func crash(all []*reader) {
	for _, r := range all {
		if d, ok := r.Handler.(*deskHandler); ok {
			d.stop()
			d.sender.Wait()
		}
	}
}

// reached is the sum of the offsets that the raw partitions have come to.
func (w *world) reached(all []*reader) (sum int64) {
	for _, r := range all {
		if r.topic == w.raw {
			sum += r.next
		}
	}
	return sum
}

// live runs the deployment to its end, in which it is killed the given number of times and seals at random; some kills
// find a checkpoint on its way, which may still arrive, as one of a process that was only frozen would.
// beside, the control, keeps the offset beside the state, as a consumer group does: then it resumes where reading was.
func (w *world) live(t *testing.T, kills int, beside bool) *Engine {
	t.Helper()
	total := w.raw.size()
	rng := rand.New(rand.NewPCG(uint64(total), uint64(kills)))
	most := 100 + total/2500 // records in a batch
	e := w.engine(t)
	all := w.open(t, e)
	fetched := w.reached(all)
	at := make([]int64, kills) // raw records read at which the process is killed, between 10 and 90 % of all
	for i, todo := 0, total-fetched; i < kills; i++ {
		at[i] = fetched + todo/10 + rng.Int64N(todo*8/10)
	}
	slices.Sort(at)
	for {
		moved := false
		for _, r := range all {
			if r.next == int64(len(r.topic.parts[r.partition])) {
				continue
			}
			moved = true
			if r.topic == w.raw && r.next > all[1-r.partition].next+most {
				continue
			}
			before := r.next
			r.next = r.topic.pump(t, r.Handler, r.partition, r.next, 1+rng.Int64N(most))
			if r.topic == w.raw {
				fetched += r.next - before
			}
			if n := rng.IntN(16); n == 0 {
				if err := r.seal(); err != nil {
					t.Fatal(err)
				}
			} else if n == 1 {
				if err := r.send(); err != nil {
					t.Fatal(err)
				}
			}
		}
		if len(at) > 0 && fetched >= at[0] {
			at = at[1:]
			crash(all)
			offsets := make([]int64, len(all))
			for i, r := range all {
				offsets[i] = r.next
			}
			e = w.engine(t)
			all = w.open(t, e)
			for i, r := range all {
				if beside {
					r.next = offsets[i]
				}
			}
			fetched = w.reached(all)
		} else if !moved {
			break
		}
	}
	if len(at) > 0 {
		t.Fatalf("%d kills were left over", len(at))
	}
	for _, r := range all {
		if d, ok := r.Handler.(*deskHandler); ok {
			if err := d.desk.Drain(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if err := r.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	return e
}

// clean replays the same account topic from its beginning with nothing but empty hands.
func (w *world) clean(t *testing.T) (*Engine, *world) {
	t.Helper()
	ref := &world{
		rows: &rows{found: map[string]string{}}, inbox: &inbox{got: map[string]string{}}, vault: &Folder{Dir: t.TempDir()}, models: w.models,
		since: w.since,
	}
	return w.cleanOn(t, ref), ref
}

// cleanOn replays the account topic on the shards' checkpoints that ref has, and adds to ref's rows and inbox.
func (w *world) cleanOn(t *testing.T, ref *world) *Engine {
	t.Helper()
	ref.raw, ref.accounts, ref.candidates, ref.letters = newTopic("raw", 0), w.accounts, newTopic("alerts", 1), letters{}
	e := ref.engine(t)
	e.Accounts = nil
	for _, r := range ref.open(t, e) {
		r.topic.pump(t, r.Handler, r.partition, 0, 1<<40)
		if d, ok := r.Handler.(*deskHandler); ok {
			if err := d.desk.Drain(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if err := r.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	return e
}

// differences tells how a live run differs from the clean replay of its account topic.
func differences(e *Engine, w *world, clean *Engine, ref *world) (found []string) {
	if e.StateHash() != clean.StateHash() {
		found = append(found, "state hash")
	}
	if !maps.Equal(w.inbox.got, ref.inbox.got) {
		found = append(found, fmt.Sprintf("alerts: %d live, %d in the replay", len(w.inbox.got), len(ref.inbox.got)))
	}
	if !maps.Equal(w.rows.found, ref.rows.found) {
		found = append(found, fmt.Sprintf("verdicts: %d live, %d in the replay", len(w.rows.found), len(ref.rows.found)))
	}
	return found
}

// TestKilledRunEqualsCleanReplay kills a deployment at 50 random points of its work on 500,000 raw records. It ends with
// the state, the alerts and the verdict rows of a clean replay of its account topic, and with everything accounted for.
// The long form does so twenty times over: 1,000 kills, 10 M records. (The form with real processes, broker and ClickHouse
// is in cmd/unopened; this one leaves out the operating system.)
func TestKilledRunEqualsCleanReplay(t *testing.T) {
	for seed := range long[uint64](1, 20) {
		t.Run(fmt.Sprint("seed ", seed+1), func(t *testing.T) { killedEqualsClean(t, simulated(t, 6400, 7, seed+1), 50) })
	}
}

func killedEqualsClean(t *testing.T, w *world, kills int) {
	e := w.live(t, kills, false)
	clean, ref := w.clean(t)
	for _, d := range differences(e, w, clean, ref) {
		t.Errorf("after %d kills: %s", kills, d)
	}
	if len(ref.inbox.got) == 0 || len(ref.rows.found) == 0 || w.rows.again == 0 || w.inbox.again == 0 {
		t.Errorf("%d alerts, %d verdicts, of which %d and %d were made again: the test shows nothing without them",
			len(ref.inbox.got), len(ref.rows.found), w.inbox.again, w.rows.again)
	}
	s := e.Stats()
	if wrong := s.Unbalanced(); wrong != nil {
		t.Errorf("the accounts do not add up: %v", wrong)
	}
	if s.Split.Offsets != w.raw.size() || s.Split.RefusedTotal() != 40 {
		t.Errorf("of %d raw records: %+v", w.raw.size(), s.Split)
	}
	if s.Sides.Offsets != w.accounts.size() || s.Sides.Resent == 0 || s.Sides.Late != 0 || s.Desk.Offsets != w.candidates.size() {
		t.Errorf("of %d entries and %d candidates: %+v, %+v", w.accounts.size(), w.candidates.size(), s.Sides, s.Desk)
	}
	if int64(len(w.letters)) != s.Split.RefusedTotal()+s.Sides.Late {
		t.Errorf("%d dead letters for %d refusals", len(w.letters), s.Split.RefusedTotal())
	}
	t.Logf("%d kills, %d raw records, %d entries (%d written again), %d alerts (%d delivered again), %d verdict rows",
		kills, w.raw.size(), w.accounts.size(), s.Sides.Resent, len(w.inbox.got), w.inbox.again, len(w.rows.found))
}

// TestOffsetBesideTheStateLosesEvents is the control: the same kills, but reading goes on where it was, as it would with
// a consumer group's offset. If this agreed with the clean replay, the test above would prove nothing.
func TestOffsetBesideTheStateLosesEvents(t *testing.T) {
	w := newWorld(t, 300)
	e := w.live(t, 10, true)
	clean, ref := w.clean(t)
	lost := differences(e, w, clean, ref)
	if len(lost) == 0 {
		t.Error("a run that keeps its offset beside its state equals the clean replay")
	}
	t.Logf("10 kills with the offset beside the state: %d of %d sides applied; differs in %v", e.Stats().Sides.Applied, clean.Stats().Sides.Applied, lost)
}
