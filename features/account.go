package features

import (
	"math"

	"github.com/unopened/unopened/ingest"
)

// Account is what every account has of state: flat, at most 256 bytes, without pointers, so that the collector never
// looks at it and a snapshot is a copy. Families keep their own part of it, in their own files.
type Account struct {
	ID     ingest.SubjectID
	Last   int64         // the time that the state stands at: its latest event, Unix milliseconds
	First  int64         // its first event
	acted  int64         // its own last act, 0 before there is one
	sent   int64         // its last message or call, 0 before there is one
	Seen   ingest.Fields // fields that its own acts have carried; FieldActor once it has acted
	Events uint32        // sides folded in
	reach  uint32        // place of its Reach in the slab, counted from 1; 0 for none
	// Memo is the score last recorded of each harm, NaN before there is one. It belongs to the layer above, which
	// writes a verdict when a score has moved away from it, and is kept here to be part of the snapshot.
	Memo    [6]float32 `half:"-"`
	created uint16     // Unix day of its registration, where flagCreated is set
	flags   flags
	age     ingest.AgeBand // as last given
	volume
	lifecycle
	feedback
	takeover
}

// Reach is the part of an account's state that only accounts with dealings have: with peers, in groups, or with
// complaints. Flat like Account.
type Reach struct {
	block    uint32 // the block of its contacts: class and place; 0 for none
	trace    uint32 // the ring of its traces, likewise
	contacts uint16 // entries in that block
	traces   uint16 // traces in that ring
	hand     uint16 // where the next one goes
	streak   uint16 // first contacts since the last reply to one
	rhythm
	outreach
	targets
	consent
	agegap
	escalation
	reporters
	lockstep
}

type flags uint8

const (
	flagHeld flags = 1 << iota
	flagObjected
	flagDeleted
	flagCreated    // created is known
	flagRegistered // registered is known
	flagOnDevice   // a device has answered
	flagOnNetwork  // a network has answered
)

var (
	accountFading = fadingOf[Account]()
	reachFading   = fadingOf[Reach]()
)

var nan = float32(math.NaN())

// start makes a row of the zeroed a.
func (a *Account) start(id ingest.SubjectID, at int64) {
	a.ID, a.First, a.Last = id, at, at
	for i := range a.Memo {
		a.Memo[i] = nan
	}
}

// Objected tells whether the person has objected to being scored. The state goes on, since its peers' state rests on
// it; no model may look at it.
func (a *Account) Objected() bool { return a.flags&flagObjected != 0 }

// Held tells whether the account is under a hold: it is never evicted.
func (a *Account) Held() bool { return a.flags&flagHeld != 0 }

// Deleted tells whether the messenger said that the account was deleted.
func (a *Account) Deleted() bool { return a.flags&flagDeleted != 0 }

// Age returns the account's age band as last given, 0 where it never was.
func (a *Account) Age() ingest.AgeBand { return a.age }

// AgeDays returns the days since registration and whether they are known.
func (a *Account) AgeDays() (float32, bool) {
	switch {
	case a.flags&flagRegistered != 0:
		return max(0, float32(a.Last-millis(a.registered))/float32(dayMs)), true
	case a.flags&flagCreated != 0:
		return max(0, float32(a.Last-int64(a.created)*dayMs)/float32(dayMs)), true
	}
	return nan, false
}

// epoch2000 is 2000-01-01, before which the contract has no event: seconds since then fit 32 bits until 2136.
const epoch2000 = int64(946684800000)

// seconds returns a time in seconds since 2000, at least 1: 0 is kept for "never".
func seconds(at int64) uint32 { return uint32(max(1, min((at-epoch2000)/second, math.MaxUint32))) }

// millis is the inverse of seconds, in Unix milliseconds.
func millis(s uint32) int64 { return epoch2000 + int64(s)*second }
