package store

import (
	"fmt"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// declared is what ClickHouse knows of a column.
type declared struct {
	name     string
	kind     string // ClickHouse's type, spelled as system.columns spells it
	codec    string
	fallback string // the value in rows from before the column was added; the type's own zero where empty
	help     string // its COMMENT
}

// column is a column with the way in which rows of type R fill it. The memory of fill is kept from batch to batch, so
// each sender has columns of its own.
type column[R any] struct {
	declared
	fill func(to driver.BatchColumn, rows []R) error
}

// number is a column of a plain Go type.
func number[R, N any](name, kind, help string, get func(*R) N) column[R] {
	var out []N
	return column[R]{declared{name: name, kind: kind, help: help}, func(to driver.BatchColumn, rows []R) error {
		out = out[:0]
		for i := range rows {
			out = append(out, get(&rows[i]))
		}
		return to.Append(out)
	}}
}

// maybe is a Nullable column: get tells whether there is a value.
func maybe[R, N any](name, kind, help string, get func(*R) (N, bool)) column[R] {
	var values []N
	var out []*N
	return column[R]{declared{name: name, kind: "Nullable(" + kind + ")", help: help}, func(to driver.BatchColumn, rows []R) error {
		values, out = resize(values, len(rows)), out[:0]
		for i := range rows {
			value, ok := get(&rows[i])
			values[i] = value
			if ok {
				out = append(out, &values[i])
			} else {
				out = append(out, nil)
			}
		}
		return to.Append(out)
	}}
}

// text is a String column: get appends the row's text to dst.
func text[R any](name, help string, get func(dst []byte, r *R) []byte) column[R] {
	var arena []byte
	var ends []int
	var out []string
	return column[R]{declared{name: name, kind: "String", help: help}, func(to driver.BatchColumn, rows []R) error {
		arena, ends, out = arena[:0], ends[:0], out[:0]
		for i := range rows {
			arena = get(arena, &rows[i])
			ends = append(ends, len(arena))
		}
		all, start := string(arena), 0 // one allocation for the whole column
		for _, end := range ends {
			out = append(out, all[start:end])
			start = end
		}
		return to.Append(out)
	}}
}

// list is an Array column: get appends the row's elements to dst.
func list[R, E any](name, kind, help string, get func(dst []E, r *R) []E) column[R] {
	var arena []E
	var ends []int
	var out [][]E
	return column[R]{declared{name: name, kind: "Array(" + kind + ")", help: help}, func(to driver.BatchColumn, rows []R) error {
		arena, ends, out = arena[:0], ends[:0], out[:0]
		for i := range rows {
			arena = get(arena, &rows[i])
			ends = append(ends, len(arena))
		}
		start := 0
		for _, end := range ends {
			out = append(out, arena[start:end])
			start = end
		}
		return to.Append(out)
	}}
}

// enum is an Enum8 column over names, where value i+1 is names[i] and 0, written as ”, is not given.
func enum[R any](name string, names []string, help string, get func(*R) uint8) column[R] {
	kinds := []string{"'' = 0"}
	for i, n := range names {
		kinds = append(kinds, fmt.Sprintf("'%s' = %d", n, i+1))
	}
	return number(name, "Enum8("+strings.Join(kinds, ", ")+")", help, func(r *R) int8 { return int8(get(r)) })
}

// packed says how a column is compressed.
func (c column[R]) packed(codec string) column[R] {
	c.codec = codec
	return c
}

// called gives the column another name and help.
func (c column[R]) called(name, help string) column[R] {
	c.name, c.help = name, help
	return c
}

// resize returns s with room for n elements.
func resize[E any](s []E, n int) []E {
	if cap(s) < n {
		return make([]E, n)
	}
	return s[:n]
}
