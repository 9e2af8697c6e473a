package ingest

import (
	"encoding/binary"
	"errors"
	"reflect"
	"unsafe"
)

// The form of an entry, version 1, little endian. After the head comes the event of a side or control record, or the
// stamp.
//
//	0 version  1 kind  2 origin  3 partition u32  7 incarnation u32  11 offset u64  19 number u32
const (
	entryVersion = 1
	headSize     = 23
)

var (
	eventForm  = formOf[Event]()
	stampForm  = formOf[Stamp]()
	stampPlain = stampForm.size - 4*StampPeers  // without peers
	stampOld   = stampPlain - 4*(StampValues-6) // with 6 values, as it was first written
)

// form is how a flat struct is written: its members in their order, without the padding between them. That is a copy
// of its memory, since all machines that we build for are little endian. TestEntryForm holds the bytes: where a member
// of Event or Stamp moves, the form has another version.
type form[T any] struct {
	runs []run
	size int
}

// run is a part of a struct's memory without padding.
type run struct{ start, end uintptr }

func formOf[T any]() (f form[T]) {
	for m := range reflect.TypeFor[T]().Fields() {
		end := m.Offset + m.Type.Size()
		if n := len(f.runs); n > 0 && f.runs[n-1].end == m.Offset {
			f.runs[n-1].end = end
		} else {
			f.runs = append(f.runs, run{m.Offset, end})
		}
		f.size += int(m.Type.Size())
	}
	return f
}

// of returns a run of v's memory.
func (r run) of(v unsafe.Pointer) []byte {
	return unsafe.Slice((*byte)(unsafe.Add(v, r.start)), r.end-r.start)
}

// append appends what v holds.
func (f *form[T]) append(dst []byte, v *T) []byte {
	for _, r := range f.runs {
		dst = append(dst, r.of(unsafe.Pointer(v))...)
	}
	return dst
}

// read sets v to what the first bytes of b say.
func (f *form[T]) read(v *T, b []byte) {
	for _, r := range f.runs {
		b = b[copy(r.of(unsafe.Pointer(v)), b):]
	}
}

// ErrEntry says that bytes are no entry of this version with values in their ranges.
var ErrEntry = errors.New("not an entry of the account topic, version 1")

// AppendEntry appends the binary form of an entry and returns the longer slice. It does not allocate beyond dst.
func AppendEntry(dst []byte, e *Entry) []byte {
	dst = append(dst, entryVersion, byte(e.Kind), byte(e.Cause.Origin))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(e.Cause.Partition))
	dst = binary.LittleEndian.AppendUint32(dst, e.Cause.Incarnation)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(e.Cause.Offset))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(e.Cause.Number))
	if e.Kind == EntryStamp {
		dst = stampForm.append(dst, &e.Stamp)
		if e.Stamp.Peers[0] == 0 {
			dst = dst[:len(dst)-stampForm.size+stampPlain]
		}
		return dst
	}
	return eventForm.append(dst, &e.Event)
}

// DecodeEntry reads the binary form of an entry into e, which it overwrites fully. Every enum, range and presence is
// checked, so an entry that was read is one that Split or a shard could have made; else the error is ErrEntry. It
// does not keep b and does not allocate.
func DecodeEntry(e *Entry, b []byte) error {
	e.clear()
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
	switch body := b[headSize:]; {
	case e.Kind == EntryStamp && (len(body) == stampForm.size || len(body) == stampPlain || len(body) == stampOld):
		stampForm.read(&e.Stamp, body)
		ok = ok && e.Stamp.valid()
	case (e.Kind == EntrySide || e.Kind == EntryControl) && len(body) == eventForm.size:
		eventForm.read(&e.Event, body)
		ok = ok && e.Event.validSide(e.Kind)
	default:
		ok = false
	}
	if !ok {
		*e = Entry{} // a stamp without a kind too, which clear takes for none
		return ErrEntry
	}
	return nil
}

// clear empties e. A stamp is large, and most entries are none: it is emptied where one was.
func (e *Entry) clear() {
	if e.Stamp.Kind != 0 {
		e.Stamp = Stamp{}
	}
	e.Kind, e.Cause, e.Event = 0, Cause{}, Event{}
}

// EntryKey returns the subject of an encoded entry, which is its key in the log; it is a part of value.
func EntryKey(value []byte) []byte {
	start := headSize + 16 // after the event's id
	if EntryKind(value[1]) == EntryStamp {
		start = headSize + 2 // after kind and category
	}
	return value[start : start+16]
}
