package kafka

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"strings"
	"testing"

	"github.com/segmentio/kafka-go/compress"

	"github.com/unopened/unopened/ingest"
)

// testRecord is one record as makeBatch writes it.
type testRecord struct {
	value   string
	headers []string // key, value, key, value …
	key     string   // empty for none
}

// plainRecords encodes records whose offsets begin at 0 and whose times are one millisecond apart.
func plainRecords(records ...testRecord) []byte {
	var all []byte
	for i, r := range records {
		body := []byte{0}
		body = binary.AppendVarint(body, int64(i))
		body = binary.AppendVarint(body, int64(i))
		if r.key == "" {
			body = binary.AppendVarint(body, -1)
		} else {
			body = append(binary.AppendVarint(body, int64(len(r.key))), r.key...)
		}
		body = append(binary.AppendVarint(body, int64(len(r.value))), r.value...)
		body = binary.AppendVarint(body, int64(len(r.headers)/2))
		for _, h := range r.headers {
			body = append(binary.AppendVarint(body, int64(len(h))), h...)
		}
		all = append(binary.AppendVarint(all, int64(len(body))), body...)
	}
	return all
}

// makeBatch puts a head with a right checksum before records.
func makeBatch(base int64, attributes int16, count int, records []byte) []byte {
	b := make([]byte, recordsAt, recordsAt+len(records))
	b = append(b, records...)
	binary.BigEndian.PutUint64(b, uint64(base))
	binary.BigEndian.PutUint32(b[lengthAt:], uint32(len(b)-12))
	b[magicAt] = 2
	binary.BigEndian.PutUint16(b[coveredAt:], uint16(attributes))
	binary.BigEndian.PutUint32(b[deltaAt:], uint32(count-1))
	binary.BigEndian.PutUint64(b[firstTimeAt:], 1000)
	binary.BigEndian.PutUint64(b[lastTimeAt:], 2000)
	for _, at := range []int{43, 51, 53} { // no producer
		copy(b[at:], "\xff\xff\xff\xff\xff\xff\xff\xff"[:min(8, 57-at)])
	}
	binary.BigEndian.PutUint32(b[countAt:], uint32(count))
	return checked(b)
}

// checked gives a batch the checksum of its bytes.
func checked(b []byte) []byte {
	binary.BigEndian.PutUint32(b[crcAt:], crc32.Checksum(b[coveredAt:], castagnoli))
	return b
}

// deflated compresses records with a codec.
func deflated(t testing.TB, codec compress.Compression, records []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := codec.Codec().NewWriter(&out)
	if _, err := w.Write(records); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// readBatch opens a batch and decodes its records within want.
func readBatch(raw []byte, want span) ([]ingest.Record, error) {
	b, err := openBatch(raw)
	if err != nil {
		return nil, err
	}
	plain, _, err := b.inflate(nil)
	if err != nil {
		return nil, err
	}
	return b.appendRecords(nil, plain, want)
}

var all = span{0, 1 << 60}

func TestBatchRecords(t *testing.T) {
	plain := plainRecords(testRecord{value: "one"}, testRecord{value: ""}, testRecord{value: "three"})
	for name, test := range map[string]struct {
		attributes int16
		want       span
		values     string
		times      []int64
	}{
		"all":               {0, all, "one,,three", []int64{1000, 1001, 1002}},
		"from":              {0, span{102, 1 << 60}, "three", []int64{1002}},
		"to":                {0, span{0, 101}, "one", []int64{1000}},
		"the broker's time": {appendTime, all, "one,,three", []int64{2000, 2000, 2000}},
	} {
		got, err := readBatch(makeBatch(100, test.attributes, 3, plain), test.want)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var values []string
		for i, r := range got {
			values = append(values, string(r.Value))
			if r.Time != test.times[i] || r.Size != len(r.Value) || r.Stray || r.Poison {
				t.Errorf("%s: %+v", name, r)
			}
		}
		if strings.Join(values, ",") != test.values {
			t.Errorf("%s: got %v", name, values)
		}
	}
}

// Every change of a byte that the checksum covers is found, and no change or cut makes the decoder panic.
func TestBatchSpoilt(t *testing.T) {
	raw := makeBatch(0, 0, 2, plainRecords(testRecord{value: "one"}, testRecord{value: "two", headers: []string{"a", "b"}}))
	if _, err := readBatch(raw, all); err != nil {
		t.Fatal(err)
	}
	for i := range raw {
		spoilt := bytes.Clone(raw)
		spoilt[i] ^= 0x55
		if _, err := readBatch(spoilt, all); err == nil && i >= coveredAt {
			t.Errorf("a change of byte %d went unseen", i)
		}
		if _, err := readBatch(raw[:i], all); !errors.Is(err, errCut) {
			t.Errorf("cut after %d bytes: %v", i, err)
		}
	}
	old := bytes.Clone(raw)
	old[magicAt] = 1
	if _, err := readBatch(old, all); err == nil || !strings.Contains(err.Error(), "format 1") {
		t.Errorf("format 1: %v", err)
	}
}

// Records that a right checksum covers but that cannot be decoded take the whole batch with them.
func TestRecordsMalformed(t *testing.T) {
	good := plainRecords(testRecord{value: "one"}, testRecord{value: "two"})
	for name, records := range map[string][]byte{
		"one record too few": plainRecords(testRecord{value: "one"}),
		"bytes after":        append(bytes.Clone(good), 0),
		"long length":        append(binary.AppendVarint(nil, 1000), good...),
		"no varint":          bytes.Repeat([]byte{0xff}, 40),
		"same offset twice":  append(plainRecords(testRecord{value: "one"}), plainRecords(testRecord{value: "one"})...),
		"many headers":       plainRecords(testRecord{value: "one"}, testRecord{})[:0],
	} {
		if got, err := readBatch(makeBatch(0, 0, 2, records), all); err == nil {
			t.Errorf("%s: got %d records", name, len(got))
		}
	}
	if got, err := readBatch(makeBatch(0, 0, 2, good), all); err != nil || len(got) != 2 {
		t.Errorf("the control: %d records, %v", len(got), err)
	}
}

func TestInflate(t *testing.T) {
	small, large := strings.Repeat("0", maxInflated-100), strings.Repeat("0", maxInflated+100)
	for number := compress.Gzip; number <= compress.Zstd; number++ {
		got, err := readBatch(makeBatch(0, int16(number), 1, deflated(t, number, plainRecords(testRecord{value: small}))), all)
		if err != nil || len(got) != 1 || string(got[0].Value) != small {
			t.Errorf("%s: %d records, %v", number, len(got), err)
		}
		if _, err := readBatch(makeBatch(0, int16(number), 1, deflated(t, number, plainRecords(testRecord{value: large}))), all); !errors.Is(err, errInflated) {
			t.Errorf("%s: a bomb: %v", number, err)
		}
		if _, err := readBatch(makeBatch(0, int16(number), 1, []byte("not compressed at all")), all); err == nil {
			t.Errorf("%s: garbage was read", number)
		}
	}
	if _, err := readBatch(makeBatch(0, 5, 1, nil), all); err == nil {
		t.Error("codec 5 was read")
	}
}

// What was inflated for one batch stays right when the next one is inflated behind it.
func TestInflateArena(t *testing.T) {
	var arena []byte
	var records []ingest.Record
	for i := range 50 {
		value := strings.Repeat(string(rune('a'+i%26)), 1000+i*100)
		b, err := openBatch(makeBatch(int64(i), int16(compress.Zstd), 1, deflated(t, compress.Zstd, plainRecords(testRecord{value: value}))))
		if err != nil {
			t.Fatal(err)
		}
		var plain []byte
		if plain, arena, err = b.inflate(arena); err != nil {
			t.Fatal(err)
		}
		if records, err = b.appendRecords(records, plain, all); err != nil {
			t.Fatal(err)
		}
	}
	for i, r := range records {
		if want := strings.Repeat(string(rune('a'+i%26)), 1000+i*100); string(r.Value) != want {
			t.Fatalf("record %d has changed", i)
		}
	}
}

func TestTraceparent(t *testing.T) {
	const good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	for value, want := range map[string]bool{
		good: true,
		"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00": true,
		"01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01": false, // another version may carry more
		"00-00000000000000000000000000000000-b7ad6b7169203331-01": false,
		"00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01": false,
		"00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01": false,
		"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0g": false,
		"00-0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331-01": false,
		good + "-x": false, "": false,
	} {
		if got := traceparent([]byte(value)); got != want {
			t.Errorf("%q: got %v, want %v", value, got, want)
		}
	}
	for name, headers := range map[string][]string{
		"other key": {"tracestate", "a=b"}, "no value": {"traceparent", ""}, "twice": {"traceparent", good, "traceparent", good}, "upper case": {"Traceparent", good},
	} {
		if got, err := readBatch(makeBatch(0, 0, 1, plainRecords(testRecord{value: "v", headers: headers})), all); err != nil || !got[0].Stray {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	if got, err := readBatch(makeBatch(0, 0, 1, plainRecords(testRecord{value: "v", headers: []string{"traceparent", good}})), all); err != nil || got[0].Stray {
		t.Errorf("a good one: %+v, %v", got, err)
	}
}

// An unreadable batch takes only those offsets with it that are surely its own.
func TestSuspect(t *testing.T) {
	good := makeBatch(20, 0, 2, plainRecords(testRecord{value: "one"}, testRecord{value: "two"}))
	ten := makeBatch(10, 0, 10, []byte("ten records that cannot be read"))
	long := makeBatch(10, 0, 1000, []byte("a head that says a thousand"))
	for name, test := range map[string]struct {
		raw  []byte
		at   int64
		end  int64
		want span
	}{
		"as the head says":         {append(bytes.Clone(ten), good...), 10, 100, span{10, 20}},
		"from the middle":          {append(bytes.Clone(ten), good...), 15, 100, span{15, 20}},
		"the next batch disagrees": {append(bytes.Clone(long), good...), 10, 5000, span{10, 20}},
		"the log's end disagrees":  {long, 10, 100, span{10, 11}},
		"the head is elsewhere":    {ten, 5, 100, span{5, 6}},
		"no head":                  {ten[:30], 10, 100, span{10, 11}},
	} {
		b, _ := openBatch(test.raw)
		if got := suspect(&b, test.raw, test.at, test.end); got != test.want {
			t.Errorf("%s: got %v, want %v", name, got, test.want)
		}
	}
}

// Reading records costs no allocation once the buffers have grown.
func TestBatchAllocations(t *testing.T) {
	raw := makeBatch(0, 0, 3, plainRecords(testRecord{value: "one"}, testRecord{value: "two"}, testRecord{value: "three"}))
	records := make([]ingest.Record, 0, 10)
	if got := testing.AllocsPerRun(100, func() {
		b, err := openBatch(raw)
		if err == nil {
			records, err = b.appendRecords(records[:0], b.records, all)
		}
		if err != nil || len(records) != 3 {
			t.Fatal(err)
		}
	}); got != 0 {
		t.Errorf("%v allocations", got)
	}
}
