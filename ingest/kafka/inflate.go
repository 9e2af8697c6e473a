package kafka

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/klauspost/compress/zstd"
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
	r, err := inflating(number, b.records)
	if err != nil {
		return nil, arena, err
	}
	defer r.Close() //nolint:errcheck // only read
	from := len(arena)
	for {
		if len(arena) == cap(arena) {
			arena = slices.Grow(arena, from+nextSize(len(b.records), len(arena)-from)-len(arena))
		}
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

// nextSize is how much room to make for what is inflated, so that little is given up on the way: twice as much each
// time, and all there may be as soon as it is likely to be much.
func nextSize(compressed, inflated int) int {
	if size := max(4*compressed, 2*inflated, 4096); size < maxInflated/4 {
		return size
	}
	return maxInflated + 1
}

// inflating returns what reads records inflated. What is left to kafka-go's codecs takes no more memory than they give.
func inflating(number compress.Compression, records []byte) (io.ReadCloser, error) {
	switch number {
	case compress.Snappy:
		if err := snappyFits(records); err != nil {
			return nil, err
		}
	case compress.Zstd:
		return newWindowed(records)
	}
	codec := number.Codec()
	if codec == nil {
		return nil, fmt.Errorf("the batch's compression %d is unknown", number)
	}
	return codec.NewReader(bytes.NewReader(records)), nil
}

// xerial is how a stream of snappy blocks begins, each behind its length. Without it there is one block.
const xerial = "\x82SNAPPY\x00"

// snappyFits tells whether the lengths that snappy's blocks claim are within reach: kafka-go's codec takes memory for
// them before it looks at anything else, up to 4 GiB for 20 bytes.
func snappyFits(records []byte) error {
	if !bytes.HasPrefix(records, []byte(xerial)) {
		return blockFits(records)
	}
	for rest := records[min(16, len(records)):]; len(rest) > 0; {
		if len(rest) < 4 || uint64(binary.BigEndian.Uint32(rest)) > uint64(len(rest)-4) {
			return errors.New("the batch does not inflate: a block is longer than the batch")
		}
		size := 4 + int(binary.BigEndian.Uint32(rest))
		if err := blockFits(rest[4:size]); err != nil {
			return err
		}
		rest = rest[size:]
	}
	return nil
}

// blockFits looks at the length that a block claims to have when inflated: its first bytes.
func blockFits(block []byte) error {
	if length, n := binary.Uvarint(block); n > 0 && length > maxInflated {
		return errInflated
	}
	return nil
}

// windowed is a zstd decoder that takes no more memory than a window of maxInflated needs, where kafka-go's would take
// 512 MiB when a frame says so. RFC 8878 asks decoders for 8 MiB, and a batch is no larger.
type windowed struct{ *zstd.Decoder }

// decoders are those that no reader holds.
var decoders sync.Pool

func newWindowed(records []byte) (io.ReadCloser, error) {
	if d, ok := decoders.Get().(*windowed); ok {
		return d, d.Reset(bytes.NewReader(records))
	}
	d, err := zstd.NewReader(bytes.NewReader(records), zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxInflated), zstd.WithDecoderLowmem(true))
	if err != nil {
		return nil, fmt.Errorf("making a decoder of zstd: %w", err)
	}
	return &windowed{d}, nil
}

// Close gives the decoder back.
func (w *windowed) Close() error {
	err := w.Reset(nil) // lets go of what was read
	decoders.Put(w)
	return err
}
