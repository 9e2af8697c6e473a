package main

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"math/bits"
	"os"
	"path/filepath"
	"testing"

	"github.com/klauspost/compress/s2"
)

// fragment is how many bytes in a row of something planted are taken for a trace of it. Fewer would be met by chance in
// the pseudonyms that a sink is full of.
const fragment = 16

// filterBits is the logarithm of the size of a filter of traces.
const filterBits = 25

// traces finds fragments of what was planted in bytes of any kind: every run of 16 bytes of it.
type traces struct {
	filter []uint64 // a bit for each hash, so that most places cost one look
	known  map[uint64]struct{}
}

func newTraces() *traces {
	return &traces{filter: make([]uint64, 1<<(filterBits-6)), known: make(map[uint64]struct{})}
}

// hashOf is a hash of the fragment at the start of b.
func hashOf(b []byte) uint64 {
	h := binary.LittleEndian.Uint64(b)*0x9e3779b97f4a7c15 ^ bits.RotateLeft64(binary.LittleEndian.Uint64(b[8:])*0xc2b2ae3d27d4eb4f, 31)
	return h ^ h>>29
}

// bit is where a hash is in the filter.
func bit(h uint64) (word, mask uint64) {
	h >>= 64 - filterBits
	return h >> 6, 1 << (h & 63)
}

// plant remembers forms that may be met.
func (s *traces) plant(forms ...string) {
	for _, form := range forms {
		for b := []byte(form); len(b) >= fragment; b = b[1:] {
			h := hashOf(b)
			word, mask := bit(h)
			s.filter[word] |= mask
			s.known[h] = struct{}{}
		}
	}
}

// find counts the places in b where a fragment of something planted begins, and returns the first, -1 for none.
func (s *traces) find(b []byte) (count, first int) {
	first = -1
	for i := range max(0, len(b)-fragment+1) {
		h := hashOf(b[i:])
		if word, mask := bit(h); s.filter[word]&mask == 0 {
			continue
		}
		if _, ok := s.known[h]; ok {
			if count++; first < 0 {
				first = i
			}
		}
	}
	return count, first
}

// sink is a place where something of a record could come to lie, and what lies there now, in pieces.
type sink struct {
	name  string
	bytes func(t *testing.T, look func(piece string, b []byte))
}

// look counts the fragments in a sink, and the bytes that it looked at.
func (s *traces) look(t *testing.T, in sink) (found, size int) {
	t.Helper()
	in.bytes(t, func(piece string, b []byte) {
		n, first := s.find(b)
		if n > 0 && found == 0 {
			t.Logf("%s: a fragment of something planted in %s at byte %d", in.name, piece, first)
		}
		found += n
		size += len(b)
	})
	return found, size
}

// folder is the sink of all files below folders that match a pattern.
func folder(name, pattern string) sink {
	return sink{name, func(t *testing.T, look func(string, []byte)) {
		t.Helper()
		roots, err := filepath.Glob(pattern)
		if err != nil || len(roots) == 0 {
			t.Fatalf("%s: nothing at %s (%v)", name, pattern, err)
		}
		for _, root := range roots {
			if err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
				var b []byte
				if err == nil && e.Type().IsRegular() {
					if b, err = os.ReadFile(path); err == nil {
						look(path, b)
						if filepath.Ext(path) == ".ckpt" {
							look(path+", unpacked", unchunked(b))
						}
					}
				}
				if errors.Is(err, fs.ErrNotExist) && path != root {
					return nil // a server merges parts while we look; what they held is in others
				}
				return err
			}); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
	}}
}

// unchunked is what the chunks of a checkpoint's file have, as far as it is sound (engine/chunks.go).
func unchunked(file []byte) (all []byte) {
	const packed = 1 << 31
	for rest := file[min(len(file), len("UNOPENED CHECKPOINT 3\n")):]; len(rest) >= 8; {
		length := binary.LittleEndian.Uint32(rest)
		stored := rest[8:][:min(len(rest)-8, int(length&^packed))]
		rest = rest[8+len(stored):]
		if n, err := s2.DecodedLen(stored); length&packed != 0 && err == nil && n <= 64<<10 {
			if plain, err := s2.Decode(nil, stored); err == nil {
				stored = plain
			}
		}
		all = append(all, stored...)
	}
	return all
}

// text is the sink of bytes in memory.
func text(name string, b func() []byte) sink {
	return sink{name, func(_ *testing.T, look func(string, []byte)) { look(name, b()) }}
}
