package engine

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// encode writes magic, head, sections and a SHA-256 over all of it.
func encode(out io.Writer, h *Head, sections []Section) error {
	sum := sha256.New()
	w := bufio.NewWriterSize(io.MultiWriter(out, sum), 1<<20)
	head, err := json.Marshal(h)
	if err != nil {
		return err
	}
	_, err = w.WriteString(checkpointMagic)
	err = errors.Join(err, writeSection(w, "head", func(w io.Writer) error { _, err := w.Write(head); return err }))
	for _, s := range sections {
		if err == nil {
			err = writeSection(w, s.Name, s.State.Snapshot)
		}
	}
	if err = errors.Join(err, w.Flush()); err != nil {
		return err
	}
	_, err = out.Write(sum.Sum(nil))
	return err
}

// writeSection writes a name, then what snapshot writes as chunks that each say their length, then an empty chunk.
func writeSection(w io.Writer, name string, snapshot func(io.Writer) error) error {
	if err := binary.Write(w, binary.LittleEndian, uint32(len(name))); err != nil {
		return err
	}
	if _, err := io.WriteString(w, name); err != nil {
		return err
	}
	chunks := bufio.NewWriterSize(chunkWriter{w}, 1<<16)
	if err := snapshot(chunks); err != nil {
		return err
	}
	if err := chunks.Flush(); err != nil {
		return err
	}
	return binary.Write(w, binary.LittleEndian, uint32(0))
}

// chunkWriter puts its length before each piece.
type chunkWriter struct{ w io.Writer }

func (c chunkWriter) Write(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	if err := binary.Write(c.w, binary.LittleEndian, uint32(len(b))); err != nil {
		return 0, err
	}
	return c.w.Write(b)
}

// readSection reads a section's name and returns a reader of its chunks.
func readSection(r io.Reader) (string, io.Reader, error) {
	var n uint32
	if err := binary.Read(r, binary.LittleEndian, &n); err != nil {
		return "", nil, err
	}
	if n > 64 {
		return "", nil, fmt.Errorf("a section name of %d bytes", n)
	}
	name := make([]byte, n)
	if _, err := io.ReadFull(r, name); err != nil {
		return "", nil, err
	}
	return string(name), bufio.NewReader(&chunkReader{r: r}), nil
}

// chunkReader reads what chunkWriter wrote, up to the empty chunk.
type chunkReader struct {
	r    io.Reader
	left uint32
	done bool
}

func (c *chunkReader) Read(b []byte) (int, error) {
	if c.done {
		return 0, io.EOF
	}
	if c.left == 0 {
		if err := binary.Read(c.r, binary.LittleEndian, &c.left); err != nil {
			return 0, err
		}
		if c.left == 0 {
			c.done = true
			return 0, io.EOF
		}
	}
	n, err := c.r.Read(b[:min(len(b), int(c.left))])
	c.left -= uint32(n)
	if errors.Is(err, io.EOF) && n > 0 {
		err = nil
	}
	return n, err
}
