package kafka

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/unopened/unopened/ingest"
)

// fence is where the members of a group keep their state, as on shared storage: who opened a partition last owns it,
// and what another one hands in is not taken.
type fence struct {
	*keeper
	owners  map[int]*fenced // by partition
	zombies int             // batches handed in by one who owned the partition before
	late    int             // of them, those whose context was not cancelled in time
	overlap int             // partitions opened before their former owner had closed
}

// fenced is the handler of one partition by one member.
type fenced struct {
	partitionKeeper
	fence  *fence
	frozen *gate
	closed bool
}

// gate holds up who goes through while it is shut.
type gate struct {
	mu   sync.Mutex
	shut chan struct{} // nil while it is open
}

func (g *gate) set(shut bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if shut {
		g.shut = make(chan struct{})
	} else {
		close(g.shut)
		g.shut = nil
	}
}

// pass waits while the gate is shut, whatever else happens: as a process that is stopped.
func (g *gate) pass() {
	g.mu.Lock()
	shut := g.shut
	g.mu.Unlock()
	if shut != nil {
		<-shut
	}
}

func (f *fence) opener(frozen *gate) func(context.Context, ingest.Partition) (ingest.Handler, error) {
	return func(_ context.Context, p ingest.Partition) (ingest.Handler, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		if before := f.owners[p.ID]; before != nil && !before.closed {
			f.overlap++
		}
		f.owners[p.ID] = &fenced{partitionKeeper: partitionKeeper{f.keeper, p}, fence: f, frozen: frozen}
		return f.owners[p.ID], nil
	}
}

// Handle takes a batch from the owner. One who was the owner must soon be told by its context that it is no more.
func (h *fenced) Handle(ctx context.Context, b ingest.Batch) error {
	h.frozen.pass()
	if h.take(b) {
		return nil
	}
	h.fence.zombie(toldInTime(ctx))
	return errors.New("another member owns the partition")
}

// take takes a batch in, unless another member owns the partition.
func (h *fenced) take(b ingest.Batch) bool {
	h.fence.mu.Lock()
	defer h.fence.mu.Unlock()
	owns := h.fence.owners[h.part.ID] == h
	if owns {
		h.apply(b)
	}
	return owns
}

// toldInTime tells whether ctx ends.
func toldInTime(ctx context.Context) bool {
	select {
	case <-ctx.Done():
		return true
	case <-time.After(patienceOfTests):
		return false
	}
}

func (f *fence) zombie(told bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.zombies++
	if !told {
		f.late++
	}
}

// takenFrom waits until others have opened every partition of a frozen member.
func (f *fence) takenFrom(t *testing.T, frozen *gate) {
	t.Helper()
	f.wait(t, "others to take over from a frozen member", func() bool {
		for _, owner := range f.owners {
			if owner.frozen == frozen {
				return false
			}
		}
		return true
	})
}

func (h *fenced) Close(context.Context) error {
	h.frozen.pass()
	h.fence.mu.Lock()
	defer h.fence.mu.Unlock()
	h.closed = true
	return nil
}

// member is a process of the group, as far as the group can tell.
type member struct {
	cluster *Cluster
	frozen  gate
	stop    func() error // nil while it is not there
}

func newMember(t *testing.T, config Config) *member {
	m := &member{cluster: newCluster(t, config)}
	dial := m.cluster.dialer.DialFunc
	m.cluster.dialer.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &paused{conn, &m.frozen}, nil
	}
	m.cluster.client.Store(m.cluster.newClient())
	return m
}

// join begins to work for the group.
func (m *member) join(t *testing.T, topic string, f *fence) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- m.cluster.Source(topic, "test").Run(ctx, f.opener(&m.frozen)) }()
	m.stop = func() error { cancel(); return <-done }
}

// paused is a connection of a member: while that is frozen nothing goes through, and nothing is lost.
type paused struct {
	net.Conn
	frozen *gate
}

func (c *paused) Write(b []byte) (int, error) {
	c.frozen.pass()
	return c.Conn.Write(b)
}

func (c *paused) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.frozen.pass()
	return n, err
}

// TestMembers lets three members join, leave and freeze past their session at random, under load: each record is
// handled at least once, in the order of its partition, by the one who owns it; no offset moves back. While nobody
// freezes, which is the first half, a handler is closed before the next is opened; one who was frozen is told by its
// context. The short form has 24 such events, the long one 500. What a zombie does with a checkpoint is for the checkpoint to refuse (engine).
func TestMembers(t *testing.T) {
	events := 24
	if os.Getenv("UNOPENED_SOAK") != "" {
		events = 500
	}
	config := testConfig(t, startLocal(t))
	config.Create.AccountPartitions = 4
	config.SessionTimeout, config.Heartbeat = time.Second, 100*time.Millisecond
	topic, f := config.Topics.Account, &fence{keeper: newKeeper(), owners: map[int]*fenced{}}
	load := startLoad(t, newCluster(t, config), topic, config.Create.AccountPartitions)
	members := make([]*member, 3)
	for i := range members {
		members[i] = newMember(t, config)
		members[i].join(t, topic, f)
	}
	load.passed(t, f.keeper, 0, 10)
	counts := map[string]int{}
	for event := range events {
		f.mu.Lock()
		if event == events/2 && f.overlap != 0 {
			t.Errorf("%d partitions were opened before they were closed, and nobody was frozen", f.overlap)
		}
		f.mu.Unlock()
		m := members[rand.IntN(len(members))]
		switch there := present(members); {
		case event >= events/2 && event%2 == 0:
			for _, absent := range members {
				if absent.stop == nil && len(there) < 2 { // nobody would be there to take over
					counts["joins"]++
					absent.join(t, topic, f)
					there = present(members)
				}
			}
			counts["freezes"]++
			m = there[rand.IntN(len(there))]
			m.frozen.set(true)
			f.takenFrom(t, &m.frozen)
			m.frozen.set(false)
		case m.stop == nil:
			counts["joins"]++
			m.join(t, topic, f)
		case len(there) > 1:
			counts["leaves"]++
			if err := m.stop(); err != nil {
				t.Fatal(err)
			}
			m.stop = nil
		}
		for id := range load.written {
			load.passed(t, f.keeper, id, 5)
		}
	}
	load.finish(t, f.keeper)
	for _, m := range present(members) {
		if err := m.stop(); err != nil {
			t.Error(err)
		}
	}
	f.mu.Lock() // one who was frozen may still be at it
	defer f.mu.Unlock()
	if f.late != 0 || f.overlap == 0 {
		t.Errorf("%d zombies were not told; %d partitions were taken from one who had not closed", f.late, f.overlap)
	}
	t.Logf("%s; %d partitions taken over from a frozen member, %d batches handed in too late", fmt.Sprint(counts), f.overlap, f.zombies)
}

func present(members []*member) (there []*member) {
	for _, m := range members {
		if m.stop != nil {
			there = append(there, m)
		}
	}
	return there
}
