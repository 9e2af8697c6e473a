package features

import (
	"bytes"
	"slices"
	"testing"

	"github.com/unopened/unopened/ingest"
)

// byName are features that rest on bits of pseudonyms where too many would have to be kept: estimates of more than 16
// accounts, samples of neighbours, signatures. Renaming may change them.
var byName = []string{
	"accounts_on_device_7d", "accounts_on_network_1d", "complaint_sides_30d", "reports_weighted_30d", "lockstep_accounts_7d",
}

// vectors returns the values that a run of sides reads for accounts that are asked for, without the features named.
func vectors(sides []ingest.Event, ask func(ingest.SubjectID) bool, without ...string) []byte {
	var b []byte
	run(New(Config{}), sides, func(a *Account, v *Vector) {
		if !ask(a.ID) {
			return
		}
		for _, name := range without {
			i, _ := Index(name)
			v.X[i] = 0
		}
		b = append(b, rawSlice(v.X)...)
	})
	return b
}

func TestShiftInTimeChangesNoValue(t *testing.T) {
	sides := randomSides(21, 4000, 25)
	const signed = "lockstep_accounts_7d" // its signature is of weeks and hours since 1970
	want := vectors(sides, everybody, signed)
	shift := func(days, hours int64) []ingest.Event {
		moved := slices.Clone(sides)
		for i := range moved {
			moved[i].At += days*dayMs + hours*hourMs
			if moved[i].Has.Any(ingest.FieldActorCreated) {
				moved[i].Created += uint16(days)
			}
			if moved[i].Has.Any(ingest.FieldTargetCreated) {
				moved[i].PeerCreated += uint16(days)
			}
		}
		return moved
	}
	if !bytes.Equal(vectors(shift(5, 0), everybody, signed), want) {
		t.Error("five days later the values are others")
	}
	if bytes.Equal(vectors(shift(5, 7), everybody, signed), want) {
		t.Error("the hour of the day does not show: the test shows nothing")
	}
}

func TestRenamingChangesNoValue(t *testing.T) {
	const accounts = 25
	sides := randomSides(22, 4000, accounts)
	names := map[ingest.SubjectID]ingest.SubjectID{}
	for n := range accounts {
		names[who(n)] = who(n + 5000)
	}
	renamed := slices.Clone(sides)
	for i := range renamed {
		for _, id := range []*ingest.SubjectID{&renamed[i].Subject, &renamed[i].Peer} {
			if other, ok := names[*id]; ok {
				*id = other
			}
		}
	}
	if !bytes.Equal(vectors(renamed, everybody, byName...), vectors(sides, everybody, byName...)) {
		t.Error("under other names the values are others")
	}
	names[who(3)] = who(4)
	for i := range renamed {
		if sides[i].Subject == who(3) {
			renamed[i].Subject = who(5004)
		}
	}
	if bytes.Equal(vectors(renamed, everybody, byName...), vectors(sides, everybody, byName...)) {
		t.Error("two accounts under one name do not show: the test shows nothing")
	}
}

// What accounts do that have nothing to do with others changes no value of these.
func TestTrafficOfOthersChangesNoValue(t *testing.T) {
	const accounts = 25
	sides := randomSides(23, 3000, accounts)
	mine := map[ingest.SubjectID]bool{}
	for n := range accounts {
		mine[who(n)] = true
	}
	ask := func(id ingest.SubjectID) bool { return mine[id] }
	foreign := randomSides(24, 3000, accounts)
	aside := func(id *ingest.SubjectID) {
		if !id.IsZero() {
			id[7] ^= 0x5a
		}
	}
	for i := range foreign {
		aside(&foreign[i].Subject)
		aside(&foreign[i].Peer)
	}
	both := slices.Concat(sides, foreign)
	slices.SortStableFunc(both, func(a, b ingest.Event) int { return int(a.At - b.At) })
	slices.SortStableFunc(sides, func(a, b ingest.Event) int { return int(a.At - b.At) })
	want := vectors(sides, ask)
	if got := vectors(both, ask); !bytes.Equal(got, want) {
		t.Error("the traffic of others shows")
	}
	for i := range foreign { // the control: they write to one of the accounts
		if !foreign[i].Peer.IsZero() && foreign[i].Side == ingest.SideReceived {
			both = append(both, foreign[i])
			both[len(both)-1].Subject = who(3)
			break
		}
	}
	slices.SortStableFunc(both, func(a, b ingest.Event) int { return int(a.At - b.At) })
	if bytes.Equal(vectors(both, ask), want) {
		t.Error("an event more does not show: the test shows nothing")
	}
}
