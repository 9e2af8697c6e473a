package local

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
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
func (e *Engine) launch(ctx context.Context) (*process, State, error) {
	config, err := e.writeConfig()
	if err != nil {
		return nil, State{}, err
	}
	// A child whose parent was just killed may still be dying; the lock that it inherited tells.
	lock, err := waitLock(ctx, filepath.Join(e.dir, childLock))
	if err != nil {
		return nil, State{}, fmt.Errorf("waiting for an engine that ran on %s to end: %w", e.dir, err)
	}
	defer lock.Close()
	if err := os.Remove(filepath.Join(e.dir, portFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, State{}, fmt.Errorf("removing an old port: %w", err)
	}
	p, err := e.spawn(config, lock)
	if err != nil {
		return nil, State{}, fmt.Errorf("starting the embedded ClickHouse: %w", err)
	}
	state, err := e.awaitPort(ctx, p)
	if err != nil {
		return nil, State{}, errors.Join(err, p.kill())
	}
	return p, state, nil
}

// spawn starts this binary again as the engine. The child gets a terminal for its standard input, and dies with the
// thread that starts it: so that thread stays with it until its end.
func (e *Engine) spawn(config string, lock *os.File) (*process, error) {
	terminal, input, err := openTerminal()
	if err != nil {
		return nil, err
	}
	defer input.Close()
	output, err := os.OpenFile(filepath.Join(e.dir, logFile), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, errors.Join(err, terminal.Close())
	}
	defer output.Close()
	p := &process{cmd: e.command(config), terminal: terminal, done: make(chan struct{})}
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
func (e *Engine) command(config string) *exec.Cmd {
	start := "SYSTEM START LISTEN TCP; SELECT getServerPort('tcp_port'), version() INTO OUTFILE " +
		quote(filepath.Join(e.dir, portFile)) + " TRUNCATE FORMAT TSV"
	cmd := exec.Command("/proc/self/exe", childArgument, e.opts.Library,
		"--path", filepath.Join(e.dir, "data"), "--config-file", config,
		"--listen_host", "127.0.0.1", "--tcp_port", "0", "--http_port", "0", "--interactive", "--disable_suggestion", "--query", start)
	cmd.Dir = filepath.Join(e.dir, "home")
	cmd.Env = []string{"HOME=" + cmd.Dir, "TERM=dumb", "TZ=UTC", "LANG=C.UTF-8", "PATH=/usr/bin:/bin"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
	return cmd
}

// awaitPort waits until the child has written its port and version, or has ended.
func (e *Engine) awaitPort(ctx context.Context, p *process) (State, error) {
	for {
		text, err := os.ReadFile(filepath.Join(e.dir, portFile))
		if err == nil && bytes.HasSuffix(text, []byte("\n")) {
			port, version, _ := strings.Cut(strings.TrimSpace(string(text)), "\t")
			return State{Addr: "127.0.0.1:" + port, Version: version}, nil
		}
		if p.ended() {
			return State{}, fmt.Errorf("the embedded ClickHouse ended while it started (%v); see %s", p.err, filepath.Join(e.dir, logFile))
		}
		if err := pause(ctx); err != nil {
			return State{}, fmt.Errorf("the embedded ClickHouse did not start in time (%w); see %s", err, filepath.Join(e.dir, logFile))
		}
	}
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

// stop asks the child to exit, as a person at its terminal would, and ends it by force if it does not.
func (p *process) stop() error {
	defer p.terminal.Close()
	if _, err := p.terminal.WriteString("exit\n"); err == nil {
		select {
		case <-p.done:
			return nil
		case <-time.After(patience):
		}
	}
	return p.kill()
}

// kill ends the child by force and waits for its end.
func (p *process) kill() error {
	err := p.cmd.Process.Kill()
	if errors.Is(err, os.ErrProcessDone) {
		err = nil
	}
	<-p.done
	return errors.Join(err, p.terminal.Close())
}

// openTerminal makes a pseudo-terminal and returns its two ends.
func openTerminal() (master, slave *os.File, err error) {
	master, err = os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("making a terminal: %w", err)
	}
	defer func() {
		if err != nil {
			master.Close()
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
