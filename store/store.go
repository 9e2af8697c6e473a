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

	work     chan *block
	ended    context.Context
	end      context.CancelFunc
	running  sync.WaitGroup
	failures atomic.Int64 // inserts that had to be repeated
}

// Open connects to the server of the config, or starts the embedded engine with its data below dataDir; where another
// process runs it already, that one is used. After ctx is done, writers that cannot write give up within ten seconds.
// The caller calls Close.
func Open(ctx context.Context, cfg Config, dataDir string, log *slog.Logger) (*Store, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	s := &Store{cfg: cfg, log: log, work: make(chan *block)}
	connect := s.server
	if cfg.Addr == "" {
		connect = func(write, read *clickhouse.Options) error { return s.embed(ctx, dataDir, write, read) }
	}
	write, read := options(), options()
	if err := connect(write, read); err != nil {
		return nil, err
	}
	var err error
	if s.writer, err = clickhouse.Open(write); err == nil {
		s.reader, err = clickhouse.Open(read)
	}
	if err == nil {
		err = s.writer.Ping(ctx)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("connecting to ClickHouse at %s: %w", write.Addr[0], err), s.disconnect())
	}
	s.ended, s.end = context.WithCancel(context.WithoutCancel(ctx))
	context.AfterFunc(ctx, func() { time.AfterFunc(grace, s.end) })
	for range senders {
		s.running.Go(s.send)
	}
	return s, nil
}

// options are what all connections have in common.
func options() *clickhouse.Options {
	return &clickhouse.Options{
		DialTimeout: 10 * time.Second, ReadTimeout: time.Minute, MaxOpenConns: senders + 4, MaxIdleConns: senders + 1,
		Compression: &clickhouse.Compression{Method: clickhouse.CompressionLZ4},
	}
}

// server says how to connect to the config's server: for reading as the same user, who then may not write.
func (s *Store) server(write, read *clickhouse.Options) error {
	auth := clickhouse.Auth{Username: s.cfg.User}
	if s.cfg.PasswordFile != "" {
		text, err := os.ReadFile(s.cfg.PasswordFile)
		if err != nil {
			return fmt.Errorf("store.password_file: %w", err)
		}
		auth.Password = strings.TrimRight(string(text), "\r\n")
	}
	for _, o := range []*clickhouse.Options{write, read} {
		o.Addr, o.Auth = []string{s.cfg.Addr}, auth
		if s.cfg.TLS {
			o.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
		}
	}
	read.Auth.Database, read.Settings = s.cfg.Database, clickhouse.Settings{"readonly": 2}
	return nil
}

// embed starts the embedded engine, or finds the one that runs, and says how to connect to it.
func (s *Store) embed(ctx context.Context, dataDir string, write, read *clickhouse.Options) (err error) {
	s.engine, err = local.Start(ctx, filepath.Join(dataDir, "clickhouse"), s.cfg.Database, s.log)
	if err != nil {
		return err
	}
	write.Auth = clickhouse.Auth{Username: local.Writer, Password: s.engine.Password}
	read.Auth = clickhouse.Auth{Username: local.Reader, Password: s.engine.ReaderPassword, Database: s.cfg.Database}
	for _, o := range []*clickhouse.Options{write, read} {
		o.Addr, o.DialContext = []string{s.engine.Addr()}, s.engine.Dial
	}
	return nil
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
