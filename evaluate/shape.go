package evaluate

import (
	"math"
	"slices"

	"github.com/unopened/unopened/ingest"
)

// sessionGap is the silence that ends a session, in milliseconds: half an hour, as is usual for logs of the web.
const sessionGap = 30 * 60_000

// burstinessFrom is how many gaps an account must have for its burstiness to mean something.
const burstinessFrom = 20

// Distribution is one measure of how people write to each other, over all of a stream.
type Distribution struct {
	Name   string    `json:"name"`
	Unit   string    `json:"unit"`
	Values []float64 `json:"-"` // in order
}

// Quantile returns the value below which a share of them lie; NaN where there are none.
func (d *Distribution) Quantile(share float64) float64 {
	if len(d.Values) == 0 {
		return math.NaN()
	}
	return d.Values[min(len(d.Values)-1, int(share*float64(len(d.Values))))]
}

// Shape measures how people write to each other in a stream of raw events: by direct messages with a known sender alone, since
// every log of messages has these. It is for setting a simulation beside a real log, or two logs beside each other.
type Shape struct {
	Events   int64 `json:"direct_messages"`
	accounts map[ingest.SubjectID]*shaped
	pairs    map[couple]*dialogue
	gaps     []float64
	replies  []float64
	sessions []float64
	lengths  []float64
}

// shaped is what is kept of an account.
type shaped struct {
	sent, partners, firsts int32
	days                   int32
	last, session          int64
	lastDay                int64
	inSession              int32
	n, sum, squares        float64 // of its gaps
}

// couple is two accounts, the lesser first.
type couple [2]ingest.SubjectID

// dialogue is what is kept of two accounts.
type dialogue struct {
	messages int32
	answered bool
	last     int64
	by       ingest.SubjectID // who wrote last
}

// NewShape returns a Shape that has seen nothing.
func NewShape() *Shape {
	return &Shape{accounts: map[ingest.SubjectID]*shaped{}, pairs: map[couple]*dialogue{}}
}

// Event takes a raw event; they come in order of time.
func (s *Shape) Event(ev *ingest.Event) {
	if ev.Type != ingest.Message || ev.Kind != ingest.Direct || !ev.Has.All(ingest.FieldActor|ingest.FieldTarget) {
		return
	}
	s.Events++
	a, b := s.account(ev.Subject), s.account(ev.Peer)
	s.write(a, ev.At)
	key := couple{ev.Subject, ev.Peer}
	if slices.Compare(key[0][:], key[1][:]) > 0 {
		key[0], key[1] = key[1], key[0]
	}
	d := s.pairs[key]
	if d == nil {
		d = &dialogue{}
		s.pairs[key] = d
		a.firsts++
		a.partners++
		b.partners++
	} else if d.by != ev.Subject {
		d.answered = true
		s.replies = append(s.replies, seconds(ev.At-d.last))
	}
	d.messages++
	d.last, d.by = ev.At, ev.Subject
}

func seconds(ms int64) float64 { return max(1, float64(ms)/1000) }

func (s *Shape) account(id ingest.SubjectID) *shaped {
	a := s.accounts[id]
	if a == nil {
		a = &shaped{lastDay: -1}
		s.accounts[id] = a
	}
	return a
}

// write takes a message that an account sent.
func (s *Shape) write(a *shaped, at int64) {
	if a.sent > 0 {
		gap := seconds(at - a.last)
		s.gaps = append(s.gaps, gap)
		a.n, a.sum, a.squares = a.n+1, a.sum+gap, a.squares+gap*gap
	}
	if a.sent > 0 && at-a.last < sessionGap {
		a.inSession++
	} else {
		s.endSession(a)
		a.session, a.inSession = at, 1
	}
	if d := at / 86_400_000; d != a.lastDay {
		a.lastDay = d
		a.days++
	}
	a.sent++
	a.last = at
}

func (s *Shape) endSession(a *shaped) {
	if a.inSession > 0 {
		s.sessions = append(s.sessions, float64(a.inSession))
		if a.inSession > 1 {
			s.lengths = append(s.lengths, seconds(a.last-a.session))
		}
	}
}

// Distributions returns the measures, in the order in which they are shown. The Shape takes no event after it.
func (s *Shape) Distributions() []Distribution {
	var sent, partners, firsts, days, bursts, messages []float64
	for _, a := range s.accounts {
		s.endSession(a)
		partners, firsts = append(partners, float64(a.partners)), append(firsts, float64(a.firsts))
		if a.sent > 0 {
			sent, days = append(sent, float64(a.sent)), append(days, float64(a.days))
		}
		if a.n >= burstinessFrom {
			mean := a.sum / a.n
			deviation := math.Sqrt(max(0, a.squares/a.n-mean*mean))
			bursts = append(bursts, (deviation-mean)/(deviation+mean)) // Goh and Barabási 2008
		}
	}
	for _, d := range s.pairs {
		messages = append(messages, float64(d.messages))
	}
	all := []Distribution{
		{"messages an account sends", "messages", sent}, {"partners of an account", "accounts", partners},
		{"accounts it writes to first", "accounts", firsts}, {"days on which it writes", "days", days},
		{"from one message of an account to its next", "s", s.gaps}, {"from a message to the answer", "s", s.replies},
		{"messages in a session", "messages", s.sessions}, {"length of a session with more than one", "s", s.lengths},
		{"messages of a pair", "messages", messages}, {"burstiness of an account", "", bursts},
	}
	for i := range all {
		slices.Sort(all[i].Values)
	}
	return all
}

// Answered is the share of pairs in which the one who was written to first ever wrote.
func (s *Shape) Answered() float64 {
	n := 0
	for _, d := range s.pairs {
		if d.answered {
			n++
		}
	}
	return float64(n) / float64(max(1, len(s.pairs)))
}
