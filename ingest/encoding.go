package ingest

import (
	"fmt"
	"strings"
)

// Encoding is how raw records are written. The configuration fixes it for the raw topic; files are always JSON lines.
type Encoding uint8

// The encodings.
const (
	JSON     Encoding = iota // one object a record, as JSONSchema says
	Protobuf                 // one message a record, as Proto says, without any framing
)

// encodingNames are the names of the encodings by number.
var encodingNames = []string{"json", "protobuf"}

// String returns the name of the encoding.
func (e Encoding) String() string { return nameOf(encodingNames, uint8(e)+1) }

// ParseEncoding returns the encoding of the given name, or an error that tells the names there are.
func ParseEncoding(name string) (Encoding, error) {
	for i, known := range encodingNames {
		if name == known {
			return Encoding(i), nil
		}
	}
	return 0, fmt.Errorf("%q is not %s", name, strings.Join(encodingNames, " or "))
}

// Append appends a raw event in the encoding and returns the longer slice: AppendJSON or AppendProtobuf.
func (e Encoding) Append(dst []byte, ev *Event) []byte {
	if e == Protobuf {
		return AppendProtobuf(dst, ev)
	}
	return AppendJSON(dst, ev)
}
