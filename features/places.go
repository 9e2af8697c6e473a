package features

import (
	"encoding/binary"

	"github.com/unopened/unopened/features/sketch"
	"github.com/unopened/unopened/ingest"
)

// Place is the state of a device or a network: which accounts came there, in the present window and the one before.
// A device's window is a week, a network's a day. Flat like Account.
type Place struct {
	ID    ingest.SubjectID
	Last  int64
	First int64 // where the windows begin
	seen  [2]sketch.Distinct
	// registered counts registrations, fading by half each window.
	registered float64
}

func (p *Place) subject() *ingest.SubjectID { return &p.ID }

// accountDigest is what a place keeps of an account: 4 bytes of its pseudonym that contacts do not keep.
func accountDigest(id *ingest.SubjectID) uint32 { return binary.BigEndian.Uint32(id[12:]) }

// visit counts an account, and a registration where that is what brought it, and returns how many accounts there were
// within a window.
func (p *Place) visit(ev *ingest.Event, window int64) float32 {
	weight := float32(1)
	if at := ev.At; at > p.Last {
		turn, before := (at-p.First)/window, (p.Last-p.First)/window
		if turn > before {
			p.seen[1] = p.seen[0]
			p.seen[0] = sketch.Distinct{}
		}
		if turn > before+1 {
			p.seen[1] = sketch.Distinct{}
		}
		p.registered *= float64(fade((at-p.First)*ticksEach/window - (p.Last-p.First)*ticksEach/window))
		p.Last = at
	} else {
		weight = fade((p.Last - at) * ticksEach / window)
	}
	if ev.Type == ingest.AccountRegistered {
		p.registered += float64(weight)
	}
	p.seen[0].Add(accountDigest(&ev.Peer))
	left := 1 - float32((p.Last-p.First)%window)/float32(window)
	return max(p.seen[0].Count(), p.seen[1].Count()*left)
}

// visit folds a device's or network's side in and answers the account. A failed login does not make the account one
// of the place's.
func (t *Table) visit(ev *ingest.Event) {
	if ev.Type == ingest.LoginFailed {
		return
	}
	row, ok := t.places.find(&ev.Subject)
	if !ok {
		trim(t, &t.places, placesShare)
		t.makeRoom(nil, 0)
		row = t.places.take()
		p := t.places.at(row)
		p.ID, p.First, p.Last = ev.Subject, ev.At, ev.At
		t.places.enter(&ev.Subject, row)
	}
	t.places.since.mark(row)
	window, which := weekMs, float32(placeDevice)
	if ev.Side == ingest.SideNetwork {
		window, which = dayMs, placeNetwork
	}
	p := t.places.at(row)
	accounts := p.visit(ev, window)
	t.answer(ev, ingest.StampPlace, values{placeWhich: which, placeAccounts: accounts, placeRegistered: float32(p.registered)})
}
