package engine

import (
	"fmt"
	"slices"
)

// aheadMost is how many chunks are read and unpacked ahead of their use.
const aheadMost = 16

// readAhead reads, sums and unpacks chunks on another core while those before are used.
type readAhead struct {
	chunks chan aheadChunk // closed behind the last chunk of the file, or an error
	spare  chan []byte
	stop   chan struct{}
}

type aheadChunk struct {
	data []byte
	err  error
}

// hurry has the chunks of the sections read ahead, until relax is called.
func (c *chunkReader) hurry() (relax func()) {
	a := &readAhead{make(chan aheadChunk, aheadMost), make(chan []byte, aheadMost), make(chan struct{})}
	c.ahead = a
	go a.run(c)
	return func() {
		close(a.stop)
		for range a.chunks { // until nobody reads any more
		}
		c.ahead = nil
	}
}

// run reads until the end of the file, which is the chunk without bytes behind another one.
func (a *readAhead) run(c *chunkReader) {
	defer close(a.chunks)
	for empty := 0; empty < 2; {
		var room []byte
		select {
		case room = <-a.spare:
		default:
		}
		data, err := c.fetch(room)
		select {
		case a.chunks <- aheadChunk{data, err}:
		case <-a.stop:
			return
		}
		if err != nil {
			return
		}
		empty++
		if len(data) > 0 {
			empty = 0
		}
	}
}

// next returns the next chunk, and takes the one before back.
func (a *readAhead) next(before []byte) ([]byte, error) {
	select {
	case a.spare <- before:
	default:
	}
	chunk, ok := <-a.chunks
	if !ok {
		return nil, fmt.Errorf("%w: it has ended", ErrDamaged)
	}
	return chunk.data, chunk.err
}

// sized returns n bytes, of b where it has so many.
func sized(b []byte, n int) []byte { return slices.Grow(b[:0], n)[:n] }
