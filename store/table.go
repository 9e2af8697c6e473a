package store

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// Table is a query's answer: named columns, and rows of Go values as ClickHouse's types have them: string (days, too),
// bool, integers, floats, time.Time, a map for a named tuple, slices of these; nil for NULL.
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
		row := make([]any, len(kinds))
		for i, kind := range kinds {
			row[i] = reflect.New(kind.ScanType()).Interface()
		}
		if err := rows.Scan(row...); err != nil {
			return nil, err
		}
		for i, kind := range kinds {
			row[i] = value(row[i], kind)
		}
		t.Rows = append(t.Rows, row)
	}
	return t, rows.Err()
}

// value is what was scanned into a pointer: nil for NULL, a string for a day.
func value(pointer any, kind driver.ColumnType) any {
	v := reflect.ValueOf(pointer).Elem()
	for v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return nil
		}
		v = v.Elem()
	}
	if day, ok := v.Interface().(time.Time); ok && !strings.Contains(kind.DatabaseTypeName(), "DateTime") {
		return day.Format(time.DateOnly)
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
	v := reflect.ValueOf(cell)
	switch c := cell.(type) {
	case nil:
		return ""
	case time.Time:
		return c.UTC().Format("2006-01-02 15:04:05.000")
	case float32:
		return strconv.FormatFloat(float64(c), 'g', 6, 32)
	case float64:
		return strconv.FormatFloat(c, 'g', 6, 64)
	case map[string]any:
		parts := make([]string, 0, len(c))
		for _, key := range slices.Sorted(maps.Keys(c)) {
			parts = append(parts, key+"="+cellText(c[key]))
		}
		return strings.Join(parts, " ")
	}
	if v.Kind() != reflect.Slice {
		return fmt.Sprint(cell)
	}
	parts := make([]string, v.Len())
	for i := range parts {
		parts[i] = cellText(v.Index(i).Interface())
	}
	return strings.Join(parts, ", ")
}

// MarshalJSON writes the rows as objects whose keys are in the order of the columns. Times are Unix milliseconds, as
// in the contract; NaN and infinities are null.
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
			text, err := json.Marshal(plain(cell))
			if err != nil {
				return nil, fmt.Errorf("column %s: %w", t.Columns[j], err)
			}
			b.WriteString(strconv.Quote(t.Columns[j]) + ":")
			b.Write(text)
		}
		b.WriteByte('}')
	}
	b.WriteByte(']')
	return b.Bytes(), nil
}

// plain is a cell as JSON can say it.
func plain(cell any) any {
	v := reflect.ValueOf(cell)
	switch {
	case cell == nil || v.CanFloat() && (math.IsNaN(v.Float()) || math.IsInf(v.Float(), 0)):
		return nil
	case v.Type() == reflect.TypeFor[time.Time]():
		return cell.(time.Time).UnixMilli()
	case v.Kind() == reflect.Slice:
		out := make([]any, v.Len())
		for i := range out {
			out[i] = plain(v.Index(i).Interface())
		}
		return out
	case v.Kind() == reflect.Map:
		out := map[string]any{}
		for key, element := range v.Seq2() {
			out[key.String()] = plain(element.Interface())
		}
		return out
	}
	return cell
}
