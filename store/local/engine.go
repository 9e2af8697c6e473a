package local

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// The users of an engine.
const (
	Writer = "unopened" // may do all
	Reader = "reader"   // may only select, from one database
)

// Engine is a ClickHouse server in a child process, or another process's such server on the same folder.
type Engine struct {
	Credentials
	dir      string
	library  string
	database string
	log      *slog.Logger
	owner    *os.File // the folder's lock; nil where another process owns the engine

	mu      sync.Mutex
	addr    string
	version string
	process *process
	stopped bool
}

// Credentials are the passwords of an engine's users. They stay the same for as long as its owner lives, who writes
// them to the folder so that another process can connect.
type Credentials struct {
	Password       string `json:"password"`
	ReaderPassword string `json:"reader_password"`
}

// The files in an engine's folder, besides its data.
const (
	ownerLock       = "owner.lock" // held by the process that started the engine
	childLock       = "child.lock" // held by that process and the engine: free when both are gone
	configFile      = "config.xml"
	credentialsFile = "credentials.json"
	logFile         = "engine.log"
	portFile        = "port.tsv" // written by the engine when it listens
)

// patience is how long an engine may take to start or to stop, and an owner to start one.
const patience = 30 * time.Second

// Start starts an engine whose data are in dir, or connects to the one that another process runs there. Its reader may
// read the database of that plain name. The engine's library is fetched if need be (ErrNoLibrary). Start returns when
// the engine answers; ctx ends only the waiting. The caller calls Stop.
func Start(ctx context.Context, dir, database string, log *slog.Logger) (*Engine, error) {
	library, err := Fetch(ctx, func(step string) { log.Info("embedded ClickHouse: " + step) })
	if err != nil {
		return nil, err
	}
	dir, err = filepath.Abs(dir)
	if err == nil {
		err = errors.Join(os.MkdirAll(dir, 0o700), os.Chmod(dir, 0o700))
	}
	if err != nil {
		return nil, fmt.Errorf("making the engine's folder: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	e := &Engine{dir: dir, library: library, database: database, log: log}
	for {
		if e.owner, err = tryLock(filepath.Join(dir, ownerLock)); err != nil {
			return nil, err
		}
		if e.owner != nil {
			return e.own(ctx)
		}
		if e.attach() == nil {
			return e, nil
		}
		if err := pause(ctx); err != nil {
			return nil, fmt.Errorf("another process holds %s but runs no engine there: %w", filepath.Join(dir, ownerLock), err)
		}
	}
}

// own starts the engine as its owner, with new passwords. On an error the folder is given up.
func (e *Engine) own(ctx context.Context) (*Engine, error) {
	e.Credentials = Credentials{rand.Text(), rand.Text()}
	text, err := json.Marshal(e.Credentials)
	if err == nil {
		err = errors.Join(e.writeFile(credentialsFile, text), e.writeConfig())
	}
	if err == nil {
		err = e.launch(ctx)
	}
	if err != nil {
		_ = e.owner.Close() // a lock that is given up
		return nil, err
	}
	return e, nil
}

// attach finds the engine that another process runs on the folder, and tries whether it answers.
func (e *Engine) attach() error {
	if err := e.readPort(); err != nil {
		return err
	}
	text, err := os.ReadFile(filepath.Join(e.dir, credentialsFile))
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, &e.Credentials); err != nil {
		return err
	}
	conn, err := net.DialTimeout("tcp", e.addr, time.Second)
	if err != nil {
		return err
	}
	return conn.Close()
}

// readPort reads where the engine listens, and its version.
func (e *Engine) readPort() error {
	text, err := os.ReadFile(filepath.Join(e.dir, portFile))
	if err != nil {
		return fmt.Errorf("reading where the engine listens: %w", err)
	}
	line, whole := strings.CutSuffix(string(text), "\n")
	if !whole {
		return io.ErrUnexpectedEOF
	}
	port, version, _ := strings.Cut(line, "\t")
	e.addr, e.version = net.JoinHostPort("127.0.0.1", port), version
	return nil
}

// Version is ClickHouse's version.
func (e *Engine) Version() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.version
}

// Addr is where the engine listens now, as host:port. A restart changes it.
func (e *Engine) Addr() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.addr
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
	case e.owner == nil:
		err := e.readPort()
		return e.addr, err
	case e.process.ended():
		e.log.Warn("embedded ClickHouse ended by itself and is started again", "error", e.process.err)
		if err := e.launch(ctx); err != nil {
			return "", fmt.Errorf("starting the embedded ClickHouse again: %w", err)
		}
	}
	return e.addr, nil
}

// Stop ends the engine if this process started it. What was acknowledged is on disk.
func (e *Engine) Stop() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	stopped := e.stopped
	e.stopped = true
	if stopped || e.owner == nil {
		return nil
	}
	e.process.stop(patience)
	return errors.Join(os.Remove(filepath.Join(e.dir, credentialsFile)), e.owner.Close())
}
