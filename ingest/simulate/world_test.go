package simulate

import (
	"fmt"
	"testing"

	"github.com/unopened/unopened/ingest"
)

// whole is a scenario with every campaign in every variant and many of each persona.
func whole(split Split) Scenario {
	sc := Default()
	sc.Split, sc.Accounts, sc.Days, sc.Campaigns, sc.Missing = split, 5000, 6, nil, 0.05
	kinds, fits := Kinds()
	for _, kind := range kinds {
		for _, variant := range fits[kind] {
			sc.Campaigns = append(sc.Campaigns, Plan{Kind: kind, Variant: variant, Crews: 1})
		}
	}
	sc.Personas = map[string]float64{}
	for _, name := range Personas() {
		sc.Personas[name] = 0.03
	}
	return sc
}

// watcher says what of a world's events cannot be, in one word or two.
type watcher struct {
	registers map[ingest.SubjectID]bool // those who register within the simulation; true once they have
	deleted   map[ingest.SubjectID]bool
	blocked   map[[2]ingest.SubjectID]bool
	count     map[ingest.Type]int
}

func newWatcher(accounts []*account, start int64) *watcher {
	w := &watcher{map[ingest.SubjectID]bool{}, map[ingest.SubjectID]bool{}, map[[2]ingest.SubjectID]bool{}, map[ingest.Type]int{}}
	for _, a := range accounts {
		if a.born >= start {
			w.registers[a.id] = false
		}
	}
	return w
}

// unborn tells whether an account has yet to register.
func (w *watcher) unborn(id ingest.SubjectID) bool {
	done, later := w.registers[id]
	return later && !done
}

func (w *watcher) wrong(e *ingest.Event) string {
	w.count[e.Type]++
	if e.Type == ingest.AccountRegistered {
		if !w.unborn(e.Subject) {
			return "registers again"
		}
		w.registers[e.Subject] = true
	}
	if w.unborn(e.Subject) {
		return "acts before it has registered"
	}
	if w.deleted[e.Subject] {
		return "acts after its deletion"
	}
	w.deleted[e.Subject] = e.Type == ingest.AccountDeleted
	if !e.Has.Any(ingest.FieldTarget) {
		return ""
	}
	there, back := [2]ingest.SubjectID{e.Subject, e.Peer}, [2]ingest.SubjectID{e.Peer, e.Subject}
	switch {
	case e.Peer == e.Subject:
		return "acts upon itself"
	case w.unborn(e.Peer):
		return "acts upon one that has yet to register"
	case w.deleted[e.Peer]:
		return "acts upon one that is deleted"
	case e.Type == ingest.Block && w.blocked[there]:
		return "blocks again"
	case e.Type == ingest.Block:
		w.blocked[there] = true
	case e.Type != ingest.Report && (w.blocked[there] || w.blocked[back]):
		return "turns to one from whom it is separated by a block"
	}
	return ""
}

// Whatever campaigns, variants and personas there are: the contract takes every record, and none cannot be.
func TestWorldIsConsistent(t *testing.T) {
	for _, split := range []Split{Train, Test} {
		sc := whole(split)
		if err := sc.Validate(); err != nil {
			t.Fatal(err)
		}
		s := New(sc)
		w := newWatcher(s.accounts, sc.Start)
		var d ingest.Decoder
		wrong := map[string]int{}
		for {
			line, it, more := s.Next(nil)
			if !more {
				break
			}
			if it.Kind != Normal {
				continue
			}
			var ev ingest.Event
			if refusal := d.Decode(&ev, line); refusal != ingest.Accepted || ev != *it.Event {
				wrong[fmt.Sprintf("%v: %s", refusal, line)]++
			}
			if what := w.wrong(it.Event); what != "" {
				wrong[fmt.Sprintf("%v %s", it.Event.Type, what)]++
			}
		}
		if len(wrong) > 0 {
			t.Errorf("%s: %v", split, wrong)
		}
		if n := w.count; n[ingest.Block] < 1000 || n[ingest.AccountRegistered] < 500 || n[ingest.AccountDeleted] < 5 {
			t.Errorf("%s: only %v", split, n)
		}
	}
}

// The control: what cannot be is seen.
func TestWatcherSeesWhatCannotBe(t *testing.T) {
	const fresh, old = 1, 2 // the first has yet to register
	do := func(typ ingest.Type, by, to byte) ingest.Event {
		e := ingest.Event{Type: typ, Subject: ingest.SubjectID{by}, Peer: ingest.SubjectID{to}}
		if to != 0 {
			e.Has = ingest.FieldTarget
		}
		return e
	}
	registered, deleted := do(ingest.AccountRegistered, fresh, 0), do(ingest.AccountDeleted, old, 0)
	for want, events := range map[string][]ingest.Event{
		"":                                       {registered, do(ingest.Message, fresh, old), do(ingest.Block, old, fresh), do(ingest.Report, old, fresh), deleted},
		"registers again":                        {registered, registered},
		"acts before it has registered":          {do(ingest.Login, fresh, 0)},
		"acts after its deletion":                {deleted, do(ingest.Login, old, 0)},
		"acts upon itself":                       {do(ingest.Block, old, old)},
		"acts upon one that has yet to register": {do(ingest.Block, old, fresh)},
		"acts upon one that is deleted":          {registered, deleted, do(ingest.Block, fresh, old)},
		"blocks again":                           {registered, do(ingest.Block, old, fresh), do(ingest.Block, old, fresh)},
		"turns to one from whom it is separated by a block": {registered, do(ingest.Block, old, fresh), do(ingest.Call, fresh, old)},
	} {
		w := newWatcher([]*account{{id: ingest.SubjectID{fresh}, born: 10}, {id: ingest.SubjectID{old}}}, 5)
		got := ""
		for i := range events {
			got = w.wrong(&events[i])
		}
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestDeletedAccountsDoNothingMore(t *testing.T) {
	sc := small()
	sc.Days = 14 // in three days about five accounts go, and by chance none
	s := New(sc)
	for _, a := range s.accounts {
		a.habit = func(_ *Simulator, a *account) {
			if a.gone {
				t.Error("a deleted account has a session")
			}
		}
	}
	deleted := 0
	for {
		_, it, more := s.Next(nil)
		if !more {
			break
		}
		if it.Kind == Normal && it.Event.Type == ingest.AccountDeleted {
			deleted++
		}
	}
	if deleted == 0 {
		t.Error("no account was deleted")
	}
}
