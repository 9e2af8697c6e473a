package alerts

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
)

// Lines is a Sink that appends each alert to the file Path as a JSON line, or to standard output where that is "-".
// The file is opened by the first Send. After a crash the last lines may come twice.
type Lines struct {
	Path string
	file *os.File
	end  int64 // where the last whole, durable line ends
}

// LinesEndpoint returns the endpoint of a Lines.
func LinesEndpoint(path string) Endpoint {
	return Endpoint{Name: "lines", Sink: &Lines{Path: path}, Batch: 1000, Patient: true}
}

// linesEndpoints returns the config's lines sink.
func linesEndpoints(cfg Config) ([]Endpoint, error) {
	if cfg.Lines == "" {
		return nil, nil
	}
	return []Endpoint{LinesEndpoint(cfg.Lines)}, nil
}

// Send writes the batch and makes it durable. What a failed attempt left behind is overwritten by the next.
func (l *Lines) Send(_ context.Context, batch []Delivery) error {
	var text bytes.Buffer
	lines := json.NewEncoder(&text)
	for i := range batch {
		if err := lines.Encode(&batch[i].Alert); err != nil {
			return fmt.Errorf("%w: %w", ErrRejected, err)
		}
	}
	if l.Path == "-" {
		_, err := os.Stdout.Write(text.Bytes())
		return err
	}
	if err := l.open(); err != nil {
		return fmt.Errorf("%w: alert lines: %w", ErrBroken, err)
	}
	if _, err := l.file.WriteAt(text.Bytes(), l.end); err != nil {
		return fmt.Errorf("alert lines: %w", err)
	}
	if err := l.file.Sync(); err != nil {
		// Whether a second fsync tells the truth about these pages is not known: https://wiki.postgresql.org/wiki/Fsync_Errors
		return fmt.Errorf("%w: alert lines: %w", ErrBroken, err)
	}
	l.end += int64(text.Len())
	return nil
}

// open opens the file if it is not, and cuts off the part of a line that a crash left at its end.
func (l *Lines) open() (err error) {
	if l.file != nil {
		return nil
	}
	f, err := os.OpenFile(l.Path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	if l.end, err = lastLineEnd(f); err == nil {
		err = f.Truncate(l.end)
	}
	if err != nil {
		_ = f.Close()
		return err
	}
	l.file = f
	return nil
}

// lastLineEnd returns the offset after the last line feed of the file, which it reads backwards.
func lastLineEnd(f *os.File) (int64, error) {
	end, err := f.Seek(0, io.SeekEnd)
	piece := make([]byte, maxBody)
	for err == nil && end > 0 {
		from := max(0, end-int64(len(piece)))
		n, readErr := f.ReadAt(piece[:end-from], from)
		if i := bytes.LastIndexByte(piece[:n], '\n'); i >= 0 {
			return from + int64(i) + 1, nil
		}
		end, err = from, readErr
	}
	return end, err
}
