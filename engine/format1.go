package engine

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// The first format of checkpoints, of which each file held everything: a magic line, sections of chunks without sums,
// and a SHA-256 over it all. It is read, so that what an earlier version kept goes on; it is not written any more.
const magic1 = "UNOPENED CHECKPOINT\n"

// former is a State that was written otherwise in the first format.
type former interface{ RestoreFormat1(io.Reader) error }

// restore1 restores the sections from a file of the first format, if that is what data is.
func restore1(data []byte, want *Head, sections []Section) (h Head, err error) {
	if len(data) < len(magic1)+sha256.Size || string(data[:len(magic1)]) != magic1 {
		return h, fmt.Errorf("%w: it does not begin as one", ErrDamaged)
	}
	body := data[:len(data)-sha256.Size]
	if sum := sha256.Sum256(body); !bytes.Equal(sum[:], data[len(body):]) {
		return h, fmt.Errorf("%w: its SHA-256 differs", ErrDamaged)
	}
	in := bufio.NewReader(bytes.NewReader(body[len(magic1):]))
	err = section1(in, headName, func(r io.Reader) error { return json.NewDecoder(r).Decode(&h) })
	if err == nil {
		err = h.fits(want)
	}
	for _, s := range sections {
		if err == nil {
			err = section1(in, s.Name, func(r io.Reader) error {
				if f, ok := s.State.(former); ok {
					return f.RestoreFormat1(r)
				}
				return s.State.Restore(r, true, true)
			})
		}
	}
	return h, err
}

// section1 reads a section: the name, then chunks that each say their length, then an empty one.
func section1(in io.Reader, name string, read func(io.Reader) error) error {
	var n uint32
	if err := binary.Read(in, binary.LittleEndian, &n); err != nil {
		return err
	}
	found := make([]byte, min(n, 64))
	if _, err := io.ReadFull(in, found); err != nil {
		return err
	}
	if string(found) != name {
		return fmt.Errorf("found section %q in the place of %s", found, name)
	}
	var body bytes.Buffer
	for {
		if err := binary.Read(in, binary.LittleEndian, &n); err != nil {
			return err
		}
		if n == 0 {
			break
		}
		if _, err := io.CopyN(&body, in, int64(n)); err != nil {
			return err
		}
	}
	if err := read(&body); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("section %s: %w", name, err)
	}
	return nil
}
