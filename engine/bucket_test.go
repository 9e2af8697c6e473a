package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
)

// minioModule is the S3 server of the tests: real, and to be had as a Go module. It is a tool of the tests alone.
const minioModule = "github.com/minio/minio@v0.0.0-20260212201848-7aac2a2c5b7c"

// minioServer returns the server's program, in the user's cache. To build it takes some minutes, once: that is done in
// continuous integration and for the long forms of tests; elsewhere the test is skipped until one of them has.
func minioServer(t *testing.T) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	_, version, _ := strings.Cut(minioModule, "@")
	dir := filepath.Join(cache, "unopened", "minio-"+version)
	program := filepath.Join(dir, "minio")
	if _, err := os.Stat(program); err == nil {
		return program
	}
	if os.Getenv("CI") != "true" && !soaking {
		t.Skip("the S3 server of the tests is not built: make soak does")
	}
	build := exec.Command("go", "install", minioModule)
	build.Dir, build.Env = os.TempDir(), append(os.Environ(), "GOBIN="+dir, "CGO_ENABLED=0", "GOFLAGS=-mod=mod")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the S3 server: %v\n%s", err, out)
	}
	return program
}

// storage starts an S3 server on this machine, with an empty bucket, and returns how it is reached.
func storage(t *testing.T) S3 {
	t.Helper()
	program, dir := minioServer(t), t.TempDir()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	_ = listener.Close() // the server takes it over
	server := exec.Command(program, "server", "--address", address, "--quiet", filepath.Join(dir, "data"))
	server.Env = append(os.Environ(), "MINIO_ROOT_USER=someaccess", "MINIO_ROOT_PASSWORD=somesecret", "MINIO_BROWSER=off")
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Process.Kill(); _ = server.Wait() }) // the test is over
	access := S3{Endpoint: address, Plaintext: true, AccessKeyFile: filepath.Join(dir, "access"), SecretKeyFile: filepath.Join(dir, "secret")}
	for path, text := range map[string]string{access.AccessKeyFile: "someaccess\n", access.SecretKeyFile: "somesecret\n"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for end := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		answer, err := http.Get("http://" + address + "/minio/health/ready")
		if err == nil {
			_ = answer.Body.Close() // only read
			if answer.StatusCode == http.StatusOK {
				break
			}
		}
		if time.Now().After(end) {
			t.Fatal("the S3 server does not start:", err)
		}
	}
	b := bucketOf(t, access, "s3://checkpoints/some/prefix")
	if err := b.client.MakeBucket(t.Context(), "checkpoints", minio.MakeBucketOptions{}); err != nil {
		t.Fatal(err)
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
