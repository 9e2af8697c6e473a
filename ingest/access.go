package ingest

// Access to an event's members by the place of their field in the table, for what reads or writes all fields alike.

// number returns the value of an integer or enum field; 0 for another.
func (e *Event) number(field int) int64 {
	switch Fields(1) << field {
	case FieldV:
		return 1
	case FieldType:
		return int64(e.Type)
	case FieldAt:
		return e.At
	case FieldKind:
		return int64(e.Kind)
	case FieldMembers:
		return int64(e.Members)
	case FieldMedia:
		return int64(e.Media)
	case FieldSize:
		return int64(e.Size)
	case FieldForwards:
		return int64(e.Forwards)
	case FieldDuration:
		return int64(e.Duration)
	case FieldRelation:
		return int64(e.Relation)
	case FieldSharedGroups:
		return int64(e.SharedGroups)
	case FieldActorAge:
		return int64(e.Age)
	case FieldTargetAge:
		return int64(e.PeerAge)
	case FieldActorCreated:
		return int64(e.Created)
	case FieldTargetCreated:
		return int64(e.PeerCreated)
	case FieldClient:
		return int64(e.Client)
	case FieldCategory:
		return int64(e.Category)
	case FieldVerdict:
		return int64(e.Verdict)
	}
	return 0
}

// setNumber sets an integer or enum field to a value that lies in its range.
func (e *Event) setNumber(field int, n int64) {
	switch Fields(1) << field {
	case FieldType:
		e.Type = Type(n)
	case FieldAt:
		e.At = n
	case FieldKind:
		e.Kind = Kind(n)
	case FieldMembers:
		e.Members = int32(n)
	case FieldMedia:
		e.Media = Media(n)
	case FieldSize:
		e.Size = uint8(n)
	case FieldForwards:
		e.Forwards = uint8(n)
	case FieldDuration:
		e.Duration = uint8(n)
	case FieldRelation:
		e.Relation = Relation(n)
	case FieldSharedGroups:
		e.SharedGroups = uint16(n)
	case FieldActorAge:
		e.Age = AgeBand(n)
	case FieldTargetAge:
		e.PeerAge = AgeBand(n)
	case FieldActorCreated:
		e.Created = uint16(n)
	case FieldTargetCreated:
		e.PeerCreated = uint16(n)
	case FieldClient:
		e.Client = Client(n)
	case FieldCategory:
		e.Category = Category(n)
	case FieldVerdict:
		e.Verdict = LabelVerdict(n)
	}
}

// long returns the member of a field with 32 hexadecimal digits; nil for another.
func (e *Event) long(field int) *[16]byte {
	switch Fields(1) << field {
	case FieldID:
		return (*[16]byte)(&e.ID)
	case FieldActor:
		return (*[16]byte)(&e.Subject)
	case FieldTarget:
		return (*[16]byte)(&e.Peer)
	case FieldConversation:
		return (*[16]byte)(&e.Conversation)
	}
	return nil
}

// short returns the member of a field with 16 hexadecimal digits.
func (e *Event) short(field int) *uint64 {
	if Fields(1)<<field == FieldDevice {
		return &e.Device
	}
	return &e.Network
}

// land returns the member of a country field.
func (e *Event) land(field int) *[2]byte {
	if Fields(1)<<field == FieldCountry {
		return &e.Country
	}
	return &e.PhoneCountry
}
