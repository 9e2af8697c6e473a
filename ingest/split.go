package ingest

// Routed is an entry with the partition of the account topic that it goes to.
type Routed struct {
	Partition int
	Entry     Entry
}

// Split appends the sides of a raw event for the subjects it concerns, and returns the longer slice. cause is the raw
// record's place; Number counts the sides from 0.
//
// The actor and the target, where present, get a side each. A label concerns its target only, and the analyst is no
// peer of it. A registration, login, failed login or new device has a side for its device and for its network, whose
// Peer is the account. A control record goes to every partition, always as number 0, with its target as Subject.
func Split(dst []Routed, raw *Event, cause Cause, partitions int) []Routed {
	cause.Number = 0
	if raw.Type.Control() {
		for p := range partitions {
			dst = add(dst, raw, cause)
			r := &dst[len(dst)-1]
			r.Partition, r.Entry.Kind = p, EntryControl
			r.Entry.Event.Flip()
			r.Entry.Event.Side = SideControl
		}
		return dst
	}
	first := len(dst)
	if raw.Has.Any(FieldActor) && raw.Type != Label {
		dst = add(dst, raw, cause)
		dst[len(dst)-1].Entry.Event.Side = SideActed
	}
	if raw.Has.Any(FieldTarget) {
		dst = received(dst, raw, cause)
	}
	if raw.Type.Placed() {
		dst = placed(dst, raw, cause)
	}
	for i := range dst[first:] {
		r := &dst[first+i]
		r.Entry.Cause.Number = int32(i)
		r.Partition = PartitionOf(r.Entry.Event.Subject, partitions)
	}
	return dst
}

// Placed tells whether events of the type have a side for their device and for their network.
func (t Type) Placed() bool {
	return t == AccountRegistered || t == Login || t == LoginFailed || t == DeviceAdded
}

// received appends the target's side.
func received(dst []Routed, raw *Event, cause Cause) []Routed {
	dst = add(dst, raw, cause)
	ev := &dst[len(dst)-1].Entry.Event
	ev.Flip()
	ev.Side = SideReceived
	if ev.Type == Label {
		ev.Peer = SubjectID{}
		ev.Has &^= FieldTarget
	}
	return dst
}

// placed appends the sides of the device and of the network.
func placed(dst []Routed, raw *Event, cause Cause) []Routed {
	if raw.Has.Any(FieldDevice) {
		dst = ofPlace(add(dst, raw, cause), DeviceSubject(raw.Device), SideDevice)
	}
	if raw.Has.Any(FieldNetwork) {
		dst = ofPlace(add(dst, raw, cause), NetworkSubject(raw.Network), SideNetwork)
	}
	return dst
}

// ofPlace makes the last entry the side of a place: the account becomes the peer.
func ofPlace(dst []Routed, subject SubjectID, side Side) []Routed {
	ev := &dst[len(dst)-1].Entry.Event
	ev.Flip()
	ev.Subject, ev.Side = subject, side
	ev.Has |= FieldActor
	return dst
}

// add appends an entry that holds the raw event.
func add(dst []Routed, raw *Event, cause Cause) []Routed {
	dst = append(dst, Routed{})
	e := &dst[len(dst)-1].Entry
	e.Kind, e.Cause, e.Event = EntrySide, cause, *raw
	return dst
}
