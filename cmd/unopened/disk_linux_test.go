package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
)

// smallDisk mounts a disk of its own on a new folder until the test ends.
func smallDisk(t *testing.T, dir, size string) {
	t.Helper()
	err := os.MkdirAll(dir, 0o700)
	if err == nil {
		err = syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size)
	}
	if errors.Is(err, syscall.EPERM) && os.Getenv("CI") != "true" {
		t.Skip("mounting a small disk needs the rights of root")
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
}

// fillUp writes a file until its disk is full.
func fillUp(t *testing.T, name string) {
	t.Helper()
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() // what it holds is of no use
	for piece := make([]byte, 1<<16); ; {
		if _, err := f.Write(piece); errors.Is(err, syscall.ENOSPC) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

// TestFullDiskIsWaitedFor fills the disk of the checkpoints while `unopened run` works (R15). It goes on, says which file
// cannot be stored, and counts that; nothing that could not be sealed counts as done: killed, it starts from what was
// sealed before. Started while the disk is full, it waits. With room again it ends with the state, the rows and the alerts
// of a clean replay.
func TestFullDiskIsWaitedFor(t *testing.T) {
	d := deploy(t)
	full := filepath.Join(d.cfg.Data, "checkpoints")
	smallDisk(t, full, "256m")
	d.produce(4000)
	log := &lockedLog{}
	d.log = io.MultiWriter(log, os.Stderr)
	cmd, _ := d.start()
	d.until("a checkpoint", func(m map[string]float64) bool { return m["unopened_seals_total"] > 7 && d.applied(m) > 0.05 })
	ballast := filepath.Join(full, "ballast")
	fillUp(t, ballast)
	d.until("work in spite of a full disk", func(m map[string]float64) bool {
		return m["unopened_seal_failures_total"] > 1 && d.applied(m) > 0.8
	})
	if !log.has(syscall.ENOSPC.Error()) || !log.has("ckpt") {
		t.Error("nothing says that a file cannot be stored, and why")
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	cmd, out := d.start()
	d.until("waiting for the disk", func(m map[string]float64) bool { return m["unopened_seal_failures_total"] > 3 })
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	sum := d.finish(cmd, out)
	d.sameAsReplay(&sum)
	d.conserved(t, &sum, hostile, d.sides)
	if left, err := filepath.Glob(filepath.Join(full, "*", "*", "*.tmp")); err != nil || len(left) > 0 {
		t.Errorf("%d files that were not finished are left (%v)", len(left), err)
	}
}

// lockedLog is a log that is read while it is written.
type lockedLog struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lockedLog) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *lockedLog) has(text string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return bytes.Contains(l.text.Bytes(), []byte(text))
}
