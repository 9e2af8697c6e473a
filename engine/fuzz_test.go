package engine

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/unopened/unopened/alerts"
	"github.com/unopened/unopened/features"
	"github.com/unopened/unopened/ingest"
)

// fuzzed are the states of a shard, empty.
func fuzzed(t testing.TB) []Section {
	t.Helper()
	policy, err := alerts.NewPolicy(alerts.DefaultConfig(), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return []Section{{"counts", whole{jsonState{&SideCounts{}}}}, {"causes", whole{ingest.Causes{}}},
		{"window", newWindow(24*hourMs, 1<<20, [16]byte{1})}, {"table", features.New(features.Config{MemoryMiB: 64})}, {"policy", policy}}
}

// FuzzCheckpoint reads bytes as a file of a checkpoint, as they are and with every sum made right: an error, or a state
// that can be written again; never a panic, a hang, or memory that the bytes do not pay for.
func FuzzCheckpoint(f *testing.F) {
	first, sections := Head{Format: checkpointFormat, Role: "score", Topic: "t", Step: 1, Of: 1}, fuzzed(f)
	sound, err := encode(nil, &first, sections, first.snapshot(sections))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sound)
	f.Add(sound[:len(sound)/2])
	f.Add([]byte(checkpointMagic))
	rng := rand.New(rand.NewPCG(1, 1))
	for range 20 {
		spoilt := bytes.Clone(sound)
		spoilt[rng.IntN(len(spoilt))] ^= byte(1 + rng.IntN(255))
		f.Add(spoilt)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, file := range [][]byte{data, summed(data)} {
			sections := fuzzed(t)
			r := newChunkReader(bytes.NewReader(file))
			h, err := r.readHead()
			if err != nil || r.restore(sections, true, true) != nil {
				continue
			}
			h.Step, h.Of = 1, 1
			if _, err := encode(nil, &h, sections, h.snapshot(sections)); err != nil {
				t.Errorf("a state that was read cannot be written: %v", err)
			}
		}
	})
}

// summed is a file with the sum of each chunk made right, so that what is behind the sums is reached.
func summed(data []byte) []byte {
	out := bytes.Clone(data)
	for at, number := len(checkpointMagic), uint32(0); at+chunkHead <= len(out); number++ {
		length := binary.LittleEndian.Uint32(out[at:])
		n := int(length &^ chunkPacked)
		if n > chunkMost || at+chunkHead+n > len(out) {
			break
		}
		binary.LittleEndian.PutUint32(out[at+4:], chunkSum(number, length, out[at+chunkHead:at+chunkHead+n]))
		at += chunkHead + n
	}
	return out
}
