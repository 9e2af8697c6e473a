package local

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
)

// unpack writes the library out of an npm archive to a file and makes it durable.
func unpack(archive, to string) error {
	f, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer f.Close()
	zipped, err := gzip.NewReader(bufio.NewReaderSize(f, 1<<20))
	if err != nil {
		return err
	}
	entries := tar.NewReader(zipped)
	for {
		head, err := entries.Next()
		if errors.Is(err, io.EOF) {
			return fmt.Errorf("the archive holds no %s", libraryFile)
		}
		if err != nil {
			return err
		}
		if path.Base(head.Name) == libraryFile && head.Typeflag == tar.TypeReg {
			return write(to, entries)
		}
	}
}

// write copies r into a new file and syncs it.
func write(to string, r io.Reader) error {
	f, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	return errors.Join(err, f.Sync(), f.Close())
}
