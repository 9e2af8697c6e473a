package store

import (
	"fmt"
	"strings"
)

// column is one column of a table.
type column struct {
	name     string
	kind     string // ClickHouse's type
	help     string // its COMMENT
	codec    string
	fallback string // the value in rows from before the column was added; the type's own zero where empty

	// values are what a batch of the table's rows ([]R) has in the column, as a slice of the Go type that belongs to kind.
	values func(rows any) any
}

// value is a column whose values are of a plain Go type, or are slices or pointers of such.
func value[R, N any](name, kind, help string, get func(*R) N) column {
	return column{name: name, kind: kind, help: help, codec: "ZSTD(1)", values: func(rows any) any {
		in := rows.([]R)
		out := make([]N, len(in))
		for i := range in {
			out[i] = get(&in[i])
		}
		return out
	}}
}

// maybe is a Nullable column: get tells whether there is a value.
func maybe[R, N any](name, kind, help string, get func(*R) (N, bool)) column {
	return value(name, "Nullable("+kind+")", help, func(r *R) *N {
		if v, ok := get(r); ok {
			return &v
		}
		return nil
	})
}

// list is an Array column with an element for each of a row's elements.
func list[R, T, N any](name, kind, help string, all func(*R) []T, get func(*T) N) column {
	return value(name, "Array("+kind+")", help, func(r *R) []N {
		in := all(r)
		out := make([]N, len(in))
		for i := range in {
			out[i] = get(&in[i])
		}
		return out
	})
}

// enum is an Enum8 column over names, where value i+1 is names[i] and 0, an empty name, is not given.
func enum[R any](name string, names []string, help string, get func(*R) uint8) column {
	kinds := []string{"'' = 0"}
	for i, n := range names {
		kinds = append(kinds, fmt.Sprintf("'%s' = %d", n, i+1))
	}
	return value(name, "Enum8("+strings.Join(kinds, ", ")+")", help, func(r *R) int8 { return int8(get(r)) })
}

// moment is a column of event time.
func moment[R any](name, help string, get func(*R) int64) column {
	return value(name, "DateTime64(3, 'UTC')", help, get).rising()
}

// rising says that a column's values grow from row to row, by which they are compressed.
func (c column) rising() column {
	c.codec = "Delta(8), ZSTD(1)"
	return c
}

// called gives the column another name and help.
func (c column) called(name, help string) column {
	c.name, c.help = name, help
	return c
}
