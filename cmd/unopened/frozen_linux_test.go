package main

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/unopened/unopened/engine"
	"github.com/unopened/unopened/engine/local"
	"github.com/unopened/unopened/ingest"
)

// shared has the deployment keep its checkpoints in a bucket of a real S3 server, and its key in a file for all members.
func (d *deployment) shared() {
	d.t.Helper()
	if os.Getenv("CI") == "true" || os.Getenv("UNOPENED_SOAK") != "" {
		if err := local.Build(d.t.Context()); err != nil {
			d.t.Fatal(err)
		}
	}
	server, err := local.Start(d.t.Context(), d.folder("s3"))
	if errors.Is(err, local.ErrNotBuilt) {
		d.t.Skip(err)
	}
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(server.Close)
	d.cfg.Engine.Checkpoints = "s3://" + server.Bucket + "/one/deployment"
	d.cfg.Engine.S3 = engine.S3{Endpoint: server.Endpoint, Plaintext: true,
		AccessKeyFile: d.write("s3.access", server.Access), SecretKeyFile: d.write("s3.secret", server.Secret)}
	d.cfg.Alerts.KeyFile = filepath.Join(d.dir, "identity.key")
	if err := errors.Join(ingest.WriteKey(d.cfg.Alerts.KeyFile, ingest.NewKey()), d.cfg.Save(d.config)); err != nil {
		d.t.Fatal(err)
	}
}

// member is the same deployment as another of its members sees it: its own data folder, metrics and log.
func (d *deployment) member(name string) (*deployment, *lockedLog) {
	d.t.Helper()
	m, log := *d, &lockedLog{}
	m.log = io.MultiWriter(log, os.Stderr)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		d.t.Fatal(err)
	}
	m.metrics = listener.Addr().String()
	m.cfg.Data, m.cfg.Engine.Listen = d.folder(name), m.metrics
	m.config = filepath.Join(d.dir, name+".yaml")
	if err := errors.Join(listener.Close(), m.cfg.Save(m.config)); err != nil {
		d.t.Fatal(err)
	}
	return &m, log
}

// TestFrozenMemberCannotSeal has two members whose checkpoints lie in a real S3 server's bucket. One is stopped in the
// middle of its work for longer than its session, and woken when the other has taken its partitions over from the bucket
// and gone on: it says that it was fenced. What the two come to is the clean replay of the account topic. (The control,
// without a fence, is in engine.)
func TestFrozenMemberCannotSeal(t *testing.T) {
	d := deploy(t)
	d.shared()
	d.produce(4000)
	first, said := d.member("first")
	second, _ := d.member("second")
	frozen, _ := first.start()
	first.until("some of the work, sealed", func(m map[string]float64) bool {
		return m["unopened_seals_total"] > 7 && first.applied(m) > 0.05
	})
	if err := frozen.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	cmd, out := second.start()
	second.until("the other's partitions taken over and read on", func(m map[string]float64) bool { return second.applied(m) > 0.6 })
	if err := frozen.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	second.until("the frozen one to be fenced", func(map[string]float64) bool {
		return said.has(engine.ErrFenced.Error()) || said.has("a partition has another owner")
	})
	if err := frozen.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = frozen.Wait() // it was killed
	sum := second.finish(cmd, out)
	_, alerts, rows := second.sameAsReplay(&sum)
	second.conserved(t, &sum, hostile, d.sides)
	t.Logf("%d entries, %d of them written again, %d alerts, %d verdict rows", sum.Sides.Read, sum.Sides.Resent, alerts, rows)
}
