package engine

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/klauspost/compress/s2"
)

// A file of a checkpoint is a row of chunks: length, CRC-32C, bytes. The sum covers the chunk's number and length too,
// so a chunk in another's place shows like a flipped bit. A section is a chunk with its name, chunks with its bytes, and
// an empty one; a section without a name ends the file.
//
// The highest bit of a length says that the bytes are packed: a block of S2 (Snappy with longer matches, of
// klauspost/compress), which gives at most chunkMost bytes.
const (
	chunkHead   = 8
	chunkMost   = 64 << 10
	chunkPacked = 1 << 31
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// chunkSum is the sum of a chunk.
func chunkSum(number, length uint32, data []byte) uint32 {
	var b [8]byte
	binary.LittleEndian.PutUint32(b[:], number)
	binary.LittleEndian.PutUint32(b[4:], length)
	return crc32.Update(crc32.Checksum(b[:], castagnoli), castagnoli, data)
}

// chunkReader reads what chunkWriter wrote. Bytes are handed out only after their sum was found right.
type chunkReader struct {
	in     *bufio.Reader
	size   int64 // bytes read
	number uint32
	most   int64  // bytes that packed chunks may still give
	stored []byte // of a packed chunk
	ahead  *readAhead
	chunk  []byte
	left   []byte // of the chunk
	over   bool   // the section has ended
}

func newChunkReader(in io.Reader) *chunkReader {
	return &chunkReader{in: bufio.NewReaderSize(in, 1<<18)}
}

// magic reads the first bytes of a file, and tells whether they are those of the format before.
func (c *chunkReader) magic() (former bool, err error) {
	got := make([]byte, len(checkpointMagic))
	if err := c.fill(got); err != nil {
		return false, err
	}
	if former = string(got) == formerMagic; !former && string(got) != checkpointMagic {
		return false, fmt.Errorf("%w: it does not begin as one", ErrDamaged)
	}
	return former, nil
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

// fetch reads a chunk and unpacks it, into memory that may be used, if that is large enough.
func (c *chunkReader) fetch(memory []byte) ([]byte, error) {
	var head [chunkHead]byte
	if err := c.fill(head[:]); err != nil {
		return nil, err
	}
	length := binary.LittleEndian.Uint32(head[:])
	n := length &^ chunkPacked
	if n > chunkMost {
		return nil, fmt.Errorf("%w: chunk %d says that it has %d bytes", ErrDamaged, c.number, n)
	}
	data := sized(memory, int(n))
	if length != n {
		c.stored = sized(c.stored, int(n))
		data = c.stored
	}
	if err := c.fill(data); err != nil {
		return nil, err
	}
	if chunkSum(c.number, length, data) != binary.LittleEndian.Uint32(head[4:]) {
		return nil, fmt.Errorf("%w: the sum of chunk %d differs", ErrDamaged, c.number)
	}
	if length != n {
		var err error
		if data, err = c.unpack(memory); err != nil {
			return nil, fmt.Errorf("%w: chunk %d does not unpack: %w", ErrDamaged, c.number, err)
		}
	}
	c.number++
	return data, nil
}

// unpack unpacks the chunk that is stored. What it says of its size is believed as far as a chunk may have bytes, and
// the file.
func (c *chunkReader) unpack(memory []byte) ([]byte, error) {
	n, err := s2.DecodedLen(c.stored)
	switch {
	case err != nil:
		return nil, err
	case n > chunkMost:
		return nil, fmt.Errorf("it would have %d bytes, and a chunk has at most %d", n, chunkMost)
	case int64(n) > c.most:
		return nil, errors.New("the file would have more bytes than its head says")
	}
	c.most -= int64(n)
	return s2.Decode(sized(memory, n), c.stored)
}

// next returns the next chunk.
func (c *chunkReader) next() (chunk []byte, err error) {
	if c.ahead != nil {
		chunk, err = c.ahead.next(c.chunk)
	} else {
		chunk, err = c.fetch(c.chunk)
	}
	c.chunk = chunk
	return chunk, err
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
	if len(found) == 0 {
		_, err = c.in.ReadByte()
	}
	if !errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: something follows its end", ErrDamaged)
	}
	return nil
}
