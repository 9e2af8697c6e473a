package ingest

import (
	"encoding/binary"
	"errors"
	"math"
)

// The form of an entry, version 1: little endian, one size for sides and control records and one for stamps.
//
//	 0 version  1 kind  2 origin  3 partition u32  7 incarnation u32  11 offset u64  19 number u32
//	23 event:  id[16] subject[16] peer[16] conversation[16] at u64 device u64 network u64 has u32 true u32 members u32
//	           created u16 peer_created u16 shared_groups u16 country[2] phone_country[2], and a byte each: type side
//	           kind media size forwards duration relation age peer_age client category verdict
//	23 stamp:  kind category subject[16] from[16] event[16] at u64 values 6 × f32
const (
	entryVersion = 1
	headSize     = 23
	eventSize    = 4*16 + 3*8 + 3*4 + 5*2 + 13
	stampSize    = 2 + 3*16 + 8 + 6*4
)

// ErrEntry says that bytes are no entry of this version with values in their ranges.
var ErrEntry = errors.New("not an entry of the account topic, version 1")

// AppendEntry appends the binary form of an entry and returns the longer slice. It does not allocate beyond dst.
func AppendEntry(dst []byte, e *Entry) []byte {
	var b [headSize + eventSize]byte
	b[0], b[1], b[2] = entryVersion, byte(e.Kind), byte(e.Cause.Origin)
	binary.LittleEndian.PutUint32(b[3:], uint32(e.Cause.Partition))
	binary.LittleEndian.PutUint32(b[7:], e.Cause.Incarnation)
	binary.LittleEndian.PutUint64(b[11:], uint64(e.Cause.Offset))
	binary.LittleEndian.PutUint32(b[19:], uint32(e.Cause.Number))
	if e.Kind == EntryStamp {
		putStamp((*[stampSize]byte)(b[headSize:]), &e.Stamp)
		return append(dst, b[:headSize+stampSize]...)
	}
	putEvent((*[eventSize]byte)(b[headSize:]), &e.Event)
	return append(dst, b[:]...)
}

// DecodeEntry reads the binary form of an entry into e, which it overwrites fully. Every enum, range and presence is
// checked, so an entry that was read is one that Split or a shard could have made; else the error is ErrEntry. It
// does not keep b and does not allocate.
func DecodeEntry(e *Entry, b []byte) error {
	*e = Entry{}
	if len(b) < headSize || b[0] != entryVersion {
		return ErrEntry
	}
	e.Kind = EntryKind(b[1])
	e.Cause = Cause{
		Origin:      Origin(b[2]),
		Partition:   int32(binary.LittleEndian.Uint32(b[3:])),
		Incarnation: binary.LittleEndian.Uint32(b[7:]),
		Offset:      int64(binary.LittleEndian.Uint64(b[11:])),
		Number:      int32(binary.LittleEndian.Uint32(b[19:])),
	}
	ok := e.Cause.valid()
	switch {
	case e.Kind == EntryStamp && len(b) == headSize+stampSize:
		getStamp(&e.Stamp, (*[stampSize]byte)(b[headSize:]))
		ok = ok && e.Stamp.valid()
	case (e.Kind == EntrySide || e.Kind == EntryControl) && len(b) == headSize+eventSize:
		getEvent(&e.Event, (*[eventSize]byte)(b[headSize:]))
		ok = ok && e.Event.validSide(e.Kind)
	default:
		ok = false
	}
	if !ok {
		*e = Entry{}
		return ErrEntry
	}
	return nil
}

func putEvent(b *[eventSize]byte, e *Event) {
	copy(b[0:], e.ID[:])
	copy(b[16:], e.Subject[:])
	copy(b[32:], e.Peer[:])
	copy(b[48:], e.Conversation[:])
	binary.LittleEndian.PutUint64(b[64:], uint64(e.At))
	binary.LittleEndian.PutUint64(b[72:], e.Device)
	binary.LittleEndian.PutUint64(b[80:], e.Network)
	binary.LittleEndian.PutUint32(b[88:], uint32(e.Has))
	binary.LittleEndian.PutUint32(b[92:], uint32(e.True))
	binary.LittleEndian.PutUint32(b[96:], uint32(e.Members))
	binary.LittleEndian.PutUint16(b[100:], e.Created)
	binary.LittleEndian.PutUint16(b[102:], e.PeerCreated)
	binary.LittleEndian.PutUint16(b[104:], e.SharedGroups)
	copy(b[106:], e.Country[:])
	copy(b[108:], e.PhoneCountry[:])
	copy(b[110:], []byte{
		byte(e.Type), byte(e.Side), byte(e.Kind), byte(e.Media), e.Size, e.Forwards, e.Duration, byte(e.Relation),
		byte(e.Age), byte(e.PeerAge), byte(e.Client), byte(e.Category), byte(e.Verdict),
	})
}

func getEvent(e *Event, b *[eventSize]byte) {
	copy(e.ID[:], b[0:])
	copy(e.Subject[:], b[16:])
	copy(e.Peer[:], b[32:])
	copy(e.Conversation[:], b[48:])
	e.At = int64(binary.LittleEndian.Uint64(b[64:]))
	e.Device = binary.LittleEndian.Uint64(b[72:])
	e.Network = binary.LittleEndian.Uint64(b[80:])
	e.Has = Fields(binary.LittleEndian.Uint32(b[88:]))
	e.True = Fields(binary.LittleEndian.Uint32(b[92:]))
	e.Members = int32(binary.LittleEndian.Uint32(b[96:]))
	e.Created = binary.LittleEndian.Uint16(b[100:])
	e.PeerCreated = binary.LittleEndian.Uint16(b[102:])
	e.SharedGroups = binary.LittleEndian.Uint16(b[104:])
	copy(e.Country[:], b[106:])
	copy(e.PhoneCountry[:], b[108:])
	e.Type, e.Side, e.Kind, e.Media = Type(b[110]), Side(b[111]), Kind(b[112]), Media(b[113])
	e.Size, e.Forwards, e.Duration, e.Relation = b[114], b[115], b[116], Relation(b[117])
	e.Age, e.PeerAge, e.Client = AgeBand(b[118]), AgeBand(b[119]), Client(b[120])
	e.Category, e.Verdict = Category(b[121]), LabelVerdict(b[122])
}

func putStamp(b *[stampSize]byte, s *Stamp) {
	b[0], b[1] = byte(s.Kind), byte(s.Category)
	copy(b[2:], s.Subject[:])
	copy(b[18:], s.From[:])
	copy(b[34:], s.Event[:])
	binary.LittleEndian.PutUint64(b[50:], uint64(s.At))
	for i, v := range s.Values {
		binary.LittleEndian.PutUint32(b[58+4*i:], math.Float32bits(v))
	}
}

func getStamp(s *Stamp, b *[stampSize]byte) {
	s.Kind, s.Category = StampKind(b[0]), Category(b[1])
	copy(s.Subject[:], b[2:])
	copy(s.From[:], b[18:])
	copy(s.Event[:], b[34:])
	s.At = int64(binary.LittleEndian.Uint64(b[50:]))
	for i := range s.Values {
		s.Values[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[58+4*i:]))
	}
}

// EntryKey returns the subject of an encoded entry, which is its key in the log; it is a part of value.
func EntryKey(value []byte) []byte {
	start := headSize + 16 // after the event's id
	if len(value) == headSize+stampSize {
		start = headSize + 2 // after kind and category
	}
	return value[start : start+16]
}
