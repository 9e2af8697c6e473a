package features

import (
	"math/bits"
	"unsafe"
)

// segmentBytes bounds a slab's segments: growth takes one more, and copies nothing.
const segmentBytes = 256 << 10

// slab keeps runs of T, each of the same length, in segments. A run is named by its number, moves only when the table is
// made compact, and is zero when it is taken.
type slab[T any] struct {
	run   int    // length of a run
	shift int    // log2 of the runs in a segment
	next  uint32 // runs that were ever taken
	segs  [][]T
	held  *int64 // bytes of the segments of all slabs of a table
	free  []uint32
	since changes
}

func newSlab[T any](run int, held *int64) slab[T] {
	var t T
	fit := segmentBytes / (int(unsafe.Sizeof(t)) * run)
	return slab[T]{run: run, shift: bits.Len(uint(fit)) - 1, held: held}
}

// many returns the run with number i.
func (s *slab[T]) many(i uint32) []T {
	at := int(i&(1<<s.shift-1)) * s.run
	return s.segs[i>>s.shift][at : at+s.run : at+s.run]
}

// at returns the first of the run with number i: the only one where a run is one.
func (s *slab[T]) at(i uint32) *T {
	return &s.segs[i>>s.shift][int(i&(1<<s.shift-1))*s.run]
}

// take returns the number of a run of zeroes.
func (s *slab[T]) take() uint32 {
	if n := len(s.free); n > 0 {
		i := s.free[n-1]
		s.free = s.free[:n-1]
		s.since.kept = min(s.since.kept, n-1)
		s.since.mark(i)
		return i
	}
	s.reserve(s.next)
	s.next++
	s.since.mark(s.next - 1)
	return s.next - 1
}

// reserve makes room for the run with number i, the next after the last.
func (s *slab[T]) reserve(i uint32) {
	if int(i>>s.shift) == len(s.segs) {
		s.segs = append(s.segs, s.segment())
		s.since.cover(len(s.segs) << s.shift)
	}
}

// segment makes a segment.
func (s *slab[T]) segment() []T {
	*s.held += s.size() << s.shift
	return make([]T, s.run<<s.shift)
}

// give takes the run back.
func (s *slab[T]) give(i uint32) {
	clear(s.many(i))
	s.since.mark(i)
	s.free = append(s.free, i)
}

// live is the number of runs in use.
func (s *slab[T]) live() int { return int(s.next) - len(s.free) }

// bytes is what the runs in use occupy: the same for the same contents, whatever the slab has reserved.
func (s *slab[T]) bytes() int64 { return int64(s.live()) * s.size() }

// size is the size of a run in bytes.
func (s *slab[T]) size() int64 {
	var t T
	return int64(s.run) * int64(unsafe.Sizeof(t))
}
