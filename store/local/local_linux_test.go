package local

import (
	"context"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"io"
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
	if len(os.Args) == 4 && os.Args[1] == "own-an-engine" {
		ownAnEngine(os.Args[2], os.Args[3])
	}
	os.Exit(m.Run())
}

// ownAnEngine starts an engine, says so, and does nothing more until it is killed.
func ownAnEngine(dir, library string) {
	if _, err := Start(context.Background(), dir, Options{Library: library, Database: "unopened"}); err != nil {
		println(err.Error())
		os.Exit(1)
	}
	os.Stdout.WriteString("started\n")
	select {}
}

// library returns the engine's library, fetching it if npm is there; otherwise it skips, and fails where CI is set.
func library(t *testing.T) string {
	t.Helper()
	path, err := Fetch(t.Context(), func(step string) { t.Log(step) })
	if err != nil && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func start(t *testing.T, dir string) *Engine {
	t.Helper()
	e, err := Start(t.Context(), dir, Options{Library: library(t), Database: "unopened"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Stop() })
	return e
}

func TestStartStop(t *testing.T) {
	dir := t.TempDir()
	e := start(t, dir)
	if !e.Owned() || !strings.HasPrefix(e.Version(), "26.") || !strings.HasPrefix(e.Addr(), "127.0.0.1:") {
		t.Errorf("owned %v, version %q, addr %q", e.Owned(), e.Version(), e.Addr())
	}
	for _, name := range []string{"config.xml", "users.xml", stateFile, logFile, ownerLock, childLock} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v, want mode 0600", name, info, err)
		}
	}
	users, _ := os.ReadFile(filepath.Join(dir, "users.xml"))
	if strings.Contains(string(users), e.Password) {
		t.Error("users.xml holds the password itself")
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
	if exists(filepath.Join(dir, stateFile)) {
		t.Error("the credentials outlived the engine")
	}
}

func TestSecondProcessConnects(t *testing.T) {
	dir := t.TempDir()
	first := start(t, dir)
	second := start(t, dir) // the lock is on the open file, so one process can play two
	if second.Owned() || second.Addr() != first.Addr() || second.Password != first.Password {
		t.Errorf("second: owned %v at %s, first at %s", second.Owned(), second.Addr(), first.Addr())
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
	addr, was := e.Addr(), e.Password
	e.process.cmd.Process.Kill()
	<-e.process.done
	conn, err := e.Dial(t.Context(), addr)
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	if e.Password != was {
		t.Error("the password changed with the restart")
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
	dir, lib := t.TempDir(), library(t)
	parent := exec.Command("/proc/self/exe", "own-an-engine", dir, lib)
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
	if attached.Owned() {
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
	if again := start(t, dir); !again.Owned() {
		t.Error("a new owner could not start the engine again")
	}
}

func TestStartErrors(t *testing.T) {
	_, err := Start(t.Context(), t.TempDir(), Options{Library: "/nowhere/libchdb.so"})
	if err == nil || !strings.Contains(err.Error(), logFile) {
		t.Errorf("a missing library: %v, want an error that names the log", err)
	}
	t.Setenv(LibraryVariable, "/nowhere/libchdb.so")
	if _, err := Fetch(t.Context(), nil); !errors.Is(err, ErrNoLibrary) || !strings.Contains(err.Error(), LibraryVariable) {
		t.Errorf("a wrong %s: %v", LibraryVariable, err)
	}
}

func TestFetchWithoutNpm(t *testing.T) {
	t.Setenv(LibraryVariable, "")
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("PATH", t.TempDir())
	_, err := Fetch(t.Context(), nil)
	if !errors.Is(err, ErrNoLibrary) || !strings.Contains(err.Error(), "configure a ClickHouse server") {
		t.Errorf("%v, want ErrNoLibrary with the alternatives", err)
	}
}

func TestVerifyRefusesAnotherArchive(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.tgz")
	if err := os.WriteFile(path, []byte("not the library"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := verify(path, libraryDigest); err == nil || !strings.Contains(err.Error(), "not used") {
		t.Errorf("verify took it: %v", err)
	}
	sum := sha512.Sum512([]byte("not the library"))
	if err := verify(path, base64.StdEncoding.EncodeToString(sum[:])); err != nil {
		t.Error("control: its own digest is refused:", err)
	}
}
