package kafka

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"time"

	"github.com/segmentio/kafka-go/compress"
)

// encode writes values as one batch, format 2, without a producer id, behind the batch's length: what a raw produce
// request carries. kafka-go's own encoder costs three allocations and two interface calls a record.
func (l *Log) encode(values [][]byte) ([]byte, error) {
	size := 4 + recordsAt
	for _, v := range values {
		size += len(l.keyOf(v)) + len(v) + recordBytes
	}
	b := make([]byte, 4+recordsAt, size)
	for i, v := range values {
		b = appendRecord(b, int64(i), l.keyOf(v), v)
	}
	if l.compress != compress.None {
		packed := bytes.NewBuffer(make([]byte, 4+recordsAt, size))
		w := l.compress.Codec().NewWriter(packed)
		if _, err := w.Write(b[4+recordsAt:]); err != nil {
			return nil, fmt.Errorf("compressing a batch: %w", err)
		}
		if err := w.Close(); err != nil {
			return nil, fmt.Errorf("compressing a batch: %w", err)
		}
		b = packed.Bytes()
	}
	binary.BigEndian.PutUint32(b, uint32(len(b)-4))
	l.head(b[4:], len(values))
	return b, nil
}

// appendRecord appends one record at the batch's own time.
func appendRecord(b []byte, number int64, key, value []byte) []byte {
	keyLength := int64(len(key))
	if key == nil {
		keyLength = -1
	}
	length := 3 + varintLength(number) + varintLength(keyLength) + len(key) + varintLength(int64(len(value))) + len(value)
	b = binary.AppendVarint(b, int64(length))
	b = append(b, 0, 0) // no attributes, no time of its own
	b = binary.AppendVarint(b, number)
	b = append(binary.AppendVarint(b, keyLength), key...)
	b = append(binary.AppendVarint(b, int64(len(value))), value...)
	return append(b, 0) // no headers
}

// varintLength is how many bytes a zigzag varint takes.
func varintLength(v int64) int {
	var b [binary.MaxVarintLen64]byte
	return binary.PutVarint(b[:], v)
}

// head fills in what stands before the records of a batch of count records, the sum last.
func (l *Log) head(batch []byte, count int) {
	be, now := binary.BigEndian, uint64(time.Now().UnixMilli())
	be.PutUint32(batch[lengthAt:], uint32(len(batch)-lengthAt-4))
	be.PutUint32(batch[12:], math.MaxUint32) // leader epoch: unknown
	batch[magicAt] = 2                       // format
	be.PutUint16(batch[21:], uint16(l.compress))
	be.PutUint32(batch[deltaAt:], uint32(count-1)) // last offset within the batch
	be.PutUint64(batch[firstTimeAt:], now)         // first and greatest timestamp
	be.PutUint64(batch[lastTimeAt:], now)
	be.PutUint64(batch[43:], math.MaxUint64) // producer id: none, nor its epoch and sequence
	be.PutUint16(batch[51:], math.MaxUint16)
	be.PutUint32(batch[53:], math.MaxUint32)
	be.PutUint32(batch[countAt:], uint32(count))
	be.PutUint32(batch[crcAt:], crc32.Checksum(batch[coveredAt:], castagnoli))
}
