package store

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/unopened/unopened/store/local"
)

// EmbeddedFolder is the folder of the embedded engine, in the data folder.
const EmbeddedFolder = "clickhouse"

// grace is how long what waits for an absent ClickHouse goes on waiting after the service was told to stop.
const grace = 10 * time.Second

// senders is how many batches are on their way at once.
const senders = 2

// Store is a connection to ClickHouse with what sends rows there.
type Store struct {
	cfg    Config
	log    *slog.Logger
	engine *local.Engine // nil for a server
	writer driver.Conn
	reader driver.Conn // may only select

	work    chan *block
	tick    atomic.Int64 // counts flush_every
	ended   context.Context
	end     context.CancelFunc
	running sync.WaitGroup
	counts  counters
}

// Open connects to the server of the config, or starts the embedded engine with its data below dataDir; where another
// process runs it already, that one is used. After ctx is done, writers that cannot write give up within ten seconds.
// The caller calls Close.
func Open(ctx context.Context, cfg Config, dataDir string, log *slog.Logger) (*Store, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	s := &Store{cfg: cfg, log: log, work: make(chan *block)}
	write, read, err := s.options(ctx, dataDir)
	if err != nil {
		return nil, err
	}
	if s.writer, err = clickhouse.Open(write); err == nil {
		s.reader, err = clickhouse.Open(read)
	}
	if err == nil {
		err = s.writer.Ping(ctx)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("connecting to ClickHouse at %s: %w", write.Addr[0], err), s.disconnect())
	}
	s.start(ctx)
	return s, nil
}

// start starts what sends rows and what says that it is time to.
func (s *Store) start(ctx context.Context) {
	s.ended, s.end = context.WithCancel(context.WithoutCancel(ctx))
	context.AfterFunc(ctx, func() { time.AfterFunc(grace, s.end) })
	for range senders {
		s.running.Go(s.send)
	}
	s.running.Go(func() {
		every := time.NewTicker(s.cfg.FlushEvery)
		defer every.Stop()
		for {
			select {
			case <-s.ended.Done():
				return
			case <-every.C:
				s.tick.Add(1)
			}
		}
	})
}

// options are how to connect for writing and for reading.
func (s *Store) options(ctx context.Context, dataDir string) (write, read *clickhouse.Options, err error) {
	common := clickhouse.Options{
		DialTimeout: 10 * time.Second, ReadTimeout: time.Minute, MaxOpenConns: senders + 4, MaxIdleConns: senders + 1,
		Compression: &clickhouse.Compression{Method: clickhouse.CompressionLZ4},
	}
	w, r := common, common
	if s.cfg.Addr == "" {
		if err := s.embed(ctx, dataDir); err != nil {
			return nil, nil, err
		}
		w.Addr, w.DialContext = []string{s.engine.Addr()}, s.engine.Dial
		r.Addr, r.DialContext = w.Addr, w.DialContext
		w.Auth = clickhouse.Auth{Username: s.engine.User, Password: s.engine.Password}
		r.Auth = clickhouse.Auth{Username: s.engine.Reader, Password: s.engine.ReaderPassword, Database: s.cfg.Database}
		return &w, &r, nil
	}
	password, err := s.cfg.password()
	if err != nil {
		return nil, nil, err
	}
	w.Addr = []string{s.cfg.Addr}
	w.Auth = clickhouse.Auth{Username: s.cfg.User, Password: password}
	if s.cfg.TLS {
		w.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	r.Addr, r.Auth, r.TLS = w.Addr, w.Auth, w.TLS
	r.Auth.Database = s.cfg.Database
	r.Settings = clickhouse.Settings{"readonly": 2}
	return &w, &r, nil
}

// embed starts the embedded engine, or finds the one that runs.
func (s *Store) embed(ctx context.Context, dataDir string) error {
	library, err := local.Fetch(ctx, func(step string) { s.log.Info("embedded ClickHouse: " + step) })
	if err != nil {
		return err
	}
	s.engine, err = local.Start(ctx, filepath.Join(dataDir, EmbeddedFolder), local.Options{Library: library, Database: s.cfg.Database, Log: s.log})
	return err
}

// password reads the password file.
func (c *Config) password() (string, error) {
	if c.PasswordFile == "" {
		return "", nil
	}
	text, err := os.ReadFile(c.PasswordFile)
	if err != nil {
		return "", fmt.Errorf("store.password_file: %w", err)
	}
	return strings.TrimRight(string(text), "\r\n"), nil
}

// Close ends what sends rows, without waiting for rows that no Flush has waited for, and stops the embedded engine if
// this process started it.
func (s *Store) Close() error {
	s.end()
	s.running.Wait()
	return s.disconnect()
}

// disconnect closes the connections and stops the engine.
func (s *Store) disconnect() error {
	var errs []error
	for _, conn := range []driver.Conn{s.writer, s.reader} {
		if conn != nil {
			errs = append(errs, conn.Close())
		}
	}
	if s.engine != nil {
		errs = append(errs, s.engine.Stop())
	}
	return errors.Join(errs...)
}

// Version is ClickHouse's version, as "26.7.2".
func (s *Store) Version(context.Context) (string, error) {
	v, err := s.writer.ServerVersion()
	if err != nil {
		return "", fmt.Errorf("asking ClickHouse for its version: %w", err)
	}
	return v.Version.String(), nil
}

// Embedded tells whether ClickHouse runs in a child process of this machine's.
func (s *Store) Embedded() bool { return s.engine != nil }
