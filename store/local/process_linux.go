package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// process is the engine's child process with the terminal that holds it.
type process struct {
	cmd      *exec.Cmd
	terminal *os.File
	done     chan struct{}
	err      error // how it ended, once done is closed
}

// launch starts the child and waits until it has told its port.
func (e *Engine) launch(ctx context.Context) error {
	// A child whose parent was just killed may still be dying; the lock that it inherited tells.
	lock, err := waitLock(ctx, filepath.Join(e.dir, childLock))
	if err != nil {
		return fmt.Errorf("waiting for an engine that ran on %s to end: %w", e.dir, err)
	}
	defer lock.Close() //nolint:errcheck // the child has its own
	if err := os.Remove(filepath.Join(e.dir, portFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("removing an old port: %w", err)
	}
	p, err := e.spawn(lock)
	if err != nil {
		return fmt.Errorf("starting the embedded ClickHouse: %w", err)
	}
	if err := e.awaitPort(ctx, p); err != nil {
		p.stop(0)
		return err
	}
	e.process = p
	e.log.Info("embedded ClickHouse started", "version", e.version, "addr", e.addr)
	return nil
}

// spawn starts this binary again as the engine. The child gets a terminal for its standard input, and dies with the
// thread that starts it: so that thread stays with it until its end.
func (e *Engine) spawn(lock *os.File) (*process, error) {
	terminal, input, err := openTerminal()
	if err != nil {
		return nil, err
	}
	defer input.Close() //nolint:errcheck // the child has its own
	output, err := os.OpenFile(filepath.Join(e.dir, logFile), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, errors.Join(err, terminal.Close())
	}
	defer output.Close() //nolint:errcheck // the child has its own
	p := &process{cmd: e.command(), terminal: terminal, done: make(chan struct{})}
	p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr, p.cmd.ExtraFiles = input, output, output, []*os.File{lock}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := p.cmd.Start()
		started <- err
		if err == nil {
			p.err = p.cmd.Wait()
			close(p.done)
		}
	}()
	if err := <-started; err != nil {
		return nil, errors.Join(err, terminal.Close())
	}
	return p, nil
}

// command is the child's command line: clickhouse-local on a folder of its own that listens on loopback at a port of
// the system's choice, which it writes to a file.
func (e *Engine) command() *exec.Cmd {
	const start = "SYSTEM START LISTEN TCP; SELECT getServerPort('tcp_port'), version() " +
		"INTO OUTFILE '" + portFile + "' TRUNCATE FORMAT TSV"
	cmd := exec.Command("/proc/self/exe", childArgument, e.library,
		"--path", filepath.Join(e.dir, "data"), "--config-file", configFile,
		"--listen_host", "127.0.0.1", "--tcp_port", "0", "--http_port", "0", "--interactive", "--disable_suggestion", "--query", start)
	cmd.Dir = e.dir
	cmd.Env = []string{"HOME=" + e.dir, "TERM=dumb", "TZ=UTC", "LANG=C.UTF-8", "PATH=/usr/bin:/bin"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
	return cmd
}

// awaitPort waits until the child has written its port, or has ended.
func (e *Engine) awaitPort(ctx context.Context, p *process) error {
	for e.readPort() != nil {
		if p.ended() {
			return fmt.Errorf("the embedded ClickHouse ended while it started, see %s: %w", filepath.Join(e.dir, logFile), p.err)
		}
		if err := pause(ctx); err != nil {
			return fmt.Errorf("the embedded ClickHouse did not start in time (%w); see %s", err, filepath.Join(e.dir, logFile))
		}
	}
	return nil
}

// ended tells whether the child is gone.
func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// stop asks the child to exit, as a person at its terminal would, and ends it by force if it does not within a time. It
// asks more than once, because the engine throws away what was typed before its first prompt.
func (p *process) stop(within time.Duration) {
	defer p.terminal.Close() //nolint:errcheck // the child is gone
	deadline := time.After(within)
	for {
		_, _ = p.terminal.WriteString("exit\n") // where this fails, force is next
		select {
		case <-p.done:
			return
		case <-deadline:
			_ = p.cmd.Process.Kill() // fails only for one that is gone
			<-p.done
			return
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// openTerminal makes a pseudo-terminal and returns its two ends.
func openTerminal() (master, slave *os.File, err error) {
	master, err = os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("making a terminal: %w", err)
	}
	defer func() {
		if err != nil {
			_ = master.Close() // nothing was written
		}
	}()
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		return nil, nil, fmt.Errorf("unlocking the terminal: %w", err)
	}
	number, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		return nil, nil, fmt.Errorf("finding the terminal's name: %w", err)
	}
	slave, err = os.OpenFile("/dev/pts/"+strconv.Itoa(number), os.O_RDWR|syscall.O_NOCTTY, 0)
	return master, slave, err
}
