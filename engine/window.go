package engine

import (
	"encoding/binary"
	"errors"

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
// Ids are kept as keyed 64-bit hashes (SipHash-2-4, Aumasson and Bernstein 2012): in a list for each hour of event time,
// which is what goes with the hour and what checkpoints write, and in one open-addressed array, which finds them; a
// rebuild, when the array is full, leaves out the hours that have passed. An id takes some 32 bytes.
type window struct {
	span      int64 // ms of event time, at most a day
	ceiling   int   // most ids kept
	key       [2]uint64
	watermark int64 // greatest event time applied, ms
	low       int64 // the oldest hour whose ids are kept
	shrunk    int64 // how often the ceiling cost an hour
	erasures  int64 // the latest hour that an erasure is remembered at, or one after it
	lists     [64]hourList
	spare     [][]uint64 // memory of lists that have passed
	live      int        // ids in the lists
	hashes    []uint64
	hours     []uint32 // of the hashes
	used      int      // places taken, by ids that have passed too
}

// hourList has the ids of one hour, by its number modulo 64, in the order in which they came.
type hourList struct {
	ids     []uint64
	written int // ids that earlier snapshots hold
	swept   int // of those, how many there were when the sweep at hand began
}

// newWindow returns a window over span milliseconds that keeps at most ceiling ids.
func newWindow(span int64, ceiling int, key [16]byte) *window {
	w := &window{span: span, ceiling: ceiling, key: [2]uint64{binary.LittleEndian.Uint64(key[:8]), binary.LittleEndian.Uint64(key[8:])}}
	w.size(1 << 10)
	return w
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
	w.put(slot, hash, hour)
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
		w.put(slot, hash, hour)
	}
	return known
}

// erased remembers that an account was erased, at the hour of the record or the latest that there was, whichever is later.
func (w *window) erased(ev *ingest.Event) {
	latest := w.watermark / hourMs
	hour := max(latest, min(ev.At/hourMs, latest+24))
	hash := w.hash(&ingest.Event{ID: ingest.EventID(ev.Subject), Side: ingest.SideControl})
	w.erasures = max(w.erasures, hour)
	if place, known := w.find(hash); !known || int64(w.hours[place]) < hour {
		w.put(place, hash, hour)
	}
}

// outlived tells whether a stamp was on its way when the account that it is for, or comes from, was erased.
func (w *window) outlived(st *ingest.Stamp) bool {
	if st.At/hourMs > w.erasures {
		return false
	}
	for _, id := range []ingest.SubjectID{st.Subject, st.From} {
		place, known := w.find(w.hash(&ingest.Event{ID: ingest.EventID(id), Side: ingest.SideControl}))
		if known && st.At/hourMs <= int64(w.hours[place]) {
			return true
		}
	}
	return false
}

// pass forgets the hours before low.
func (w *window) pass(low int64) {
	for h := max(w.low, low-int64(len(w.lists))); h < low; h++ {
		if ids := w.lists[h%64].ids; ids != nil {
			w.live -= len(ids)
			w.spare = append(w.spare, ids[:0])
		}
		w.lists[h%64] = hourList{}
	}
	w.low = max(w.low, low)
}

// adopt remembers what another window does, too. The watermark is the greater one and the oldest hour the later one, so
// that what either has forgotten is late here: a repeat stays recognised or refused. It may take the ids above the
// ceiling; the next event then shrinks the span.
func (w *window) adopt(from *window) error {
	if w.live > 0 && w.key != from.key {
		return errors.New("the ids of events were hashed under different identity keys, which members of a group must share")
	}
	w.key, w.watermark = from.key, max(w.watermark, from.watermark)
	w.erasures = max(w.erasures, from.erasures)
	w.pass(from.low)
	for h := w.low; h < from.low+int64(len(from.lists)); h++ {
		for _, hash := range from.lists[h%64].ids {
			if place, known := w.find(hash); !known { // a control record is in every partition
				w.put(place, hash, h)
			}
		}
	}
	return nil
}

// reach is the effective W: how far back an event may lie now, in milliseconds of event time.
func (w *window) reach() int64 { return min(w.span, w.watermark-w.low*hourMs) }

// hash is the keyed hash of the event's id and of the side, so that both sides of one event may meet in one shard. It is
// never 0, which is an empty place.
func (w *window) hash(ev *ingest.Event) uint64 {
	var b [17]byte
	copy(b[:], ev.ID[:])
	b[16] = byte(ev.Side)
	return max(1, siphash.Hash(w.key[0], w.key[1], b[:]))
}

// find returns the place of a hash and whether it is known; for one that is not, the place where it goes.
func (w *window) find(hash uint64) (place uint64, known bool) {
	mask := uint64(len(w.hashes) - 1)
	for i := hash & mask; ; i = (i + 1) & mask {
		switch w.hashes[i] {
		case 0:
			return i, false
		case hash:
			return i, int64(w.hours[i]) >= w.low // one that has passed gives its place up
		}
	}
}

// put remembers a hash in the place that find gave.
func (w *window) put(place, hash uint64, hour int64) {
	list := &w.lists[hour%64]
	if list.ids == nil {
		list.ids = w.room(hour)
	}
	list.ids = append(list.ids, hash)
	w.live++
	w.enter(place, hash, hour)
	if w.used*4 > len(w.hashes)*3 {
		w.rebuild()
	}
}

// room returns memory for the ids of an hour: that of one that has passed, or for as many as the hour before had.
func (w *window) room(hour int64) []uint64 {
	if n := len(w.spare); n > 0 {
		ids := w.spare[n-1]
		w.spare = w.spare[:n-1]
		return ids
	}
	return make([]uint64, 0, max(1<<10, len(w.lists[(hour-1)%64].ids)))
}

// enter fills a place of the array.
func (w *window) enter(place, hash uint64, hour int64) {
	if w.hashes[place] == 0 {
		w.used++
	}
	w.hashes[place], w.hours[place] = hash, uint32(hour)
}

// rebuild leaves out what has passed and makes room.
func (w *window) rebuild() {
	size := 1 << 10
	for size < w.live*2 {
		size *= 2
	}
	w.size(size)
	for h := w.low; h < w.low+int64(len(w.lists)); h++ {
		for _, hash := range w.lists[h%64].ids {
			place, _ := w.find(hash)
			w.enter(place, hash, h)
		}
	}
}

// size gives the array a new size and empties it.
func (w *window) size(n int) { w.hashes, w.hours, w.used = make([]uint64, n), make([]uint32, n), 0 }
