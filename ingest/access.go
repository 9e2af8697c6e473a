package ingest

import (
	"reflect"
	"unsafe"
)

// member is where Event has the value of a field. The size is 0 for v, which is always 1, and for the booleans, which
// are bits of True.
type member struct {
	offset uint16
	size   uint8
}

// members are the members of the fields by their place in the table, out of the tags of Event.
var members = membersOf()

func membersOf() (of [len(fields)]member) {
	for m := range reflect.TypeFor[Event]().Fields() {
		if i, ok := fieldOf[m.Tag.Get("field")]; ok {
			of[i] = member{uint16(m.Offset), uint8(m.Type.Size())}
		}
	}
	return of
}

// at returns the member of a field, which must be of the size of T.
func at[T any](e *Event, field int) *T {
	return (*T)(unsafe.Add(unsafe.Pointer(e), members[field].offset))
}

// number returns the value of an integer, an enum or a field of 16 hexadecimal digits.
func (e *Event) number(field int) int64 {
	switch members[field].size {
	case 1:
		return int64(*at[uint8](e, field))
	case 2:
		return int64(*at[uint16](e, field))
	case 4:
		return int64(*at[int32](e, field))
	case 8:
		return *at[int64](e, field)
	}
	return 1 // v
}

// setNumber sets one to a value that lies in its range.
func (e *Event) setNumber(field int, n int64) { members[field].set(e, n) }

// set sets the member of an event.
func (m member) set(e *Event, n int64) {
	switch to := unsafe.Add(unsafe.Pointer(e), m.offset); m.size {
	case 1:
		*(*uint8)(to) = uint8(n)
	case 2:
		*(*uint16)(to) = uint16(n)
	case 4:
		*(*int32)(to) = int32(n)
	case 8:
		*(*int64)(to) = n
	}
}
