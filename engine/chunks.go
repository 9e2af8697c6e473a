package engine

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// A file of a checkpoint is a row of chunks: length, CRC-32C, bytes. The sum covers the chunk's number and length too,
// so a chunk in another's place shows like a flipped bit. A section is a chunk with its name, chunks with its bytes, and
// an empty one; a section without a name ends the file.
const (
	chunkHead = 8
	chunkMost = 64 << 10
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// chunkSum is the sum of a chunk.
func chunkSum(number uint32, data []byte) uint32 {
	var b [8]byte
	binary.LittleEndian.PutUint32(b[:], number)
	binary.LittleEndian.PutUint32(b[4:], uint32(len(data)))
	return crc32.Update(crc32.Checksum(b[:], castagnoli), castagnoli, data)
}

// chunkWriter writes chunks into memory.
type chunkWriter struct {
	out    *bytes.Buffer
	number uint32
}

// Write writes one chunk, or several where there is much.
func (c *chunkWriter) Write(data []byte) (int, error) {
	for rest := data; len(rest) > 0; {
		n := min(len(rest), chunkMost)
		c.chunk(rest[:n])
		rest = rest[n:]
	}
	return len(data), nil
}

func (c *chunkWriter) chunk(data []byte) {
	var head [chunkHead]byte
	binary.LittleEndian.PutUint32(head[:], uint32(len(data)))
	binary.LittleEndian.PutUint32(head[4:], chunkSum(c.number, data))
	c.out.Write(head[:])
	c.out.Write(data)
	c.number++
}

// section writes a section with the bytes that write writes.
func (c *chunkWriter) section(name string, write func(io.Writer) error) error {
	c.chunk([]byte(name))
	body := bufio.NewWriterSize(c, chunkMost)
	if err := write(body); err != nil {
		return fmt.Errorf("section %s: %w", name, err)
	}
	err := body.Flush()
	c.chunk(nil)
	return err
}

// end ends the file.
func (c *chunkWriter) end() { c.chunk(nil) }

// chunkReader reads what chunkWriter wrote. Bytes are handed out only after their sum was found right.
type chunkReader struct {
	in     *bufio.Reader
	size   int64 // bytes read
	number uint32
	chunk  []byte
	left   []byte // of the chunk
	over   bool   // the section has ended
}

func newChunkReader(in io.Reader) *chunkReader {
	return &chunkReader{in: bufio.NewReaderSize(in, 1<<18), chunk: make([]byte, 0, chunkMost)}
}

// magic reads the first bytes of a file.
func (c *chunkReader) magic(want string) error {
	got := make([]byte, len(want))
	if err := c.fill(got); err != nil {
		return err
	}
	if string(got) != want {
		return fmt.Errorf("%w: it does not begin as one", ErrDamaged)
	}
	return nil
}

// fill reads all of b; a file that ends before is a damaged one.
func (c *chunkReader) fill(b []byte) error {
	n, err := io.ReadFull(c.in, b)
	c.size += int64(n)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: it ends after %d bytes", ErrDamaged, c.size)
	}
	return err
}

// next reads a chunk.
func (c *chunkReader) next() ([]byte, error) {
	var head [chunkHead]byte
	if err := c.fill(head[:]); err != nil {
		return nil, err
	}
	n := binary.LittleEndian.Uint32(head[:])
	if n > chunkMost {
		return nil, fmt.Errorf("%w: chunk %d says that it has %d bytes", ErrDamaged, c.number, n)
	}
	c.chunk = c.chunk[:n]
	if err := c.fill(c.chunk); err != nil {
		return nil, err
	}
	if chunkSum(c.number, c.chunk) != binary.LittleEndian.Uint32(head[4:]) {
		return nil, fmt.Errorf("%w: the sum of chunk %d differs", ErrDamaged, c.number)
	}
	c.number++
	return c.chunk, nil
}

// section reads the name of the next section, which must be the one that is wanted, and returns its bytes.
func (c *chunkReader) section(name string) (io.Reader, error) {
	found, err := c.next()
	if err != nil {
		return nil, err
	}
	if string(found) != name {
		return nil, fmt.Errorf("found section %q in its place", found)
	}
	c.left, c.over = nil, false
	return c, nil
}

// Read reads the bytes of the section.
func (c *chunkReader) Read(b []byte) (n int, err error) {
	for len(c.left) == 0 && !c.over {
		if c.left, err = c.next(); err != nil {
			c.left = nil
			return 0, err
		}
		c.over = len(c.left) == 0
	}
	if c.over {
		return 0, io.EOF
	}
	n = copy(b, c.left)
	c.left = c.left[n:]
	return n, nil
}

// rest reads over what is left of the section.
func (c *chunkReader) rest() error {
	_, err := io.Copy(io.Discard, c)
	return err
}

// end reads the end of the file, behind which nothing may come.
func (c *chunkReader) end() error {
	found, err := c.next()
	if err != nil {
		return err
	}
	if _, err := c.in.ReadByte(); len(found) > 0 || !errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: something follows its end", ErrDamaged)
	}
	return nil
}
