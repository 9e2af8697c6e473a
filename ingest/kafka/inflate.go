package kafka

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/segmentio/kafka-go/compress"
)

// maxInflated is the most that one batch may be when inflated: brokers accept batches of 1 MiB by default, and records
// of the contract compress five times or so, but a megabyte of zeros out of a kilobyte is as easily made.
const maxInflated = 8 << 20

// errInflated is of a batch that inflates beyond maxInflated.
var errInflated = fmt.Errorf("the batch inflates to more than %d bytes", maxInflated)

// compressions are the names of the codecs, by their number in a batch's attributes.
var compressions = []string{"none", "gzip", "snappy", "lz4", "zstd"}

// codecOf returns the number of a codec that compressions has.
func codecOf(name string) compress.Compression {
	return compress.Compression(slices.Index(compressions, name))
}

// inflate returns a batch's records as they were before compression, appended to arena where they were compressed.
// The part of arena that was there before stays where it is, or keeps its old bytes.
func (b *batch) inflate(arena []byte) (plain, grown []byte, err error) {
	number := compress.Compression(b.attributes & compressionBits)
	if number == compress.None {
		return b.records, arena, nil
	}
	codec := number.Codec()
	if codec == nil {
		return nil, arena, fmt.Errorf("the batch's compression %d is unknown", number)
	}
	r := codec.NewReader(bytes.NewReader(b.records))
	defer r.Close() //nolint:errcheck // only read
	from := len(arena)
	for {
		arena = slices.Grow(arena, 4096)
		n, err := r.Read(arena[len(arena):min(cap(arena), from+maxInflated+1)])
		arena = arena[:len(arena)+n]
		switch {
		case len(arena)-from > maxInflated:
			return nil, arena[:from], errInflated
		case errors.Is(err, io.EOF):
			return arena[from:], arena, nil
		case err != nil:
			return nil, arena[:from], fmt.Errorf("the batch does not inflate: %w", err)
		}
	}
}
