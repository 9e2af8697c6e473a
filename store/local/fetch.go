package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
)

// archive is a package of the npm registry, pinned by version and digest.
type archive struct {
	name, version string
	digest        string // npm's dist.integrity
	source        string // where it is, or empty: in the registry
}

// library is ClickHouse's engine.
var library = archive{
	name: "@chdb/lib-linux-x64-gnu", version: "26.7.3-stable.1",
	digest: "sha512-XP97mMqnc5tZpKQywR8N7cLTsHNiTmHr30pC5mzo3jWmukjKn2IBa60c2B/gWUNcuFjOMjWoorQICCqBVj5wpw==",
}

// libraryFile is the file of the package that is used.
const libraryFile = "libchdb.so"

// libraryVariable is the environment variable that names a libchdb.so to use instead of the cached one.
const libraryVariable = "UNOPENED_CHDB"

// ErrNoLibrary tells that there is no library for the embedded engine and that none can be fetched here.
var ErrNoLibrary = errors.New("no library for the embedded ClickHouse engine")

// alternatives is what a user without npm, or on another platform, can do.
const alternatives = "configure a ClickHouse server (store: addr:), or name a libchdb.so in " + libraryVariable

// Fetch returns the path of the library: the one that the environment's UNOPENED_CHDB names, or the one in the user's
// cache, where npm puts it if it is not there: about 180 MB, 570 MB unpacked. Several processes may fetch it at once:
// the first one works, the others wait for it. Progress is told each step that takes long.
func Fetch(ctx context.Context, progress func(step string)) (string, error) {
	if path := os.Getenv(libraryVariable); path != "" {
		if _, err := os.Stat(path); err != nil {
			return "", fmt.Errorf("%w: %s: %w", ErrNoLibrary, libraryVariable, err)
		}
		return filepath.Abs(path)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("%w: there is no cache folder (%w): %s", ErrNoLibrary, err, alternatives)
	}
	path := filepath.Join(cache, "unopened", "chdb-"+library.version, libraryFile)
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		return "", fmt.Errorf("%w on %s/%s, only on linux/amd64: %s", ErrNoLibrary, runtime.GOOS, runtime.GOARCH, alternatives)
	}
	if _, err := exec.LookPath("npm"); err != nil {
		return "", fmt.Errorf("%w, and npm, which fetches it, is not installed: install npm, %s", ErrNoLibrary, alternatives)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", fmt.Errorf("making the library's cache: %w", err)
	}
	lock, err := waitLock(ctx, path+".lock")
	if err != nil {
		return "", err
	}
	defer lock.Close() //nolint:errcheck // a lock that is given up
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	progress("fetching its library by npm (180 MB, unpacked 570 MB, once)")
	return path, library.install(ctx, path)
}

// npmLock is npm's lock file: npm refuses an archive that has another digest.
const npmLock = `{"lockfileVersion":3,"packages":{"":{"dependencies":{%[1]q:%[2]q}},
"node_modules/%[1]s":{"version":%[2]q,"integrity":%[3]q,"resolved":%[4]q}}}`

// install has npm fetch and unpack the package, and puts its library at path, whole or not at all.
func (a *archive) install(ctx context.Context, path string) error {
	temp, err := os.MkdirTemp(filepath.Dir(path), "fetch-")
	if err != nil {
		return fmt.Errorf("making a folder to fetch the library into: %w", err)
	}
	defer os.RemoveAll(temp) //nolint:errcheck // a leftover is harmless
	err = errors.Join(
		os.WriteFile(filepath.Join(temp, "package.json"), fmt.Appendf(nil, `{"dependencies":{%q:%q}}`, a.name, a.version), 0o600),
		os.WriteFile(filepath.Join(temp, "package-lock.json"), fmt.Appendf(nil, npmLock, a.name, a.version, a.digest, a.source), 0o600))
	if err != nil {
		return fmt.Errorf("pinning the library's digest: %w", err)
	}
	cmd := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error")
	cmd.Dir = temp
	if out, err := cmd.CombinedOutput(); err != nil {
		why, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
		return fmt.Errorf("%w: npm ci of %s@%s: %w: %s: %s", ErrNoLibrary, a.name, a.version, err, why, alternatives)
	}
	syscall.Sync() // a library cut short by a loss of power would never be fetched again
	return os.Rename(filepath.Join(temp, "node_modules", a.name, libraryFile), path)
}
