package kafka

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/unopened/unopened/ingest"
)

// call is what a member that is a process asks of the fence, which its parent has.
type call struct {
	Member string
	What   string // open, handle, close or zombie
	Part   ingest.Partition
	Owner  int // as open has answered
	Batch  ingest.Batch
	Told   bool // of a zombie: its context has ended
}

// answer is what the fence answers to open: who asks now owns the partition, and reads on at Next.
type answer struct {
	Owner int
	Next  int64
}

// serve answers calls, and calls opened with each member that opens a partition.
func (f *fence) serve(opened func(member string)) http.HandlerFunc {
	var mu sync.Mutex
	var owners []*fenced
	open := f.opener(new(gate))
	return func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		var c call
		if err := json.NewDecoder(r.Body).Decode(&c); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		switch c.What {
		case "open":
			handler, _ := open(r.Context(), c.Part) // always works
			owners = append(owners, handler.(*fenced))
			opened(c.Member)
			_ = json.NewEncoder(w).Encode(answer{len(owners) - 1, handler.Resume()}) // who has gone needs no answer
		case "handle":
			if !owners[c.Owner].take(c.Batch) {
				w.WriteHeader(http.StatusConflict)
			}
		case "close":
			_ = owners[c.Owner].Close(r.Context()) // always works
		case "zombie":
			f.zombie(c.Told)
		}
	}
}

// remote is the handler of a member that is a process.
type remote struct {
	url  string
	part ingest.Partition
	answer
}

func (h *remote) call(c call) (int, error) {
	c.Member, c.Part, c.Owner = os.Getenv("UNOPENED_NAME"), h.part, h.Owner
	text, err := json.Marshal(c)
	if err != nil {
		return 0, err
	}
	response, err := http.Post(h.url, "application/json", bytes.NewReader(text))
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	if c.What == "open" {
		err = json.NewDecoder(response.Body).Decode(&h.answer)
	}
	return response.StatusCode, err
}

func (h *remote) Resume() int64 { return h.Next }

func (h *remote) Handle(ctx context.Context, b ingest.Batch) error {
	status, err := h.call(call{What: "handle", Batch: b})
	if err == nil && status == http.StatusConflict {
		_, err = h.call(call{What: "zombie", Told: toldInTime(ctx)})
		return errors.Join(err, errors.New("another member owns the partition"))
	}
	return err
}

func (h *remote) Close(context.Context) error {
	_, err := h.call(call{What: "close"})
	return err
}

// beMember is the child: a member of the group until it is told to end.
func beMember(t *testing.T, text string) {
	var config Config
	if err := json.Unmarshal([]byte(text), &config); err != nil {
		t.Fatal(err)
	}
	cluster, err := New(config, nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := signal.NotifyContext(t.Context(), syscall.SIGTERM)
	defer stop()
	err = cluster.Source(config.Topics.Account, "test").Run(ctx, func(_ context.Context, p ingest.Partition) (ingest.Handler, error) {
		h := &remote{url: os.Getenv("UNOPENED_FENCE"), part: p}
		_, err := h.call(call{What: "open"})
		return h, err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestProcesses is TestMembers with members that are processes, frozen by SIGSTOP past their session: nothing of theirs
// runs, and they wake in the middle of what they did. The short form has 6 events, the long one 500.
func TestProcesses(t *testing.T) {
	if text := os.Getenv("UNOPENED_MEMBER"); text != "" {
		beMember(t, text)
		return
	}
	events := 6
	if os.Getenv("UNOPENED_SOAK") != "" {
		events = 500
	}
	config := testConfig(t, startLocal(t))
	config.Create.AccountPartitions = 4
	config.SessionTimeout, config.Heartbeat = time.Second, 100*time.Millisecond
	f := &fence{keeper: newKeeper(), owners: map[int]*fenced{}}
	var there sync.Map // names of members that have had a partition
	server := httptest.NewServer(f.serve(func(member string) { there.Store(member, true) }))
	defer server.Close()
	load := startLoad(t, newCluster(t, config), config.Topics.Account, config.Create.AccountPartitions)
	var members []*exec.Cmd
	counts := map[string]int{}
	for event := range events {
		at := rand.IntN(max(1, len(members)))
		switch {
		case len(members) < 2 || event%3 == 0 && len(members) < 3:
			counts["joins"]++
			name := fmt.Sprint("member ", event)
			members = append(members, startMember(t, config, server.URL, name))
			f.wait(t, name, func() bool { _, ok := there.Load(name); return ok })
		case event%3 == 1:
			counts["freezes"]++
			signalTo(t, members[at], syscall.SIGSTOP)
			time.Sleep(config.SessionTimeout * 3 / 2)
			signalTo(t, members[at], syscall.SIGCONT)
		default:
			counts["leaves"]++
			signalTo(t, members[at], syscall.SIGTERM)
			if err := members[at].Wait(); err != nil {
				t.Fatal(err)
			}
			members = append(members[:at], members[at+1:]...)
		}
		for id := range load.written {
			load.passed(t, f.keeper, id, 5)
		}
	}
	load.finish(t, f.keeper)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.late != 0 || counts["freezes"] == 0 || f.overlap == 0 {
		t.Errorf("%d zombies were not told; %d partitions were taken from one who had not closed", f.late, f.overlap)
	}
	t.Logf("%s; %d partitions taken over from a frozen member, %d batches handed in too late", fmt.Sprint(counts), f.overlap, f.zombies)
}

// startMember starts a member; it ends with the test.
func startMember(t *testing.T, config Config, fence, name string) *exec.Cmd {
	t.Helper()
	text, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestProcesses$")
	cmd.Env = append(os.Environ(), "UNOPENED_MEMBER="+string(text), "UNOPENED_FENCE="+fence, "UNOPENED_NAME="+name)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // one that has ended is what is wanted
		_ = cmd.Wait()
	})
	return cmd
}

func signalTo(t *testing.T, cmd *exec.Cmd, s syscall.Signal) {
	t.Helper()
	if err := cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}
