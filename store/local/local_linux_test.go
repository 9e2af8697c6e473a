package local

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestMain makes the test binary the engine's child, or a process that owns an engine, where its arguments say so.
func TestMain(m *testing.M) {
	if Child(os.Args) {
		return
	}
	if len(os.Args) == 3 && os.Args[1] == "own-an-engine" {
		ownAnEngine(os.Args[2])
	}
	os.Exit(m.Run())
}

// ownAnEngine starts an engine, says so, and does nothing more until it is killed.
func ownAnEngine(dir string) {
	if _, err := Start(context.Background(), dir, "unopened", silent); err != nil {
		println(err.Error())
		os.Exit(1)
	}
	os.Stdout.WriteString("started\n")
	select {}
}

var silent = slog.New(slog.DiscardHandler)

// start starts an engine. Without the library it skips, and fails where CI is set.
func start(t *testing.T, dir string) *Engine {
	t.Helper()
	e, err := Start(t.Context(), dir, "unopened", silent)
	if errors.Is(err, ErrNoLibrary) && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Stop() })
	return e
}

func TestStartStop(t *testing.T) {
	dir := t.TempDir()
	e := start(t, dir)
	if e.owner == nil || !strings.HasPrefix(e.Version(), "26.") || !strings.HasPrefix(e.Addr(), "127.0.0.1:") {
		t.Errorf("owned %v, version %q, addr %q", e.owner != nil, e.Version(), e.Addr())
	}
	for _, name := range []string{configFile, credentialsFile, logFile, ownerLock, childLock} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v, want mode 0600", name, info, err)
		}
	}
	config, _ := os.ReadFile(filepath.Join(dir, configFile))
	if strings.Contains(string(config), e.Password) || strings.Contains(string(config), e.ReaderPassword) {
		t.Error("config.xml holds a password itself")
	}
	if err := e.Stop(); err != nil {
		t.Error(err)
	}
	if _, err := net.Dial("tcp", e.Addr()); err == nil {
		t.Error("the engine listens after Stop")
	}
	if _, err := e.Dial(t.Context(), ""); err == nil {
		t.Error("Dial started a stopped engine")
	}
	if _, err := os.Stat(filepath.Join(dir, credentialsFile)); !errors.Is(err, fs.ErrNotExist) {
		t.Error("the credentials outlived the engine")
	}
}

func TestSecondProcessConnects(t *testing.T) {
	dir := t.TempDir()
	first := start(t, dir)
	second := start(t, dir) // the lock is on the open file, so one process can play two
	if second.owner != nil || second.Addr() != first.Addr() || second.Credentials != first.Credentials {
		t.Errorf("second: owned %v at %s, first at %s", second.owner != nil, second.Addr(), first.Addr())
	}
	if err := second.Stop(); err != nil {
		t.Error(err)
	}
	conn, err := first.Dial(t.Context(), "")
	if err != nil {
		t.Fatal("stopping the second stopped the first:", err)
	}
	conn.Close()
}

func TestDialStartsADeadChildAgain(t *testing.T) {
	e := start(t, t.TempDir())
	addr, was := e.Addr(), e.Credentials
	e.process.cmd.Process.Kill()
	<-e.process.done
	conn, err := e.Dial(t.Context(), addr)
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	if e.Credentials != was {
		t.Error("the passwords changed with the restart")
	}
}

func TestGarbageDoesNotEndIt(t *testing.T) {
	e := start(t, t.TempDir())
	for range 5 {
		conn, err := net.Dial("tcp", e.Addr())
		if err != nil {
			t.Fatal(err)
		}
		conn.Write([]byte("GET / HTTP/1.1\r\n\r\n\xff\xff\xff\xff"))
		conn.(*net.TCPConn).SetLinger(0) // a reset
		conn.Close()
	}
	select {
	case <-e.process.done:
		t.Error("the engine ended")
	case <-time.After(300 * time.Millisecond):
	}
}

func TestChildDiesWithItsParent(t *testing.T) {
	start(t, t.TempDir()) // which fetches the library if need be, or skips
	dir := t.TempDir()
	parent := exec.Command("/proc/self/exe", "own-an-engine", dir)
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 8)
	if _, err := io.ReadFull(out, line); err != nil || string(line) != "started\n" {
		t.Fatal(string(line), err)
	}
	attached := start(t, dir)
	if attached.owner != nil {
		t.Fatal("this process owns what the other one started")
	}
	if lock, err := tryLock(filepath.Join(dir, childLock)); lock != nil || err != nil {
		t.Fatal("control: the running child does not hold its lock", err)
	}
	parent.Process.Signal(syscall.SIGKILL)
	parent.Wait()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	lock, err := waitLock(ctx, filepath.Join(dir, childLock))
	if err != nil {
		t.Fatal("the child outlives its parent:", err)
	}
	lock.Close()
	if _, err := attached.Dial(t.Context(), ""); err == nil {
		t.Error("the dead engine answers")
	}
	if again := start(t, dir); again.owner == nil {
		t.Error("a new owner could not start the engine again")
	}
}

func TestStartErrors(t *testing.T) {
	broken := filepath.Join(t.TempDir(), libraryFile)
	if err := os.WriteFile(broken, []byte("not the library"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv(libraryVariable, broken)
	if _, err := Start(t.Context(), t.TempDir(), "unopened", silent); err == nil || !strings.Contains(err.Error(), logFile) {
		t.Errorf("a broken library: %v, want an error that names the log", err)
	}
	t.Setenv(libraryVariable, "/nowhere/libchdb.so")
	_, err := Start(t.Context(), t.TempDir(), "unopened", silent)
	if !errors.Is(err, ErrNoLibrary) || !strings.Contains(err.Error(), libraryVariable) {
		t.Errorf("a wrong %s: %v", libraryVariable, err)
	}
}

func TestFetchWithoutNpm(t *testing.T) {
	t.Setenv(libraryVariable, "")
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("PATH", t.TempDir())
	_, err := Fetch(t.Context(), func(string) {})
	if !errors.Is(err, ErrNoLibrary) || !strings.Contains(err.Error(), "configure a ClickHouse server") {
		t.Errorf("%v, want ErrNoLibrary with the alternatives", err)
	}
}

// npm is what checks the digest, so it is tried on an archive of our own, which needs no network.
func TestInstallRefusesAnotherDigest(t *testing.T) {
	if _, err := exec.LookPath("npm"); err != nil && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	dir := t.TempDir()
	var packed bytes.Buffer
	zipped := gzip.NewWriter(&packed)
	entries := tar.NewWriter(zipped)
	for name, content := range map[string]string{"package/package.json": `{"name":"small","version":"1.0.0"}`, "package/" + libraryFile: "the library"} {
		err := entries.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(content))})
		if _, err2 := io.WriteString(entries, content); err != nil || err2 != nil {
			t.Fatal(err, err2)
		}
	}
	if err := errors.Join(entries.Close(), zipped.Close(), os.WriteFile(filepath.Join(dir, "small.tgz"), packed.Bytes(), 0o600)); err != nil {
		t.Fatal(err)
	}
	digest := func(content []byte) string {
		sum := sha512.Sum512(content)
		return "sha512-" + base64.StdEncoding.EncodeToString(sum[:])
	}
	small, path := archive{"small", "1.0.0", digest([]byte("another")), "file:" + dir + "/small.tgz"}, filepath.Join(dir, libraryFile)
	if err := small.install(t.Context(), path); !errors.Is(err, ErrNoLibrary) || !strings.Contains(err.Error(), "EINTEGRITY") {
		t.Errorf("another digest: %v, want a refusal", err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("the refused library is there")
	}
	small.digest = digest(packed.Bytes())
	if err := small.install(t.Context(), path); err != nil {
		t.Error("control: its own digest is refused:", err)
	}
	if got, err := os.ReadFile(path); string(got) != "the library" {
		t.Errorf("installed %q, %v", got, err)
	}
}
