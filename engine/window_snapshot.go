package engine

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// windowHead is the fixed part of a window's snapshot. Lists follow it: hour, number of ids, ids.
type windowHead struct {
	Key            [2]uint64
	Watermark, Low int64
	Shrunk, Lists  int64
}

var errWindow = errors.New("the ids contradict each other: the snapshot is damaged")

// Snapshot implements State: the ids that came since the snapshot before, and part step of of those of before.
func (w *window) Snapshot(out io.Writer, step, of int) error {
	head := windowHead{w.key, w.watermark, w.low, w.shrunk, int64(len(w.lists))}
	if err := binary.Write(out, binary.LittleEndian, head); err != nil {
		return err
	}
	for h := w.low; h < w.low+int64(len(w.lists)); h++ {
		list := &w.lists[h%64]
		if step == 1 {
			list.swept = list.written
		}
		from, to := 0, 0
		if of > 0 {
			from, to = list.swept*(step-1)/of, list.swept*step/of
		}
		old, new := list.ids[from:to], list.ids[list.written:]
		if err := binary.Write(out, binary.LittleEndian, [2]int64{h, int64(len(old) + len(new))}); err != nil {
			return err
		}
		for _, ids := range [][]uint64{old, new} {
			if err := writeIDs(out, ids); err != nil {
				return err
			}
		}
		list.written = len(list.ids)
	}
	return nil
}

// Changed implements State.
func (w *window) Changed() (n int64) {
	for i := range w.lists {
		n += 8 * int64(len(w.lists[i].ids)-w.lists[i].written)
	}
	return n
}

// Restore implements State. Span and ceiling stay those of the config.
func (w *window) Restore(in io.Reader, first, last bool) error {
	var head windowHead
	if err := binary.Read(in, binary.LittleEndian, &head); err != nil {
		return err
	}
	if first {
		w.lists, w.live, w.low = [64]hourList{}, 0, head.Low
	}
	if head.Lists != int64(len(w.lists)) || head.Low < w.low {
		return errWindow
	}
	w.pass(head.Low)
	w.key, w.watermark, w.shrunk = head.Key, head.Watermark, head.Shrunk
	w.erasures = w.watermark/hourMs + 24 // erased remembers none at a later one
	for i := range head.Lists {
		var list [2]int64
		if err := binary.Read(in, binary.LittleEndian, &list); err != nil {
			return err
		}
		if list[0] != head.Low+i {
			return errWindow
		}
		if err := w.take(in, list[0], list[1]); err != nil {
			return fmt.Errorf("ids of hour %d: %w", list[0], err)
		}
	}
	if last {
		w.rebuild()
	}
	return nil
}

// take reads n ids into the list of an hour, in pieces, so that a number that lies takes no room.
func (w *window) take(in io.Reader, hour, n int64) error {
	list := &w.lists[hour%64]
	for n > 0 {
		var piece [512 * 8]byte
		bytes := piece[:min(n, 512)*8]
		if _, err := io.ReadFull(in, bytes); err != nil {
			return err
		}
		for ; len(bytes) > 0; bytes = bytes[8:] {
			list.ids = append(list.ids, max(1, binary.LittleEndian.Uint64(bytes)))
			w.live++
			n--
		}
	}
	list.written = len(list.ids)
	return nil
}

// writeIDs writes ids in pieces.
func writeIDs(out io.Writer, ids []uint64) error {
	var piece [512 * 8]byte
	for len(ids) > 0 {
		n := min(len(ids), 512)
		for i, id := range ids[:n] {
			binary.LittleEndian.PutUint64(piece[8*i:], id)
		}
		if _, err := out.Write(piece[:8*n]); err != nil {
			return err
		}
		ids = ids[n:]
	}
	return nil
}
