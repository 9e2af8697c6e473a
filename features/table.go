package features

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"unsafe"

	"github.com/unopened/unopened/ingest"
)

// Config is what one shard's table may use.
type Config struct {
	// MemoryMiB is the most that a shard's state may take, in MiB; 0 for no bound. At the ceiling contact blocks stop
	// growing and accounts idle for longest are evicted, except those under a label, a hold or an objection, and those
	// under suspicion while they are less than half. Room that is reserved and not in use comes on top: 15 % at most, and 1.5 MiB
	// (TestCeilingUnderAttack).
	MemoryMiB int64 `yaml:"memory_mib"`
	// Accounts is how many accounts the index has room for from the start. It is a hint and changes no result.
	Accounts int `yaml:"accounts"`
}

// DefaultConfig returns the defaults.
func DefaultConfig() Config { return Config{MemoryMiB: 4096, Accounts: 4096} }

// Validate returns all that is wrong with c, nil if nothing is.
func (c Config) Validate() error {
	var errs []error
	if c.MemoryMiB < 0 || c.MemoryMiB > 1<<24 {
		errs = append(errs, fmt.Errorf("features.memory_mib is %d: give 0 (no bound) to 16777216", c.MemoryMiB))
	}
	if c.Accounts < 0 || c.Accounts > 1<<30 {
		errs = append(errs, fmt.Errorf("features.accounts is %d: give 0 to 1073741824", c.Accounts))
	}
	return errors.Join(errs...)
}

// Table is the state of one shard: its accounts, their contacts, and the devices and networks it owns. Not for
// concurrent use.
type Table struct {
	// Stamps are the answers that observing has produced for other subjects, in order. The caller sends them and
	// empties the slice; a replay, which takes its stamps from the log, only empties it.
	Stamps []ingest.Stamp

	cfg       Config
	accounts  keyed[Account, *Account]
	places    keyed[Place, *Place]
	groups    keyed[Group, *Group]
	summaries keyed[Summary, *Summary]
	reaches   slab[Reach]
	blocks    blocks
	held      *int64 // bytes that the slabs have reserved
	moved     string // what the last snapshot had otherwise
	kept
}

// kept are the plain numbers of a table that a snapshot carries on.
type kept struct {
	newest             int64  // the greatest event time
	sweepAt            int64  // bytes from which the next sweep may come
	evicted            uint64 // accounts evicted
	hand               uint64 // the row of groups that was looked at last
	summariesForgotten uint64 // that made room
	silent             uint64 // rows of accounts without any event: a stamp or control record came first, or alone
}

// New returns an empty table.
func New(cfg Config) *Table {
	var seeds [9 * 8]byte
	rand.Read(seeds[:]) // never fails; the seeds decide where rows lie, which shows in no result
	seed := func(i int) uint64 { return binary.LittleEndian.Uint64(seeds[8*i:]) }
	held := new(int64)
	t := &Table{cfg: cfg, held: held, reaches: newSlab[Reach](1, held), blocks: newBlocks(seed(4), held)}
	t.accounts.slab, t.places.slab, t.groups.slab = newSlab[Account](1, held), newSlab[Place](1, held), newSlab[Group](1, held)
	t.accounts.seed, t.places.seed, t.groups.seed = [2]uint64{seed(0), seed(1)}, [2]uint64{seed(2), seed(3)}, [2]uint64{seed(5), seed(6)}
	t.accounts.least = max(leastSlots, 1<<bits.Len(uint(cfg.Accounts*4/3/partCount)))
	t.summaries.slab, t.summaries.seed = newSlab[Summary](1, held), [2]uint64{seed(7), seed(8)}
	t.places.least, t.groups.least, t.summaries.least = leastSlots, leastSlots, leastSlots
	return t
}

func (a *Account) subject() *ingest.SubjectID { return &a.ID }

// Observe folds a side into its account and reads the account's vector into v, at the account's time. It allocates
// nothing but, now and then, room for more rows. The account belongs to the table and is valid until the next call
// that changes it. Sides of devices and networks belong to no account: they are answered by stamps, and Observe
// returns nil and leaves v alone. Control records go to Control.
func (t *Table) Observe(ev *ingest.Event, v *Vector) *Account {
	t.settle()
	t.newest = max(t.newest, ev.At)
	switch ev.Side {
	case ingest.SideDevice, ingest.SideNetwork:
		t.visit(ev)
		return nil
	case ingest.SideControl:
		t.Control(ev)
		return nil
	}
	a := t.open(&ev.Subject, ev.At)
	t.fold(a, ev)
	t.Read(a, v)
	return a
}

// Moved says in words which fields the last snapshot restored did not have (+) or had and this program does not (-);
// empty where it was of the same layout.
func (t *Table) Moved() string { return t.moved }

// fold takes an event into its account, family by family.
func (t *Table) fold(a *Account, ev *ingest.Event) {
	s := step{ev: ev, a: a, acts: ev.Side == ingest.SideActed}
	s.w, s.late = a.touch(t.reachOf(a), ev.At)
	said := ev.Type == ingest.Message || ev.Type == ingest.Call
	s.send, s.receive = said && s.acts, said && !s.acts
	if ev.Type >= ingest.Message && ev.Type <= ingest.GroupRemove {
		s.r = t.makeReach(a)
		t.meet(&s)
	}
	if a.Events == 0 {
		t.silent--
	}
	a.note(&s)
	a.volume.observe(&s)
	a.feedback.observe(&s)
	a.takeover.observe(&s)
	a.lifecycle.observe(&s)
	if s.r != nil {
		s.r.rhythm.observe(&s)
		s.r.outreach.observe(&s)
		s.r.targets.observe(&s)
		s.r.consent.observe(&s)
		s.r.agegap.observe(&s)
		s.r.escalation.observe(&s)
		s.r.reporters.observe(&s)
		if s.c != nil {
			t.blocks.mark(s.r.block)
		}
		t.emit(&s)
		t.lock(&s)
	}
}

// note keeps what an event says of the account itself.
func (a *Account) note(s *step) {
	a.Events++
	if s.acts {
		a.Seen |= s.ev.Has | ingest.FieldActor
	}
	if s.ev.Has.Any(ingest.FieldActorAge) && (!s.late || a.age == 0) {
		a.age = s.ev.Age
	}
}

// touch brings the account's counters to the time at, and returns what an event of that time counts for. The state
// never turns back: a late event counts for what it would have faded to by now.
func (a *Account) touch(r *Reach, at int64) (w weights, late bool) {
	if at < a.Last {
		for h, n := range ticks(a.Last - at) {
			w[h] = fade(n)
		}
		return w, true
	}
	from, to := a.Last-a.First, at-a.First
	if from*ticksEach/minuteMs != to*ticksEach/minuteMs { // else no tick of any half-life begins
		w = between(from, to)
		accountFading.apply(unsafe.Pointer(a), &w)
		if r != &noReach {
			reachFading.apply(unsafe.Pointer(r), &w)
			r.halve(to/weekMs - from/weekMs)
		}
	}
	a.Last = at
	return weights{1, 1, 1, 1, 1, 1, 1}, false
}

// open returns the account of a subject for a change, and makes it if there is none. With the account its Reach counts as
// changed, since both fade.
func (t *Table) open(id *ingest.SubjectID, at int64) *Account {
	row, ok := t.accounts.find(id)
	if ok {
		t.accounts.since.mark(row)
		a := t.accounts.at(row)
		if a.reach != 0 {
			t.reaches.since.mark(a.reach - 1)
		}
		return a
	}
	t.makeRoom(nil, 0)
	row = t.accounts.take()
	a := t.accounts.at(row)
	a.start(*id, at)
	t.accounts.enter(id, row)
	if !t.recall(a) {
		t.silent++
	}
	return a
}

// noReach stands in where an account has none; nobody writes to it.
var noReach Reach

func (t *Table) reachOf(a *Account) *Reach {
	if a.reach == 0 {
		return &noReach
	}
	return t.reaches.at(a.reach - 1)
}

func (t *Table) makeReach(a *Account) *Reach {
	if a.reach == 0 {
		t.makeRoom(a, 0)
		a.reach = t.reaches.take() + 1
	}
	return t.reaches.at(a.reach - 1)
}

// Read reads the account's vector into v, which NewVector made, at the time that its state stands at: all features, or
// those that v.Only names.
func (t *Table) Read(a *Account, v *Vector) {
	if v.Only == nil {
		t.ReadAll(a, v)
		return
	}
	r := t.reachOf(a)
	for _, i := range v.Only {
		v.X[i] = Catalogue[i].Read(a, r)
	}
	v.Seen, v.Events = a.Seen, a.Events
}

// ReadAll is Read for all features.
func (t *Table) ReadAll(a *Account, v *Vector) {
	r := t.reachOf(a)
	for i := range v.X {
		v.X[i] = Catalogue[i].Read(a, r)
	}
	v.Seen, v.Events = a.Seen, a.Events
}

// Account returns the account of a subject, nil if the table has none.
func (t *Table) Account(id ingest.SubjectID) *Account {
	if row, ok := t.accounts.find(&id); ok {
		return t.accounts.at(row)
	}
	return nil
}

// Len is the number of accounts with events.
func (t *Table) Len() int { return t.accounts.live() - int(t.silent) }

// Each calls f with every account that has events. The order is that of the rows: the same for the same log, whatever its batches.
func (t *Table) Each(f func(*Account)) {
	t.accounts.each(func(_ uint32, a *Account) {
		if a.Events > 0 {
			f(a)
		}
	})
}

// Evicted returns how many accounts had to make room so far, and how many contacts that left no trace.
func (t *Table) Evicted() (accounts, contacts uint64) { return t.evicted, t.blocks.traces.evicted }
