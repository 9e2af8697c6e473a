package file

import (
	"bufio"
	"errors"
	"io"

	"github.com/unopened/unopened/ingest"
)

// kept is how much of a line is kept: enough to see that it is too long.
const kept = ingest.MaxRecord + 1

// lines reads lines of any length in bounded memory.
type lines struct{ r *bufio.Reader }

// next appends the next line to dst, without its end (LF or CR LF) and cut after kept bytes. It returns the longer
// slice and the line's full length, and io.EOF after the last line. A last line need not have an end.
func (l *lines) next(dst []byte) ([]byte, int, error) {
	start, size := len(dst), 0
	var last byte
	for {
		part, err := l.r.ReadSlice('\n')
		if err == nil {
			part = part[:len(part)-1]
		}
		if n := len(part); n > 0 {
			size += n
			last = part[n-1]
			dst = append(dst, part[:min(n, start+kept+1-len(dst))]...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err == io.EOF && size == 0:
			return dst, 0, io.EOF
		case err != nil && err != io.EOF:
			return dst[:start], 0, err
		}
		if last == '\r' {
			size--
		}
		return dst[:start+min(size, kept)], size, nil
	}
}
