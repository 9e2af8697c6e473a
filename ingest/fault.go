package ingest

import (
	"bytes"
	"unicode/utf8"
)

// What is wrong with a record is looked at only after it was seen not to be right.

// fault says why the value at p is none that its field takes.
func fault(b []byte, p int) Refusal {
	if p >= len(b) {
		return RefusedSyntax
	}
	switch c := b[p]; {
	case c == '{' || c == '[':
		return RefusedNesting
	case c == '"':
		if _, r := stringEnd(b, p); r != Accepted {
			return r
		}
		return RefusedBadValue
	case c == '-':
		return RefusedNumber
	case c >= '0' && c <= '9' || c == 't' || c == 'f' || c == 'n':
		return RefusedBadValue
	}
	return syntaxAt(b, p)
}

// stringEnd returns the place of the quote that ends the string at p, and what no string of a record may have.
func stringEnd(b []byte, p int) (int, Refusal) {
	ascii := true
	for end := p + 1; end < len(b); end++ {
		switch c := b[end]; {
		case c == '"':
			if !ascii && !utf8.Valid(b[p+1:end]) {
				return end, RefusedUTF8
			}
			return end, Accepted
		case c == '\\':
			return end, RefusedEscape
		case c < ' ':
			return end, RefusedSyntax
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	return len(b), RefusedSyntax
}

// strange says why a name is not a field's: it only folds to one, or it is unknown.
func strange(name []byte) Refusal {
	for i := range fields {
		if bytes.EqualFold(name, []byte(fields[i].Name)) {
			return RefusedFieldCase
		}
	}
	return RefusedUnknownField
}
