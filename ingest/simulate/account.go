package simulate

import (
	"math"
	"slices"

	"github.com/unopened/unopened/ingest"
)

const (
	minute = 60.0       // seconds
	hour   = 3600.0     // seconds
	day    = 86_400_000 // milliseconds
	hourMs = day / 24   // milliseconds
)

// account is one account and the person behind it.
type account struct {
	id       ingest.SubjectID
	contacts []*account       // closest first
	ties     map[*account]tie // to others, who have their own to it
	groups   []*group
	town     *town
	persona  string                     // "" for the abusive
	habit    func(*Simulator, *account) // what a session of it consists of
	team     *group                     // that it leads
	crew     *crew                      // nil for the innocent
	part     string                     // in it; "" for those who act
	from     int64                      // when its abuse begins
	born     int64                      // registration, Unix milliseconds
	rate     float64                    // sessions a day
	sociable float64                    // how many acquaintances it looks for
	venture  float64                    // chance of a row of messages to strangers in a session
	appeal   float64                    // factor on how they take it
	slowness float64                    // factor on the delay of its answers
	replies  float64                    // with which chance it goes on with a conversation
	counter  *counter                   // nil for who answers for himself
	here     place                      // where it acts from at the moment
	home     uint64                     // networks
	mobile   uint64
	age      ingest.AgeBand
	told     ingest.AgeBand // what the messenger knows of its age
	late     int64          // hours that its day is later than others'
	gone     bool           // deleted
	taken    bool           // in a stranger's hands
	renewed  bool           // has the new client
}

// place is what the messenger sees of where an account acts from.
type place struct {
	device, network uint64
	country         [2]byte
	client          ingest.Client
}

// group is a group conversation.
type group struct {
	id      ingest.SubjectID
	members []*account
}

// join makes a member of a group.
func (g *group) join(a *account) {
	a.groups = append(a.groups, g)
	g.members = append(g.members, a)
}

// tie is what one account has to do with another.
type tie uint8

const (
	knows    tie = 1 << iota // has it in its address book
	blocks                   // does not hear from it
	talked                   // has written with it; holds on both sides
	vanishes                 // has a disappearing-messages timer on; holds on both sides
	renewed                  // will open a new cryptographic session with its next message
)

// bind adds a tie on both sides.
func bind(a, b *account, t tie) {
	a.ties[b] |= t
	b.ties[a] |= t
}

// learn puts b into a's address book.
func (a *account) learn(b *account) {
	if a != b && a.ties[b]&knows == 0 {
		a.ties[b] |= knows
		b.ties[a] |= 0 // so that b's ties name all who know b
		a.contacts = append(a.contacts, b)
	}
}

// befriend puts both into each other's address books.
func befriend(a, b *account) {
	a.learn(b)
	b.learn(a)
}

// relation returns what the two address books say.
func relation(a, b *account) ingest.Relation {
	switch ab, ba := a.ties[b]&knows, b.ties[a]&knows; {
	case ab&ba != 0:
		return ingest.Mutual
	case ab|ba != 0:
		return ingest.OneWay
	}
	return ingest.Stranger
}

// in tells whether an account is in a group.
func (a *account) in(g *group) bool { return slices.Contains(a.groups, g) }

// sharedGroups counts the groups that both are in.
func sharedGroups(a, b *account) (n uint16) {
	for _, g := range a.groups {
		if b.in(g) {
			n++
		}
	}
	return n
}

// open tells whether a can write to b now; to nobody it cannot.
func (s *Simulator) open(a, b *account) bool {
	return b != nil && a != b && s.there(a) && s.there(b) && (a.ties[b]|b.ties[a])&blocks == 0
}

// there tells whether an account has registered and is not deleted.
func (s *Simulator) there(a *account) bool { return !a.gone && a.born <= s.now }

// contact draws a contact, a close one more often than another, or nil.
func (s *Simulator) contact(a *account) *account {
	if len(a.contacts) == 0 {
		return nil
	}
	u := math.Pow(s.rng.Float64(), s.ordinary.closeness)
	return a.contacts[int(u*float64(len(a.contacts)))]
}

// rhythm is how active people are in each hour of their day; its mean is 1. The shape is that of messaging and call
// logs: low before dawn, rising to an evening peak.
var rhythm = [24]float64{
	0.26, 0.10, 0.05, 0.04, 0.05, 0.15, 0.50, 0.90, 1.00, 1.00, 1.00, 1.10,
	1.30, 1.20, 1.10, 1.20, 1.30, 1.50, 1.70, 1.90, 2.00, 1.80, 1.25, 0.60,
}

// clock returns the hour of the account's own day, and whether that is a Saturday or Sunday; 1970 began on a Thursday.
func (a *account) clock(at int64) (hour int64, weekend bool) {
	h := at/hourMs + a.town.country.zone - a.late
	return h % 24, (h/24+4)%7%6 == 0
}

// activity returns how active the account is in the hour of a time, 1 on average.
func (s *Simulator) activity(a *account, at int64) float64 {
	hour, weekend := a.clock(at)
	weekend = weekend || s.onHoliday(at)
	switch {
	case weekend && hour < 10:
		return 0.6 * rhythm[hour]
	case weekend:
		return 1.15 * rhythm[hour]
	}
	return rhythm[hour]
}

// rest schedules the account's next session after a time. Sessions come in clumps, as human acts do (Barabási 2005): soon
// after each other or after a long while, on average rate a day, with an intensity that follows the account's rhythm (by
// thinning, Lewis and Shedler 1979).
func (s *Simulator) rest(a *account, at int64) {
	const most = 1.15 * 2 // of activity
	p := &s.ordinary
	rate := a.rate * (1 - p.soon) / (1 - p.soon/p.sooner)
	if s.chance(p.soon) {
		rate = a.rate * p.sooner
	}
	for again := true; again; again = !s.chance(s.activity(a, at) / most) {
		at += int64(s.exponential() / (rate * most) * day)
	}
	s.schedule(at, a, func() { s.session(a) })
}

// waking returns the time itself, or some time the next morning where the account sleeps.
func (s *Simulator) waking(a *account, at int64) int64 {
	hour, _ := a.clock(at)
	if hour < 1 || hour >= 7 || a.counter != nil && a.counter.nights {
		return at
	}
	return at + (7-hour)*hourMs + s.rng.Int64N(2*hourMs)
}
