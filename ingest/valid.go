package ingest

import "math"

// valid tells whether a cause is one that a source could have written.
func (c *Cause) valid() bool {
	return (c.Origin == OriginRaw || c.Origin == OriginAccount) && c.Partition >= 0 && c.Offset >= 0 && c.Number >= 0
}

// valid tells whether a stamp has a known kind and category, a subject, a time of the contract, and finite values
// (NaN says unknown).
func (s *Stamp) valid() bool {
	for _, v := range s.Values {
		if math.IsInf(float64(v), 0) {
			return false
		}
	}
	return s.Kind >= StampReport && s.Kind <= StampRecipient && s.Category <= Other && !s.Subject.IsZero() &&
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
	for i := range fields {
		if !e.validField(i) {
			return false
		}
	}
	return true
}

// validField tells whether a field has a value of its range, or none where it is absent.
func (e *Event) validField(field int) bool {
	f := &fields[field]
	has := e.Has.Any(f.Bit)
	switch f.Value {
	case ValueInteger:
		n := e.number(field)
		return has && n >= f.Min && n <= f.Max || !has && n == 0
	case ValueEnum:
		n := e.number(field)
		return has && n >= 1 && n <= int64(len(f.Names)) || !has && n == 0
	case ValueCountry:
		c := e.land(field)
		return has && isCountry(c[0], c[1]) || !has && *c == [2]byte{}
	case ValueHex:
		if f.Digits == 16 {
			return has || *e.short(field) == 0
		}
		return has || *e.long(field) == [16]byte{}
	}
	return true
}
