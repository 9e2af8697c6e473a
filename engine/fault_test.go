package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/unopened/unopened/alerts"
	"github.com/unopened/unopened/ingest"
)

// TestNothingFollowsAFailedSeal has a sync fail while the role goes on. Its changes are in no file, so none may come after
// it: not by the next batch, nor by the handler's Close; what a start finds is the file before.
func TestNothingFollowsAFailedSeal(t *testing.T) {
	f := &Folder{Dir: t.TempDir()}
	h := hold(t, f)
	if err := h.sealAt(t, 100); err != nil {
		t.Fatal(err)
	}
	var failed atomic.Bool
	f.step = func(what, _ string) error {
		if what == "sync" && failed.CompareAndSwap(false, true) {
			return errors.New("input/output error")
		}
		return nil
	}
	h.read(200)
	if err := h.start(durable()); err != nil {
		t.Fatal(err)
	}
	err := <-h.flight.done
	h.flight.done <- err
	h.read(210)
	if err := h.after(t.Context(), 210, durable); !errors.Is(err, ErrBroken) {
		t.Errorf("the batch after: %v", err)
	}
	if err := h.leave(t.Context(), durable()); !errors.Is(err, ErrBroken) {
		t.Errorf("leaving: %v", err)
	}
	if got := hold(t, f); got.next != 100 || !slices.Equal(got.journal.values, stateAt(100)) {
		t.Errorf("the checkpoint stands at %d, want the one before", got.next)
	}
}

// TestFrozenOwnerFindsItsNameFree freezes an owner for so long that the next one has removed what took its name: it is
// fenced all the same, and leaves nothing behind.
func TestFrozenOwnerFindsItsNameFree(t *testing.T) {
	f := &Folder{Dir: t.TempDir()}
	frozen := hold(t, f)
	if err := frozen.sealAt(t, 100); err != nil {
		t.Fatal(err)
	}
	owner := hold(t, f)
	for at := int64(110); at < 1500; at += 10 {
		if err := owner.sealAt(t, at); err != nil {
			t.Fatal(err)
		}
	}
	before := listed(t, f)
	if name := fmt.Sprintf("%016d.ckpt", frozen.newest+1); slices.Contains(before, name) {
		t.Fatal("its name is still taken: the test shows nothing")
	}
	if err := frozen.sealAt(t, 300); !errors.Is(err, ErrFenced) {
		t.Errorf("the frozen one sealed: %v", err)
	}
	if !slices.Equal(listed(t, f), before) {
		t.Error("it left a file behind")
	}
}

// opens counts how often a file is opened.
type opens struct {
	Vault
	n int
}

func (o *opens) Open(ctx context.Context, name string) (io.ReadCloser, error) {
	o.n++
	return o.Vault.Open(ctx, name)
}

// TestDamageInTheMiddleIsReadOnce spoils a file in the middle of a long chain: no later chain is read as far as that.
func TestDamageInTheMiddleIsReadOnce(t *testing.T) {
	f := &Folder{Dir: t.TempDir()}
	h := hold(t, f)
	h.sweeps = sweeps{least: 1 << 40, most: 1 << 20, share: 1 << 30}
	for at := range int64(100) {
		if err := h.sealAt(t, at+1); err != nil {
			t.Fatal(err)
		}
	}
	names := files(t, f)
	data, err := os.ReadFile(names[50])
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/2] ^= 1
	if err := os.WriteFile(names[50], data, 0o600); err != nil {
		t.Fatal(err)
	}
	o := &opens{Vault: f}
	if hold(t, o); o.n > 3*len(names) {
		t.Errorf("%d files, opened %d times", len(names), o.n)
	}
}

// TestSweepsHaveALength follows the heads of a gigabyte of state under much and little change: sweeps and chains stay as
// long as the state makes them.
func TestSweepsHaveALength(t *testing.T) {
	const state = int64(1) << 30
	for _, changed := range []int64{1 << 16, 8 << 20, 2 * usualSweeps.share, 4 * usualSweeps.share} {
		s := sealed{sweeps: usualSweeps, sections: []Section{{"state", &journal{}}}}
		sweeps, longest, chain := 0, 0, 0
		for range 20_000 {
			h := s.follow()
			h.Changed = changed
			h.Bytes = changed
			if h.Of > 0 {
				h.Bytes += state / int64(h.Of)
				longest = max(longest, h.Of)
			}
			s.head, s.newest = h, h.Generation
			chain = max(chain, len(h.Needs))
			if h.Of > 0 && h.Step == h.Of {
				sweeps++
			}
		}
		t.Logf("%d kB of changes a file: %d sweeps of at most %d files, chains of at most %d", changed>>10, sweeps, longest, chain)
		if most := 3 * int(state/usualSweeps.share); sweeps < 20 || longest > most || chain > 2*most {
			t.Errorf("%d kB of changes a file: %d sweeps of at most %d files, chains of at most %d", changed>>10, sweeps, longest, chain)
		}
	}
}

// blip is a folder whose next answer to a write is lost, and whose next reading fails.
type blip struct {
	Folder
	lost, unread bool
}

func (b *blip) Put(ctx context.Context, name string, data []byte) error {
	err := b.Folder.Put(ctx, name, data)
	if err == nil && b.lost {
		b.lost = false
		return errors.New("the answer was lost")
	}
	return err
}

func (b *blip) Open(ctx context.Context, name string) (io.ReadCloser, error) {
	if b.unread {
		b.unread = false
		return nil, errors.New("connection reset")
	}
	return b.Folder.Open(ctx, name)
}

// TestBlipIsNoFence: where our file is there and cannot be read back at once, nobody has fenced us.
func TestBlipIsNoFence(t *testing.T) {
	f := &blip{Folder: Folder{Dir: t.TempDir()}}
	h := hold(t, f)
	f.lost, f.unread = true, true
	if err := h.sealAt(t, 100); err != nil || f.unread {
		t.Errorf("sealing: %v", err)
	}
}

// TestBrokenConnectionIsNoDamage ends an object's answer in the middle: that is an error of the connection, for which no
// state is given up.
func TestBrokenConnectionIsNoDamage(t *testing.T) {
	body := checkpointMagic + strings.Repeat("x", 100_000)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"a"`)
		w.Header().Set("Last-Modified", "Wed, 25 Nov 2026 00:00:00 GMT")
		w.Header().Set("Content-Length", fmt.Sprint(len(body)))
		if r.Method == http.MethodHead {
			return
		}
		_, _ = io.WriteString(w, body[:50_000]) // the connection is cut anyway
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}))
	defer server.Close()
	t.Setenv("AWS_ACCESS_KEY_ID", "someaccess")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "somesecret")
	b := bucketOf(t, S3{Endpoint: strings.TrimPrefix(server.URL, "http://"), Region: "here", Plaintext: true}, "s3://bucket/x")
	f, err := b.Open(t.Context(), "score/t-3/1")
	if err != nil {
		t.Fatal(err)
	}
	if err := newChunkReader(f).fill(make([]byte, len(body))); !errors.Is(err, ErrAway) || errors.Is(err, ErrDamaged) {
		t.Errorf("a connection that broke: %v", err)
	}
	if err := newChunkReader(strings.NewReader(body[:50_000])).fill(make([]byte, len(body))); !errors.Is(err, ErrDamaged) {
		t.Errorf("the control, a file that ends early: %v", err)
	}
}

// late is an endpoint that answers when it is let.
type late struct {
	n   atomic.Int64
	let chan struct{}
}

func (l *late) Send(_ context.Context, batch []alerts.Delivery) error {
	<-l.let
	l.n.Add(int64(len(batch)))
	return nil
}

// TestDeliveredIsSealed has the receiver answer after the candidates' batch was sealed. A desk that is closed in order has
// sealed that too, though no offset moved: nothing is delivered again.
func TestDeliveredIsSealed(t *testing.T) {
	w := newWorld(t, 300)
	w.live(t, 3, false)
	w.vault = &Folder{Dir: t.TempDir()}
	sink := &late{let: make(chan struct{})}
	open := func() *deskHandler {
		t.Helper()
		e := w.engine(t)
		e.Sinks = []alerts.Endpoint{{Name: "hook", Sink: sink}}
		h, err := e.OpenDesk(t.Context(), ingest.Partition{Topic: "alerts", Count: 1})
		if err != nil {
			t.Fatal(err)
		}
		return h.(*deskHandler)
	}
	d := open()
	w.candidates.pump(t, d, 0, 0, 1<<40)
	if err := d.sealed.seal(t.Context(), durable()); err != nil {
		t.Fatal(err)
	}
	close(sink.let)
	if err := errors.Join(d.desk.Drain(t.Context()), d.Close(t.Context())); err != nil {
		t.Fatal(err)
	}
	first := sink.n.Load()
	d = open()
	if err := errors.Join(d.desk.Drain(t.Context()), d.Close(t.Context())); err != nil {
		t.Fatal(err)
	}
	if again := sink.n.Load() - first; first == 0 || again > 0 {
		t.Errorf("%d delivered, and %d of them again", first, again)
	}
}

// keeping cannot remove for once.
type keeping struct {
	Folder
	fail bool
}

func (k *keeping) Remove(ctx context.Context, name string) error {
	if k.fail {
		return errors.New("killed here")
	}
	return k.Folder.Remove(ctx, name)
}

// TestErasureOutlivesAFailedRemoval erases, and has what the last sweep but one made needless stay, as a crash before its
// removal would: no file from before the erasure is left in the end.
func TestErasureOutlivesAFailedRemoval(t *testing.T) {
	for _, killed := range []bool{false, true} {
		f := &keeping{Folder: Folder{Dir: t.TempDir()}}
		h := hold(t, f)
		for at := int64(10); at < 100; at += 10 {
			if err := h.sealAt(t, at); err != nil {
				t.Fatal(err)
			}
		}
		h.forget()
		erased, failed := h.head.Generation+1, false
		for n := 0; h.renew > 0 && n < 100; n++ {
			f.fail = h.renew == 2 && !failed
			step := h.follow()
			if err := h.sealAt(t, h.next); err != nil {
				t.Fatal(err)
			}
			if f.fail && step.Step == step.Of {
				failed = true
				if killed {
					h = hold(t, f)
				}
			}
		}
		f.fail = false
		if all, err := h.generations(t.Context()); err != nil || h.renew > 0 || !failed || all[0] <= erased {
			t.Errorf("killed %v: generation %d is still there (%d has the erasure), %d sweeps to come, %v", killed, all[0], erased, h.renew, err)
		}
	}
}
