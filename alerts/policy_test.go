package alerts

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/unopened/unopened/ingest"
	"github.com/unopened/unopened/models"
)

// step is one verdict of the account: its time in hours, its score.
type step struct{ hour, score float64 }

func (s step) verdict(i int) *models.Verdict {
	return verdict(1, byte(i), start+int64(s.hour*hour), s.score)
}

// TestNothingIsToldOfThePast gives a policy a time since when it tells: scores before open nothing and leave no episode, those
// at it and after do. Without it each opens an alert.
func TestNothingIsToldOfThePast(t *testing.T) {
	steps := []step{{0, 0.95}, {1.999, 0.98}, {2, 0.93}, {3, 0.98}}
	for _, test := range []struct {
		since string
		want  string
	}{
		{"", "opened 1/0 high 0.95, updated 1/1 critical 0.98"},
		{time.UnixMilli(start + 2*hour).UTC().Format(time.RFC3339), "opened 1/0 high 0.93, updated 1/1 critical 0.98"},
		{time.UnixMilli(start + 4*hour).UTC().Format(time.RFC3339), ""},
	} {
		cfg := promoted()
		cfg.Since = test.since
		p := newPolicy(t, cfg)
		var got []Candidate
		for i, s := range steps {
			got = p.Decide(s.verdict(i), models.Grooming, got)
		}
		if brief(got) != test.want || test.want == "" && len(p.episodes) > 0 {
			t.Errorf("since %q: %s, want %s", test.since, brief(got), test.want)
		}
	}
}

// brief writes candidates as "opened 1/0 high 0.91".
func brief(candidates []Candidate) string {
	var all []string
	for _, c := range candidates {
		all = append(all, fmt.Sprintf("%s %d/%d %s %v", strings.TrimPrefix(string(c.Type), "alert."), c.Episode, c.Sequence, c.Severity, c.Score))
	}
	return strings.Join(all, ", ")
}

var episodes = []struct {
	name  string
	steps []step
	want  []string // after each step
}{
	{"below the action threshold", []step{{0, 0.8999}, {1, 0.5}}, []string{"", ""}},
	{"opens at the edge", []step{{0, 0.9}}, []string{"opened 1/0 high 0.9"}},
	{"opens at the edge as it is published", []step{{0, 0.89996}}, []string{"opened 1/0 high 0.9"}},
	{"opens as critical", []step{{0, 0.98}, {1, 0.99}}, []string{"opened 1/0 critical 0.98", ""}},
	{"is updated when the severity rises, once", []step{{0, 0.91}, {1, 0.95}, {2, 0.97}, {3, 0.92}, {4, 0.99}},
		[]string{"opened 1/0 high 0.91", "", "updated 1/1 critical 0.97", "", ""}},
	{"lasts to the end of the cool-down", []step{{0, 0.91}, {24, 0.93}, {48, 0.9}, {72, 0.1}},
		[]string{"opened 1/0 high 0.91", "", "", ""}},
	{"is closed by the first event after it", []step{{0, 0.91}, {1, 0.96}, {25.001, 0.2}, {26, 0.2}},
		[]string{"opened 1/0 high 0.91", "", "closed 1/1 high 0.96", ""}},
	{"is closed and opened by one event", []step{{0, 0.91}, {1, 0.98}, {100, 0.92}, {200, 0.3}},
		[]string{"opened 1/0 high 0.91", "updated 1/1 critical 0.98", "closed 1/2 critical 0.98, opened 2/0 high 0.92", "closed 2/1 high 0.92"}},
	{"opens again long after it was closed", []step{{0, 0.91}, {30, 0.1}, {60, 0.91}},
		[]string{"opened 1/0 high 0.91", "closed 1/1 high 0.91", "opened 2/0 high 0.91"}},
	{"a late event does not shorten it", []step{{10, 0.91}, {2, 0.95}, {33, 0.1}},
		[]string{"opened 1/0 high 0.91", "", ""}},
}

func TestEpisodes(t *testing.T) {
	for _, tt := range episodes {
		p := newPolicy(t, promoted())
		for i, s := range tt.steps {
			if got := brief(p.Decide(s.verdict(i), models.Grooming, nil)); got != tt.want[i] {
				t.Errorf("%s: step %d: got %q, want %q", tt.name, i, got, tt.want[i])
			}
		}
	}
}

// all plays steps through policies; next may replace the policy before each step.
func all(p *Policy, steps []step, next func(*Policy) *Policy) (out []Candidate) {
	for i, s := range steps {
		p = next(p)
		out = p.Decide(s.verdict(i), models.Grooming, out)
	}
	return out
}

func TestRestartAtEachStepChangesNothing(t *testing.T) {
	steps := []step{{0, 0.91}, {1, 0.98}, {100, 0.92}, {101, 0.1}, {200, 0.3}, {201, 0.99}, {300, 0.95}}
	same := func(p *Policy) *Policy { return p }
	want := all(newPolicy(t, promoted()), steps, same)
	for cut := range len(steps) + 1 {
		restart := func(restore bool) func(*Policy) *Policy {
			n := -1
			return func(p *Policy) *Policy {
				if n++; n != cut && cut != len(steps) { // the last round restarts before every step
					return p
				}
				fresh := newPolicy(t, promoted())
				if restore {
					copyState(t, func(r io.Reader) error { return fresh.Restore(r, true, true) },
						func(w io.Writer) error { return p.Snapshot(w, 1, 1) })
				}
				return fresh
			}
		}
		if got := all(newPolicy(t, promoted()), steps, restart(true)); !reflect.DeepEqual(got, want) {
			t.Errorf("restart before step %d: got %s, want %s", cut, brief(got), brief(want))
		}
		if got := all(newPolicy(t, promoted()), steps, restart(false)); cut > 0 && cut < 6 && reflect.DeepEqual(got, want) {
			t.Errorf("a restart before step %d that forgets the episodes was not noticed", cut)
		}
	}
}

// copyState hands a snapshot to restore and checks that it reads it whole.
func copyState(t *testing.T, restore func(io.Reader) error, snapshot func(io.Writer) error) {
	t.Helper()
	var b bytes.Buffer
	if err := snapshot(&b); err != nil {
		t.Fatal(err)
	}
	if err := restore(&b); err != nil {
		t.Fatal(err)
	}
	if b.Len() != 0 {
		t.Fatalf("%d bytes of the snapshot were not read", b.Len())
	}
}

func TestPolicySnapshotIsCanonicalAndStrict(t *testing.T) {
	forward, backward := newPolicy(t, promoted()), newPolicy(t, promoted())
	for i := range 100 {
		forward.Decide(verdict(byte(i), byte(i), start, 0.95), models.Grooming, nil)
		backward.Decide(verdict(byte(99-i), byte(99-i), start, 0.95), models.Grooming, nil)
	}
	var a, b bytes.Buffer
	if err := forward.Snapshot(&a, 0, 0); err != nil {
		t.Fatal(err)
	}
	if err := backward.Snapshot(&b, 1, 1); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Error("the same episodes give different bytes")
	}
	p := newPolicy(t, promoted())
	for cut := range a.Len() {
		if p.Restore(bytes.NewReader(a.Bytes()[:cut]), true, true) == nil {
			t.Fatalf("a snapshot cut to %d of %d bytes was taken", cut, a.Len())
		}
	}
	if err := p.Restore(io.MultiReader(&a, strings.NewReader("rest")), true, true); err != nil || len(p.episodes) != 100 {
		t.Errorf("restored %d episodes with %v", len(p.episodes), err)
	}
}

// TestChainOfSnapshotsIsThePolicy takes snapshots of what changed, in sweeps of three parts now and then, with erasures in
// between: what they hold together is what the policy holds.
func TestChainOfSnapshotsIsThePolicy(t *testing.T) {
	p := newPolicy(t, promoted())
	var chain [][]byte
	begun, sizes := 0, 0
	for round := range 60 {
		for i := range 5 {
			account := byte(round*5+i) % 97
			p.Decide(verdict(account, byte(round), start+int64(round)*1000, 0.95), models.Grooming, nil)
		}
		if round%4 == 0 {
			p.Erase(verdict(byte(round*5)%97, 0, start, 0).Account)
		}
		step, of := 0, 0
		if n := round % 10; n >= 7 {
			step, of = n-6, 3
		}
		if step == 1 {
			begun = len(chain)
		}
		var b bytes.Buffer
		if err := p.Snapshot(&b, step, of); err != nil {
			t.Fatal(err)
		}
		if of == 0 {
			sizes = max(sizes, b.Len())
		}
		if chain = append(chain, b.Bytes()); step == 3 {
			chain = chain[begun:]
		}
		if step > 0 && step < of {
			continue
		}
		got := newPolicy(t, promoted())
		for i, file := range chain {
			if err := got.Restore(bytes.NewReader(file), i == 0, i == len(chain)-1); err != nil {
				t.Fatal(err)
			}
		}
		if !maps.Equal(got.episodes, p.episodes) {
			t.Fatalf("round %d: %d episodes out of the chain, %d in the policy", round, len(got.episodes), len(p.episodes))
		}
	}
	if len(p.episodes) < 50 || sizes > 1000 {
		t.Errorf("%d episodes, and %d bytes for six that changed", len(p.episodes), sizes)
	}
}

func TestPromotedHarmNeedsKey(t *testing.T) {
	if _, err := NewPolicy(promoted(), nil, testKey[:15]); err == nil {
		t.Error("a short key was taken")
	}
	if _, err := NewPolicy(DefaultConfig(), nil, nil); err != nil {
		t.Errorf("all in shadow: %v", err)
	}
}

// TestRowsAreWhatIsRead holds the bytes of an episode, written by hand, against those of its fields.
func TestRowsAreWhatIsRead(t *testing.T) {
	for _, open := range []bool{false, true} {
		row := episodeRow{
			episodeKey{ingest.SubjectID{1, 15: 2}, models.Sybil},
			episode{ID: [16]byte{3, 15: 4}, End: -5, Peak: 0.6, Number: 7, Sequence: 8, Severity: Critical, Open: open},
		}
		want, err := binary.Append(nil, binary.LittleEndian, row)
		if got := row.append(nil); err != nil || !bytes.Equal(got, want) {
			t.Errorf("wrote %x, %v; want %x", got, err, want)
		}
	}
}
