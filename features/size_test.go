package features

import (
	"reflect"
	"testing"
)

// packed returns the bytes of t's fields without any padding.
func packed(t reflect.Type) (n uintptr) {
	if t.Kind() != reflect.Struct {
		return t.Size()
	}
	for i := range t.NumField() {
		n += packed(t.Field(i).Type)
	}
	return n
}

func TestSizes(t *testing.T) {
	for _, c := range []struct {
		of   reflect.Type
		most uintptr
	}{
		{reflect.TypeFor[Account](), 256},
		{reflect.TypeFor[Reach](), 464},
		{reflect.TypeFor[Contact](), 32},
		{reflect.TypeFor[Trace](), 4},
		{reflect.TypeFor[Group](), 32},
		{reflect.TypeFor[Summary](), 176},
		{reflect.TypeFor[Place](), 176},
	} {
		if c.of.Size() > c.most {
			t.Errorf("%s has %d bytes, at most %d are promised", c.of.Name(), c.of.Size(), c.most)
		}
		if got := packed(c.of); got != c.of.Size() {
			t.Errorf("%s has %d bytes of padding, which no hash may contain", c.of.Name(), c.of.Size()-got)
		}
	}
}
