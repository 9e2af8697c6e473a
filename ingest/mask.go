package ingest

// Mask leaves of raw events what the servers of a messenger see. It is made of a Profile; the nil Mask hides nothing. It
// is never changed, so several goroutines may use it. Masks that show the same are equal.
type Mask struct {
	seen  [Object + 1][Channel + 1]bool // whether records of a type and kind are seen; kind 0 is a record without one
	blank [Object + 1]Fields            // fields that are taken out of the records of a type
	never Fields
}

// Apply takes out of a raw event the fields that the servers do not see, and tells whether they see such an event at all;
// if not, it leaves the event alone. Labels and control records are the operator's own and pass as they are. A valid
// event stays one, and Apply of what it left changes nothing. It does not allocate.
func (m *Mask) Apply(ev *Event) bool {
	if m == nil {
		return true
	}
	if !m.seen[ev.Type][ev.Kind] {
		return false
	}
	ev.Omit(m.blank[ev.Type])
	return true
}

// Never returns the fields that no model may take for given (see models.Profile): those that no type shows, and of those
// that say who deals with whom (actor, target and what tells of the target) the ones that messages do not show. An account
// whose reports are seen but not its messages has said nothing that it could be scored by, though its reports have an
// actor and a target.
func (m *Mask) Never() Fields {
	if m == nil {
		return 0
	}
	return m.never
}

// Omit takes fields out of an event: their bits and their values.
func (e *Event) Omit(f Fields) {
	f &= e.Has
	e.Has &^= f
	e.True &^= f
	for i := range fields {
		if !f.Any(fields[i].Bit) {
			continue
		}
		switch fields[i].Value {
		case ValueCountry:
			*at[[2]byte](e, i) = [2]byte{}
		case ValueHex:
			if fields[i].Digits == 32 {
				*at[[16]byte](e, i) = [16]byte{}
				continue
			}
			e.setNumber(i, 0)
		case ValueInteger, ValueEnum:
			e.setNumber(i, 0)
		case ValueBool: // a bit of True
		}
	}
}

// kinds are the kinds that records of a row have; 0 is a record without one.
func (r *Row) kinds() []Kind {
	if r.Kinds == nil {
		return []Kind{0, Direct, Group, Channel}
	}
	return r.Kinds
}
