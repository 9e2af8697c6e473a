package simulate

import (
	"math/rand/v2"

	"github.com/unopened/unopened/ingest"
)

const (
	minute = 60.0       // seconds
	hour   = 3600.0     // seconds
	day    = 86_400_000 // milliseconds
	hourMs = day / 24   // milliseconds
	never  = 1<<63 - 1  // Unix milliseconds
)

// account is one account and the person behind it.
type account struct {
	rng      *rand.Rand
	id       ingest.SubjectID
	contacts []int32 // closest first
	groups   []int32
	crew     *crew // nil for the innocent
	persona  string
	habit    step  // what a session of it consists of
	born     int64 // registration, Unix milliseconds
	from     int64 // when its abuse begins
	rate     float64
	slowness float64 // factor on the delay of its answers
	usual    place   // where its owner is
	here     place   // where it acts from at the moment
	home     uint64  // networks
	mobile   uint64
	phone    [2]byte
	town     int32
	team     int32 // the group that it leads, or -1
	age      ingest.AgeBand
	ageGiven bool
	zone     int8 // hours east of Greenwich
	late     int8 // hours that its day is later than others'
	gone     bool // deleted
	away     bool // abroad
	taken    bool // in a stranger's hands
}

// place is what the messenger sees of where an account acts from.
type place struct {
	device, network uint64
	country         [2]byte
	client          ingest.Client
}

// rhythm is how active people are in each hour of their day; its mean is 1. The shape is that of messaging and call
// logs: low before dawn, rising to an evening peak.
var rhythm = [24]float64{
	0.26, 0.10, 0.05, 0.04, 0.05, 0.15, 0.50, 0.90, 1.00, 1.00, 1.00, 1.10,
	1.30, 1.20, 1.10, 1.20, 1.30, 1.50, 1.70, 1.90, 2.00, 1.80, 1.25, 0.60,
}

// localHour returns the hours since 1970 on the account's own clock.
func (a *account) localHour(at int64) int64 { return at/hourMs + int64(a.zone) - int64(a.late) }

// activity returns how active the account is in the hour of a time, 1 on average.
func (a *account) activity(at int64) float64 {
	h := a.localHour(at)
	w := rhythm[h%24]
	if weekend(h) {
		if h%24 < 10 {
			return w * 0.6
		}
		return w * 1.15
	}
	return w
}

// weekend tells whether an hour since 1970, which began on a Thursday, lies on a Saturday or Sunday.
func weekend(localHour int64) bool { return (localHour/24+4)%7%6 == 0 }

// nextSession draws when the account is next active: a Poisson process whose intensity follows its rhythm.
func (a *account) nextSession(now int64) int64 {
	need := a.rng.ExpFloat64() / a.rate * 24 // hours of average activity
	for at := now; ; {
		next := (at/hourMs + 1) * hourMs
		w := a.activity(at)
		left := w * float64(next-at) / hourMs
		if need < left {
			return at + int64(need/w*hourMs)
		}
		need -= left
		at = next
	}
}

// waking returns the time itself, or some time the next morning where the account sleeps.
func (a *account) waking(at int64) int64 {
	h := a.localHour(at) % 24
	if h < 1 || h >= 7 {
		return at
	}
	return at + (7-h)*hourMs + a.rng.Int64N(2*hourMs)
}

// present tells whether the account exists at a time.
func (a *account) present(at int64) bool { return a.born <= at && !a.gone }

// contact draws a contact, a close one more often than another, or -1.
func (a *account) contact() int32 {
	if len(a.contacts) == 0 {
		return -1
	}
	u := a.rng.Float64()
	return a.contacts[int(u*u*float64(len(a.contacts)))]
}

// some draws a number of different contacts, fewer where there are not so many.
func (a *account) some(n span) []int32 {
	return shuffled(a.rng, a.contacts)[:min(int(n.count(a.rng)), len(a.contacts))]
}

// group draws a group that the account is in, or -1.
func (a *account) group() int32 {
	if len(a.groups) == 0 {
		return -1
	}
	return a.groups[a.rng.IntN(len(a.groups))]
}

// group is a group conversation.
type group struct {
	id      ingest.SubjectID
	members []int32
}

// tie is what is between two accounts. The bits of the pair's lower-numbered account are given; those of the other
// lie one higher.
type tie uint8

const (
	knows    tie = 1 << 0 // has the other in its address book
	blocks   tie = 1 << 2
	talked   tie = 1 << 4 // they have written
	vanishes tie = 1 << 5 // a disappearing-messages timer is on
)

func pair(a, b int32) uint64 { return uint64(min(a, b))<<32 | uint64(max(a, b)) }

// of turns a bit of the lower-numbered account of a pair into that of a.
func (t tie) of(a, b int32) tie {
	if a > b {
		return t << 1
	}
	return t
}

// bind sets a bit of a pair.
func (s *Simulator) bind(a, b int32, t tie) { s.ties[pair(a, b)] |= t }

// bound tells whether a bit of a pair is set.
func (s *Simulator) bound(a, b int32, t tie) bool { return s.ties[pair(a, b)]&t != 0 }

// learn puts b into a's address book.
func (s *Simulator) learn(a, b int32) {
	if a == b || s.bound(a, b, knows.of(a, b)) {
		return
	}
	s.bind(a, b, knows.of(a, b))
	s.accounts[a].contacts = append(s.accounts[a].contacts, b)
}

// befriend puts both into each other's address books.
func (s *Simulator) befriend(a, b int32) {
	s.learn(a, b)
	s.learn(b, a)
}

// relation returns what the two address books say.
func (s *Simulator) relation(a, b int32) ingest.Relation {
	switch s.ties[pair(a, b)] & (knows | knows<<1) {
	case 0:
		return ingest.Stranger
	case knows | knows<<1:
		return ingest.Mutual
	}
	return ingest.OneWay
}

// sharedGroups counts the groups that both are in.
func (s *Simulator) sharedGroups(a, b int32) (n uint16) {
	for _, g := range s.accounts[a].groups {
		for _, h := range s.accounts[b].groups {
			if g == h {
				n++
			}
		}
	}
	return n
}

// open tells whether a can write to b now.
func (s *Simulator) open(a, b int32) bool {
	return a != b && s.accounts[a].present(s.now) && s.accounts[b].present(s.now) &&
		!s.bound(a, b, blocks|blocks<<1)
}
