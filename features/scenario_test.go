package features

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/unopened/unopened/ingest"
)

// A scenario is a folder of testdata/scenarios named like its family: events.jsonl has a story in raw records of the
// contract, want.jsonl what the family's features come to in it, README.md the story in words and why each value is what
// it is. Values are worked out from the features' definitions; nothing writes them from what the table says.
const scenarios = "testdata/scenarios"

// want is one line of want.jsonl: the values of an account after an event, else after the last one at or before At. At is
// the time at which the account then stands. Or Idle: the events without which no value would be another.
type want struct {
	Account string
	At      int64
	After   string
	Values  map[string]*json.Number // null: unknown
	Idle    []string
}

// scenario is a story and what is wanted of it.
type scenario struct {
	events []ingest.Event
	wants  map[int][]want // by the place of the event behind which they hold
	idle   []int
	readme []string // its lines
}

func TestScenarios(t *testing.T) {
	for _, name := range familyNames() {
		t.Run(name, func(t *testing.T) {
			s := readScenario(t, name)
			for _, wrong := range s.tell(-1) {
				t.Error(wrong)
			}
			s.covers(t, name)
		})
	}
	folders, err := os.ReadDir(scenarios)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range folders {
		if !slices.Contains(familyNames(), f.Name()) {
			t.Errorf("%s/%s is no family's", scenarios, f.Name())
		}
	}
}

// TestEventsOfScenariosMatter is the control: each event taken out makes some wanted value another, but for those that
// the scenario says count for nothing.
func TestEventsOfScenariosMatter(t *testing.T) {
	for _, name := range familyNames() {
		s := readScenario(t, name)
		for i := range s.events {
			idle := slices.Contains(s.idle, i)
			if same := len(s.tell(i)) == 0; same != idle {
				t.Errorf("%s, line %d of events.jsonl: all values are as wanted without it: %v; listed as idle: %v", name, i+1, same, idle)
			}
		}
	}
}

// familyNames are the Catalogue's, in its order.
func familyNames() (names []string) {
	for i := range Catalogue {
		names = append(names, Catalogue[i].Family)
	}
	return slices.Compact(names)
}

// readScenario reads a family's folder through the decoder of the contract.
func readScenario(t *testing.T, name string) *scenario {
	t.Helper()
	s := &scenario{wants: map[int][]want{}}
	for i, line := range scenarioLines(t, name, "events.jsonl") {
		var d ingest.Decoder
		var ev ingest.Event
		if refusal := d.Decode(&ev, []byte(line)); refusal != ingest.Accepted {
			t.Fatalf("%s, line %d of events.jsonl is refused: %v", name, i+1, refusal)
		}
		if s.place(ev.ID.String()) >= 0 || i > 0 && ev.At < s.events[i-1].At {
			t.Fatalf("%s, line %d of events.jsonl: an id twice, or earlier than the line before", name, i+1)
		}
		s.events = append(s.events, ev)
	}
	for i, line := range scenarioLines(t, name, "want.jsonl") {
		var w want
		d := json.NewDecoder(strings.NewReader(line))
		d.DisallowUnknownFields()
		if err := d.Decode(&w); err != nil {
			t.Fatalf("%s, line %d of want.jsonl: %v", name, i+1, err)
		}
		if err := s.add(w); err != nil {
			t.Fatalf("%s, line %d of want.jsonl: %v", name, i+1, err)
		}
	}
	s.readme = scenarioLines(t, name, "README.md")
	return s
}

// scenarioLines are those of a scenario's file.
func scenarioLines(t *testing.T, name, file string) (all []string) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(scenarios, name, file))
	if err != nil {
		t.Fatalf("the family %s has no scenario: %v", name, err)
	}
	for s := bufio.NewScanner(bytes.NewReader(b)); s.Scan(); {
		all = append(all, s.Text())
	}
	return all
}

// place returns where the event of an id stands, -1 for nowhere.
func (s *scenario) place(id string) int {
	return slices.IndexFunc(s.events, func(ev ingest.Event) bool { return ev.ID.String() == id })
}

// add puts a line of want.jsonl where it belongs.
func (s *scenario) add(w want) error {
	for _, id := range w.Idle {
		i := s.place(id)
		if i < 0 {
			return fmt.Errorf("no event %s", id)
		}
		s.idle = append(s.idle, i)
	}
	if w.Idle != nil {
		return nil
	}
	i := s.place(w.After)
	if w.After == "" {
		for i+1 < len(s.events) && s.events[i+1].At <= w.At {
			i++
		}
	}
	if i < 0 || len(w.Values) == 0 {
		return fmt.Errorf("no event %q at or before %d, or no values", w.After, w.At)
	}
	s.wants[i] = append(s.wants[i], w)
	return nil
}

// tell tells the story to a table, but for the event at one place (-1 for none), and returns what is not as wanted.
func (s *scenario) tell(without int) (wrong []string) {
	w := newWorld(nil)
	var routed []ingest.Routed
	for i := range s.events {
		if i != without {
			routed = ingest.Split(routed[:0], &s.events[i], ingest.Cause{}, 1)
			for j := range routed {
				w.table.Observe(&routed[j].Entry.Event, &w.v)
			}
			w.drain()
		}
		for _, want := range s.wants[i] {
			wrong = append(wrong, want.missed(w, without < 0)...)
		}
	}
	return wrong
}

// missed compares the values with the table's. Where the story is whole the account has to stand at the time given.
func (want *want) missed(w *world, whole bool) (wrong []string) {
	var id ingest.SubjectID
	if n, err := hex.Decode(id[:], []byte(want.Account)); n != len(id) || err != nil {
		return []string{want.Account + " is no pseudonym"}
	}
	a := w.table.Account(id)
	if a == nil {
		return []string{want.Account + " is unknown to the table"}
	}
	if whole && a.Last != want.At {
		wrong = append(wrong, fmt.Sprintf("%s stands at %d, not %d: want it when something reaches it", want.Account, a.Last, want.At))
	}
	w.table.Read(a, &w.v)
	for name, value := range want.Values {
		i, ok := Index(name)
		if !ok {
			wrong = append(wrong, "no feature "+name)
		} else if got := w.v.X[i]; !asWanted(got, value) {
			wrong = append(wrong, fmt.Sprintf("%s at %d: %s = %v, want %s", want.Account, want.At, name, got, wantText(value)))
		}
	}
	return wrong
}

// asWanted tells whether a value is the one wanted, within a hundredth: counters fade by whole ticks, which is up to 0.3 %.
func asWanted(got float32, want *json.Number) bool {
	if want == nil {
		return got != got
	}
	x, err := want.Float64()
	return err == nil && math.Abs(float64(got)-x) <= max(0.01*math.Abs(x), 1e-5)
}

func wantText(n *json.Number) string {
	if n == nil {
		return "unknown"
	}
	return n.String()
}

// covers holds that each feature of the family is wanted with a value other than 0, that somebody else is there to be
// compared with, and that README.md has each value's row.
func (s *scenario) covers(t *testing.T, family string) {
	known, accounts := map[string]bool{}, map[string]bool{}
	for _, wants := range s.wants {
		for _, w := range wants {
			accounts[w.Account] = true
			for name, value := range w.Values {
				if value != nil && value.String() != "0" {
					known[name] = true
				}
				row := fmt.Sprintf("| `%s` | %s | ", name, wantText(value))
				if !slices.ContainsFunc(s.readme, func(line string) bool { return strings.HasPrefix(line, row) }) {
					t.Errorf("README.md has no row %q", row)
				}
			}
		}
	}
	for i := range Catalogue {
		if d := &Catalogue[i]; d.Family == family && !known[d.Name] {
			t.Errorf("%s is wanted nowhere, or only as unknown or 0", d.Name)
		}
	}
	if len(accounts) < 2 {
		t.Error("only one account is looked at: there is nobody innocent")
	}
}
