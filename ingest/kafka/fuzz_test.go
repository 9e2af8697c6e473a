package kafka

import (
	"bytes"
	"encoding/binary"
	"io"
	"log/slog"
	"math"
	"runtime/metrics"
	"slices"
	"testing"

	"github.com/segmentio/kafka-go/compress"
	"github.com/segmentio/kafka-go/compress/snappy"

	"github.com/unopened/unopened/ingest"
)

// mostAllocated is what reading one batch may allocate, as TestBombs lets a process grow.
const mostAllocated = 32 << 20

// compressed is a batch's records as they lie in a log.
type compressed struct {
	codec   compress.Compression
	records []byte
}

// hostileHeads claim 64 MiB or more in a few bytes; kafka-go's codecs believe them.
var hostileHeads = map[string]compressed{
	"a frame of snappy": {compress.Snappy, []byte(xerial + "\x00\x00\x00\x01\x00\x00\x00\x01\x10\x00\x00\x00")},
	"a block of snappy": {compress.Snappy, append(binary.AppendUvarint(nil, 256<<20), bytes.Repeat([]byte{0xfe, 1, 0}, 100)...)},
	"a framed block of snappy": {compress.Snappy, slices.Concat([]byte(xerial+"\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00\x05"),
		binary.AppendUvarint(nil, 256<<20), []byte{0})},
	"a window of zstd": {compress.Zstd, append([]byte{0x28, 0xb5, 0x2f, 0xfd, 0, 17 << 3}, bytes.Repeat([]byte{0x02, 0x00, 0x10, 0}, 1000)...)},
}

// smallBatches are the same records by each codec, snappy with and without frames.
func smallBatches(t testing.TB, records []byte) (batches []compressed) {
	for codec := compress.Gzip; codec <= compress.Zstd; codec++ {
		batches = append(batches, compressed{codec, deflated(t, codec, records)})
	}
	var block bytes.Buffer
	w := (&snappy.Codec{Framing: snappy.Unframed}).NewWriter(&block)
	if _, err := w.Write(records); err != nil || w.Close() != nil {
		t.Fatal("snappy without frames")
	}
	return append(batches, compressed{compress.Snappy, block.Bytes()}, compressed{compress.None, records})
}

// allocated returns how many bytes a function allocates, small ones not all counted.
func allocated(f func()) uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	before := sample[0].Value.Uint64()
	f()
	metrics.Read(sample)
	return sample[0].Value.Uint64() - before
}

// The control of FuzzBatch: kafka-go's codecs allocate for what a head claims, and what the codecs read is read by us.
func TestHostileHeadsAreBelievedElsewhere(t *testing.T) {
	for name, h := range hostileHeads {
		if theirs := allocated(func() {
			_, _ = io.Copy(io.Discard, io.LimitReader(h.codec.Codec().NewReader(bytes.NewReader(h.records)), 2*mostAllocated)) // whatever it says
		}); theirs <= mostAllocated {
			t.Errorf("%s: kafka-go allocates %d bytes only", name, theirs)
		}
	}
	for _, c := range smallBatches(t, plainRecords(testRecord{value: "one"}, testRecord{value: "two"})) {
		if got, err := readBatch(makeBatch(7, int16(c.codec), 2, c.records), all); err != nil || len(got) != 2 {
			t.Errorf("codec %d: %d records, %v", c.codec, len(got), err)
		}
	}
}

// FuzzBatch reads any bytes as the records of a batch whose checksum is right, by any codec: they are as many as the
// batch says or there is an error; nothing is inflated beyond maxInflated, nor is memory taken for it; and a reader
// that meets the batch hands on what it can, and gives back what it was lent.
func FuzzBatch(f *testing.F) {
	plain := plainRecords(testRecord{value: "one", headers: []string{"a", "b"}}, testRecord{value: "two"})
	for _, c := range smallBatches(f, plain) {
		f.Add(int16(c.codec), uint16(2), c.records)
		f.Add(int16(c.codec), uint16(1), c.records)
	}
	for _, h := range hostileHeads {
		f.Add(int16(h.codec), uint16(1), h.records)
	}
	for _, codec := range []compress.Compression{compress.Gzip, compress.Lz4, compress.Zstd} {
		f.Add(int16(codec), uint16(1), deflated(f, codec, make([]byte, maxInflated+1)))
	}
	f.Fuzz(func(t *testing.T, attributes int16, count uint16, records []byte) {
		raw := makeBatch(7, attributes, int(count), records)
		if taken := allocated(func() { checkBatch(t, raw, int(count)) }); taken > mostAllocated {
			t.Errorf("%d bytes were allocated for %d", taken, len(raw))
		}
		checkReader(t, raw, int64(count))
	})
}

// checkBatch fails if a batch is read otherwise than it says or is inflated too far.
func checkBatch(t *testing.T, raw []byte, count int) {
	b, err := openBatch(raw)
	if err != nil {
		return
	}
	plain, arena, err := b.inflate(nil)
	if len(plain) > maxInflated && b.attributes&compressionBits != 0 || len(arena) > maxInflated || err != nil && len(arena) > 0 {
		t.Errorf("inflated to %d bytes, %d kept (%v)", len(plain), len(arena), err)
	}
	if err != nil {
		return
	}
	if got, err := b.appendRecords(nil, plain, all); err == nil && len(got) != count {
		t.Errorf("%d of %d records without an error", len(got), count)
	}
}

// checkReader fails if a reader that has met the batch for the last time does not go on behind it, or keeps memory.
func checkReader(t *testing.T, raw []byte, count int64) {
	var answer rawBatches
	if _, err := answer.ReadFrom(io.MultiReader(bytes.NewReader(binary.BigEndian.AppendUint32(nil, uint32(len(raw)))), bytes.NewReader(raw))); err != nil {
		t.Fatal(err)
	}
	var got []ingest.Batch
	r := &reader{cluster: &Cluster{log: slog.New(slog.DiscardHandler)}, next: 7, stop: math.MaxInt64, strikes: strikes - 1,
		handler: &counting{func(b ingest.Batch) { got = append(got, b) }}}
	if err := r.deliver(t.Context(), &partitionAnswer{HighWatermark: 7 + count, Records: answer}); err != nil {
		t.Fatal(err)
	}
	answer.release()
	if len(got) != 1 || got[0].Gap < 0 || got[0].Next != r.next || r.next <= 7 || r.next > 7+max(count, 1) {
		t.Errorf("of %d offsets: handed over %d times, the next is %d", count, len(got), r.next)
	}
	if r.lent != nil || r.arena != nil || answer.buffer != nil {
		t.Error("the reader keeps what it was lent")
	}
}
