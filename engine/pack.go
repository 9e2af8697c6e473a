package engine

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"strconv"
	"sync"

	"github.com/klauspost/compress/s2"
)

// packMost is how many bytes are gathered before all cores pack them, a chunk each.
const packMost = 16 * chunkMost

// chunkWriter writes chunks into memory. Bytes of sections are packed where that makes them fewer: each chunk for
// itself, so that the same bytes come out whatever the cores are.
type chunkWriter struct {
	out      []byte
	number   uint32
	unpacked int64 // bytes of sections written
	gathered []byte
	packed   [packMost / chunkMost]packedChunk
}

// packedChunk is a chunk on its way into the file.
type packedChunk struct {
	room   []byte // used again
	data   []byte
	length uint32
	sum    uint32
}

// Write gathers bytes of the section and packs them when there are many.
func (c *chunkWriter) Write(data []byte) (int, error) {
	c.unpacked += int64(len(data))
	for rest := data; len(rest) > 0; {
		if len(c.gathered) == 0 && len(rest) >= packMost { // nothing needs to be gathered
			c.pack(rest[:packMost])
			rest = rest[packMost:]
			continue
		}
		n := min(len(rest), packMost-len(c.gathered))
		c.gathered = append(c.gathered, rest[:n]...)
		rest = rest[n:]
		if len(c.gathered) == packMost {
			c.flush()
		}
	}
	return len(data), nil
}

// flush writes what was gathered.
func (c *chunkWriter) flush() {
	c.pack(c.gathered)
	c.gathered = c.gathered[:0]
}

// pack writes at most packMost bytes of a section.
func (c *chunkWriter) pack(data []byte) {
	n := (len(data) + chunkMost - 1) / chunkMost
	workers := min(n, runtime.GOMAXPROCS(0))
	work := func(i int) {
		for ; i < n; i += workers {
			c.packed[i].fill(c.number+uint32(i), data[i*chunkMost:min(len(data), (i+1)*chunkMost)])
		}
	}
	var others sync.WaitGroup
	for i := 1; i < workers; i++ {
		others.Go(func() { work(i) })
	}
	work(0)
	others.Wait()
	for i := range c.packed[:n] {
		c.append(&c.packed[i])
	}
}

// fill packs data, which stays as it is where that would not make it less.
func (p *packedChunk) fill(number uint32, data []byte) {
	if p.room == nil {
		p.room = make([]byte, s2.MaxEncodedLen(chunkMost))
	}
	p.data, p.length = data, uint32(len(data))
	if packed := s2.Encode(p.room, data); len(packed) < len(data) {
		p.data, p.length = packed, uint32(len(packed))|chunkPacked
	}
	p.sum = chunkSum(number, p.length, p.data)
}

// plain writes a chunk that is not packed.
func (c *chunkWriter) plain(data []byte) {
	c.append(&packedChunk{data: data, length: uint32(len(data)), sum: chunkSum(c.number, uint32(len(data)), data)})
}

func (c *chunkWriter) append(p *packedChunk) {
	c.out = binary.LittleEndian.AppendUint32(c.out, p.length)
	c.out = binary.LittleEndian.AppendUint32(c.out, p.sum)
	c.out = append(c.out, p.data...)
	c.number++
}

// section writes a section with the bytes that write writes.
func (c *chunkWriter) section(name string, write func(io.Writer) error) error {
	c.plain([]byte(name))
	if err := write(c); err != nil {
		return fmt.Errorf("section %s: %w", name, err)
	}
	c.flush()
	c.plain(nil)
	return nil
}

// head begins the file. It is as long whatever Bytes is, which is known when all else is written.
func (c *chunkWriter) head(h *Head) error {
	text, err := json.Marshal(h)
	if err != nil {
		return fmt.Errorf("section %s: %w", headName, err)
	}
	text = fmt.Appendf(text, "%*s\n", len("9223372036854775807")-len(strconv.FormatInt(h.Bytes, 10)), "")
	c.out = append(c.out, checkpointMagic...)
	c.plain([]byte(headName))
	for len(text) > 0 {
		n := min(len(text), chunkMost)
		c.plain(text[:n])
		text = text[n:]
	}
	c.plain(nil)
	return nil
}

// encode returns a file, magic, head, sections, and notes in the head how many bytes these are. The file lies in room,
// if that is large enough; write writes the section with the number i.
func encode(room []byte, h *Head, sections []Section, write func(i int, w io.Writer) error) ([]byte, error) {
	h.Bytes = 0
	w := chunkWriter{out: room[:0]}
	err := w.head(h)
	for i := range sections {
		if err == nil {
			err = w.section(sections[i].Name, func(w io.Writer) error { return write(i, w) })
		}
	}
	if err != nil {
		return nil, err
	}
	w.plain(nil) // the end
	h.Bytes = w.unpacked
	again := chunkWriter{out: w.out[:0]}
	return w.out, again.head(h)
}

// snapshot has sections write the snapshots that the head asks for.
func (h *Head) snapshot(sections []Section) func(int, io.Writer) error {
	return func(i int, w io.Writer) error { return sections[i].State.Snapshot(w, h.Step, h.Of) }
}

// draft is what a file is to have, copied while the partition stands still: the storing of it makes the file.
type draft struct {
	data []byte
	ends []int // of each section
}

// drafted copies what the sections have for a file. It lies in room, if that is large enough.
func drafted(room []byte, h *Head, sections []Section) (*draft, error) {
	d, out := new(draft), bytes.NewBuffer(room[:0])
	out.Grow(int(h.expected()))
	write := h.snapshot(sections)
	for i := range sections {
		if err := write(i, out); err != nil {
			return nil, fmt.Errorf("section %s: %w", sections[i].Name, err)
		}
		d.ends = append(d.ends, out.Len())
	}
	d.data = out.Bytes()
	return d, nil
}

// write writes a section.
func (d *draft) write(i int, w io.Writer) error {
	from := 0
	if i > 0 {
		from = d.ends[i-1]
	}
	_, err := w.Write(d.data[from:d.ends[i]])
	return err
}
