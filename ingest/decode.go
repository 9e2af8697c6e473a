package ingest

import "unicode/utf8"

// Decoder reads raw records. Of JSON it remembers which field followed which and which names an enum last had, so that
// a producer's habitual order costs one comparison a field. The zero Decoder is ready for JSON; it is not for concurrent
// use.
//
// Decode is held against the json/v2 implementation as oracle by FuzzDecode, and against the official Protobuf runtime
// by FuzzDecodeProtobuf.
type Decoder struct {
	Encoding Encoding // of the records

	next [len(fields) + 1]uint8 // the field last seen after this one; the last place is the start of the object
	last [len(fields)]uint8     // the value that this enum field last had
}

// quoted are the fields' names as they are usually written: quotes and colon included.
var quoted = quotedNames()

func quotedNames() (q [len(fields)]string) {
	for i := range fields {
		q[i] = `"` + fields[i].Name + `":`
	}
	return q
}

// Decode reads one raw record of the contract into ev, which it overwrites fully; Side is SideRaw. A record is taken
// whole or refused whole: after a refusal ev is zero. It does not keep b and does not allocate.
func (d *Decoder) Decode(ev *Event, b []byte) Refusal {
	*ev = Event{}
	if len(b) > MaxRecord {
		return RefusedTooLarge
	}
	var r Refusal
	if d.Encoding == Protobuf {
		r = ev.message(b)
	} else {
		r = d.object(ev, b)
	}
	if r == Accepted {
		r = ev.check()
	}
	if r != Accepted {
		*ev = Event{}
	}
	return r
}

// futureMs is how far an event may lie ahead of its record's own timestamp.
const futureMs = 5 * 60_000

// Read is Decode for a record as a source hands it over: it also refuses what the record's bytes do not show.
func (d *Decoder) Read(ev *Event, r *Record) Refusal {
	switch {
	case r.Poison:
		return RefusedPoison
	case r.Stray:
		return RefusedHeader
	}
	if refusal := d.Decode(ev, r.Value); refusal != Accepted {
		return refusal
	}
	if r.Time != 0 && ev.At > r.Time+futureMs {
		return RefusedFuture
	}
	return Accepted
}

// object reads the one object that b is.
func (d *Decoder) object(ev *Event, b []byte) Refusal {
	if len(b) == 0 || b[0] != '{' {
		return syntaxAt(b, 0)
	}
	p, before := space(b, 1), len(fields)
	if p < len(b) && b[p] == '}' {
		return atEnd(b, p+1)
	}
	for {
		i, q, r := d.name(b, p, before)
		if r != Accepted {
			return r
		}
		if ev.Has.Any(1 << i) {
			return RefusedDuplicateField
		}
		ev.Has |= 1 << i
		if p, r = d.value(ev, b, q, i); r != Accepted {
			return r
		}
		before = i
		p = space(b, p)
		switch {
		case p < len(b) && b[p] == ',':
			p = space(b, p+1)
		case p < len(b) && b[p] == '}':
			return atEnd(b, p+1)
		default:
			return syntaxAt(b, p)
		}
	}
}

// name reads the name at p and the colon; it returns the field and where its value starts.
func (d *Decoder) name(b []byte, p, before int) (field, value int, r Refusal) {
	guess := int(d.next[before])
	if want := quoted[guess]; len(b)-p >= len(want) && string(b[p:p+len(want)]) == want {
		return guess, space(b, p+len(want)), Accepted
	}
	if p >= len(b) || b[p] != '"' {
		return 0, p, syntaxAt(b, p)
	}
	end, r := stringEnd(b, p)
	if r != Accepted {
		return 0, p, r
	}
	name := b[p+1 : end]
	field, known := fieldOf[string(name)]
	if !known {
		return 0, p, strange(name)
	}
	p = space(b, end+1)
	if p >= len(b) || b[p] != ':' {
		return 0, p, syntaxAt(b, p)
	}
	d.next[before] = uint8(field)
	return field, space(b, p+1), Accepted
}

// value reads the value at p into its member of ev; it returns where the value ends.
func (d *Decoder) value(ev *Event, b []byte, p, field int) (int, Refusal) {
	f := &fields[field]
	switch f.Value {
	case ValueHex:
		return hexValue(ev, b, p, field)
	case ValueInteger:
		n, q, r := integer(b, p)
		switch {
		case f.Bit == FieldV && (r == RefusedOutOfRange || r == Accepted && n != f.Max):
			return p, RefusedVersion
		case r != Accepted:
			return p, r
		case n < f.Min || n > f.Max:
			return p, RefusedOutOfRange
		}
		ev.setNumber(field, n)
		return q, Accepted
	case ValueEnum:
		return d.enum(ev, b, p, field)
	case ValueBool:
		return boolean(ev, b, p, f.Bit)
	default:
		if len(b)-p < 4 || b[p] != '"' || b[p+3] != '"' || !isCountry(b[p+1], b[p+2]) {
			return p, fault(b, p)
		}
		*at[[2]byte](ev, field) = [2]byte{b[p+1], b[p+2]}
		return p + 4, Accepted
	}
}

// enum reads the name of one of an enum's values.
func (d *Decoder) enum(ev *Event, b []byte, p, field int) (int, Refusal) {
	names := fields[field].Names
	guess := int(d.last[field])
	if isName(b, p, names[guess]) {
		ev.setNumber(field, int64(guess+1))
		return p + len(names[guess]) + 2, Accepted
	}
	for i, name := range names {
		if isName(b, p, name) {
			d.last[field] = uint8(i)
			ev.setNumber(field, int64(i+1))
			return p + len(name) + 2, Accepted
		}
	}
	return p, fault(b, p)
}

// isName tells whether the string at p is name. Names are plain, so equal bytes are an equal string.
func isName(b []byte, p int, name string) bool {
	end := p + 1 + len(name)
	return end < len(b) && b[end] == '"' && b[p] == '"' && string(b[p+1:end]) == name
}

// boolean reads true or false.
func boolean(ev *Event, b []byte, p int, bit Fields) (int, Refusal) {
	switch {
	case len(b)-p >= 4 && string(b[p:p+4]) == "true":
		ev.True |= bit
		return p + 4, Accepted
	case len(b)-p >= 5 && string(b[p:p+5]) == "false":
		return p + 5, Accepted
	}
	return p, fault(b, p)
}

// integer reads a plain integer.
func integer(b []byte, p int) (n int64, end int, r Refusal) {
	end = p
	for end < len(b) && b[end]-'0' < 10 {
		if end-p < 18 {
			n = n*10 + int64(b[end]-'0')
		}
		end++
	}
	switch digits := end - p; {
	case digits == 0:
		return 0, p, fault(b, p)
	case digits > 1 && b[p] == '0':
		return 0, p, RefusedNumber
	case end < len(b) && (b[end] == '.' || b[end]|0x20 == 'e'):
		return 0, p, RefusedNumber
	case digits > 18:
		return 0, p, RefusedOutOfRange
	}
	return n, end, Accepted
}

// space returns the first place from p on that is not white space of JSON.
func space(b []byte, p int) int {
	for p < len(b) && (b[p] == ' ' || b[p] == '\n' || b[p] == '\t' || b[p] == '\r') {
		p++
	}
	return p
}

// atEnd refuses what follows the object.
func atEnd(b []byte, p int) Refusal {
	if p < len(b) {
		return RefusedTrailing
	}
	return Accepted
}

// syntaxAt says what is wrong where another token was needed.
func syntaxAt(b []byte, p int) Refusal {
	if p < len(b) && b[p] >= utf8.RuneSelf {
		if c, n := utf8.DecodeRune(b[p:]); c == utf8.RuneError && n == 1 {
			return RefusedUTF8
		}
	}
	return RefusedSyntax
}
