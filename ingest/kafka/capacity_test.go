package kafka

import (
	"reflect"
	"strings"
	"testing"

	"github.com/unopened/unopened/ingest"
)

// keyed makes a batch of one record that has a key and headers.
func keyed(key, value string, headers ...string) []byte {
	return makeBatch(0, 0, 1, plainRecords(testRecord{value: value, headers: headers, key: key}))
}

// TestKeysAndHeadersHaveNoRoom computes what a record's key and headers can bring in (P01): 0 bytes. A key is passed
// over; a header is refused, but for one traceparent, whose 25 bytes (a trace, a parent, flags) are looked at for their
// form and passed over too: the record is the same with it, without it, and with another.
func TestKeysAndHeadersHaveNoRoom(t *testing.T) {
	const trace, other = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "00-ffffffffffffffffffffffffffffffff-ffffffffffffffff-ff"
	read := func(raw []byte) ingest.Record {
		t.Helper()
		records, err := readBatch(raw, all)
		if err != nil || len(records) != 1 {
			t.Fatalf("%d records, %v", len(records), err)
		}
		return records[0]
	}
	plain := read(keyed("", "value"))
	for name, raw := range map[string][]byte{
		"a key": keyed("the key says something", "value"), "a long key": keyed(strings.Repeat("k", 5000), "value"),
		"a traceparent": keyed("", "value", "traceparent", trace), "another": keyed("key", "value", "traceparent", other),
	} {
		if got := read(raw); !reflect.DeepEqual(got, plain) {
			t.Errorf("%s makes %+v of %+v", name, got, plain)
		}
	}
	if got := read(keyed("", "value", "tracestate", "says=something")); !got.Stray {
		t.Error("the control, another header, is not refused")
	}
	if got := read(keyed("", "other")); reflect.DeepEqual(got, plain) {
		t.Error("the control, another value, makes the same record")
	}
}
