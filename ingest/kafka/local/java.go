package local

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

// startTime is how long the broker may take to start: two seconds, much more on a busy machine.
const startTime = 90 * time.Second

// Java is an Apache Kafka broker, a child of this process on 127.0.0.1. It dies with this process.
type Java struct {
	dir, libs                 string
	port, control, sasl, mtls int
	cmd                       *exec.Cmd
	done                      chan struct{} // closed when the child has ended
}

// StartJava starts a broker without topics whose data, settings and log (server.log) lie in dir, a folder that nothing
// else uses, and waits until it answers. ErrNoJava tells that this machine cannot. The caller closes it.
func StartJava(ctx context.Context, dir, version string) (*Java, error) {
	return first(startJava(ctx, version, nil, dir))
}

// StartSecureJava starts a broker as StartJava does that lets in at SASLAddr and MTLSAddr whom security says.
func StartSecureJava(ctx context.Context, dir, version string, security *Security) (*Java, error) {
	return first(startJava(ctx, version, security, dir))
}

// StartJavaCluster starts a cluster of as many brokers as there are folders, as StartJava does: each record lies on
// all of them, and is acknowledged when more than half have it. The caller closes each.
func StartJavaCluster(ctx context.Context, version string, dirs ...string) ([]*Java, error) {
	return startJava(ctx, version, nil, dirs...)
}

func first(brokers []*Java, err error) (*Java, error) {
	if err != nil {
		return nil, err
	}
	return brokers[0], nil
}

func startJava(ctx context.Context, version string, security *Security, dirs ...string) ([]*Java, error) {
	libs, err := jars(ctx, version)
	if err != nil {
		return nil, err
	}
	brokers := make([]*Java, len(dirs))
	for i, dir := range dirs {
		brokers[i] = &Java{dir: dir, libs: libs}
	}
	for range 3 { // a port that was free may be taken before the broker has it
		if err = format(ctx, brokers, security); err != nil {
			break
		}
		// None is ready before most of them are there.
		err = together(brokers, func(j *Java) error { return j.Restart(ctx) })
		if err == nil || ctx.Err() != nil {
			break
		}
		_ = together(brokers, func(j *Java) error { j.Kill(); return nil }) // ends without an error
	}
	if err != nil {
		return nil, err
	}
	return brokers, nil
}

// together does something with all brokers at the same time.
func together(brokers []*Java, do func(*Java) error) error {
	errs := make([]error, len(brokers))
	var all sync.WaitGroup
	for i, j := range brokers {
		all.Go(func() { errs[i] = do(j) })
	}
	all.Wait()
	return errors.Join(errs...)
}

// format chooses ports, writes the settings and formats an empty data folder for each broker.
func format(ctx context.Context, brokers []*Java, security *Security) error {
	texts, err := setUp(brokers, security)
	if err != nil {
		return fmt.Errorf("preparing a Kafka broker: %w", err)
	}
	var id [16]byte
	rand.Read(id[:]) // never returns an error
	id[0] &= 0x7f    // an id that begins with a dash is taken for an option
	args := []string{"kafka.tools.StorageTool", "format", "-t", base64.RawURLEncoding.EncodeToString(id[:]), "-c", "server.properties"}
	if security != nil {
		args = append(args, security.credentials()...)
	}
	for i, j := range brokers {
		if err := errors.Join(os.RemoveAll(j.Dir()), os.WriteFile(filepath.Join(j.dir, "server.properties"), []byte(texts[i]), 0o600)); err != nil {
			return fmt.Errorf("preparing a Kafka broker: %w", err)
		}
	}
	return together(brokers, func(j *Java) error {
		if out, err := j.java(ctx, args...).CombinedOutput(); err != nil {
			return fmt.Errorf("formatting a Kafka broker's folder: %w\n%s", err, out)
		}
		return nil
	})
}

// freePort returns a port that nobody listens on now.
func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close() //nolint:errcheck // nothing was written
	return listener.Addr().(*net.TCPAddr).Port, nil
}

// java is a command of the broker's jars; java itself expands the star.
func (j *Java) java(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "java", append([]string{"-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData",
		"-Djava.awt.headless=true", "-Dorg.slf4j.simpleLogger.defaultLogLevel=info", "-cp", filepath.Join(j.libs, "*")}, args...)...)
	cmd.Dir = j.dir
	return cmd
}

// Restart starts the broker again after Stop or Kill, with the same ports and data.
func (j *Java) Restart(ctx context.Context) error {
	// What others append stays: without O_APPEND the broker would write over it.
	log, err := os.OpenFile(filepath.Join(j.dir, "server.log"), os.O_CREATE|os.O_TRUNC|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("starting a Kafka broker: %w", err)
	}
	j.cmd = j.java(context.Background(), "kafka.Kafka", "server.properties")
	j.cmd.Stdout, j.cmd.Stderr, j.cmd.SysProcAttr = log, log, withParent()
	j.done = make(chan struct{})
	started := make(chan error)
	go func() {
		runtime.LockOSThread() // the child dies with the thread that started it: so that one stays
		defer runtime.UnlockOSThread()
		defer close(j.done)
		defer log.Close() //nolint:errcheck // the child wrote it
		err := j.cmd.Start()
		started <- err
		if err == nil {
			_ = j.cmd.Wait() // how it ended is in its log
		}
	}()
	if err := <-started; err != nil {
		return fmt.Errorf("starting a Kafka broker: %w", err)
	}
	if err := j.ready(ctx); err != nil {
		j.Kill()
		return err
	}
	return nil
}

// ready waits until the log says that the broker has started.
func (j *Java) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	name := filepath.Join(j.dir, "server.log")
	for {
		text, err := os.ReadFile(name)
		if err == nil && bytes.Contains(text, []byte("Kafka Server started")) {
			return nil
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-j.done:
			return fmt.Errorf("the Kafka broker ended at its start, see %s: %s", name, lastLines(name))
		case <-ctx.Done():
			return fmt.Errorf("the Kafka broker does not start, see %s: %w", name, ctx.Err())
		}
	}
}

// lastLines is the end of a log.
func lastLines(name string) string {
	text, _ := os.ReadFile(name) // an empty text says as much
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-3):], "\n")
}

// Stop ends the broker in order: it closes its logs and needs no recovery.
func (j *Java) Stop() { j.end(syscall.SIGTERM) }

// Kill ends the broker as a crash does.
func (j *Java) Kill() { j.end(syscall.SIGKILL) }

// Close ends the broker. Its folder stays.
func (j *Java) Close() { j.Kill() }

// end sends a signal and waits for the child's end; one that does not heed it within a while is killed.
func (j *Java) end(signal syscall.Signal) {
	if j.cmd == nil || j.cmd.Process == nil {
		return // it never started
	}
	_ = j.cmd.Process.Signal(signal) // one that has ended is what is wanted
	select {
	case <-j.done:
	case <-time.After(30 * time.Second):
		_ = j.cmd.Process.Kill() // as above
		<-j.done
	}
}
