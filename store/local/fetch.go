package local

import (
	"context"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// The library: a package of the npm registry, pinned by version and digest (npm's dist.integrity, a SHA-512).
const (
	libraryVersion = "26.7.3-stable.1"
	libraryPackage = "@chdb/lib-linux-x64-gnu@" + libraryVersion
	libraryDigest  = "XP97mMqnc5tZpKQywR8N7cLTsHNiTmHr30pC5mzo3jWmukjKn2IBa60c2B/gWUNcuFjOMjWoorQICCqBVj5wpw=="
	libraryFile    = "libchdb.so"
)

// LibraryVariable is the environment variable that names a libchdb.so to use instead of the cached one.
const LibraryVariable = "UNOPENED_CHDB"

// ErrNoLibrary tells that there is no library for the embedded engine and that none can be fetched here.
var ErrNoLibrary = errors.New("no library for the embedded ClickHouse engine")

// alternatives is what a user without npm, or on another platform, can do.
const alternatives = "configure a ClickHouse server (store: addr:), or name a libchdb.so in " + LibraryVariable

// Library returns the path of the library if it is on this machine: the one that LibraryVariable names, or the one
// that Fetch left in the user's cache. Otherwise the error is ErrNoLibrary.
func Library() (string, error) {
	if path := os.Getenv(LibraryVariable); path != "" {
		if _, err := os.Stat(path); err != nil {
			return "", fmt.Errorf("%w: %s: %w", ErrNoLibrary, LibraryVariable, err)
		}
		return path, nil
	}
	path, err := cached()
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("%w in %s: %s", ErrNoLibrary, filepath.Dir(path), alternatives)
	}
	return path, nil
}

// Fetch returns the path of the library, after having npm fetch it into the user's cache if it is not there: about
// 180 MB, 570 MB unpacked. The archive's digest is checked before anything of it is used. Progress, where not nil, is
// told each step that takes long.
func Fetch(ctx context.Context, progress func(step string)) (string, error) {
	if path, err := Library(); err == nil || os.Getenv(LibraryVariable) != "" {
		return path, err
	}
	if progress == nil {
		progress = func(string) {}
	}
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		return "", fmt.Errorf("%w on %s/%s, only on linux/amd64: %s", ErrNoLibrary, runtime.GOOS, runtime.GOARCH, alternatives)
	}
	if _, err := exec.LookPath("npm"); err != nil {
		return "", fmt.Errorf("%w, and npm, which fetches it, is not installed: install npm, %s", ErrNoLibrary, alternatives)
	}
	path, err := cached()
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", fmt.Errorf("making the library's cache: %w", err)
	}
	return path, fetch(ctx, path, progress)
}

// cached is where the library is kept.
func cached() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("%w: there is no cache folder (%w): %s", ErrNoLibrary, err, alternatives)
	}
	return filepath.Join(dir, "unopened", "chdb-"+libraryVersion, libraryFile), nil
}

// fetch has npm fetch the package and puts its library at path. Several processes may do so at once: the first one
// works, the others wait for it.
func fetch(ctx context.Context, path string, progress func(string)) error {
	lock, err := waitLock(ctx, path+".lock")
	if err != nil {
		return err
	}
	defer lock.Close()
	if exists(path) {
		return nil
	}
	temp, err := os.MkdirTemp(filepath.Dir(path), "fetch-")
	if err != nil {
		return fmt.Errorf("making a folder to fetch the library into: %w", err)
	}
	defer os.RemoveAll(temp)
	progress("fetching ClickHouse's engine by npm (180 MB, once)")
	archive, err := pack(ctx, temp)
	if err != nil {
		return err
	}
	progress("checking and unpacking the engine (570 MB)")
	if err := verify(archive, libraryDigest); err != nil {
		return err
	}
	unpacked := filepath.Join(temp, libraryFile)
	if err := unpack(archive, unpacked); err != nil {
		return fmt.Errorf("unpacking the library: %w", err)
	}
	return os.Rename(unpacked, path)
}

// pack has npm download the package's archive into a folder and returns its path.
func pack(ctx context.Context, dir string) (string, error) {
	cmd := exec.CommandContext(ctx, "npm", "pack", libraryPackage, "--ignore-scripts", "--loglevel", "error")
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: npm pack %s: %w: %s: %s", ErrNoLibrary, libraryPackage, err, firstLine(out), alternatives)
	}
	found, err := filepath.Glob(filepath.Join(dir, "*.tgz"))
	if err != nil || len(found) != 1 {
		return "", fmt.Errorf("npm pack %s left %d archives, not one", libraryPackage, len(found))
	}
	return found[0], nil
}

// verify compares an archive's SHA-512 with the pinned one.
func verify(archive, digest string) error {
	f, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer f.Close()
	h := sha512.New()
	if _, err := io.Copy(h, f); err != nil {
		return fmt.Errorf("reading the fetched archive: %w", err)
	}
	if got := base64.StdEncoding.EncodeToString(h.Sum(nil)); got != digest {
		return fmt.Errorf("%s has the digest sha512-%s, not the pinned sha512-%s: it is not used", libraryPackage, got, digest)
	}
	return nil
}

// firstLine is the first line of a command's output, for an error.
func firstLine(out []byte) string {
	line, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	return line
}

// exists tells whether there is a file at path.
func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}
