package main

import (
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
	"slices"

	"github.com/unopened/unopened/ingest"
	"github.com/unopened/unopened/ingest/simulate"
)

// simulated returns the first events of a simulated messenger with all campaigns.
func simulated(events, accounts int) (lines [][]byte) {
	sc := simulate.Default()
	sc.Hostile, sc.Repeats = 0, 0
	sc.Accounts = accounts
	sim := simulate.New(sc)
	for len(lines) < events {
		line, _, ok := sim.Next(nil)
		if !ok {
			break
		}
		lines = append(lines, line)
	}
	return lines
}

// arbitrary returns valid events of every type but the controls, with any fields, among few accounts: what no simulated
// person would do. Some come late. Where all talk, most are messages between two who know each other for a week.
func arbitrary(seed uint64, events int, talk bool) (lines [][]byte) {
	r := rand.New(rand.NewPCG(7, seed))
	rows := slices.DeleteFunc(ingest.Rows(), func(row ingest.Row) bool { return row.Type.Control() })
	now := simulate.Default().Start
	for i := range events {
		pauses := []int64{1, 40, 700, 3000, 20_000, 400_000, 5_000_000}
		now += r.Int64N(pauses[r.IntN(len(pauses))])
		row := &rows[r.IntN(len(rows))]
		if r.IntN(2) == 0 {
			row = &rows[6+r.IntN(8)] // dealings
		}
		if talk && r.IntN(3) > 0 {
			row = &rows[6] // direct messages
		}
		ev := ingest.Event{Type: row.Type, At: now, Kind: ingest.Direct}
		if row.Kinds != nil {
			ev.Kind = row.Kinds[r.IntN(len(row.Kinds))]
		}
		if r.IntN(10) == 0 {
			ev.At -= r.Int64N(3_600_000)
		}
		ev.Has = ingest.FieldsAlways | row.Needs | row.May&ingest.Fields(r.Uint32()|r.Uint32())
		if !ev.Has.Any(ingest.FieldActor) {
			ev.Has &^= ingest.FieldsOfActor
		}
		binary.BigEndian.PutUint64(ev.ID[:], uint64(i+1))
		fill(&ev, r)
		if talk && r.IntN(20) > 0 {
			actor := r.IntN(64)
			ev.Subject, ev.Peer = pseudonym(actor), pseudonym(actor^(1+i*12/events))
		}
		lines = append(lines, ingest.AppendJSON(nil, &ev))
	}
	return lines
}

// fill gives the event arbitrary values; its Has says which of them are written.
func fill(ev *ingest.Event, r *rand.Rand) {
	actor, peers := max(0, r.IntN(45)-5), 40
	if actor == 0 {
		peers = 1000 // more than an account can know
	}
	ev.Subject, ev.Peer = pseudonym(actor), pseudonym((actor+1+r.IntN(peers-1))%peers)
	ev.Conversation = pseudonym(5000)
	ev.Device, ev.Network = binary.BigEndian.Uint64(nth(6000+r.IntN(7))), binary.BigEndian.Uint64(nth(7000+r.IntN(12)))
	countries := []string{"NL", "DE", "FR", "BR", "IN", "US", "KE"}
	copy(ev.Country[:], countries[r.IntN(len(countries))])
	copy(ev.PhoneCountry[:], countries[r.IntN(len(countries))])
	ev.True = ev.Has & ingest.Fields(r.Uint32()) & (ingest.FieldSessionNew | ingest.FieldDisappearing | ingest.FieldAnswered | ingest.FieldVerified)
	ev.Created, ev.PeerCreated = uint16(20_240-r.IntN(3)*r.IntN(3000)), uint16(20_240-r.IntN(3)*r.IntN(3000))
	ev.Members, ev.SharedGroups = int32(r.IntN(99)), uint16(r.IntN(2))
	ev.Media, ev.Forwards = ingest.Media(1+r.IntN(9)), uint8(r.IntN(6))
	ev.Size, ev.Duration = uint8(r.IntN(41)), uint8(r.IntN(21))
	ev.Relation, ev.Client = ingest.Relation(1+r.IntN(3)), ingest.Client(1+r.IntN(6))
	ev.Age, ev.PeerAge = ingest.AgeBand(1+r.IntN(7)), ingest.AgeBand(1+r.IntN(7))
	ev.Category, ev.Verdict = ingest.Category(1+r.IntN(7)), ingest.LabelVerdict(1+r.IntN(3))
}

// nth returns bytes that stand for the nth of something.
func nth(n int) []byte {
	sum := sha256.Sum256([]byte{byte(n), byte(n >> 8)})
	return sum[:16]
}

func pseudonym(n int) ingest.SubjectID { return ingest.SubjectID(nth(n)) }
