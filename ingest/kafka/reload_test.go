package kafka

import (
	"bytes"
	"crypto/tls"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/unopened/unopened/ingest/kafka/local"
)

// rotation is a client whose files are replaced while it works, and a broker that changes what it accepts.
type rotation struct {
	t       *testing.T
	dir     string
	accepts atomic.Pointer[authority]
	cluster *Cluster
	logged  lockedBuffer
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) count(text string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return strings.Count(b.b.String(), text)
}

// newRotation starts a broker that shows and wants the certificate of accepts.
func newRotation(t *testing.T, first authority) *rotation {
	t.Helper()
	r := &rotation{t: t, dir: t.TempDir()}
	r.accepts.Store(&first)
	broker, err := local.Start(t.Context(), local.Options{
		TLS: &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
			now := r.accepts.Load()
			return &tls.Config{Certificates: []tls.Certificate{now.pair}, ClientCAs: now.pool, ClientAuth: tls.RequireAndVerifyClientCert}, nil
		}},
		Users: []local.User{{Mechanism: "PLAIN", Name: "p", Password: "one"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(broker.Close)
	r.take(first)
	config := testConfig(t, broker.Addr())
	config.TLS = TLS{Enabled: true, CAFile: r.name("ca"), CertFile: r.name("cert"), KeyFile: r.name("key")}
	config.SASL = SASL{Mechanism: "plain", Username: "p", PasswordFile: writeFile(t, r.name("password"), []byte("one"))}
	if r.cluster, err = New(config, slog.New(slog.NewTextHandler(&r.logged, nil))); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.cluster.Close)
	return r
}

func (r *rotation) name(file string) string { return filepath.Join(r.dir, file) }

// take replaces the client's files with those of an authority.
func (r *rotation) take(from authority) {
	r.t.Helper()
	for file, source := range map[string]string{"ca": from.cert, "cert": from.cert, "key": from.key} {
		text, err := os.ReadFile(source)
		if err != nil {
			r.t.Fatal(err)
		}
		writeFile(r.t, r.name(file), text)
	}
}

// connect makes the client connect anew, both ways that it does.
func (r *rotation) connect() error {
	closeClient(r.cluster.client.Load())
	_, err := r.cluster.client.Load().Metadata(r.t.Context(), &kafkago.MetadataRequest{})
	conn, dialled := r.cluster.dialer.DialContext(r.t.Context(), "tcp", r.cluster.config.Brokers[0])
	if dialled == nil {
		_ = conn.Close() // it was opened
	}
	if (err == nil) != (dialled == nil) {
		r.t.Errorf("the client says %v, the group's dialer %v", err, dialled)
	}
	return errors.Join(err, dialled)
}

// TestReload replaces authority, certificate and password on disk: new connections take them, without a restart.
// Before the files are replaced the same connection is refused. Files that cannot be used leave the former ones in use,
// and the log says so once.
func TestReload(t *testing.T) {
	former, next := newAuthority(t), newAuthority(t)
	r := newRotation(t, former)
	if err := r.connect(); err != nil {
		t.Fatal(err)
	}
	r.accepts.Store(&next)
	if err := r.connect(); err == nil || !strings.Contains(explain(err).Error(), "kafka.tls.ca_file") {
		t.Errorf("the broker's certificate is another: %v", err)
	}
	r.take(next)
	if err := r.connect(); err != nil {
		t.Errorf("with the new files: %v", err)
	}
	for _, file := range []string{"ca", "key"} {
		const line = "the certificates on disk cannot be used"
		before := r.logged.count(line)
		writeFile(t, r.name(file), []byte("half a fi"))
		for range 3 {
			if err := r.connect(); err != nil {
				t.Errorf("with a broken %s: %v", file, err)
			}
		}
		if n := r.logged.count(line) - before; n != 1 {
			t.Errorf("a broken %s is told of %d times", file, n)
		}
		r.take(next)
		if err := r.connect(); err != nil {
			t.Errorf("mended: %v", err)
		}
	}
	writeFile(t, r.name("password"), []byte("two"))
	if err := r.connect(); err == nil {
		t.Error("another password is let in")
	}
	writeFile(t, r.name("password"), []byte("one"))
	if err := r.connect(); err != nil {
		t.Errorf("the password again: %v", err)
	}
	if n := r.logged.count("half a fi"); n != 0 {
		t.Error("the log holds what the file held")
	}
}
