package engine

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/s2"
)

// fileChunk is a chunk of a file, as it lies there and unpacked.
type fileChunk struct {
	packed       bool
	stored, data []byte
}

// chunksOf takes a file apart.
func chunksOf(t *testing.T, file []byte) (all []fileChunk) {
	t.Helper()
	for rest := file[len(checkpointMagic):]; len(rest) > 0; {
		length := binary.LittleEndian.Uint32(rest)
		c := fileChunk{packed: length&chunkPacked != 0, stored: rest[chunkHead:][:length&^chunkPacked]}
		rest = rest[chunkHead+len(c.stored):]
		c.data = c.stored
		if c.packed {
			var err error
			if c.data, err = s2.Decode(nil, c.stored); err != nil {
				t.Fatal(err)
			}
		}
		all = append(all, c)
	}
	return all
}

// fileOf puts a file together, with the sums that its chunks need.
func fileOf(magic string, chunks []fileChunk) []byte {
	file := []byte(magic)
	for i, c := range chunks {
		length := uint32(len(c.stored))
		if c.packed {
			length |= chunkPacked
		}
		file = binary.LittleEndian.AppendUint32(file, length)
		file = binary.LittleEndian.AppendUint32(file, chunkSum(uint32(i), length, c.stored))
		file = append(file, c.stored...)
	}
	return file
}

// lump is a state of plain bytes, written in pieces and read as a whole.
type lump struct{ data, got []byte }

func (l *lump) Changed() int64 { return int64(len(l.data)) }

func (l *lump) Snapshot(w io.Writer, _, _ int) error {
	for piece, rest := 1, l.data; len(rest) > 0; piece = piece*7 + 3 {
		n, err := w.Write(rest[:min(piece, len(rest))])
		if err != nil {
			return err
		}
		rest = rest[n:]
	}
	return nil
}

func (l *lump) Restore(r io.Reader, _, _ bool) (err error) {
	l.got, err = io.ReadAll(r)
	return err
}

// lumpOf has so many bytes, of which some pack well and some not at all.
func lumpOf(n int) *lump {
	l, rng := &lump{}, rand.New(rand.NewPCG(uint64(n), 9))
	for len(l.data) < n {
		for range rng.IntN(100_000) {
			l.data = append(l.data, byte(rng.Uint32()))
		}
		l.data = append(l.data, make([]byte, rng.IntN(300_000))...)
	}
	l.data = l.data[:n]
	return l
}

// saved is a file of two lumps.
func saved(t *testing.T, sections []Section) []byte {
	t.Helper()
	h := Head{Format: checkpointFormat, Role: "score", Topic: "t", Step: 1, Of: 1}
	file, err := encode(nil, &h, sections, h.snapshot(sections))
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// loadedFrom reads a file into sections.
func loadedFrom(file []byte, sections []Section) error {
	r := newChunkReader(bytes.NewReader(file))
	_, err := r.readHead()
	if err == nil {
		err = r.restore(sections, true, true)
	}
	return err
}

// TestPackedIsTheSame writes sections of sizes around those of a chunk and of what is packed at once: on one core and on
// several, at once and by way of a copy, the same file comes out, and what it gives is what was there.
func TestPackedIsTheSame(t *testing.T) {
	for _, n := range []int{0, 1, chunkMost - 1, chunkMost, chunkMost + 1, packMost, packMost + 1, 3*packMost + 12_345} {
		first, second := lumpOf(n), lumpOf(2*n+100)
		sections := []Section{{"first", first}, {"second", second}}
		before := runtime.GOMAXPROCS(1)
		file := saved(t, sections)
		runtime.GOMAXPROCS(4)
		again := saved(t, sections)
		h := Head{Format: checkpointFormat, Role: "score", Topic: "t", Step: 1, Of: 1}
		copied, err := drafted(nil, &h, sections)
		if err != nil {
			t.Fatal(err)
		}
		drawn, err := encode(nil, &h, sections, copied.write)
		if err != nil || !bytes.Equal(file, again) || !bytes.Equal(file, drawn) {
			t.Fatalf("%d bytes: other files come out (%v)", n, err)
		}
		err = loadedFrom(file, sections)
		runtime.GOMAXPROCS(before)
		if err != nil || !bytes.Equal(first.got, first.data) || !bytes.Equal(second.got, second.data) {
			t.Fatalf("%d bytes: the file gives others (%v)", n, err)
		}
		if h.Bytes != int64(3*n+100) {
			t.Errorf("the head says %d bytes of %d", h.Bytes, 3*n+100)
		}
		kinds := map[bool]int{}
		for _, c := range chunksOf(t, file) {
			kinds[c.packed]++
		}
		if n > packMost && (kinds[true] < 10 || kinds[false] < 10 || len(file) > 2*n) {
			t.Errorf("%d bytes make a file of %d, with %v chunks packed or not: the test shows little", n, len(file), kinds)
		}
		first.data = slices.Concat(first.data, []byte{1})
		if other := saved(t, sections); bytes.Equal(other, file) {
			t.Error("the control: another state gives the same file")
		}
	}
}

// TestBombsAreRefused has chunks say more than they may give: nothing is unpacked that the head of the file, or a chunk's
// bounds, do not allow for. Sums are right everywhere.
func TestBombsAreRefused(t *testing.T) {
	sound := saved(t, []Section{{"state", &lump{data: make([]byte, 3*chunkMost)}}})
	bomb := s2.Encode(nil, make([]byte, 1<<30))
	for _, test := range []struct {
		name  string
		spoil func([]fileChunk) []fileChunk
		want  string
	}{
		{"the control", func(c []fileChunk) []fileChunk { return c }, ""},
		{"a gigabyte in one chunk", func(c []fileChunk) []fileChunk {
			c[4].stored = bomb[:chunkMost]
			return c
		}, "a chunk has at most"},
		{"a size beyond all numbers", func(c []fileChunk) []fileChunk {
			c[4].stored = binary.AppendUvarint(nil, math.MaxUint64)
			return c
		}, "does not unpack"},
		{"more than it says", func(c []fileChunk) []fileChunk {
			size := binary.PutUvarint(make([]byte, binary.MaxVarintLen64), chunkMost)
			c[4].stored = append(binary.AppendUvarint(nil, chunkMost/2), c[4].stored[size:]...)
			return c
		}, "does not unpack"},
		{"chunks again and again", func(c []fileChunk) []fileChunk {
			return slices.Concat(c[:5], slices.Repeat(c[4:5], 10_000), c[5:])
		}, "more bytes than its head says"},
		{"a packed name", func(c []fileChunk) []fileChunk {
			c[0] = fileChunk{packed: true, stored: s2.Encode(nil, []byte(headName))}
			return c
		}, "more bytes than its head says"},
	} {
		got := &lump{}
		err := loadedFrom(fileOf(checkpointMagic, test.spoil(chunksOf(t, sound))), []Section{{"state", got}})
		if test.want == "" {
			if err != nil || len(got.got) != 3*chunkMost {
				t.Errorf("%s: %d bytes, %v", test.name, len(got.got), err)
			}
			continue
		}
		if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", test.name, err, test.want)
		}
		if len(got.got) > 3*chunkMost {
			t.Errorf("%s: %d bytes came out", test.name, len(got.got))
		}
	}
}

// former makes a file one of the format before, which knew neither packed chunks nor how many bytes there are.
func former(t *testing.T, file []byte) []byte {
	t.Helper()
	chunks := chunksOf(t, file)
	for i, c := range chunks {
		chunks[i] = fileChunk{stored: c.data}
	}
	head := bytes.Replace(chunks[1].stored, []byte(`"format":3`), []byte(`"format":2`), 1)
	if at := bytes.Index(head, []byte(`"bytes":`)); at > 0 {
		end := at + bytes.IndexByte(head[at:], ',') + 1
		head = append(bytes.Clone(head[:at]), head[end:]...)
	}
	chunks[1].stored = head
	return fileOf(formerMagic, chunks)
}

// TestFormerFormatIsRead starts from files of the format before, seals on, and starts again from both. A file that begins
// as one format and says that it is another, or packs though it must not, is damaged.
func TestFormerFormatIsRead(t *testing.T) {
	f := &Folder{Dir: t.TempDir()}
	h := hold(t, f)
	for at := int64(50); at <= 2000; at += 50 {
		if err := h.sealAt(t, at); err != nil {
			t.Fatal(err)
		}
	}
	packed := 0
	for _, name := range files(t, f) {
		file, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		old := former(t, file)
		if err := os.WriteFile(name, old, 0o600); err != nil {
			t.Fatal(err)
		}
		wrong := map[string][]byte{
			"new chunks behind an old beginning": slices.Concat([]byte(formerMagic), file[len(checkpointMagic):]),
			"old chunks behind a new beginning":  slices.Concat([]byte(checkpointMagic), old[len(formerMagic):]),
		}
		if chunks := chunksOf(t, file); slices.ContainsFunc(chunks, func(c fileChunk) bool { return c.packed }) {
			packed++
			wrong["a packed chunk in an old file"] = fileOf(formerMagic, slices.Concat(chunksOf(t, old)[:3], chunks[3:]))
		}
		for what, wrong := range wrong {
			if err := loadedFrom(wrong, []Section{{"journal", &journal{}}}); !errors.Is(err, ErrDamaged) {
				t.Fatalf("%s: %v", what, err)
			}
		}
	}
	if packed == 0 {
		t.Fatal("no file had a packed chunk: the test shows nothing")
	}
	for _, at := range []int64{2000, 2300, 2600} {
		h = hold(t, f)
		if h.next != at || !slices.Equal(h.journal.values, stateAt(at)) {
			t.Fatalf("started at %d, want %d with that state", h.next, at)
		}
		if err := h.sealAt(t, at+300); err != nil {
			t.Fatal(err)
		}
	}
}

// TestWholeFileIsABase saves a whole state, as a re-partitioning does, in each format: whoever takes it over knows how much
// there is, and so in how many parts to sweep it.
func TestWholeFileIsABase(t *testing.T) {
	for _, old := range []bool{false, true} {
		f, state := &Folder{Dir: t.TempDir()}, &journal{}
		for at := range int64(5000) {
			state.apply(at)
		}
		want := 16 * int64(len(state.values))
		if err := SaveCheckpoint(t.Context(), f, Head{Role: "score", Topic: "t", Partition: 3, Partitions: 8, Next: 5000}, []Section{{"journal", state}}); err != nil {
			t.Fatal(err)
		}
		if name := files(t, f)[0]; old {
			file, err := os.ReadFile(name)
			if err == nil {
				err = os.WriteFile(name, former(t, file), 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		h := hold(t, f)
		if h.next != 5000 || h.head.Base < want || h.head.Base > want+1000 {
			t.Errorf("old format %v: at %d, a base of %d bytes, want about %d", old, h.next, h.head.Base, want)
		}
	}
}
