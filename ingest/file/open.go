package file

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// Stdio is the path that stands for standard input or output.
const Stdio = "-"

// maxWindow bounds what a zstd stream may make its reader keep, in bytes; "zstd --ultra -22" needs it all.
const maxWindow = 128 << 20

// bufferSize is the size of the buffers between files and lines, in bytes.
const bufferSize = 1 << 18

// Open opens a file, or standard input for "-", for reading in sequence. gzip and zstd are known by their first
// bytes, whatever the file is called, and unpacked as they are read, in bounded memory.
func Open(path string) (io.ReadCloser, error) {
	var f io.ReadCloser = io.NopCloser(os.Stdin)
	if path != Stdio {
		opened, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		f = opened
	}
	r, err := unpack(f)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening %s: %w", path, err), f.Close())
	}
	return r, nil
}

// opened is an unpacked stream with all that is to be closed after it.
type opened struct {
	io.Reader
	closers []func() error
}

// Close closes the stream from the inside out.
func (o *opened) Close() error {
	var err error
	for _, c := range o.closers {
		err = errors.Join(err, c())
	}
	return err
}

// unpack puts the decompressor that f's first bytes ask for before it.
func unpack(f io.ReadCloser) (io.ReadCloser, error) {
	buffered := bufio.NewReaderSize(f, bufferSize)
	magic, err := buffered.Peek(4)
	if err != nil && err != io.EOF {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(buffered)
		if err != nil {
			return nil, err
		}
		return &opened{z, []func() error{z.Close, f.Close}}, nil
	case bytes.Equal(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		z, err := zstd.NewReader(buffered, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return nil, err
		}
		return &opened{z, []func() error{func() error { z.Close(); return nil }, f.Close}}, nil
	}
	return &opened{buffered, []func() error{f.Close}}, nil
}

// Create creates a file, or takes standard output for "-", for buffered writing; a name that ends in .gz or .zst is
// packed so. Nothing is complete before Close returned nil.
func Create(path string) (io.WriteCloser, error) {
	if path == Stdio {
		return packed(os.Stdout, path, func() error { return nil })
	}
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	return packed(f, path, f.Close)
}

// created is a packed stream with all that is to be closed after it.
type created struct {
	io.Writer
	closers []func() error
}

// Close writes out what is buffered and closes the stream from the inside out.
func (c *created) Close() error { return (&opened{closers: c.closers}).Close() }

// packed puts the compressor that the path's ending asks for before f.
func packed(f io.Writer, path string, closeFile func() error) (io.WriteCloser, error) {
	buffered := bufio.NewWriterSize(f, bufferSize)
	after := []func() error{buffered.Flush, closeFile}
	switch {
	case strings.HasSuffix(path, ".gz"):
		z := gzip.NewWriter(buffered)
		return &created{z, append([]func() error{z.Close}, after...)}, nil
	case strings.HasSuffix(path, ".zst"):
		z, err := zstd.NewWriter(buffered, zstd.WithEncoderConcurrency(1))
		if err != nil {
			return nil, errors.Join(err, closeFile())
		}
		return &created{z, append([]func() error{z.Close}, after...)}, nil
	}
	return &created{buffered, after}, nil
}
