package store

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/unopened/unopened/store/local"
)

// cutter passes connections on to a server, and cuts every n-th after the server was handed an insert's rows, before
// its answer gets back: so the client cannot know the outcome.
type cutter struct {
	net.Listener
	to    string
	every atomic.Int64 // 0: none
	seen  atomic.Int64
	cuts  atomic.Int64
}

func (c *cutter) serve() {
	for {
		client, err := c.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", c.to)
		if err != nil {
			client.Close()
			continue
		}
		go func() { io.Copy(client, server); client.Close() }()
		go func() {
			defer server.Close()
			buf := make([]byte, 64<<10)
			for {
				n, err := client.Read(buf)
				if n > 0 {
					_, err2 := server.Write(buf[:n])
					err = errors.Join(err, err2)
				}
				// An insert's rows come in large reads; what asks for something comes in small ones.
				if n > 4000 && c.every.Load() > 0 && c.seen.Add(1)%c.every.Load() == 0 {
					c.cuts.Add(1)
					client.Close()
					return
				}
				if err != nil {
					return
				}
			}
		}()
	}
}

// server is a store that reaches an engine as it would a server, by way of a cutter.
func server(t *testing.T, every int64, cfg Config) (*Store, *cutter) {
	t.Helper()
	engine, err := local.Start(t.Context(), t.TempDir(), "unopened", slog.New(slog.DiscardHandler))
	if errors.Is(err, local.ErrNoLibrary) && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { engine.Stop() })
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cutter{Listener: listener, to: engine.Addr()}
	go c.serve()
	t.Cleanup(func() { c.Close() })
	cfg.Addr, cfg.User, cfg.PasswordFile = listener.Addr().String(), local.Writer, filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(cfg.PasswordFile, []byte(engine.Password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), cfg, t.TempDir(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.every.Store(every)
	return s, c
}

func TestUnknownOutcomes(t *testing.T) {
	const rows = 10_000
	reference, _ := server(t, 0, forever())
	w := reference.Writer()
	record(w, 0, rows)
	flush(t, w)

	cfg := forever()
	cfg.BatchRows = 100
	s, c := server(t, 5, cfg)
	w = s.Writer()
	for n := 0; n < rows; n += 200 {
		record(w, n, n+200)
		flush(t, w)
	}
	if got, want := content(t, s), content(t, reference); got != want {
		t.Errorf("after %d cuts\n%s, want\n%s", c.cuts.Load(), got, want)
	}
	const inserted = "SELECT sum(value) FROM system.events WHERE event = 'InsertedRows'"
	if got, want := one[uint64](t, s, inserted), one[uint64](t, reference, inserted); got <= want {
		t.Errorf("control: %d rows were inserted and %d without cuts, so no outcome was unknown", got, want)
	}
	t.Logf("%d cuts, %d failures", c.cuts.Load(), s.failures.Load())
}

func TestServerReadsOnlyToo(t *testing.T) {
	s, _ := server(t, 0, forever())
	if err := s.reader.Exec(t.Context(), "TRUNCATE TABLE stored_events"); err == nil {
		t.Error("a query may write")
	}
	if err := s.writer.Exec(t.Context(), "TRUNCATE TABLE unopened.stored_events"); err != nil {
		t.Error("control: the writer may not:", err)
	}
}

func TestOpenTellsWhatIsWrong(t *testing.T) {
	cfg := forever()
	cfg.Addr = "127.0.0.1:1"
	if _, err := Open(t.Context(), cfg, t.TempDir(), slog.New(slog.DiscardHandler)); err == nil {
		t.Error("nothing listens there")
	}
	embedded := forever()
	t.Setenv("UNOPENED_CHDB", "/dev/null")
	if _, err := Open(t.Context(), embedded, t.TempDir(), slog.New(slog.DiscardHandler)); err == nil {
		t.Error("an empty file is no library")
	}
	cfg.PasswordFile = "/nowhere/password"
	if _, err := Open(t.Context(), cfg, t.TempDir(), slog.New(slog.DiscardHandler)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no password file: %v", err)
	}
}
