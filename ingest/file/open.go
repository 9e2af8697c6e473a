package file

import (
	"bufio"
	"bytes"
	"context"
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

// closers close a stream from the inside out.
type closers []func() error

// Close calls them all.
func (c closers) Close() error {
	var err error
	for _, closer := range c {
		err = errors.Join(err, closer())
	}
	return err
}

// reader and writer are a stream with all that is to be closed after it.
type (
	reader struct {
		io.Reader
		closers
	}
	writer struct {
		io.Writer
		closers
	}
)

// Open opens a file, or standard input for "-", for reading in sequence. gzip and zstd are known by their first
// bytes, whatever the file is called, and unpacked as they are read, in bounded memory.
func Open(path string) (io.ReadCloser, error) { return open(context.Background(), path) }

// open is Open, but what is read of standard input ends with ctx, by its error.
func open(ctx context.Context, path string) (io.ReadCloser, error) {
	var in io.ReadCloser
	if path == Stdio {
		in = interruptible(ctx, os.Stdin)
	} else {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		in = f
	}
	after := closers{in.Close}
	r, err := unpack(in, after)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening %s: %w", path, err), after.Close())
	}
	return r, nil
}

// interruptible reads from in until ctx is done. Closing does not end a read of a terminal or an inherited pipe, so that
// read is left to a goroutine of its own, which ends with in or with the process.
func interruptible(ctx context.Context, in io.Reader) io.ReadCloser {
	out, into := io.Pipe()
	stop := context.AfterFunc(ctx, func() { into.CloseWithError(ctx.Err()) })
	go func() {
		defer stop()
		_, err := io.Copy(into, in)
		into.CloseWithError(err)
	}()
	return out
}

// unpack puts the decompressor that the first bytes ask for before in.
func unpack(in io.Reader, after closers) (io.ReadCloser, error) {
	buffered := bufio.NewReaderSize(in, bufferSize)
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
		return reader{z, after}, nil // its Close would only say again how reading ended
	case bytes.Equal(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		z, err := zstd.NewReader(buffered, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return nil, err
		}
		return reader{z, append(closers{z.IOReadCloser().Close}, after...)}, nil
	}
	return reader{buffered, after}, nil
}

// Create creates a file, or takes standard output for "-", for buffered writing; a name that ends in .gz or .zst is
// packed so. Nothing is complete before Close returned nil.
func Create(path string) (io.WriteCloser, error) {
	out, after := os.Stdout, closers(nil)
	if path != Stdio {
		f, err := os.Create(path)
		if err != nil {
			return nil, err
		}
		out, after = f, closers{f.Close}
	}
	buffered := bufio.NewWriterSize(out, bufferSize)
	after = append(closers{buffered.Flush}, after...)
	switch {
	case strings.HasSuffix(path, ".gz"):
		z := gzip.NewWriter(buffered)
		return writer{z, append(closers{z.Close}, after...)}, nil
	case strings.HasSuffix(path, ".zst"):
		z, err := zstd.NewWriter(buffered, zstd.WithEncoderConcurrency(1))
		if err != nil {
			return nil, errors.Join(err, after.Close())
		}
		return writer{z, append(closers{z.Close}, after...)}, nil
	}
	return writer{buffered, after}, nil
}
