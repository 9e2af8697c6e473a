package simulate

import "github.com/unopened/unopened/ingest"

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
	Kind  Kind
	At    int64         // when it is handed over, Unix milliseconds; a repeat comes later than its event happened
	Event *ingest.Event // the line's event; nil where the line is hostile
	line  []byte        // of a hostile one
}

// Simulator makes the lines of a Scenario. It is for one goroutine.
type Simulator struct {
	dice     // of the world and all lives
	scenario Scenario
	ordinary population
	end      int64

	accounts []*account
	towns    []*town
	lines    []*account // the support lines and shelters
	shelters []*account
	crews    []*crew
	pools    []*pool

	now   int64
	tasks queue
	order uint64
	out   []Item
	sent  int // of out

	noise  dice
	wanted int // of the next records that many come again
}

// New builds the world of a valid scenario. Nothing happens before the first Next.
func New(sc Scenario) *Simulator {
	s := &Simulator{
		dice: newDice(sc.Seed, string(sc.Split)), noise: newDice(sc.Seed, "noise of "+string(sc.Split)),
		scenario: sc, ordinary: realistic(), now: sc.Start, end: sc.Start + int64(sc.Days)*day,
	}
	fresh := s.draft()
	s.populate(sc.Accounts - fresh)
	s.cast()
	s.gatherAccomplices()
	for _, c := range s.crews {
		c.kind.begin(s, c)
	}
	for _, a := range s.accounts {
		s.awaken(a)
	}
	s.greetings()
	s.disturb()
	return s
}

// Next appends the next line (without a line feed) or message to dst and describes it; false says that the simulation
// is over.
func (s *Simulator) Next(dst []byte) ([]byte, Item, bool) {
	for s.sent == len(s.out) {
		s.out, s.sent = s.out[:0], 0
		if len(s.tasks) == 0 {
			return dst, Item{}, false
		}
		t := s.tasks.pop()
		s.now = t.at
		if t.who == nil || !t.who.gone {
			t.do()
		}
	}
	item := s.out[s.sent]
	s.sent++
	if item.Kind == Hostile {
		return append(dst, item.line...), item, true
	}
	if item.Kind == Normal {
		s.omit(item.Event)
		s.overhear(item.Event)
	}
	return s.scenario.Encoding.Append(dst, item.Event), item, true
}
