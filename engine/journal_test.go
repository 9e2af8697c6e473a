package engine

import (
	"encoding/binary"
	"errors"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// journal is a state of numbers at places, which writes what changed, and sweeps.
type journal struct {
	values []int64
	dirty  map[int]bool
	limit  int
}

// apply makes the change that the entry at an offset of the log stands for: the state follows from the log alone.
func (j *journal) apply(offset int64) {
	rng := rand.New(rand.NewPCG(uint64(offset), 5))
	at := rng.IntN(len(j.values) + 1)
	if at == len(j.values) || rng.IntN(4) == 0 {
		at = len(j.values)
		j.values = append(j.values, 0)
	}
	j.values[at] += offset + 1
	j.mark(at)
}

func (j *journal) mark(at int) {
	if j.dirty == nil {
		j.dirty = make(map[int]bool)
	}
	j.dirty[at] = true
}

func (j *journal) Changed() int64 { return int64(len(j.dirty)) * 16 }

func (j *journal) Snapshot(w io.Writer, step, of int) error {
	if step == 1 {
		j.limit = len(j.values)
	}
	if of > 0 {
		for at := j.limit * (step - 1) / of; at < j.limit*step/of; at++ {
			j.mark(at)
		}
	}
	for _, at := range slices.Sorted(maps.Keys(j.dirty)) {
		if err := binary.Write(w, binary.LittleEndian, [2]int64{int64(at), j.values[at]}); err != nil {
			return err
		}
	}
	clear(j.dirty)
	return nil
}

func (j *journal) Restore(r io.Reader, first, _ bool) error {
	if first {
		*j = journal{}
	}
	for {
		var row [2]int64
		if err := binary.Read(r, binary.LittleEndian, &row); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if row[0] < 0 || row[0] > 1<<16 {
			return errors.New("no such place")
		}
		for int64(len(j.values)) <= row[0] {
			j.values = append(j.values, 0)
		}
		j.values[row[0]] = row[1]
	}
}

// holder is a process that holds a partition: a journal with its checkpoint.
type holder struct {
	sealed
	journal journal
}

// holding opens the partition as a process does that starts.
func holding(t *testing.T, v Vault) (*holder, error) {
	t.Helper()
	h := &holder{}
	h.sealed = sealed{
		vault: v, every: time.Hour, log: slog.New(slog.DiscardHandler), counts: new(sealCounts), sweeps: sweeps{least: 2000, most: 12, share: 3000},
		head: Head{Role: "score", Topic: "t", Partition: 3, Partitions: 8}, sections: []Section{{"journal", &h.journal}},
	}
	err := h.load(t.Context())
	return h, err
}

func hold(t *testing.T, v Vault) *holder {
	t.Helper()
	h, err := holding(t, v)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// read applies the log up to an offset.
func (h *holder) read(to int64) {
	for h.next = max(0, h.next); h.next < to; h.next++ {
		h.journal.apply(h.next)
	}
}

// sealAt reads up to an offset and seals there.
func (h *holder) sealAt(t *testing.T, to int64) error {
	t.Helper()
	h.read(to)
	return h.seal(t.Context(), durable())
}

// stateAt is the state that the log gives at an offset.
func stateAt(to int64) []int64 {
	var j journal
	for at := range to {
		j.apply(at)
	}
	return j.values
}
