package features

import (
	"bytes"
	"testing"

	"github.com/unopened/unopened/ingest"
)

// vectors returns the bytes of every vector that a run of sides reads.
func vectors(sides []ingest.Event) []byte {
	var b []byte
	run(New(Config{}), sides, func(_ *Account, v *Vector) { b = append(b, rawSlice(v.X)...) })
	return b
}

func TestShiftInTimeChangesNoValue(t *testing.T) {
	sides := randomSides(21, 4000, 25)
	want := vectors(sides)
	const days = 5
	shift := func(by int64) []ingest.Event {
		moved := append([]ingest.Event(nil), sides...)
		for i := range moved {
			moved[i].At += by
			if moved[i].Has.Any(ingest.FieldActorCreated) {
				moved[i].Created += days
			}
		}
		return moved
	}
	if !bytes.Equal(vectors(shift(days*dayMs)), want) {
		t.Error("five days later the values are others")
	}
	if bytes.Equal(vectors(shift(days*dayMs+7*hourMs)), want) {
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
	renamed := append([]ingest.Event(nil), sides...)
	for i := range renamed {
		for _, id := range []*ingest.SubjectID{&renamed[i].Subject, &renamed[i].Peer} {
			if other, ok := names[*id]; ok {
				*id = other
			}
		}
	}
	// Beyond 16 accounts a place is estimated from bits of the pseudonyms: the one value that may differ.
	blind := func(b []byte) []byte {
		for _, name := range []string{"accounts_on_device_7d", "accounts_on_network_1d"} {
			at, _ := Index(name)
			for i := 4 * at; i < len(b); i += 4 * len(Catalogue) {
				clear(b[i : i+4])
			}
		}
		return b
	}
	if !bytes.Equal(blind(vectors(renamed)), blind(vectors(sides))) {
		t.Error("under other names the values are others")
	}
}
