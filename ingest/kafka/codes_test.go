package kafka

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// stopping are the codes that waiting does not mend, wherever they come from. All others are tried again.
var stopping = []int16{10, 17, 18, 21, 23, 24, 26, 29, 30, 31, 33, 34, 35, 37, 38, 40, 43, 44, 58, 76, 87}

// apis are the requests of this package, each with what becomes of a code by which it is answered.
var apis = map[kmsg.Key]func(code int16) string{
	kmsg.Fetch: func(code int16) string {
		if code == kerr.CorruptMessage.Code {
			return "incident"
		}
		return stopOrRetry(code)
	},
	kmsg.Produce:     stopOrRetry,
	kmsg.ListOffsets: stopOrRetry,
	kmsg.Metadata:    stopOrRetry,
	kmsg.CreateTopics: func(code int16) string {
		if code == kerr.TopicAlreadyExists.Code {
			return "stop" // they exist, and cannot be seen
		}
		return stopOrRetry(code)
	},
	kmsg.FindCoordinator: stopOrRetry,
	kmsg.JoinGroup:       stopOrRetry,
	kmsg.SyncGroup:       stopOrRetry,
	kmsg.OffsetFetch:     stopOrRetry,
	kmsg.Heartbeat:       func(int16) string { return "retry" },   // the group is joined again, and that says what is wrong
	kmsg.OffsetCommit:    func(int16) string { return "nothing" }, // the group's offsets only show lag
	kmsg.LeaveGroup:      func(int16) string { return "nothing" }, // the session times out instead
}

func stopOrRetry(code int16) string {
	if slices.Contains(stopping, code) {
		return "stop"
	}
	return "retry"
}

// codes are all error codes of the protocol that the library knows.
func codes() (all []int16) {
	for code := int16(-1); code < 200; code++ {
		if err := kerr.TypedErrorForCode(code); err != nil && err.Code == code {
			all = append(all, code)
		}
	}
	return all
}

// TestErrorCodes answers each request of this package with each error code of the protocol, again and again until the
// client says something, and then no more. A code is either tried again, told of in the log and overcome; or stops the
// work with an error; or is an incident, told of once, and passed; or concerns nothing that is needed. Nothing crashes
// and nothing stalls in silence: what is said after 2 seconds elsewhere (quiet) is said at once here. The short form
// has all codes for fetches and writes, and every tenth for the others.
func TestErrorCodes(t *testing.T) {
	fake, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.GroupMinSessionTimeout(100*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	defer fake.Close()
	all := codes()
	if len(all) < 130 {
		t.Fatalf("only %d codes", len(all))
	}
	slots := make(chan struct{}, 24)
	var running sync.WaitGroup
	tried := 0
	for api, want := range apis {
		for i, code := range all {
			often := api == kmsg.Fetch || api == kmsg.Produce || slices.Contains(stopping, code) && i%3 == 0
			if os.Getenv("UNOPENED_SOAK") == "" && !often && i%10 != 0 {
				continue
			}
			tried++
			running.Go(func() {
				slots <- struct{}{}
				defer func() { <-slots }()
				trial := newTrial(t, fake, api, code)
				got := trial.run()
				for range 2 { // a member that is just joining anew has nothing to leave
					if api == kmsg.LeaveGroup && got == "not met" {
						trial = newTrial(t, fake, api, code)
						got = trial.run()
					}
				}
				if got != want(code) {
					t.Errorf("%s answered with %d %s: %s, want %s (%v)", api.Name(), code, kerr.ErrorForCode(code), got, want(code), trial.err)
				}
			})
		}
	}
	running.Wait()
	t.Logf("%d codes for %d requests, %d pairs", len(all), len(apis), tried)
}

// trial is one request answered with one code.
type trial struct {
	t       *testing.T
	fake    *kfake.Cluster
	api     kmsg.Key
	code    int16
	cluster *Cluster
	logged  lockedBuffer
	keeper  *keeper
	err     error // of the work
}

func newTrial(t *testing.T, fake *kfake.Cluster, api kmsg.Key, code int16) *trial {
	c := &trial{t: t, fake: fake, api: api, code: code, keeper: newKeeper()}
	config := testConfig(t, fake.ListenAddrs()[0])
	name := fmt.Sprintf("%s.%d", api.Name(), code)
	config.GroupPrefix, config.Topics = name, Topics{Raw: name + ".raw", Account: name, Dead: name + ".dead", Alerts: name + ".alerts"}
	config.Create.AccountPartitions, config.Create.RawPartitions, config.Fetch.MaxWait = 1, 1, 20*time.Millisecond
	config.Heartbeat = 100 * time.Millisecond
	cluster, err := New(config, slog.New(slog.NewTextHandler(&c.logged, &slog.HandlerOptions{Level: slog.LevelWarn})))
	if err != nil {
		t.Error(err)
	}
	cluster.quiet, cluster.lookEvery = 0, 100*time.Millisecond
	c.cluster = cluster
	return c
}

// run tells what became of the code.
func (c *trial) run() string {
	ctx, cancel := context.WithTimeout(c.t.Context(), patienceOfTests)
	defer cancel()
	defer c.cluster.Close()
	if c.api != kmsg.CreateTopics {
		if err := errors.Join(c.cluster.EnsureTopics(ctx), c.write(ctx)); err != nil {
			return fmt.Sprint("not set up: ", err)
		}
	}
	said, fault := c.logged.count("level="), c.fault()
	defer fault.Remove()
	working, stop := context.WithCancel(ctx)
	defer stop()
	done := make(chan error, 1)
	go func() { done <- c.work(working) }()
	for got := ""; ; time.Sleep(5 * time.Millisecond) {
		select {
		case c.err = <-done:
			return c.ended(ctx, got, fault)
		default:
		}
		switch complete := c.complete(); {
		case got == "" && fault.Hits() > 0 && c.said(said) != "":
			got = c.said(said)
			fault.Remove()
		case complete && (got != "" || c.api == kmsg.LeaveGroup || apis[c.api](c.code) == "nothing" && fault.Hits() > 0):
			stop()
		}
	}
}

// fault makes the broker answer with the code.
func (c *trial) fault() *kfake.FaultHandle {
	fault := kfake.Fault{Keys: []kmsg.Key{c.api}, Err: kerr.TypedErrorForCode(c.code), Count: -1, Topic: c.cluster.config.Topics.Account}
	switch c.api {
	case kmsg.FindCoordinator, kmsg.JoinGroup, kmsg.SyncGroup, kmsg.Heartbeat, kmsg.OffsetCommit, kmsg.LeaveGroup:
		fault.Topic, fault.Group = "", c.cluster.config.GroupPrefix+".test"
	}
	return c.fake.Fault(fault)
}

// said is what the client has said since: a line of the log or an incident; "" for nothing.
func (c *trial) said(before int) string {
	stats := c.cluster.Stats()
	switch {
	case met(stats) != "":
		return "incident"
	case c.logged.count("level=") > before, c.api == kmsg.Heartbeat && stats.Generations > 2:
		return "retry"
	}
	return ""
}

// ended tells what became of work that has ended.
func (c *trial) ended(ctx context.Context, got string, fault *kfake.FaultHandle) string {
	switch {
	case ctx.Err() != nil:
		return "a stall"
	case c.err != nil:
		return "stop"
	case fault.Hits() == 0:
		return "not met"
	case got == "incident" && (met(c.cluster.Stats()) != "poison:1" || c.keeper.poison != 1 || c.logged.count("INCIDENT") != 1):
		return "incidents: " + met(c.cluster.Stats())
	case got == "":
		return "nothing"
	}
	return got
}

// write writes ten records.
func (c *trial) write(ctx context.Context) error {
	log, err := c.cluster.Log(ctx, c.cluster.config.Topics.Account, nil)
	if err != nil {
		return err
	}
	return log.Append(ctx, 0, slices.Repeat([][]byte{[]byte("value")}, 10))
}

// work is what needs the request.
func (c *trial) work(ctx context.Context) error {
	switch c.api {
	case kmsg.Produce:
		return c.write(ctx)
	case kmsg.CreateTopics:
		return c.cluster.EnsureTopics(ctx)
	}
	return c.cluster.Source(c.cluster.config.Topics.Account, "test").Run(ctx, c.keeper.opener)
}

// complete tells whether a source has read all; other work ends by itself.
func (c *trial) complete() bool {
	c.keeper.mu.Lock()
	defer c.keeper.mu.Unlock()
	return c.keeper.next[0] == 10 && len(c.keeper.seen[0]) == 10
}
