package simulate

import (
	"math"
	"math/rand/v2"

	"github.com/unopened/unopened/ingest"
)

// noise puts hostile records and repeats among the normal ones.
type noise struct {
	rng     *rand.Rand
	hostile int // still to come
	repeats int // still to be asked for
	wanted  int // asked for: that many of the next lines are kept
	kept    []keepsake
	free    []int32 // places in kept
}

// keepsake is a line that will come again.
type keepsake struct {
	event ingest.Event
	line  []byte
}

// makeNoise schedules the first of them.
func (s *Simulator) makeNoise() {
	s.noise = noise{rng: s.stream(domainNoise, 0), hostile: s.scenario.Hostile, repeats: s.scenario.Repeats}
	s.scatter(s.noise.hostile, s.end, task{do: (*Simulator).assault})
	s.scatter(s.noise.repeats, s.lastKept(), task{do: (*Simulator).keep})
}

// lastKept is the end of the time in which lines are kept: late enough that a normal line still follows.
func (s *Simulator) lastKept() int64 { return s.end - (s.end-s.scenario.Start)/20 }

// scatter schedules the next of n tasks that are spread evenly until a time: the least of n uniform numbers, so that
// exactly n of them come and only one is scheduled at any moment.
func (s *Simulator) scatter(n int, until int64, t task) {
	if n == 0 {
		return
	}
	share := 1 - math.Pow(s.noise.rng.Float64(), 1/float64(n))
	s.schedule(min(s.now+int64(share*float64(until-s.now)), until-1), t)
}

// assault hands over the next hostile record, each flaw in its turn.
func (s *Simulator) assault(t task) {
	s.noise.hostile--
	s.scatter(s.noise.hostile, s.end, t)
	s.out = append(s.out, output{kind: Hostile, line: s.spoil(flaws[s.noise.hostile%len(flaws)])})
}

// keep asks for the next normal line to be repeated.
func (s *Simulator) keep(t task) {
	s.noise.repeats--
	s.noise.wanted++
	s.scatter(s.noise.repeats, s.lastKept(), t)
}

// overhear keeps a normal line that goes out, if one is wanted, and schedules its repeat within the hour.
func (n *noise) overhear(s *Simulator, e *ingest.Event, line []byte) {
	if n.wanted == 0 {
		return
	}
	n.wanted--
	if len(n.free) == 0 {
		n.free = append(n.free, int32(len(n.kept)))
		n.kept = append(n.kept, keepsake{})
	}
	k := n.free[len(n.free)-1]
	n.free = n.free[:len(n.free)-1]
	n.kept[k] = keepsake{*e, append(n.kept[k].line[:0], line...)}
	at := s.now + int64(min(logNormal(n.rng, 90, 1), 1800)*1000)
	s.schedule(min(at, s.end-1), task{do: (*Simulator).repeat, a: k})
}

// repeat hands a kept line over again.
func (s *Simulator) repeat(t task) {
	k := &s.noise.kept[t.a]
	s.out = append(s.out, output{kind: Repeat, event: k.event, line: append([]byte(nil), k.line...)})
	s.noise.free = append(s.noise.free, t.a)
}
