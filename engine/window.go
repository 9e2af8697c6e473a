package engine

import (
	"encoding/binary"
	"io"

	"github.com/dchest/siphash"

	"github.com/unopened/unopened/ingest"
)

// hourMs is the length of a generation of ids.
const hourMs = int64(3600_000)

// window is the one rule for repeats and late events: it remembers the ids of all events whose time lies within
// span of the watermark, and calls what is older late. So a repeat is either recognised or refused and never counts
// twice. Where its ceiling on ids is reached, the span shrinks by the oldest hour instead of forgetting in silence.
// What it decides depends on the log alone, never on how the array came to lie.
//
// Ids are kept as keyed 64-bit hashes (SipHash-2-4, Aumasson and Bernstein 2012) in one open-addressed array, each
// with the hour of its event; a rebuild, when the array is full, leaves out the hours that have passed.
type window struct {
	span      int64 // ms of event time, at most a day
	ceiling   int   // most ids kept
	key       [2]uint64
	watermark int64 // greatest event time applied, ms
	low       int64 // the oldest hour whose ids are kept
	shrunk    int64 // how often the ceiling cost an hour
	hours     [64]int
	live      int // sum of hours
	slots     []idSlot
	used      int // slots taken, by ids that have passed too
}

// idSlot is one remembered id; Hour 0 is an empty slot (no event of the contract lies in 1970).
type idSlot struct {
	Hash uint64
	Hour int64
}

// newWindow returns a window over span milliseconds that keeps at most ceiling ids.
func newWindow(span int64, ceiling int, key [16]byte) *window {
	return &window{
		span: span, ceiling: ceiling, slots: make([]idSlot, 1<<10),
		key: [2]uint64{binary.LittleEndian.Uint64(key[:8]), binary.LittleEndian.Uint64(key[8:])},
	}
}

// admission is what the window says of an event.
type admission int

const (
	admitted admission = iota
	repeated
	tooLate
)

// admit decides on an event and remembers it. An event that is admitted moves the watermark, if its time is later.
func (w *window) admit(ev *ingest.Event) admission {
	hour := ev.At / hourMs
	if ev.At < w.watermark-w.span || hour < w.low {
		return tooLate
	}
	hash := w.hash(ev)
	slot, known := w.find(hash)
	if known {
		return repeated
	}
	if ev.At > w.watermark {
		w.watermark = ev.At
		w.pass((w.watermark - w.span) / hourMs)
	}
	w.put(slot, idSlot{hash, hour})
	for w.live > w.ceiling && w.low < w.watermark/hourMs {
		w.shrunk++
		w.pass(w.low + 1)
	}
	return admitted
}

// again tells whether a control record was there before, and remembers it. It moves no watermark, and one that is older
// than what is remembered, or far ahead of it, is taken as new: it does the same thing twice.
func (w *window) again(ev *ingest.Event) bool {
	hour := ev.At / hourMs
	if hour < w.low || hour > w.watermark/hourMs+24 {
		return false
	}
	hash := w.hash(ev)
	slot, known := w.find(hash)
	if !known {
		w.put(slot, idSlot{hash, hour})
	}
	return known
}

// pass forgets the hours before low.
func (w *window) pass(low int64) {
	for h := max(w.low, low-int64(len(w.hours))); h < low; h++ {
		w.live -= w.hours[h%64]
		w.hours[h%64] = 0
	}
	w.low = max(w.low, low)
}

// reach is the effective W: how far back an event may lie now, in milliseconds of event time.
func (w *window) reach() int64 { return min(w.span, w.watermark-w.low*hourMs) }

// hash is the keyed hash of the event's id and of the side, so that both sides of one event may meet in one shard.
func (w *window) hash(ev *ingest.Event) uint64 {
	var b [17]byte
	copy(b[:], ev.ID[:])
	b[16] = byte(ev.Side)
	return siphash.Hash(w.key[0], w.key[1], b[:])
}

// find returns the slot of a hash and whether it is known; for one that is not, the slot where it goes.
func (w *window) find(hash uint64) (slot uint64, known bool) {
	mask := uint64(len(w.slots) - 1)
	for i := hash & mask; ; i = (i + 1) & mask {
		switch s := &w.slots[i]; {
		case s.Hour == 0:
			return i, false
		case s.Hash == hash:
			return i, s.Hour >= w.low // one that has passed gives its slot up
		}
	}
}

// put fills a slot that find gave.
func (w *window) put(slot uint64, s idSlot) {
	if w.slots[slot].Hour == 0 {
		w.used++
	}
	w.slots[slot] = s
	w.live++
	w.hours[s.Hour%64]++
	if w.used*4 > len(w.slots)*3 {
		w.rebuild()
	}
}

// rebuild leaves out what has passed and makes room.
func (w *window) rebuild() {
	size := 1 << 10
	for size < w.live*2 {
		size *= 2
	}
	old := w.slots
	w.clear(size)
	for _, s := range old {
		if s.Hour >= w.low && s.Hour != 0 {
			slot, _ := w.find(s.Hash)
			w.put(slot, s)
		}
	}
}

// clear empties the array.
func (w *window) clear(size int) {
	w.slots, w.used, w.live, w.hours = make([]idSlot, size), 0, 0, [64]int{}
}

// windowHead is the fixed part of a window in a checkpoint.
type windowHead struct {
	Key            [2]uint64
	Watermark, Low int64
	Shrunk, Count  int64
}

// Snapshot writes the ids within the window and the watermark.
func (w *window) Snapshot(out io.Writer) error {
	head := windowHead{w.key, w.watermark, w.low, w.shrunk, int64(w.live)}
	if err := binary.Write(out, binary.LittleEndian, head); err != nil {
		return err
	}
	var b [16]byte
	for _, s := range w.slots {
		if s.Hour == 0 || s.Hour < w.low {
			continue
		}
		binary.LittleEndian.PutUint64(b[:8], s.Hash)
		binary.LittleEndian.PutUint64(b[8:], uint64(s.Hour))
		if _, err := out.Write(b[:]); err != nil {
			return err
		}
	}
	return nil
}

// Restore replaces the window's contents by what Snapshot wrote; span and ceiling stay those of the config.
func (w *window) Restore(in io.Reader) error {
	var head windowHead
	if err := binary.Read(in, binary.LittleEndian, &head); err != nil {
		return err
	}
	w.key, w.watermark, w.low, w.shrunk = head.Key, head.Watermark, head.Low, head.Shrunk
	w.clear(1 << 10)
	var b [16]byte
	for range head.Count {
		if _, err := io.ReadFull(in, b[:]); err != nil {
			return err
		}
		id := idSlot{binary.LittleEndian.Uint64(b[:8]), int64(binary.LittleEndian.Uint64(b[8:]))}
		slot, _ := w.find(id.Hash)
		w.put(slot, id)
	}
	return nil
}
