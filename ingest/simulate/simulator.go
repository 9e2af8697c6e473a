package simulate

import (
	"github.com/unopened/unopened/ingest"
)

// Kind says what a line of the simulation is.
type Kind uint8

// The kinds of line.
const (
	Normal  Kind = iota // a record of the contract
	Hostile             // a record that every decoder must refuse
	Repeat              // the exact copy of an earlier line
)

// Item describes the line that Next appended.
type Item struct {
	Kind Kind
	At   int64 // when it is handed over, Unix milliseconds; a repeat comes later than its event happened
	// Event is the line's event, valid until the next call of Next; nil where the line is hostile.
	Event *ingest.Event
}

// Stats counts the lines so far.
type Stats struct {
	Normal, Hostile, Repeats int
	Types                    [ingest.Object + 1]int // of the normal ones, by ingest.Type
}

// Simulator makes the lines of a Scenario. It is for one goroutine.
type Simulator struct {
	scenario Scenario
	root     uint64 // of all names and streams
	end      int64
	given    ingest.Fields // optional fields that the messenger gives

	accounts []account
	towns    []town
	groups   []group
	ties     map[uint64]tie // by pair
	lines    []int32        // the support lines
	minors   []int32
	crews    []crew
	places   uint64 // devices and networks named so far

	now     int64
	tasks   queue
	order   uint64
	events  uint64 // events named so far
	out     []output
	sent    int // of out
	noise   noise
	counted Stats
}

// output is a line on its way out: a normal event, or bytes that are ready.
type output struct {
	kind  Kind
	event ingest.Event
	line  []byte
}

// New builds the world of a valid scenario. Nothing happens before the first Next.
func New(sc Scenario) *Simulator {
	s := &Simulator{scenario: sc, ties: make(map[uint64]tie), now: sc.Start}
	s.root = mix(sc.Seed + golden)
	if sc.Split == Train {
		s.root = mix(s.root + golden)
	}
	s.end = sc.Start + int64(sc.Days)*day
	s.given = sc.fields()
	fresh := s.draft()
	s.populate(sc.Accounts - fresh)
	s.cast()
	s.enlist()
	for i := range s.accounts {
		s.awaken(int32(i))
	}
	s.makeNoise()
	return s
}

// fields returns the optional fields that the scenario gives.
func (sc *Scenario) fields() ingest.Fields {
	given := ^ingest.Fields(0)
	if !sc.Ages {
		given &^= ingest.FieldActorAge | ingest.FieldTargetAge
	}
	if !sc.Relations {
		given &^= ingest.FieldRelation | ingest.FieldSharedGroups
	}
	if !sc.Places {
		given &^= ingest.FieldDevice | ingest.FieldNetwork | ingest.FieldCountry | ingest.FieldPhoneCountry |
			ingest.FieldClient
	}
	if !sc.Media {
		given &^= ingest.FieldMedia | ingest.FieldSize | ingest.FieldForwards | ingest.FieldSessionNew |
			ingest.FieldDisappearing
	}
	return given
}

// Next appends the next line, without a line feed, to dst and describes it; false says that the simulation is over.
func (s *Simulator) Next(dst []byte) ([]byte, Item, bool) {
	for s.sent == len(s.out) {
		s.out, s.sent = s.out[:0], 0
		t, ok := s.tasks.pop()
		if !ok {
			return dst, Item{}, false
		}
		s.now = t.at
		t.do(s, t)
	}
	o := &s.out[s.sent]
	s.sent++
	item := Item{Kind: o.kind, At: s.now, Event: &o.event}
	switch o.kind {
	case Hostile:
		s.counted.Hostile++
		item.Event = nil
		return append(dst, o.line...), item, true
	case Repeat:
		s.counted.Repeats++
		return append(dst, o.line...), item, true
	}
	s.counted.Normal++
	s.counted.Types[o.event.Type]++
	from := len(dst)
	dst = ingest.AppendJSON(dst, &o.event)
	s.noise.overhear(s, &o.event, dst[from:])
	return dst, item, true
}

// Stats returns the counts of what Next has handed over.
func (s *Simulator) Stats() Stats { return s.counted }

// after schedules a task some seconds from now; what would come after the end never happens.
func (s *Simulator) after(seconds float64, t task) {
	s.schedule(s.now+int64(seconds*1000), t)
}

// awake schedules a task like after, but not while its account a sleeps.
func (s *Simulator) awake(seconds float64, t task) {
	s.schedule(s.accounts[t.a].waking(s.now+int64(seconds*1000)), t)
}

func (s *Simulator) schedule(at int64, t task) {
	if at >= s.end {
		return
	}
	s.order++
	t.at, t.order = max(at, s.now), s.order
	s.tasks.push(t)
}
