package local

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// serverModule is the server, which is to be had as a Go module; it is a tool of tests alone and no part of the program.
const serverModule = "github.com/minio/minio@v0.0.0-20260212201848-7aac2a2c5b7c"

// ErrNotBuilt says that the server was never built on this machine: Build takes some minutes, once.
var ErrNotBuilt = errors.New("the S3 server of the tests is not built (make soak and continuous integration build it)")

// Server is an S3 server on 127.0.0.1, a child of this process, with one empty bucket.
type Server struct {
	Endpoint string // host:port, plain HTTP
	Access   string // the access key
	Secret   string
	Bucket   string
	child    *exec.Cmd
}

// program is where the server lies, in the user's cache.
func program() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	_, version, _ := strings.Cut(serverModule, "@")
	return filepath.Join(cache, "unopened", "minio-"+version, "minio"), nil
}

// Build builds the server with the Go toolchain, unless it is there.
func Build(ctx context.Context) error {
	path, err := program()
	if err != nil {
		return err
	}
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	build := exec.CommandContext(ctx, "go", "install", serverModule)
	build.Dir, build.Env = os.TempDir(), append(os.Environ(), "GOBIN="+filepath.Dir(path), "CGO_ENABLED=0", "GOFLAGS=-mod=mod")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("building the S3 server: %w\n%s", err, out)
	}
	return nil
}

// Start starts a server whose data lies in dir and waits until it answers. The caller closes it.
func Start(ctx context.Context, dir string) (*Server, error) {
	path, err := program()
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotBuilt, err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("starting an S3 server: %w", err)
	}
	s := &Server{Endpoint: listener.Addr().String(), Access: "someaccess", Secret: "somesecret", Bucket: "checkpoints"}
	_ = listener.Close() // the server takes the port over
	s.child = exec.Command(path, "server", "--address", s.Endpoint, "--quiet", dir)
	s.child.Env = append(os.Environ(), "MINIO_ROOT_USER="+s.Access, "MINIO_ROOT_PASSWORD="+s.Secret, "MINIO_BROWSER=off")
	if err := s.child.Start(); err != nil {
		return nil, fmt.Errorf("starting an S3 server: %w", err)
	}
	if err := s.ready(ctx); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// ready waits until the server answers, and makes the bucket.
func (s *Server) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	client, err := minio.New(s.Endpoint, &minio.Options{Creds: credentials.NewStaticV4(s.Access, s.Secret, ""), MaxRetries: 1})
	if err != nil {
		return fmt.Errorf("starting an S3 server: %w", err)
	}
	for {
		answer, err := http.Get("http://" + s.Endpoint + "/minio/health/ready")
		if err == nil {
			_ = answer.Body.Close() // nothing is read
			if answer.StatusCode == http.StatusOK && client.MakeBucket(ctx, s.Bucket, minio.MakeBucketOptions{}) == nil {
				return nil // it answers before it can
			}
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("the S3 server does not start: %w", errors.Join(ctx.Err(), err))
		}
	}
}

// Close ends the server. Its data stays.
func (s *Server) Close() {
	_ = s.child.Process.Kill() // one that has ended is what is wanted
	_ = s.child.Wait()
}
