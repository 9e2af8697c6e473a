package store

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// Table is a query's answer: named columns, and rows of Go values as ClickHouse's types have them (string, bool,
// integers, float64, time.Time, slices of these; nil for NULL).
type Table struct {
	Columns []string
	Rows    [][]any
}

// table runs SQL as the reader.
func (s *Store) table(ctx context.Context, sql string, params map[string]string) (*Table, error) {
	rows, err := s.reader.Query(bound(ctx, params), sql)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	t := &Table{Columns: rows.Columns()}
	kinds := rows.ColumnTypes()
	for rows.Next() {
		into := make([]any, len(kinds))
		for i, kind := range kinds {
			into[i] = reflect.New(kind.ScanType()).Interface()
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		for i := range into {
			into[i] = value(reflect.ValueOf(into[i]).Elem())
		}
		t.Rows = append(t.Rows, into)
	}
	return t, rows.Err()
}

// value is what a scanned value holds: nil for NULL.
func value(v reflect.Value) any {
	for v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return nil
		}
		v = v.Elem()
	}
	return v.Interface()
}

// Text returns the rows as text for a table on a terminal.
func (t *Table) Text() [][]string {
	out := make([][]string, len(t.Rows))
	for i, row := range t.Rows {
		out[i] = make([]string, len(row))
		for j, cell := range row {
			out[i][j] = cellText(cell)
		}
	}
	return out
}

// cellText is a cell for a person.
func cellText(cell any) string {
	switch c := cell.(type) {
	case nil:
		return ""
	case time.Time:
		return c.UTC().Format("2006-01-02 15:04:05.000")
	case float64:
		return strconv.FormatFloat(c, 'g', 6, 64)
	case float32:
		return strconv.FormatFloat(float64(c), 'g', 6, 32)
	case []string:
		return strings.Join(c, ", ")
	}
	return fmt.Sprint(cell)
}

// MarshalJSON writes the rows as objects whose keys are in the order of the columns. Times are in RFC 3339, NaN and
// infinities are null.
func (t *Table) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('[')
	for i, row := range t.Rows {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('{')
		for j, cell := range row {
			if j > 0 {
				b.WriteByte(',')
			}
			b.WriteString(strconv.Quote(t.Columns[j]) + ":")
			text, err := json.Marshal(plain(reflect.ValueOf(cell)))
			if err != nil {
				return nil, fmt.Errorf("column %s: %w", t.Columns[j], err)
			}
			b.Write(text)
		}
		b.WriteByte('}')
	}
	b.WriteByte(']')
	return b.Bytes(), nil
}

// plain replaces what JSON cannot say.
func plain(v reflect.Value) any {
	switch {
	case !v.IsValid():
		return nil
	case v.CanFloat() && (math.IsNaN(v.Float()) || math.IsInf(v.Float(), 0)):
		return nil
	case v.Kind() == reflect.Slice:
		out := make([]any, v.Len())
		for i := range out {
			out[i] = plain(v.Index(i))
		}
		return out
	}
	return v.Interface()
}
