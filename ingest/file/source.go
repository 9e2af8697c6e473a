package file

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/unopened/unopened/ingest"
)

// defaultBatch is the number of records in a batch where a Source does not say.
const defaultBatch = 1000

// Source reads raw records from JSON-lines files, gzip and zstd included, one file after the other, as one partition.
// A record's offset is the number of its line from 0, over all files. Empty lines at the end of a file are no
// records. It implements ingest.Source.
type Source struct {
	Paths []string // "-" is standard input
	Batch int      // most records in a batch, whose bytes are held at once; 0 for 1,000
}

// Partition names the log that the files are together: the first one's base name.
func (s *Source) Partition() ingest.Partition {
	topic := Stdio
	if len(s.Paths) > 0 && s.Paths[0] != Stdio {
		topic = filepath.Base(s.Paths[0])
	}
	return ingest.Partition{Topic: topic, Count: 1}
}

// Run reads the files to their end from the offset that the handler asks for, and closes the handler. It returns nil
// at the end and when ctx is done.
func (s *Source) Run(ctx context.Context, open func(context.Context, ingest.Partition) (ingest.Handler, error)) (err error) {
	if len(s.Paths) == 0 {
		return errors.New("no file to read: name one, or - for standard input")
	}
	h, err := open(ctx, s.Partition())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.Close(context.WithoutCancel(ctx))) }()
	b := batcher{handler: h, size: cmp.Or(s.Batch, defaultBatch), from: max(0, h.Resume())}
	for _, path := range s.Paths {
		if err := b.file(ctx, path); err != nil {
			return ended(ctx, err)
		}
	}
	if b.next < b.from {
		return fmt.Errorf("%s ends at line %d, but the checkpoint is at line %d: these are other files, or another state folder is needed",
			s.Paths[len(s.Paths)-1], b.next, b.from)
	}
	return ended(ctx, b.flush(ctx, true))
}

// ended takes the end of ctx for no error.
func ended(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return nil
	}
	return err
}

// batcher gathers lines into batches. The bytes and records of one batch are used again for the next.
type batcher struct {
	handler ingest.Handler
	size    int
	from    int64 // the first offset that the handler wants
	next    int64 // the offset of the next line
	empty   int   // empty lines that are records only if a line that is not empty follows
	scratch []byte
	records []ingest.Record
	bytes   []byte // of the records, but for those that came before it grew
}

// file reads one file.
func (b *batcher) file(ctx context.Context, path string) (err error) {
	f, err := open(ctx, path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	in := lines{bufio.NewReaderSize(f, bufferSize)}
	b.empty = 0
	for {
		line, size, err := in.next(b.scratch[:0])
		b.scratch = line
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("reading %s after line %d: %w", path, b.next, err)
		case size == 0:
			b.empty++
			continue
		}
		for ; b.empty > 0; b.empty-- {
			if err := b.record(ctx, nil, 0); err != nil {
				return err
			}
		}
		if err := b.record(ctx, line, size); err != nil {
			return err
		}
		if path == Stdio && in.r.Buffered() == 0 { // who writes to a pipe may wait for the effect
			if err := b.flush(ctx, false); err != nil {
				return err
			}
		}
	}
}

// record adds a record, unless the handler has seen it before, and hands a full batch over.
func (b *batcher) record(ctx context.Context, line []byte, size int) error {
	offset := b.next
	b.next++
	if offset < b.from {
		return nil
	}
	start := len(b.bytes)
	b.bytes = append(b.bytes, line...)
	b.records = append(b.records, ingest.Record{Offset: offset, Value: b.bytes[start:len(b.bytes):len(b.bytes)], Size: size})
	if len(b.records) < b.size {
		return nil
	}
	return b.flush(ctx, false)
}

// flush hands the batch over.
func (b *batcher) flush(ctx context.Context, caughtUp bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if len(b.records) == 0 && !caughtUp {
		return nil
	}
	err := b.handler.Handle(ctx, ingest.Batch{Records: b.records, Next: b.next, CaughtUp: caughtUp})
	b.records, b.bytes = b.records[:0], b.bytes[:0]
	return err
}
