package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Vault keeps the files of checkpoints: a Folder, or a Bucket that members on several machines share. Names are paths
// with slashes. It has four methods because a file is all four; any number of goroutines may call them.
type Vault interface {
	// Put stores a file. When it returns nil the file is durable, as a whole; after an error it is there as a whole or
	// not at all. A name that is there is never overwritten: the error is then ErrTaken, whoever was first. An error
	// that wraps ErrBroken is not to be tried again.
	Put(ctx context.Context, name string, data []byte) error
	// Open opens a file for reading.
	Open(ctx context.Context, name string) (io.ReadCloser, error)
	// List returns the last elements of the names below dir, in any order.
	List(ctx context.Context, dir string) ([]string, error)
	// Remove removes a file, if it is there.
	Remove(ctx context.Context, name string) error
}

// bucketScheme begins the address of a Bucket in the config.
const bucketScheme = "s3://"

// startPatience is how long a start waits for an object storage that does not answer.
const startPatience = 30 * time.Second

// OpenVault returns the vault that a config names: an object storage that passes Check, or the given folder.
func OpenVault(ctx context.Context, c *Config, folder string) (Vault, error) {
	if !strings.HasPrefix(c.Checkpoints, bucketScheme) {
		return &Folder{Dir: folder}, nil
	}
	b, err := NewBucket(c.Checkpoints, c.S3)
	if err != nil {
		return nil, err
	}
	err = b.Check(ctx)
	for end, wait := time.Now().Add(startPatience), firstStoreWait; errors.Is(err, ErrAway) && time.Now().Before(end); wait = min(2*wait, lastStoreWait) {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(wait):
			err = b.Check(ctx)
		}
	}
	return b, err
}

// ErrTaken says that a name is there already.
var ErrTaken = errors.New("the file exists")

// ErrAway says that the storage did not answer, and may answer later.
var ErrAway = errors.New("the storage does not answer")

// ErrBroken says that what was written may be lost in spite of all, so that nothing more may be built upon it.
var ErrBroken = errors.New("the storage cannot be trusted")

// Folder is a Vault below one directory: of this machine, or of a file system that members share and that has hard
// links, which make "unless it is there" one step.
type Folder struct {
	Dir string
	// step, in tests, is told of each step of a Put before it is made, and can have it fail.
	step func(what, path string) error
}

// staleAfter is how old a file may be that a crash left half written.
const staleAfter = 5 * time.Minute

// Put implements Vault: it writes beside the name, syncs, links, and syncs the directory.
func (f *Folder) Put(_ context.Context, name string, data []byte) error {
	path := filepath.Join(f.Dir, filepath.FromSlash(name))
	dir := filepath.Dir(path)
	if err := f.folder(dir); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(dir, "*.tmp")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name()) //nolint:errcheck // List removes what is left
	err = errors.Join(f.fill(tmp, data), tmp.Close())
	if err != nil {
		return err
	}
	if err := f.before("link", path); err != nil {
		return err
	}
	if err := os.Link(tmp.Name(), path); errors.Is(err, fs.ErrExist) {
		return ErrTaken
	} else if err != nil {
		return err
	}
	return f.syncDir(dir)
}

// folder makes a directory, and its name durable in the one above it, up to that of all files.
func (f *Folder) folder(dir string) error {
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	above := filepath.Dir(dir)
	if len(dir) > len(f.Dir) {
		if err := f.folder(above); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return f.syncDir(above)
}

// fill writes and syncs a file. After a failed sync nobody knows what the disk holds, and a second one may lie.
func (f *Folder) fill(tmp *os.File, data []byte) error {
	if err := f.before("write", tmp.Name()); err != nil {
		return err
	}
	if _, err := tmp.Write(data); err != nil {
		return err
	}
	if err := f.before("sync", tmp.Name()); err != nil {
		return fmt.Errorf("%w: %w", ErrBroken, err)
	}
	if err := tmp.Sync(); err != nil {
		return fmt.Errorf("%w: %w", ErrBroken, err)
	}
	return nil
}

// syncDir makes the names in a directory durable.
func (f *Folder) syncDir(path string) error {
	err := f.before("sync", path)
	if err == nil {
		var dir *os.File
		if dir, err = os.Open(path); err == nil {
			err = errors.Join(dir.Sync(), dir.Close())
		}
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrBroken, err)
	}
	return nil
}

func (f *Folder) before(what, path string) error {
	if f.step == nil {
		return nil
	}
	return f.step(what, path)
}

// Open implements Vault.
func (f *Folder) Open(_ context.Context, name string) (io.ReadCloser, error) {
	return os.Open(filepath.Join(f.Dir, filepath.FromSlash(name)))
}

// List implements Vault. It removes what crashes have left half written.
func (f *Folder) List(_ context.Context, dir string) (names []string, err error) {
	dir = filepath.Join(f.Dir, filepath.FromSlash(dir))
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, e := range entries {
		if filepath.Ext(e.Name()) != ".tmp" {
			names = append(names, e.Name())
		} else if info, err := e.Info(); err == nil && time.Since(info.ModTime()) > staleAfter {
			_ = os.Remove(filepath.Join(dir, e.Name())) // the next one tries again
		}
	}
	return names, err
}

// Remove implements Vault.
func (f *Folder) Remove(_ context.Context, name string) error {
	err := os.Remove(filepath.Join(f.Dir, filepath.FromSlash(name)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// holds tells whether a file has exactly the bytes of data; the error of one that cannot be read says neither.
func holds(ctx context.Context, v Vault, name string, data []byte) (bool, error) {
	f, err := v.Open(ctx, name)
	if err != nil {
		return false, err
	}
	defer f.Close() //nolint:errcheck // only read
	got, err := io.ReadAll(io.LimitReader(f, int64(len(data))+1))
	return bytes.Equal(got, data), err
}
