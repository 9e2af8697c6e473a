package ingest

// Refusal is the one reason for which a record was refused: the first fault in reading order, then what its type's
// row says of it. It is all that is ever told of the record's content. The names go to dead letters and metrics.
type Refusal uint8

// The refusals, each explained in the table below; Accepted is none. RefusalCount is the number of values, for arrays
// of counters. The numbers are written to checkpoints: never change one.
const (
	Accepted Refusal = iota
	RefusedTooLarge
	RefusedSyntax
	RefusedUTF8
	RefusedEscape
	RefusedNesting
	RefusedTrailing
	RefusedUnknownField
	RefusedDuplicateField
	RefusedFieldCase
	RefusedVersion
	RefusedNumber
	RefusedBadValue
	RefusedOutOfRange
	RefusedReserved
	RefusedMissingField
	RefusedFieldNotForType
	RefusedSelf
	RefusedFuture
	RefusedLate
	RefusedHeader
	RefusedPoison
	RefusedEntry
	RefusalCount
)

// refusals are the names of the refusals by number, and when a record gets one.
var refusals = [RefusalCount]struct{ name, help string }{
	{"accepted", ""},
	{"too_large", "more than 2048 bytes"},
	{"syntax", "not one JSON object, or not one Protobuf message"},
	{"utf8", "JSON: invalid UTF-8"},
	{"escape", "JSON: an escape sequence in a string"},
	{"nesting", "an object or array as a value; Protobuf: a group"},
	{"trailing", "JSON: bytes behind the object, white space too"},
	{"unknown_field", "a name or number that the contract lacks; counts on `unopened_content_tripwire_total` too"},
	{"duplicate_field", "a field twice"},
	{"field_case", "JSON: a field's name in another case or Unicode fold"},
	{"version", "another contract version"},
	{"number", "JSON: sign, fraction, exponent or leading zero; Protobuf: a varint longer than need be"},
	{"bad_value", "a value of another form (Protobuf: wire type, length), or not of the enum"},
	{"out_of_range", "an integer outside the field's range"},
	{"reserved", "an account's pseudonym of zeros, or with the prefix that names devices and networks"},
	{"missing_field", "a field that the type needs is missing"},
	{"field_not_for_type", "a field outside the type's row"},
	{"self", "actor and target are the same"},
	{"future", "more than five minutes ahead of the record's own timestamp in Kafka"},
	{"late", "older than the window of event time (`engine.window`)"},
	{"header", "a Kafka header other than a well-formed `traceparent`"},
	{"poison", "a batch that the log could not give back"},
	{"entry", "on an internal topic: no record of ours"},
}

// String returns the name of the refusal; that of Accepted is "accepted".
func (r Refusal) String() string {
	if r >= RefusalCount {
		return ""
	}
	return refusals[r].name
}
