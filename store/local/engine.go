package local

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Options are how an engine is started.
type Options struct {
	Library  string       // path of libchdb.so, as Fetch returns it
	Database string       // the one that the reader may read
	Log      *slog.Logger // told of starts; nil for none
}

// Engine is a ClickHouse server in a child process, or another process's such server on the same folder.
type Engine struct {
	Credentials
	dir   string
	opts  Options
	owner *os.File // the folder's lock; nil where another process owns the engine

	mu      sync.Mutex
	state   State
	process *process
	stopped bool
}

// Credentials are an engine's two users. They stay the same for as long as its owner lives.
type Credentials struct {
	User           string `json:"user"` // may do all
	Password       string `json:"password"`
	Reader         string `json:"reader"` // may only select
	ReaderPassword string `json:"reader_password"`
}

// State is what a running engine's owner writes to its folder, so that another process can connect.
type State struct {
	Credentials
	Addr    string `json:"addr"`
	Version string `json:"version"`
}

// The files in an engine's folder, besides its configuration.
const (
	ownerLock = "owner.lock" // held by the process that started the engine
	childLock = "child.lock" // held by that process and the engine: free when both are gone
	stateFile = "engine.json"
	logFile   = "engine.log"
	portFile  = "port.tsv"
)

// patience is how long an engine may take to start or to stop, and an owner to write its state.
const patience = 30 * time.Second

// Start starts an engine whose data are in dir, or connects to the one that another process runs there. It returns
// when the engine answers; ctx ends only the waiting. The caller calls Stop.
func Start(ctx context.Context, dir string, opts Options) (*Engine, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("finding the engine's folder: %w", err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "home"), 0o700); err != nil {
		return nil, fmt.Errorf("making the engine's folder: %w", err)
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		return nil, fmt.Errorf("closing the engine's folder to others: %w", err)
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	e := &Engine{dir: dir, opts: opts}
	for {
		if e.owner, err = tryLock(filepath.Join(dir, ownerLock)); err != nil {
			return nil, err
		}
		if e.owner != nil {
			return e, e.own(ctx)
		}
		if err := e.attach(); err == nil {
			return e, nil
		}
		if err := pause(ctx); err != nil {
			return nil, fmt.Errorf("another process holds %s but runs no engine there: %w", filepath.Join(dir, ownerLock), err)
		}
	}
}

// own starts the engine as its owner, with new passwords. On an error the folder is given up.
func (e *Engine) own(ctx context.Context) error {
	e.Credentials = Credentials{User: writerUser, Password: password(), Reader: readerUser, ReaderPassword: password()}
	os.Remove(filepath.Join(e.dir, stateFile)) // of an owner that was killed: nobody is to connect there meanwhile
	err := e.start(ctx)
	if err != nil {
		e.owner.Close()
	}
	return err
}

// start starts the child and writes where it is.
func (e *Engine) start(ctx context.Context) error {
	began := time.Now()
	p, state, err := e.launch(ctx)
	if err != nil {
		return err
	}
	state.Credentials = e.Credentials
	text, err := json.Marshal(state)
	if err == nil {
		err = writePrivate(filepath.Join(e.dir, stateFile), text)
	}
	if err != nil {
		return errors.Join(err, p.stop())
	}
	e.process, e.state = p, state
	e.opts.Log.Info("embedded ClickHouse started", "version", state.Version, "addr", state.Addr, "after", time.Since(began).Round(time.Millisecond))
	return nil
}

// attach reads where the engine of another process is and tries whether it answers.
func (e *Engine) attach() error {
	text, err := os.ReadFile(filepath.Join(e.dir, stateFile))
	if err != nil {
		return fmt.Errorf("reading where the engine is: %w", err)
	}
	var state State
	if err := json.Unmarshal(text, &state); err != nil {
		return fmt.Errorf("reading where the engine is: %w", err)
	}
	conn, err := net.DialTimeout("tcp", state.Addr, time.Second)
	if err != nil {
		return fmt.Errorf("connecting to the engine of another process: %w", err)
	}
	e.state, e.Credentials = state, state.Credentials
	return conn.Close()
}

// Owned tells whether this process started the engine.
func (e *Engine) Owned() bool { return e.owner != nil }

// Version is ClickHouse's version.
func (e *Engine) Version() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.state.Version
}

// Addr is where the engine listens now, as host:port. A restart changes it.
func (e *Engine) Addr() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.state.Addr
}

// Dial connects to the engine. Where its child has died it is started again first, on the same data and with the same
// passwords; where another process owns it, its present address is looked up. It suits clickhouse-go's DialContext.
func (e *Engine) Dial(ctx context.Context, _ string) (net.Conn, error) {
	addr, err := e.present(ctx)
	if err != nil {
		return nil, err
	}
	var d net.Dialer
	return d.DialContext(ctx, "tcp", addr)
}

// present returns the address of an engine that is running.
func (e *Engine) present(ctx context.Context) (string, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.stopped:
		return "", errors.New("the embedded ClickHouse was stopped")
	case !e.Owned():
		return e.state.Addr, e.attach()
	case e.process.ended():
		e.opts.Log.Warn("embedded ClickHouse ended by itself and is started again", "error", e.process.err)
		if err := e.start(ctx); err != nil {
			return "", fmt.Errorf("starting the embedded ClickHouse again: %w", err)
		}
	}
	return e.state.Addr, nil
}

// Stop ends the engine if this process started it. What was acknowledged is on disk.
func (e *Engine) Stop() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.stopped || !e.Owned() {
		e.stopped = true
		return nil
	}
	e.stopped = true
	err := e.process.stop()
	if removal := os.Remove(filepath.Join(e.dir, stateFile)); removal != nil {
		err = errors.Join(err, removal)
	}
	return errors.Join(err, e.owner.Close())
}
