package kafka

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"github.com/unopened/unopened/ingest"
)

// The record batch, version 2, of the Kafka protocol (kafka.apache.org/documentation/#recordbatch), as offsets of its
// fields. It is the only format since Kafka 0.11 and the only one in Kafka 4.
const (
	lengthAt    = 8 // counts what follows it
	magicAt     = 16
	crcAt       = 17
	coveredAt   = 21 // the CRC covers all from here
	deltaAt     = 23
	firstTimeAt = 27
	lastTimeAt  = 35
	producerAt  = 43
	countAt     = 57
	recordsAt   = 61
)

// Bits of a batch's attributes; the lowest three are its compression.
const (
	compressionBits = 7
	appendTime      = 8  // the broker's time holds for all records
	transactional   = 16 // of a transaction
	control         = 32 // transaction markers, not records
)

// errCut is of a batch of which the answer holds only the beginning.
var errCut = errors.New("the batch is longer than the answer")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// batch is the head of a record batch and its records as they lie in the log.
type batch struct {
	base, last int64 // offsets of the first and the last record, whether or not they are still there
	size       int   // in the answer
	attributes int16
	firstTime  int64
	lastTime   int64
	producer   int64 // its id
	count      int
	records    []byte
}

// openBatch reads the head of the batch at the start of raw and checks its CRC. On an error the fields hold what the
// head said, as far as it was there: it may be wrong.
func openBatch(raw []byte) (b batch, err error) {
	if len(raw) < recordsAt {
		return b, errCut
	}
	b.base = int64(binary.BigEndian.Uint64(raw))
	b.size = lengthAt + 4 + int(int32(binary.BigEndian.Uint32(raw[lengthAt:])))
	b.last = b.base + int64(int32(binary.BigEndian.Uint32(raw[deltaAt:])))
	b.attributes = int16(binary.BigEndian.Uint16(raw[deltaAt-2:]))
	b.firstTime = int64(binary.BigEndian.Uint64(raw[firstTimeAt:]))
	b.lastTime = int64(binary.BigEndian.Uint64(raw[lastTimeAt:]))
	b.producer = int64(binary.BigEndian.Uint64(raw[producerAt:]))
	b.count = int(int32(binary.BigEndian.Uint32(raw[countAt:])))
	switch {
	case raw[magicAt] != 2:
		return b, fmt.Errorf("the batch has format %d, not 2", raw[magicAt])
	case b.size < recordsAt || b.last < b.base || b.count < 0:
		return b, errors.New("the batch's head is malformed")
	case b.size > len(raw):
		return b, errCut
	case crc32.Checksum(raw[coveredAt:b.size], castagnoli) != binary.BigEndian.Uint32(raw[crcAt:]):
		return b, errors.New("the batch's checksum does not match")
	}
	b.records = raw[recordsAt:b.size]
	return b, nil
}

// span is a stretch of offsets: from, up to but not including to.
type span struct{ from, to int64 }

// appendRecords decodes a batch's records within want and appends them to dst; on an error dst is as it was. The values
// are slices of plain, the batch's records inflated.
func (b *batch) appendRecords(dst []ingest.Record, plain []byte, want span) ([]ingest.Record, error) {
	scan := scanner{rest: plain}
	at := b.base - 1
	before := len(dst)
	for range b.count {
		record := scanner{rest: scan.bytes(scan.varint())}
		record.bytes(1) // attributes, unused
		time, offset := b.firstTime+record.varint(), b.base+record.varint()
		if b.attributes&appendTime != 0 {
			time = b.lastTime
		}
		record.bytes(record.varint()) // key
		value := record.bytes(record.varint())
		stray := record.headers()
		if scan.bad || record.bad || len(record.rest) > 0 || offset <= at || offset > b.last {
			return dst[:before], errors.New("a record of the batch is malformed")
		}
		at = offset
		if offset >= want.from && offset < want.to {
			dst = append(dst, ingest.Record{Offset: offset, Time: time, Value: value, Size: len(value), Stray: stray})
		}
	}
	if len(scan.rest) > 0 {
		return dst[:before], errors.New("the batch has bytes after its records")
	}
	return dst, nil
}

// scanner takes a record apart. After the first mistake it is bad and gives nothing more.
type scanner struct {
	rest []byte
	bad  bool
}

// varint takes a number in the zigzag encoding of Protocol Buffers.
func (s *scanner) varint() int64 {
	v, n := binary.Varint(s.rest)
	if n <= 0 {
		s.bad, s.rest = true, nil
		return 0
	}
	s.rest = s.rest[n:]
	return v
}

// bytes takes n bytes; -1 stands for none at all, nil.
func (s *scanner) bytes(n int64) []byte {
	if n == -1 && !s.bad {
		return nil
	}
	if n < 0 || n > int64(len(s.rest)) || s.bad {
		s.bad, s.rest = true, nil
		return nil
	}
	b := s.rest[:n:n]
	s.rest = s.rest[n:]
	return b
}

// headers takes the headers and tells whether there is any but one well-formed traceparent.
func (s *scanner) headers() (stray bool) {
	count := s.varint()
	for i := int64(0); i < count && !s.bad; i++ {
		key, value := s.bytes(s.varint()), s.bytes(s.varint())
		stray = stray || i > 0 || string(key) != "traceparent" || !traceparent(value)
	}
	s.bad = s.bad || count < 0
	return stray
}

// traceparent tells whether b is a header of W3C Trace Context, version 00: 00-TRACE-PARENT-FLAGS in lower-case
// hexadecimal, neither id zero. Other versions may carry more, which could be anything.
func traceparent(b []byte) bool {
	if len(b) != 55 || string(b[:3]) != "00-" || b[35] != '-' || b[52] != '-' {
		return false
	}
	return hexID(b[3:35]) && hexID(b[36:52]) && (hexID(b[53:]) || string(b[53:]) == "00")
}

// hexID tells whether b is lower-case hexadecimal and not zero.
func hexID(b []byte) bool {
	some := false
	for _, c := range b {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
		some = some || c != '0'
	}
	return some
}
