package ingest

// Refusal is the one reason for which a record was refused: the first fault in reading order, then what its type's
// row says of it. It is all that is ever told of the record's content. The names go to dead letters and metrics.
type Refusal uint8

// The refusals; Accepted is none. RefusalCount is the number of values, for arrays of counters.
const (
	Accepted               Refusal = iota
	RefusedTooLarge                // more than MaxRecord bytes
	RefusedSyntax                  // not one JSON object
	RefusedUTF8                    // invalid UTF-8
	RefusedEscape                  // an escape sequence in a string
	RefusedNesting                 // an object or array as a value
	RefusedTrailing                // bytes after the object, white space too
	RefusedUnknownField            // a name that the contract lacks; also counts on the content tripwire
	RefusedDuplicateField          // a field twice
	RefusedFieldCase               // a field's name in another case or Unicode fold
	RefusedVersion                 // another contract version
	RefusedNumber                  // a number with sign, fraction, exponent or leading zero
	RefusedBadValue                // a value of another form, or not of the enum
	RefusedOutOfRange              // an integer outside the field's range
	RefusedReserved                // an account's pseudonym of zeros, or with the prefix of places
	RefusedMissingField            // a field that the type needs is missing
	RefusedFieldNotForType         // a field outside the type's row
	RefusedSelf                    // actor and target are the same
	RefusedFuture                  // more than five minutes ahead of the record's own timestamp
	RefusedLate                    // older than the shard's window of event time
	RefusedHeader                  // a Kafka header other than a well-formed traceparent
	RefusedPoison                  // a batch that the log could not give back
	RefusedEntry                   // no record of ours on an internal topic
	RefusalCount
)

// refusalNames are the names of the refusals by number.
var refusalNames = [RefusalCount]string{
	"accepted", "too_large", "syntax", "utf8", "escape", "nesting", "trailing", "unknown_field", "duplicate_field",
	"field_case", "version", "number", "bad_value", "out_of_range", "reserved", "missing_field",
	"field_not_for_type", "self", "future", "late", "header", "poison", "entry",
}

// String returns the name of the refusal; that of Accepted is "accepted".
func (r Refusal) String() string { return nameOf(refusalNames[:], uint8(r)+1) }
