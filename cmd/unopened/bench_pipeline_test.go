package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/pprof"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/unopened/unopened/configs"
	"github.com/unopened/unopened/engine"
	"github.com/unopened/unopened/ingest"
	"github.com/unopened/unopened/ingest/kafka"
	kafkalocal "github.com/unopened/unopened/ingest/kafka/local"
	"github.com/unopened/unopened/models"
)

// benchTask is the variable that makes the test binary a child which takes all raw events through one of the
// builds; the broker stays with the parent, so that its work is not counted.
const benchTask = "UNOPENED_BENCH_TASK"

// task is what a child is asked.
type task struct {
	Build  string // one of builds
	Run    int    // gives topics and groups of its own
	Broker string
	Events int64  // or accounts
	Folder string // for checkpoints
}

// builds are what a child can be.
var builds = map[string]func(*task, *models.Set) (outcome, error){
	"ours": consumeOurs, "straightforward": consumeStraightforward, "source": readBySource, "reader": readByReader,
	"quiet": measureQuiet, "reaching": measureReaching,
}

// outcome is what a child answers.
type outcome struct {
	Seconds  float64 // from the first event to the last verdict
	CPU      float64 // seconds of all its threads
	Verdicts int64
	Scale    scaled // of the builds that measure state alone
}

const (
	pipelineEvents = 300_000
	pipelineRounds = 5
)

// inTurn takes the same raw topic through two builds, in turn, each in a process of its own. It returns the least that
// each took, and for each round how many times the CPU of the first the second needed.
func inTurn(t *testing.T, first, second string) (one, other outcome, ratios []float64) {
	broker, err := kafkalocal.Start(t.Context(), kafkalocal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer broker.Close()
	produceRaw(t, broker.Addr(), simulated(pipelineEvents, 30_000))
	for run := range pipelineRounds {
		a := child(t, task{first, run, broker.Addr(), pipelineEvents, t.TempDir()})
		b := child(t, task{second, run, broker.Addr(), pipelineEvents, ""})
		ratios = append(ratios, b.CPU/a.CPU)
		one.better(a)
		other.better(b)
	}
	return one, other, ratios
}

// benchPipeline compares our build with the straightforward one.
func benchPipeline(t *testing.T) []measured {
	ours, theirs, ratios := inTurn(t, "ours", "straightforward")
	micro := func(o *outcome) float64 { return o.CPU / pipelineEvents * 1e6 }
	rate := func(o *outcome) float64 { return pipelineEvents / o.Seconds }
	made := func(o *outcome) string {
		return fmt.Sprintf("%s verdicts on %s events", thousands(o.Verdicts), thousands(pipelineEvents))
	}
	return []measured{
		atMost(4, "pipeline, CPU", micro(&ours), "us/event", "raw topic, account topic, checkpoints; "+made(&ours)),
		plain("pipeline, straightforward build, CPU", micro(&theirs), "us/event", "raw topic; "+made(&theirs)),
		atLeast(3, "pipeline, CPU, straightforward / ours", median(ratios), "x", fmt.Sprintf("middle of %d rounds, %.2f", len(ratios), ratios)),
		plain("pipeline, rate", rate(&ours), "events/s", "the broker has the same cores"),
		plain("pipeline, straightforward build, rate", rate(&theirs), "events/s", ""),
	}
}

// better keeps the least of what was measured.
func (o *outcome) better(p outcome) {
	if o.Verdicts == 0 {
		*o = p
	}
	o.CPU, o.Seconds = min(o.CPU, p.CPU), min(o.Seconds, p.Seconds)
}

// benchKafka is the config by which the broker is reached in a run.
func benchKafka(broker string, run int) kafka.Config {
	cfg := kafka.DefaultConfig()
	cfg.Brokers, cfg.Create.Enabled = []string{broker}, true
	cfg.GroupPrefix = fmt.Sprint("run", run)
	cfg.Topics.Account = fmt.Sprint(cfg.Topics.Account, ".", run)
	return cfg
}

// produceRaw writes the lines to the partitions of the raw topic, in turn.
func produceRaw(t *testing.T, broker string, lines [][]byte) {
	t.Helper()
	cfg := benchKafka(broker, 0)
	cluster, err := kafka.New(cfg, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Close()
	if err := cluster.EnsureTopics(t.Context()); err != nil {
		t.Fatal(err)
	}
	log, err := cluster.Log(t.Context(), cfg.Topics.Raw, nil)
	if err != nil {
		t.Fatal(err)
	}
	parts := make([][][]byte, log.Partitions())
	for i, line := range lines {
		parts[i%len(parts)] = append(parts[i%len(parts)], line)
	}
	for i, values := range parts {
		if err := log.Append(t.Context(), i, values); err != nil {
			t.Fatal(err)
		}
	}
}

// child runs a task in a process of its own.
func child(t *testing.T, job task) (o outcome) {
	t.Helper()
	text, err := json.Marshal(job)
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), benchTask+"="+string(text))
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v", job.Build, err)
	}
	if err := json.Unmarshal(out, &o); err != nil {
		t.Fatalf("%s: %v: %s", job.Build, err, out)
	}
	return o
}

// runTask is the child's main. UNOPENED_BENCH_PROFILE names a folder for a CPU profile of each build.
func runTask(text string) (code int) {
	err := func() error {
		var job task
		if err := json.Unmarshal([]byte(text), &job); err != nil {
			return err
		}
		if dir := os.Getenv("UNOPENED_BENCH_PROFILE"); dir != "" {
			f, err := os.Create(filepath.Join(dir, job.Build+".pprof"))
			if err != nil {
				return err
			}
			defer f.Close()
			if err := pprof.StartCPUProfile(f); err != nil {
				return err
			}
			defer pprof.StopCPUProfile()
		}
		set, err := models.Load(configs.Artefacts(), models.DefaultConfig())
		if err != nil {
			return err
		}
		begin := cpu()
		o, err := builds[job.Build](&job, set)
		if err != nil {
			return err
		}
		o.CPU = (cpu() - begin).Seconds()
		return json.NewEncoder(os.Stdout).Encode(o)
	}()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// consumeOurs runs the roles split and score as the service does, checkpoints and metrics included.
func consumeOurs(job *task, set *models.Set) (outcome, error) {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	cfg := configs.DefaultConfig()
	cfg.Kafka = benchKafka(job.Broker, job.Run)
	cluster, err := kafka.New(cfg.Kafka, nil)
	if err != nil {
		return outcome{}, err
	}
	defer cluster.Close()
	e := &engine.Engine{
		Config: cfg.Engine, Features: cfg.Features, Alerts: cfg.Alerts, Models: set, Key: []byte("key"),
		Checkpoints: &engine.Folder{Dir: job.Folder}, Recorder: func() engine.Recorder { return &countingRecorder{} },
	}
	err = cluster.EnsureTopics(ctx)
	if err == nil {
		e.Accounts, err = cluster.Log(ctx, cfg.Kafka.Topics.Account, ingest.EntryKey)
	}
	if err == nil {
		e.Letters, err = cluster.Letters(ctx)
	}
	if err := errors.Join(err, e.Prepare()); err != nil {
		return outcome{}, err
	}
	done := make(chan error, 1)
	go func() {
		done <- e.Run(ctx, engine.Role{Name: "split", Source: cluster.Source(cfg.Kafka.Topics.Raw, "split"), Open: e.OpenSplit},
			engine.Role{Name: "score", Source: cluster.Source(cfg.Kafka.Topics.Account, "score"), Open: e.OpenShard})
	}()
	o, err := watch(e, job.Events, done)
	if err != nil {
		return o, err
	}
	stop()
	return o, <-done
}

// watch waits until all events are split and all that came of them is judged.
func watch(e *engine.Engine, events int64, done <-chan error) (o outcome, err error) {
	var begin, last time.Time
	seen := int64(0)
	for {
		select {
		case err := <-done:
			return o, fmt.Errorf("ended after %d sides: %w", seen, err)
		case <-time.After(5 * time.Millisecond):
		}
		s := e.Stats()
		if s.Split.RefusedTotal()+s.Sides.Late+s.Sides.Duplicate > 0 {
			return o, fmt.Errorf("%d events refused, %d sides late, %d duplicate: this is another task", s.Split.RefusedTotal(), s.Sides.Late, s.Sides.Duplicate)
		}
		if begin.IsZero() && s.Split.Fetched > 0 {
			begin = time.Now()
		}
		if s.Sides.Read > seen {
			seen, last = s.Sides.Read, time.Now()
		}
		if s.Split.Fetched == events && s.Sides.Read-s.Sides.Stamps == s.Split.Sides && time.Since(last) > 500*time.Millisecond {
			o.Seconds, o.Verdicts = last.Sub(begin).Seconds(), s.Sides.Applied-s.Sides.Places+s.Sides.Stamps
			return o, nil
		}
	}
}

// consumeStraightforward reads the raw topic with kafka-go's Reader and feeds the straightforward build.
func consumeStraightforward(job *task, set *models.Set) (o outcome, err error) {
	ctx := context.Background()
	n, err := newNaive(set)
	if err != nil {
		return o, err
	}
	r := kafkago.NewReader(kafkago.ReaderConfig{
		Brokers: []string{job.Broker}, Topic: kafka.DefaultConfig().Topics.Raw, GroupID: fmt.Sprint("straightforward", job.Run),
		CommitInterval: time.Second, MaxWait: time.Second,
	})
	defer func() { err = errors.Join(err, r.Close()) }()
	var begin time.Time
	for range job.Events {
		m, err := r.ReadMessage(ctx)
		if err != nil {
			return o, err
		}
		if begin.IsZero() {
			begin = time.Now()
		}
		e, err := parseNaive(m.Value)
		if err != nil {
			return o, err
		}
		n.handle(e)
	}
	return outcome{Seconds: time.Since(begin).Seconds(), Verdicts: int64(n.judged)}, nil
}
