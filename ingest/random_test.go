package ingest

import "math/rand/v2"

// randomRaw returns a valid raw event of the given row: what it needs, and each of what it may carry or not.
func randomRaw(rng *rand.Rand, row *Row) Event {
	has := FieldsAlways | row.Needs | row.May&Fields(rng.Uint32())
	if !has.Any(FieldActor) {
		has &^= FieldsOfActor
	}
	ev := Event{Has: has}
	for i := range fields {
		if f := &fields[i]; has.Any(f.Bit) {
			randomValue(rng, &ev, f, i)
		}
	}
	ev.Type = row.Type
	if row.Kinds != nil {
		ev.Kind = row.Kinds[rng.IntN(len(row.Kinds))]
	}
	return ev
}

func randomValue(rng *rand.Rand, ev *Event, f *Field, i int) {
	switch f.Value {
	case ValueInteger:
		ev.setNumber(i, f.Min+rng.Int64N(f.Max-f.Min+1))
	case ValueEnum:
		ev.setNumber(i, 1+rng.Int64N(int64(len(f.Names))))
	case ValueBool:
		ev.True |= f.Bit & Fields(rng.Uint32())
	case ValueCountry:
		*at[[2]byte](ev, i) = [2]byte([]byte(countryCodes[rng.IntN(len(countryCodes))]))
	case ValueHex:
		if f.Digits == 16 {
			ev.setNumber(i, int64(rng.Uint64()))
			return
		}
		id := at[[16]byte](ev, i)
		for k := range id {
			id[k] = byte(rng.Uint32())
		}
	}
}

// seeded returns a random source that is the same in every run.
func seeded() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }
