package kafka

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/unopened/unopened/ingest"
)

// lookEvery is the time between two looks whether a topic is still what it was, and between two commits of a group's
// offsets. They only show lag: nothing is read from them.
const lookEvery = 5 * time.Second

// joinPause is how long a member waits after it could not join its group.
const joinPause = 500 * time.Millisecond

// Source reads a topic: the partitions that its consumer group gives it, or all of them. It implements
// ingest.Source.
type Source struct {
	cluster *Cluster
	topic   string
	role    string // empty: all partitions, outside any group
	group   string
	follow  bool // beyond the end that a partition had at the start
}

// Source returns a source of the partitions of topic that the group of a role gives to this process. Run works until
// its context is done. When the group changes, all handlers are closed and opened anew, also of partitions that stay;
// a handler has half the session timeout to close.
func (c *Cluster) Source(topic, role string) *Source {
	return &Source{cluster: c, topic: topic, role: role, group: c.config.GroupPrefix + "." + role}
}

// ReadAll returns a source of all partitions of topic, outside any group. Run ends when each has been read to the end
// that it had at the start.
func (c *Cluster) ReadAll(topic string) *Source { return &Source{cluster: c, topic: topic} }

// Follow returns a source of all partitions of topic, outside any group, that reads on until its context is done.
func (c *Cluster) Follow(topic string) *Source {
	return &Source{cluster: c, topic: topic, follow: true}
}

// Run implements ingest.Source.
func (s *Source) Run(ctx context.Context, open func(context.Context, ingest.Partition) (ingest.Handler, error)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	j := &journey{source: s, open: open, stop: cancel}
	j.balance.given.Store(-1)
	if s.role == "" {
		j.fail(j.all(ctx))
	} else {
		j.fail(j.member(ctx))
	}
	j.running.Wait()
	return errors.Join(j.errs...)
}

// journey is one Run of a source.
type journey struct {
	source  *Source
	open    func(context.Context, ingest.Partition) (ingest.Handler, error)
	stop    context.CancelFunc
	running sync.WaitGroup // handlers
	life    life           // of the topic as the last generation began
	balance balance
	passed  map[int]*atomic.Int64 // where each partition of the last generation is to be read next; -1 before that is known
	mu      sync.Mutex
	errs    []error
}

// fail notes what went wrong and stops the journey.
func (j *journey) fail(err error) {
	if err == nil {
		return
	}
	j.mu.Lock()
	j.errs = append(j.errs, err)
	j.mu.Unlock()
	j.stop()
}

// all reads every partition, to its present end unless it follows.
func (j *journey) all(ctx context.Context) error {
	ends, err := j.source.cluster.EndOffsets(ctx, j.source.topic)
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	if j.life, err = j.source.cluster.life(ctx, j.source.topic); err != nil && ctx.Err() == nil {
		return err
	}
	ready := newMuster(len(ends))
	for id, end := range ends {
		part := ingest.Partition{Topic: j.source.topic, ID: id, Count: len(ends), TopicID: j.life.id}
		if j.source.follow {
			end = math.MaxInt64
		}
		r := &reader{part: part, stop: end, ready: ready}
		j.running.Go(func() { j.serve(ctx, r) })
	}
	return nil
}

// member belongs to the group until ctx is done and serves the partitions of each generation.
func (j *journey) member(ctx context.Context) error {
	group, err := kafkago.NewConsumerGroup(j.source.groupConfig(&j.balance))
	if err != nil {
		return fmt.Errorf("group %s: %w", j.source.group, err)
	}
	defer j.leave(group)
	log := j.source.cluster.log.With("group", j.source.group)
	for trouble := j.source.cluster.trouble(); ; {
		generation, err := group.Next(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case lasting(err):
			return fmt.Errorf("joining group %s: %w", j.source.group, explain(err))
		case err != nil:
			trouble.tell(ctx, log, "kafka: joining the group again after an error", err)
		default:
			if err = j.begin(ctx, generation); lasting(err) {
				return err
			} else if err != nil {
				trouble.tell(ctx, log, "kafka: giving a generation up after an error", err)
				generation.Start(func(context.Context) {}) // one that ends, ends it: the group is joined again
			}
		}
		if err == nil {
			trouble = j.source.cluster.trouble()
		} else {
			_ = trouble.pause.wait(ctx) // group.Next looks at ctx
		}
	}
}

func (s *Source) groupConfig(balance *balance) kafkago.ConsumerGroupConfig {
	config := &s.cluster.config
	return kafkago.ConsumerGroupConfig{
		ID: s.group, Brokers: config.Brokers, Dialer: s.cluster.dialer, Topics: []string{s.topic},
		HeartbeatInterval: config.Heartbeat, SessionTimeout: config.SessionTimeout, RebalanceTimeout: config.SessionTimeout,
		JoinGroupBackoff: joinPause, GroupBalancers: []kafkago.GroupBalancer{balance}, Timeout: s.cluster.requestTime,
	}
}

// leave gives the partitions up. It does not wait for ever: Close is known to hang in a rebalance (kafka-go issue 1248).
func (j *journey) leave(group *kafkago.ConsumerGroup) {
	done := make(chan struct{})
	go func() {
		_ = group.Close() // always nil
		close(done)
	}()
	timer := time.NewTimer(j.source.cluster.config.SessionTimeout)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
		j.source.cluster.log.Warn("kafka: leaving the group takes too long; the others wait for the session timeout", "group", j.source.group)
	}
}

// begin serves the partitions of a generation, one goroutine each. They end with the generation, never before it: one
// that returned early would end it for all.
func (j *journey) begin(ctx context.Context, generation *kafkago.Generation) error {
	j.source.cluster.counts.generations.Add(1)
	if err := j.look(ctx); err != nil {
		return err
	}
	assigned := generation.Assignments[j.source.topic]
	j.source.cluster.log.Info("kafka: partitions assigned", "group", j.source.group, "topic", j.source.topic,
		"generation", generation.ID, "partitions", len(assigned), "of", j.life.count)
	j.passed = make(map[int]*atomic.Int64, len(assigned))
	ready := newMuster(len(assigned))
	for _, a := range assigned {
		next := new(atomic.Int64)
		next.Store(-1)
		j.passed[a.ID] = next
		part := ingest.Partition{Topic: j.source.topic, ID: a.ID, Count: j.life.count, TopicID: j.life.id}
		r := &reader{part: part, stop: math.MaxInt64, passed: next.Store, ready: ready}
		j.start(ctx, generation, func(ctx context.Context) { j.serve(ctx, r) })
	}
	j.running.Add(1)
	generation.Start(func(ended context.Context) { j.watch(ctx, ended, generation) })
	return nil
}

// look asks what the topic is now and compares it with what it was, and with what the group's leader knew of it.
func (j *journey) look(ctx context.Context) error {
	now, err := j.source.cluster.life(ctx, j.source.topic)
	if err != nil {
		return err
	}
	before := j.life
	switch {
	case now.other(before):
		return j.recreated()
	case now.behind(before):
		return fmt.Errorf("a broker knows of %d partitions of %s, another of %d", now.count, j.source.topic, before.count)
	}
	if before.count != 0 && before.count != now.count {
		j.source.cluster.tell(Incident{Kind: Repartitioned, Role: j.source.role, Topic: j.source.topic, Partition: -1,
			From: int64(before.count), To: int64(now.count)}, nil)
	}
	j.life = now
	return j.balance.check(now.count)
}

// recreated returns the incident of each partition that was read of the topic's former life.
func (j *journey) recreated() error {
	var errs []error
	for _, id := range slices.Sorted(maps.Keys(j.passed)) {
		errs = append(errs, j.source.cluster.meet(Incident{Kind: Recreated, Role: j.source.role, Topic: j.source.topic,
			Partition: id, From: j.passed[id].Load(), To: -1}))
	}
	return errors.Join(errs...)
}

// start runs work until the generation or ctx ends.
func (j *journey) start(ctx context.Context, generation *kafkago.Generation, work func(context.Context)) {
	j.running.Add(1)
	generation.Start(func(ended context.Context) {
		defer j.running.Done()
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(ended, cancel)()
		if ended.Err() == nil {
			work(ctx)
		}
		select {
		case <-ctx.Done():
		case <-ended.Done():
		}
	})
}

// watch tells the group now and then, and at the end, how far its partitions were read, and looks whether the topic is
// still the same: an offset of one life means nothing in another. When it returns the generation ends and the group is
// joined again.
func (j *journey) watch(ctx, ended context.Context, generation *kafkago.Generation) {
	defer j.running.Done()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(ended, cancel)()
	ticker := time.NewTicker(j.source.cluster.lookEvery)
	defer ticker.Stop()
	for same := true; same && ctx.Err() == nil; j.commit(generation) {
		select {
		case <-ticker.C:
			now, err := j.source.cluster.life(ctx, j.source.topic)
			same = err != nil || now == j.life || now.behind(j.life)
		case <-ctx.Done():
		}
	}
}

func (j *journey) commit(generation *kafkago.Generation) {
	offsets := make(map[int]int64, len(j.passed))
	for id, next := range j.passed {
		if at := next.Load(); at >= 0 {
			offsets[id] = at
		}
	}
	if len(offsets) == 0 {
		return
	}
	if err := generation.CommitOffsets(map[string]map[int]int64{j.source.topic: offsets}); err != nil {
		j.source.cluster.log.Debug("kafka: the group's offsets were not committed; they only show lag", "group", generation.GroupID, "error", err)
	}
}
