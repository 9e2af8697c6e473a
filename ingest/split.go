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
	acted, received := *raw, *raw
	acted.Side, received.Side = SideActed, SideReceived
	received.Flip()
	if raw.Type.Control() {
		received.Side = SideControl
		for p := range partitions {
			dst = append(dst, Routed{p, Entry{Kind: EntryControl, Cause: cause, Event: received}})
		}
		return dst
	}
	add := func(ev *Event) {
		dst = append(dst, Routed{PartitionOf(ev.Subject, partitions), Entry{Kind: EntrySide, Cause: cause, Event: *ev}})
		cause.Number++
	}
	if raw.Type == Label {
		received.Peer = SubjectID{}
		received.Has &^= FieldTarget
	} else if raw.Has.Any(FieldActor) {
		add(&acted)
	}
	if raw.Has.Any(FieldTarget) {
		add(&received)
	}
	if t := raw.Type; t == AccountRegistered || t == Login || t == LoginFailed || t == DeviceAdded {
		received.Has |= FieldActor // the place's: the account has become the peer
		if raw.Has.Any(FieldDevice) {
			received.Side, received.Subject = SideDevice, DeviceSubject(raw.Device)
			add(&received)
		}
		if raw.Has.Any(FieldNetwork) {
			received.Side, received.Subject = SideNetwork, NetworkSubject(raw.Network)
			add(&received)
		}
	}
	return dst
}
