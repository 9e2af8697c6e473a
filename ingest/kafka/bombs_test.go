package kafka

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/segmentio/kafka-go/compress"

	"github.com/unopened/unopened/ingest"
)

// bomb is a batch's records that inflate to much more, or say so.
type bomb struct {
	codec   compress.Compression
	records func(*testing.T) []byte
}

// bombs are as large as a broker takes them by default, or as small as can be. What a format can do at most is 1:1,030
// for gzip, 1:21 for snappy, 1:255 for lz4 and 1:32,768 for zstd; what their heads can claim goes beyond 1:100,000,000.
var bombs = map[string]bomb{
	"gzip":   {compress.Gzip, repeated(compress.Gzip, 0)},
	"snappy": {compress.Snappy, repeated(compress.Snappy, 16)}, // one head of 16 bytes
	"lz4":    {compress.Lz4, repeated(compress.Lz4, 0)},
	"zstd": {compress.Zstd, func(*testing.T) []byte { // a frame with a window of 1 MiB, blocks of 128 KiB that repeat one byte
		return append([]byte{0x28, 0xb5, 0x2f, 0xfd, 0, 10 << 3}, bytes.Repeat([]byte{0x02, 0x00, 0x10, 0}, bombBytes/4)...)
	}},
	"snappy that claims a frame of 3 GiB": {compress.Snappy, func(*testing.T) []byte {
		return append([]byte("\x82SNAPPY\x00\x00\x00\x00\x01\x00\x00\x00\x01"), 0xc0, 0, 0, 0)
	}},
	"snappy that claims a block of 3 GiB": {compress.Snappy, func(*testing.T) []byte {
		return append(binary.AppendUvarint(nil, 3<<30), bytes.Repeat([]byte{0xfe, 1, 0}, 100)...)
	}},
	"zstd that claims a window of 512 MiB": {compress.Zstd, func(*testing.T) []byte {
		return append([]byte{0x28, 0xb5, 0x2f, 0xfd, 0, 19 << 3}, bytes.Repeat([]byte{0x02, 0x00, 0x10, 0}, 10_000)...)
	}},
}

// bombBytes is how large a batch may be.
const bombBytes = 1 << 20

// repeated compresses zeros and repeats what that gives after the head, up to bombBytes.
func repeated(codec compress.Compression, head int) func(*testing.T) []byte {
	return func(t *testing.T) []byte {
		one := deflated(t, codec, make([]byte, 16<<20))
		return append(one[:head:head], bytes.Repeat(one[head:], max(1, bombBytes/len(one)))...)
	}
}

// TestBombs hands each bomb to a reader in a process of its own, with good batches before and after: what the process
// has from the system grows by at most 32 MiB, the bomb's offset is poison, and the next is read. The control reads the
// same records by kafka-go's codec up to 256 MiB, as one does who knows of no limit.
func TestBombs(t *testing.T) {
	if file := os.Getenv("UNOPENED_BOMB"); file != "" {
		explode(t, file)
		return
	}
	for name, b := range bombs {
		t.Run(name, func(t *testing.T) {
			records := b.records(t)
			file := writeFile(t, filepath.Join(t.TempDir(), "bomb"), append([]byte{byte(b.codec)}, records...))
			ours, theirs := grown(t, file, false), grown(t, file, true)
			if ours > 32 || theirs <= 32 && name != "snappy" { // which does no more than 1:21
				t.Errorf("grows by %d MiB, by kafka-go alone %d MiB", ours, theirs)
			}
			t.Logf("%d bytes: %d MiB, by kafka-go alone %d MiB", len(records), ours, theirs)
		})
	}
}

// grown runs a bomb in a child and returns by how many MiB it has grown.
func grown(t *testing.T, file string, control bool) int {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestBombs$", "-test.v")
	cmd.Env = append(os.Environ(), "UNOPENED_BOMB="+file, "UNOPENED_BOMB_CONTROL="+strconv.FormatBool(control))
	out, err := cmd.CombinedOutput()
	_, rest, ok := strings.Cut(string(out), "GROWN ")
	line, _, _ := strings.Cut(rest, " ")
	mib, wrong := strconv.Atoi(line)
	if err != nil || !ok || wrong != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return mib
}

// explode is the child. Its file has the codec's number and then the records.
func explode(t *testing.T, file string) {
	records, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	codec := compress.Compression(records[0])
	records = records[1:]
	good := plainRecords(testRecord{value: "a"}, testRecord{value: "b"})
	raw := slices.Concat(makeBatch(0, 0, 2, good), makeBatch(2, int16(codec), 1, records), makeBatch(3, 0, 2, good))
	runtime.GC()
	before := system()
	if os.Getenv("UNOPENED_BOMB_CONTROL") == "true" {
		_, _ = io.ReadAll(io.LimitReader(codec.Codec().NewReader(bytes.NewReader(records)), 256<<20)) // whatever it says
	} else {
		read(t, raw)
	}
	fmt.Printf("GROWN %d MiB\n", (system()-before)>>20)
}

// system is what the process has got from the system so far.
func system() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Sys
}

// read reads a bomb between two good batches to the end.
func read(t *testing.T, raw []byte) {
	var got []string
	r := &reader{cluster: &Cluster{log: slog.New(slog.DiscardHandler)}, stop: math.MaxInt64, handler: &counting{func(b ingest.Batch) {
		for _, record := range b.Records {
			got = append(got, fmt.Sprint(record.Offset, record.Poison))
		}
	}}}
	for r.next < 5 {
		rest := raw
		for b, err := openBatch(rest); err == nil && b.last < r.next; b, err = openBatch(rest) {
			rest = rest[b.size:]
		}
		if err := r.deliver(t.Context(), &partitionAnswer{LastStableOffset: 5, Records: rawBatches{&rest}}); err != nil {
			t.Fatal(err)
		}
	}
	if all := strings.Join(got, ", "); all != "0 false, 1 false, 2 true, 3 false, 4 false" {
		t.Fatal(all)
	}
}
