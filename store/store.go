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
	s := &Store{cfg: cfg, log: log, work: make(chan *block, 256)} // so that handing over waits for nobody
	if err := s.connect(ctx, dataDir); err != nil {
		return nil, errors.Join(fmt.Errorf("connecting to ClickHouse: %w", err), s.disconnect())
	}
	s.ended, s.end = context.WithCancel(context.WithoutCancel(ctx))
	context.AfterFunc(ctx, func() { time.AfterFunc(grace, s.end) })
	for range senders {
		s.running.Go(s.send)
	}
	return s, nil
}

// connect opens the connections for writing and for reading. A server's user reads, too, but may not write then; the
// embedded engine has a reader of its own.
func (s *Store) connect(ctx context.Context, dataDir string) (err error) {
	write := clickhouse.Options{
		Addr: []string{s.cfg.Addr}, Auth: clickhouse.Auth{Username: s.cfg.User},
		DialTimeout: 10 * time.Second, ReadTimeout: time.Minute, MaxOpenConns: senders + 4, MaxIdleConns: senders + 1,
		Compression: &clickhouse.Compression{Method: clickhouse.CompressionLZ4},
	}
	if s.cfg.TLS {
		write.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	if s.cfg.PasswordFile != "" {
		text, err := os.ReadFile(s.cfg.PasswordFile)
		if err != nil {
			return fmt.Errorf("store.password_file: %w", err)
		}
		write.Auth.Password = strings.TrimRight(string(text), "\r\n")
	}
	read := write
	read.Settings = clickhouse.Settings{"readonly": 2}
	if s.cfg.Addr == "" {
		if s.engine, err = local.Start(ctx, filepath.Join(dataDir, "clickhouse"), s.cfg.Database, s.log); err != nil {
			return err
		}
		write.Addr, write.DialContext = []string{s.engine.Addr()}, s.engine.Dial
		read = write
		write.Auth = clickhouse.Auth{Username: local.Writer, Password: s.engine.Password}
		read.Auth = clickhouse.Auth{Username: local.Reader, Password: s.engine.ReaderPassword}
	}
	read.Auth.Database = s.cfg.Database
	if s.writer, err = clickhouse.Open(&write); err != nil {
		return err
	}
	if s.reader, err = clickhouse.Open(&read); err != nil {
		return err
	}
	if err := s.writer.Ping(ctx); err != nil {
		return fmt.Errorf("%s: %w", write.Addr[0], err)
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
