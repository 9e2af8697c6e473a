package ingest

import "math"

// valid tells whether a cause is one that a source could have written.
func (c *Cause) valid() bool {
	return c.Origin >= OriginRaw && c.Origin <= OriginHistory && c.Partition >= 0 && c.Offset >= 0 && c.Number >= 0
}

// valid tells whether a stamp has a known kind and category, a subject, a time of the contract, and finite values
// (NaN says unknown).
func (s *Stamp) valid() bool {
	for _, v := range s.Values {
		if math.IsInf(float64(v), 0) {
			return false
		}
	}
	return s.Kind >= StampReport && s.Kind <= StampLockstep && s.Category <= Other && !s.Subject.IsZero() &&
		s.At >= Earliest && s.At <= Latest
}

// booleans are the fields that may be in True.
const booleans = FieldSessionNew | FieldDisappearing | FieldAnswered | FieldVerified

// validSide tells whether an event is one that Split makes for an entry of the given kind: a side that fits, a
// subject, every field that it has in its range, and nothing in the others.
func (e *Event) validSide(kind EntryKind) bool {
	if control := kind == EntryControl; control != (e.Side == SideControl) || control != e.Type.Control() {
		return false
	}
	if e.Side == SideRaw || e.Side > SideControl || !e.Has.All(FieldsAlways|FieldActor) || !(e.Has & booleans).All(e.True) ||
		e.Has>>len(fields) != 0 || e.Subject.IsZero() || e.Has.Any(FieldTarget) == e.Peer.IsZero() {
		return false
	}
	return e.inRange() && (e.Has.Any(FieldConversation) || e.Conversation.IsZero()) &&
		(e.Has.Any(FieldDevice) || e.Device == 0) && (e.Has.Any(FieldNetwork) || e.Network == 0) &&
		validCountry(e.Has.Any(FieldCountry), e.Country) && validCountry(e.Has.Any(FieldPhoneCountry), e.PhoneCountry)
}

// validCountry tells whether a country is an assigned code, or nothing where there is none.
func validCountry(has bool, c [2]byte) bool {
	return has && isCountry(c[0], c[1]) || !has && c == [2]byte{}
}

// limit is the range of one integer or enum field, out of the table.
type limit struct {
	bit      Fields
	min, max int64
}

// limits are those of all integer and enum fields but v, in the order of the table.
var limits = limitsOf(fields[1:])

func limitsOf(fields []Field) (all []limit) {
	for i := range fields {
		switch f := &fields[i]; f.Value {
		case ValueInteger:
			all = append(all, limit{f.Bit, f.Min, f.Max})
		case ValueEnum:
			all = append(all, limit{f.Bit, 1, int64(len(f.Names))})
		}
	}
	return all
}

// inRange tells whether each integer and enum that is present lies in its range, and each other one is 0. It has the
// members in one array, which is three times as fast as asking number: this is done for every side that a shard reads.
func (e *Event) inRange() bool {
	for i, n := range [...]int64{
		int64(e.Type), e.At, int64(e.Kind), int64(e.Members), int64(e.Media), int64(e.Size), int64(e.Forwards), int64(e.Duration),
		int64(e.Relation), int64(e.SharedGroups), int64(e.Age), int64(e.PeerAge), int64(e.Created), int64(e.PeerCreated),
		int64(e.Client), int64(e.Category), int64(e.Verdict),
	} {
		l := &limits[i]
		if e.Has.Any(l.bit) && (n < l.min || n > l.max) || !e.Has.Any(l.bit) && n != 0 {
			return false
		}
	}
	return true
}
