package features

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
)

// ErrLayout is returned by Restore for a snapshot whose state cannot be taken over by names.
var ErrLayout = errors.New("the snapshot's layout is not one that this program can take over: start the version that wrote it, or move it away and replay the log")

// layout describes all that the bytes of a snapshot rest on: byte order, the sizes of blocks, the flat structs.
type layout struct {
	Order  uint16      `json:"order"`
	Blocks []int       `json:"blocks"`
	Rows   []rowLayout `json:"rows"` // see rowOf
}

// rowLayout is one flat struct.
type rowLayout struct {
	Name   string        `json:"name"`
	Size   int           `json:"size"`
	Fields []fieldLayout `json:"fields"`
}

// fieldLayout is one field: its path, what its bytes mean (form and tag: a counter that fades otherwise is another one),
// and where they lie.
type fieldLayout struct {
	Name   string `json:"name"`
	Form   string `json:"form"`
	Offset int    `json:"offset"`
	Size   int    `json:"size"`
}

// ours is this program's layout, and its description in snapshots.
var (
	ours = layoutOf(reflect.TypeFor[Account](), reflect.TypeFor[Place](), reflect.TypeFor[Group](), reflect.TypeFor[Summary](),
		reflect.TypeFor[Reach](), reflect.TypeFor[Contact](), reflect.TypeFor[Trace]())
	oursText = ours.text()
)

func layoutOf(types ...reflect.Type) layout {
	l := layout{Order: binary.NativeEndian.Uint16([]byte{1, 2}), Blocks: append(blockEntries[:len(blockEntries):len(blockEntries)], traceEntries[:]...)}
	for _, t := range types {
		row := rowLayout{Name: t.Name(), Size: int(t.Size())}
		row.describe(t, "", 0)
		l.Rows = append(l.Rows, row)
	}
	return l
}

func (l *layout) text() []byte {
	text, err := json.Marshal(l)
	if err != nil {
		panic(err) // plain names and numbers
	}
	return text
}

// describe adds the fields of t, those of embedded structs by their path.
func (l *rowLayout) describe(t reflect.Type, path string, base uintptr) {
	for f := range t.Fields() {
		if f.Type.Kind() == reflect.Struct {
			l.describe(f.Type, path+f.Name+".", base+f.Offset)
			continue
		}
		l.Fields = append(l.Fields, fieldLayout{path + f.Name, strings.TrimSpace(form(f.Type) + " " + string(f.Tag)), int(base + f.Offset), int(f.Type.Size())})
	}
}

// form is what the bytes of a type are, whatever it is called.
func form(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Array:
		return fmt.Sprintf("[%d]%s", t.Len(), form(t.Elem()))
	case reflect.Struct:
		var fields []string
		for f := range t.Fields() {
			fields = append(fields, f.Name+" "+form(f.Type))
		}
		return "{" + strings.Join(fields, "; ") + "}"
	}
	return t.Kind().String()
}

// migration turns rows of another layout into ours. The nil migration is that of our own.
type migration struct {
	from, to int // sizes of a row
	moves    []move
	buffer   []byte
}

// move copies the bytes of one field.
type move struct{ from, to, size int }

// migrate returns the migration of each kind of rows, and says in words which fields come new or are given up.
func (l *layout) migrate() (rows []*migration, moved string, err error) {
	if l.Order != ours.Order || !slices.Equal(l.Blocks, ours.Blocks) || len(l.Rows) != len(ours.Rows) {
		return nil, "", ErrLayout
	}
	var words []string
	for i := range ours.Rows {
		from, to := &l.Rows[i], &ours.Rows[i]
		m := &migration{from: from.Size, to: to.Size}
		for _, f := range to.Fields {
			if old := from.field(f.Name, f.Form); old == nil {
				words = append(words, "+"+to.Name+"."+f.Name)
			} else if old.Size != f.Size || old.Offset < 0 || old.Offset+old.Size > from.Size {
				return nil, "", ErrLayout
			} else {
				m.moves = append(m.moves, move{old.Offset, f.Offset, f.Size})
			}
		}
		for _, f := range from.Fields {
			if to.field(f.Name, f.Form) == nil {
				words = append(words, "-"+to.Name+"."+f.Name)
			}
		}
		if from.Name != to.Name || from.Size <= 0 || from.Size > 1<<16 {
			return nil, "", ErrLayout
		}
		rows = append(rows, m)
	}
	return rows, strings.Join(words, " "), nil
}

// field returns the field of that name and form, nil for none.
func (l *rowLayout) field(name, form string) *fieldLayout {
	i := slices.IndexFunc(l.Fields, func(f fieldLayout) bool { return f.Name == name && f.Form == form })
	if i < 0 {
		return nil
	}
	return &l.Fields[i]
}

// read reads n rows into dst, which is their memory.
func (m *migration) read(r io.Reader, dst []byte, n int) error {
	if m == nil {
		_, err := io.ReadFull(r, dst)
		return err
	}
	m.buffer = slices.Grow(m.buffer[:0], m.from)[:m.from]
	for i := range n {
		if _, err := io.ReadFull(r, m.buffer); err != nil {
			return err
		}
		row := dst[i*m.to : (i+1)*m.to]
		clear(row)
		for _, f := range m.moves {
			copy(row[f.to:f.to+f.size], m.buffer[f.from:])
		}
	}
	return nil
}
