package engine

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/unopened/unopened/ingest"
)

// balanced are counters that add up, no two of them alike.
func balanced() Stats {
	s := Stats{
		Split: SplitCounts{Offsets: 1310, Fetched: 1300, Accepted: 1170, Skipped: 9, Gaps: 10, Sides: 2222, Letters: 93},
		Sides: SideCounts{
			Read: 2000, Applied: 1500, Duplicate: 221, Late: 131, Control: 77, Stamps: 66, Refused: 5, Resent: 3, Places: 4, Gaps: 17, Offsets: 2017, Letters: 136,
		},
		Desk: DeskCounts{Read: 400, Taken: 350, Duplicate: 38, Refused: 12, Gaps: 15, Offsets: 415, Letters: 12},
	}
	s.Split.Refused[ingest.RefusedUnknownField], s.Split.Refused[ingest.RefusedSyntax] = 53, 40
	s.Split.Unseen[ingest.Message], s.Split.Unseen[ingest.Call] = 21, 7
	return s
}

// terms are in which equations each counter stands, by its path; parts of another counter stand in none.
var terms = map[string][]string{
	"Split.Offsets": {"split: offsets"}, "Split.Fetched": {"split: offsets", "split: fetched"}, "Split.Gaps": {"split: offsets"},
	"Split.Accepted": {"split: fetched"}, "Split.Skipped": {"split: fetched"}, "Split.Unseen": {"split: fetched"},
	"Split.Refused": {"split: fetched", "split: dead letters"},
	"Split.Letters": {"split: dead letters"}, "Split.Sides": nil, "Split.Lost": nil,
	"Sides.Offsets": {"score: offsets"}, "Sides.Read": {"score: offsets", "score: sides read"}, "Sides.Gaps": {"score: offsets"},
	"Sides.Applied": {"score: sides read"}, "Sides.Duplicate": {"score: sides read"}, "Sides.Control": {"score: sides read"},
	"Sides.Stamps": {"score: sides read"}, "Sides.Late": {"score: sides read", "score: dead letters"},
	"Sides.Refused": {"score: sides read", "score: dead letters"}, "Sides.Letters": {"score: dead letters"},
	"Sides.Resent": nil, "Sides.Places": nil, "Sides.Lost": nil, "Desk.Lost": nil,
	"Desk.Offsets": {"desk: offsets"}, "Desk.Read": {"desk: offsets", "desk: candidates read"}, "Desk.Gaps": {"desk: offsets"},
	"Desk.Taken": {"desk: candidates read"}, "Desk.Duplicate": {"desk: candidates read"},
	"Desk.Refused": {"desk: candidates read", "desk: dead letters"}, "Desk.Letters": {"desk: dead letters"},
}

// TestEachEquationCanFail adds one to each counter in turn: the equations in which it stands no longer hold, the others
// do.
func TestEachEquationCanFail(t *testing.T) {
	s := balanced()
	if wrong := s.Unbalanced(); wrong != nil {
		t.Fatalf("the control: %v", wrong)
	}
	broken := map[string]bool{}
	for _, role := range []string{"Split", "Sides", "Desk"} {
		for field := range reflect.ValueOf(s).FieldByName(role).Type().Fields() {
			s := balanced()
			counter := reflect.ValueOf(&s).Elem().FieldByName(role).FieldByName(field.Name)
			if counter.Kind() == reflect.Array {
				counter = counter.Index(int(ingest.RefusedLate))
			}
			counter.SetInt(counter.Int() + 1)
			var names []string
			for _, wrong := range s.Unbalanced() {
				name, _, _ := strings.Cut(wrong, " = ")
				names, broken[name] = append(names, name), true
			}
			path := role + "." + field.Name
			if want, known := terms[path]; !known || !slices.Equal(names, want) {
				t.Errorf("one more of %s breaks %q, want %q", path, names, want)
			}
		}
	}
	if len(broken) != len(s.Equations()) {
		t.Errorf("only %d of %d equations can fail", len(broken), len(s.Equations()))
	}
}

// TestEachTermIsAMetric finds every counter of the equations among the metrics, and the difference of one that fails.
func TestEachTermIsAMetric(t *testing.T) {
	e := (&world{}).engine(t)
	want := balanced()
	want.Sides.Applied += 1000
	e.split[1], e.score[2], e.deskCounts = want.Split, want.Sides, want.Desk
	e.publishSplit(1, &want.Split)
	found := gathered(t, e)
	for _, role := range []string{"Split", "Sides", "Desk"} {
		counts := reflect.ValueOf(want).FieldByName(role)
		for field, value := range counts.Fields() {
			if value.Kind() == reflect.Array {
				continue
			}
			if !slices.Contains(slices.Collect(maps.Values(found)), float64(value.Int())) {
				t.Errorf("no metric has the %d of %s.%s", value.Int(), role, field.Name)
			}
		}
	}
	for name, value := range map[string]float64{
		"unopened_split_refused_total unknown_field": 53, "unopened_split_refused_total syntax": 40, "unopened_content_tripwire_total": 53,
		"unopened_split_unseen_total message": 21, "unopened_split_unseen_total call": 7,
		"unopened_offsets_total score": 2017, "unopened_gap_offsets_total desk": 15, "unopened_dead_letters_total split": 93,
		"unopened_accounting_difference split: offsets = fetched + gaps":                                             0,
		"unopened_accounting_difference score: sides read = applied + duplicate + late + control + stamps + refused": -1000,
	} {
		if found[name] != value {
			t.Errorf("%s is %v, want %v", name, found[name], value)
		}
	}
	if at := found["unopened_last_batch_timestamp_seconds 1 split"]; at < 1.5e9 {
		t.Errorf("the last batch of split 1 was at %v", at)
	}
	e.rest("split", 1)
	if _, there := gathered(t, e)["unopened_last_batch_timestamp_seconds 1 split"]; there {
		t.Error("a partition that was closed has a last batch: it would look stalled")
	}
}

// gathered are the metrics of an engine by their name and the values of their labels.
func gathered(t *testing.T, e *Engine) map[string]float64 {
	t.Helper()
	registry := prometheus.NewRegistry()
	registry.MustRegister(e)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[string]float64)
	for _, family := range families {
		for _, m := range family.Metric {
			name := family.GetName()
			for _, label := range m.Label {
				name += " " + label.GetValue()
			}
			found[name] = m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	return found
}

// TestOlderCheckpointBalances restores counters from before offsets and letters were counted: they are filled in, and
// those of today are left alone.
func TestOlderCheckpointBalances(t *testing.T) {
	before := balanced()
	before.Split.Letters, before.Sides.Offsets, before.Sides.Letters, before.Desk.Offsets, before.Desk.Letters = 0, 0, 0, 0, 0
	if before.Unbalanced() == nil {
		t.Fatal("the control: an older checkpoint adds up as it is")
	}
	for name, s := range map[string]Stats{"before": before, "today": balanced()} {
		s.Split.complete()
		s.Sides.complete()
		s.Desk.complete()
		if got, want := fmt.Sprint(s), fmt.Sprint(balanced()); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

// TestWhatAnotherMemberHasIsNotCountedHere closes the partitions of a member that goes on without them: the new owners count
// what is theirs, so a sum over members has it once. One that stops keeps its counters, for the last word.
func TestWhatAnotherMemberHasIsNotCountedHere(t *testing.T) {
	w := newWorld(t, 300)
	w.live(t, 0, false)
	for _, stopped := range []bool{false, true} {
		e := w.engine(t)
		ctx, stop := context.WithCancel(t.Context())
		e.context, e.live = ctx, true
		all := w.open(t, e)
		if stopped {
			stop()
		}
		for _, r := range all {
			if err := r.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		stop()
		s := e.Stats()
		if kept := s.Split.Offsets > 0 && s.Sides.Read > 0 && s.Desk.Read > 0 && len(s.Outbox) > 0; kept != stopped {
			t.Errorf("stopped %v: %+v", stopped, s)
		}
		if none := s.Split.Offsets == 0 && s.Sides.Read == 0 && s.Desk == (DeskCounts{}) && len(s.Outbox) == 0; none == stopped {
			t.Errorf("stopped %v: %+v", stopped, s)
		}
	}
}
