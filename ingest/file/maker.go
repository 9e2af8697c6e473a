package file

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/unopened/unopened/ingest"
)

// units are the lengths of the units of "at" in milliseconds; "rfc3339" is text.
var units = map[string]float64{"": 1e3, "s": 1e3, "ms": 1, "min": 60e3, "h": 3600e3, "day": 86400e3, "rfc3339": 0}

// maker makes a record of a row. It writes the row as JSON and has the decoder read that, so an imported record has
// passed everything that any other has.
type maker struct {
	cells   []cell
	kind    bool // a cell gives the kind
	names   *ingest.Pseudonymiser
	digest  string
	unit    float64 // of times, in ms; 0 where they are text
	epoch   float64 // Unix ms of time 0
	decoder ingest.Decoder
	made    ingest.Event
	json    []byte
}

// cell is where a field's value comes from.
type cell struct {
	field    ingest.Field
	column   int    // from 0; -1 for a constant
	constant string // the value in every row
	replace  map[string]string
}

// newMaker resolves the options against the header; it reports all that is wrong with them at once.
func newMaker(o *ImportOptions, header []string, digest [32]byte) (*maker, error) {
	unit, ok := units[o.Unit]
	m := &maker{names: ingest.NewPseudonymiser(o.Key), digest: string(digest[:]), unit: unit}
	errs := strangers(o)
	if !ok {
		errs = append(errs, fmt.Errorf("unit %q: s, ms, min, h, day or rfc3339", o.Unit))
	}
	if len(o.Key) == 0 {
		errs = append(errs, errors.New("no key for pseudonyms"))
	}
	if !o.Epoch.IsZero() {
		m.epoch = float64(o.Epoch.UnixMilli())
	}
	for _, f := range ingest.Schema() {
		column, fromColumn := o.Columns[f.Name]
		constant, isConstant := o.Set[f.Name]
		if !fromColumn && !isConstant {
			continue
		}
		c := cell{field: f, column: -1, constant: constant, replace: o.Map[f.Name]}
		if fromColumn {
			c.column = columnOf(column, header)
		}
		switch {
		case fromColumn && isConstant:
			errs = append(errs, fmt.Errorf("%s has both a column and a value", f.Name))
		case fromColumn && c.column < 0:
			errs = append(errs, fmt.Errorf("%s: no column %q: a column is a name in the header (with --header) or a number from 1", f.Name, column))
		}
		m.cells = append(m.cells, c)
		m.kind = m.kind || f.Bit == ingest.FieldKind
	}
	return m, errors.Join(errs...)
}

// strangers tells which names in the options are no fields that a row can give.
func strangers(o *ImportOptions) (errs []error) {
	names := slices.Concat(slices.Collect(maps.Keys(o.Columns)), slices.Collect(maps.Keys(o.Set)), slices.Collect(maps.Keys(o.Map)))
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		if f, ok := ingest.ParseField(name); !ok || f == ingest.FieldV {
			errs = append(errs, fmt.Errorf("no field of the contract: %q (schema prints them)", name))
		}
	}
	return errs
}

// columnOf returns the place of a column from 0, or -1 where there is none.
func columnOf(column string, header []string) int {
	if i := slices.Index(header, column); i >= 0 {
		return i
	}
	n, err := strconv.Atoi(column)
	if err != nil || n < 1 || header != nil && n > len(header) {
		return -1
	}
	return n - 1
}

// event makes the record of a row. It is valid until the next call.
func (m *maker) event(row []string, number int64) (*ingest.Event, ingest.Refusal) {
	m.json = append(m.json[:0], `{"v":1`...)
	var has ingest.Fields
	var typ string
	for i := range m.cells {
		c := &m.cells[i]
		value := c.value(row)
		if value == "" {
			continue
		}
		if c.field.Bit == ingest.FieldType {
			typ = value
		}
		has |= c.field.Bit
		m.json = append(append(append(m.json, `,"`...), c.field.Name...), `":`...)
		if r := m.append(&c.field, value); r != ingest.Accepted {
			return nil, r
		}
	}
	if !has.Any(ingest.FieldID) {
		id := m.names.ID(ingest.DomainEvent, string(binary.BigEndian.AppendUint64([]byte(m.digest), uint64(number))))
		m.json = fmt.Appendf(m.json, `,"id":"%s"`, id)
	}
	if !m.kind && (typ == ingest.Message.String() || typ == ingest.Call.String()) {
		m.json = append(m.json, `,"kind":"direct"`...)
	}
	m.json = append(m.json, '}')
	r := m.decoder.Decode(&m.made, m.json)
	return &m.made, r
}

// value returns the cell of a row, or the constant, translated; "" where the row has none.
func (c *cell) value(row []string) string {
	value := c.constant
	if c.column >= 0 {
		if c.column >= len(row) {
			return ""
		}
		value = strings.TrimSpace(row[c.column])
	}
	if replaced, ok := c.replace[value]; ok {
		return replaced
	}
	return value
}

// append appends a value as the JSON of its field. Only plain words and digits are let through, so that a cell cannot
// be more than a value; whether it is a right one is the decoder's to say.
func (m *maker) append(f *ingest.Field, value string) ingest.Refusal {
	switch {
	case f.Bit == ingest.FieldAt:
		at, r := m.time(value)
		m.json = strconv.AppendInt(m.json, at, 10)
		return r
	case f.Value == ingest.ValueHex && f.Digits == 16:
		m.json = fmt.Appendf(m.json, `"%016x"`, m.names.Hash(domains[f.Bit], value))
	case f.Value == ingest.ValueHex:
		m.json = fmt.Appendf(m.json, `"%s"`, m.names.ID(domains[f.Bit], value))
	case !plain(value):
		return ingest.RefusedBadValue
	case f.Value == ingest.ValueInteger:
		if strings.Trim(value, "0123456789") != "" {
			return ingest.RefusedNumber
		}
		m.json = append(m.json, value...)
	case f.Value == ingest.ValueBool:
		yes, err := strconv.ParseBool(value)
		if err != nil {
			return ingest.RefusedBadValue
		}
		m.json = strconv.AppendBool(m.json, yes)
	default:
		m.json = append(append(append(m.json, '"'), value...), '"')
	}
	return ingest.Accepted
}

// domains are what the identifiers in each field name.
var domains = map[ingest.Fields]ingest.Domain{
	ingest.FieldID: ingest.DomainEvent, ingest.FieldActor: ingest.DomainAccount, ingest.FieldTarget: ingest.DomainAccount,
	ingest.FieldConversation: ingest.DomainConversation, ingest.FieldDevice: ingest.DomainDevice, ingest.FieldNetwork: ingest.DomainNetwork,
}

// plain tells whether a value is made of ASCII letters, digits, and what stands within numbers and names.
var plain = regexp.MustCompile(`^[0-9A-Za-z_.+-]*$`).MatchString

// time reads a time in the options' unit as Unix milliseconds.
func (m *maker) time(value string) (int64, ingest.Refusal) {
	if m.unit == 0 {
		t, err := time.Parse(time.RFC3339, value)
		if err != nil {
			return 0, ingest.RefusedBadValue
		}
		return t.UnixMilli(), ingest.Accepted
	}
	n, err := strconv.ParseFloat(value, 64)
	if err != nil {
		return 0, ingest.RefusedNumber
	}
	ms := math.Round(m.epoch + n*m.unit)
	if !(ms >= ingest.Earliest && ms <= ingest.Latest) {
		return 0, ingest.RefusedOutOfRange
	}
	return int64(ms), ingest.Accepted
}
