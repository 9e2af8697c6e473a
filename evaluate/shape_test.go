package evaluate

import (
	"testing"

	"github.com/unopened/unopened/ingest"
)

// Three people: 1 writes to 2 twice within a minute, 2 answers after ten minutes, and 1 writes to 3 a day later.
func TestShapeOfAHandmadeStream(t *testing.T) {
	s := NewShape()
	write := func(from, to byte, second int64) {
		s.Event(&ingest.Event{
			Type: ingest.Message, Kind: ingest.Direct, Subject: ingest.SubjectID{from}, Peer: ingest.SubjectID{to}, At: second * 1000,
			Has: ingest.FieldsAlways | ingest.FieldActor | ingest.FieldTarget | ingest.FieldKind,
		})
	}
	write(1, 2, 100_000)
	write(1, 2, 100_040)
	write(2, 1, 100_640)
	write(1, 3, 190_000)
	s.Event(&ingest.Event{Type: ingest.Message, Kind: ingest.Group, Subject: ingest.SubjectID{3}, At: 200_000_000}) // no direct message
	want := map[string][]float64{
		"messages an account sends": {1, 3}, "partners of an account": {1, 1, 2}, "accounts it writes to first": {0, 0, 2},
		"days on which it writes": {1, 2}, "from one message of an account to its next": {40, 89_960}, "from a message to the answer": {600},
		"messages in a session": {1, 1, 2}, "length of a session with more than one": {40}, "messages of a pair": {1, 3},
		"burstiness of an account": {},
	}
	for _, d := range s.Distributions() {
		values := want[d.Name]
		if len(values) != len(d.Values) {
			t.Errorf("%s: %v, want %v", d.Name, d.Values, values)
			continue
		}
		for i := range values {
			if d.Values[i] != values[i] {
				t.Errorf("%s: %v, want %v", d.Name, d.Values, values)
			}
		}
		if d.Name == "messages an account sends" && (d.Quantile(0.1) != 1 || d.Quantile(0.99) != 3) {
			t.Errorf("quantiles %v and %v", d.Quantile(0.1), d.Quantile(0.99))
		}
	}
	if s.Events != 4 || s.Answered() != 0.5 {
		t.Errorf("%d messages, %v answered", s.Events, s.Answered())
	}
}

// A clock is not bursty at all, and many messages at once after long silence are.
func TestBurstiness(t *testing.T) {
	for _, c := range []struct {
		gap    func(i int) int64
		lo, hi float64
	}{{func(int) int64 { return 600 }, -1, -0.99}, {func(i int) int64 { return 1 + int64(i%30)/29*100_000 }, 0.5, 1}} {
		s, at := NewShape(), int64(1)
		for i := range 300 {
			at += c.gap(i)
			s.Event(&ingest.Event{
				Type: ingest.Message, Kind: ingest.Direct, Subject: ingest.SubjectID{1}, Peer: ingest.SubjectID{2}, At: at * 1000,
				Has: ingest.FieldActor | ingest.FieldTarget,
			})
		}
		for _, d := range s.Distributions() {
			if d.Name == "burstiness of an account" && (d.Values[0] < c.lo || d.Values[0] > c.hi) {
				t.Errorf("burstiness %v, want %v to %v", d.Values[0], c.lo, c.hi)
			}
		}
	}
}
