package main

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
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
	defer f.Close() //nolint:errcheck // what it holds is of no use
	for piece := make([]byte, 4096); ; {
		if _, err := f.Write(piece); errors.Is(err, syscall.ENOSPC) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

// stopped waits until a run has ended by itself and holds that it says which folder is full, and no result.
func stopped(t *testing.T, cmd *exec.Cmd, out, log *bytes.Buffer, folder string) {
	t.Helper()
	err := cmd.Wait()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != exitFailed || out.Len() > 0 {
		t.Errorf("a run whose disk is full: %v, and printed %q", err, out)
	}
	_, last, _ := strings.Cut(log.String(), "unopened: ") // what the process says at its end
	if !strings.Contains(last, folder) || !strings.Contains(last, syscall.ENOSPC.Error()) {
		t.Errorf("it does not say that %s is full: %s", folder, last)
	}
}

// TestFullDiskStopsTheService fills the disk of the checkpoints while `unopened run` works (R15). It stops and names the
// folder, and stops again for as long as the disk is full: nothing that could not be sealed counts as done. With room again
// it goes on to the state, the rows and the alerts of a clean replay.
func TestFullDiskStopsTheService(t *testing.T) {
	d := deploy(t)
	full := filepath.Join(d.cfg.Data, "checkpoints")
	smallDisk(t, full, "64m")
	d.produce(1500)
	var log bytes.Buffer
	d.log = io.MultiWriter(&log, os.Stderr)
	cmd, out := d.start()
	d.until("a checkpoint", func(m map[string]float64) bool {
		sealed, err := filepath.Glob(filepath.Join(full, "score", "*", "*.ckpt"))
		return err == nil && len(sealed) > 0 && d.applied(m) > 0.1
	})
	ballast := filepath.Join(full, "ballast")
	fillUp(t, ballast)
	stopped(t, cmd, out, &log, full)
	log.Reset()
	cmd, out = d.start() // the control: it is the disk that stops it
	stopped(t, cmd, out, &log, full)
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	sum := d.finish(d.start())
	clean, verdicts, told := d.replayed()
	if sum.StateHash != clean.StateHash || !maps.Equal(d.stored(), keys(t, verdicts)) {
		t.Errorf("state hash %s, the clean replay has %s; or the verdict rows differ", sum.StateHash, clean.StateHash)
	}
	got := make(map[string]bool)
	for _, body := range d.mailbox.bodies {
		got[body] = true
	}
	if !maps.Equal(got, told) || len(told) == 0 || d.mailbox.changed != 0 {
		t.Errorf("%d alert bodies arrived, %d are right, %d changed", len(got), len(told), d.mailbox.changed)
	}
	d.conserved(t, &sum, hostile, d.sides)
	if left, err := filepath.Glob(filepath.Join(full, "*", "*", "*.tmp")); err != nil || len(left) > 0 {
		t.Errorf("%d files that were not finished are left (%v)", len(left), err)
	}
}
