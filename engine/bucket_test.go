package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/unopened/unopened/engine/local"
)

// storage starts an S3 server on this machine, with an empty bucket, and returns how it is reached.
func storage(t *testing.T) S3 {
	t.Helper()
	if os.Getenv("CI") == "true" || soaking {
		if err := local.Build(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	server, err := local.Start(t.Context(), filepath.Join(dir, "data"))
	if errors.Is(err, local.ErrNotBuilt) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	access := S3{Endpoint: server.Endpoint, Plaintext: true, AccessKeyFile: filepath.Join(dir, "access"), SecretKeyFile: filepath.Join(dir, "secret")}
	for path, text := range map[string]string{access.AccessKeyFile: server.Access, access.SecretKeyFile: server.Secret} {
		if err := os.WriteFile(path, []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return access
}

func bucketOf(t *testing.T, access S3, address string) *Bucket {
	t.Helper()
	b, err := NewBucket(address, access)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestBucketIsAVault runs against a real S3 server what the folder passes: a file is never overwritten, chains of
// checkpoints with starts and sweeps, an owner that was frozen and cannot seal.
func TestBucketIsAVault(t *testing.T) {
	access := storage(t)
	b := bucketOf(t, access, "s3://checkpoints/some/prefix")
	for range 2 { // the second time the file is there already
		if err := b.Check(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.Open(t.Context(), "score/t-3/none"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
	if err := b.Remove(t.Context(), "score/t-3/none"); err != nil {
		t.Errorf("removing one that is not there: %v", err)
	}
	t.Run("chain", func(t *testing.T) { testChain(t, b, 120) })
	t.Run("frozen owner", func(t *testing.T) { testFrozenOwner(t, bucketOf(t, access, "s3://checkpoints")) })
	t.Run("many writers", func(t *testing.T) {
		won := make(chan error, 16)
		for i := range 16 {
			go func() { won <- b.Put(context.Background(), "race/one", fmt.Appendf(nil, "writer %d", i)) }()
		}
		var first int
		for range 16 {
			switch err := <-won; {
			case err == nil:
				first++
			case !errors.Is(err, ErrTaken):
				t.Error(err)
			}
		}
		if first != 1 {
			t.Errorf("%d of 16 writers wrote one name, want 1", first)
		}
	})
}

// TestBucketThatCannotBeUsed names the place in the config.
func TestBucketThatCannotBeUsed(t *testing.T) {
	access := storage(t)
	for what, address := range map[string]string{"a bucket that is not there": "s3://nowhere/x"} {
		if err := bucketOf(t, access, address).Check(t.Context()); err == nil || !strings.Contains(err.Error(), "engine.") {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := os.WriteFile(access.SecretKeyFile, []byte("another"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := bucketOf(t, access, "s3://checkpoints").Check(t.Context()); err == nil || !strings.Contains(err.Error(), "engine.s3") {
		t.Errorf("a wrong secret: %v", err)
	}
}

// TestStorageThatOverwritesIsRefused: a storage that takes a name twice would let two members seal one partition.
func TestStorageThatOverwritesIsRefused(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var asked []string
	server := &http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { // says yes to all
		asked = append(asked, r.Method+" "+r.Header.Get("If-None-Match"))
	}), ReadHeaderTimeout: time.Second}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	t.Setenv("AWS_ACCESS_KEY_ID", "someaccess")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "somesecret")
	_, err = OpenVault(t.Context(), &Config{Checkpoints: "s3://bucket/x", S3: S3{Endpoint: listener.Addr().String(), Region: "here", Plaintext: true}}, "")
	if err == nil || !strings.Contains(err.Error(), "conditional writes") {
		t.Errorf("a storage that overwrites: %v", err)
	}
	if !slices.Contains(asked, "PUT *") {
		t.Errorf("it was asked %q, never for a conditional write", asked)
	}
}

// TestTakeOverWaitsForTheStorage: a service that is started, or a partition that is opened, while the storage breaks its
// connections, or says that it is busy, waits and begins with what was sealed. One that is refused does not wait.
func TestTakeOverWaitsForTheStorage(t *testing.T) {
	access := storage(t)
	real := &url.URL{Scheme: "http", Host: access.Endpoint}
	var broken atomic.Int64 // how many requests are to break, and in which way
	forward := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(real); r.Out.Host = r.In.Host }}
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch left := broken.Add(-1); {
		case left < 0:
			broken.Store(0)
			forward.ServeHTTP(w, r)
		case left%2 == 0:
			w.WriteHeader(http.StatusServiceUnavailable)
		default:
			panic(http.ErrAbortHandler)
		}
	}))
	defer proxy.Close()
	through := access
	through.Endpoint = strings.TrimPrefix(proxy.URL, "http://")
	broken.Store(9)
	b, err := OpenVault(t.Context(), &Config{Checkpoints: "s3://checkpoints", S3: through}, "")
	if err != nil || broken.Load() != 0 {
		t.Fatalf("opened with %d requests still to break: %v", broken.Load(), err)
	}
	if err := hold(t, b).sealAt(t, 100); err != nil {
		t.Fatal(err)
	}
	broken.Store(12)
	h := hold(t, b)
	if h.next != 100 || !slices.Equal(h.journal.values, stateAt(100)) || h.counts.failures.Load() < 2 || broken.Load() != 0 {
		t.Errorf("stands at %d after %d failures; %d requests are still to break", h.next, h.counts.failures.Load(), broken.Load())
	}
	if err := os.WriteFile(access.SecretKeyFile, []byte("another"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := holding(t, bucketOf(t, through, "s3://checkpoints")); err == nil || errors.Is(err, ErrAway) {
		t.Errorf("a wrong secret: %v", err)
	}
}
