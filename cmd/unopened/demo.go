package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/unopened/unopened/alerts"
	"github.com/unopened/unopened/configs"
	"github.com/unopened/unopened/engine"
	"github.com/unopened/unopened/ingest"
	brokers "github.com/unopened/unopened/ingest/kafka/local"
	"github.com/unopened/unopened/ingest/simulate"
	engines "github.com/unopened/unopened/store/local"
)

func demoCommand() *cobra.Command {
	scenario := simulate.Default()
	var keep, encoding string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Run everything on this machine, on a simulated messenger",
		Long: `Simulates a messenger for a week and runs the real parts on it: a broker that speaks Kafka's protocol over TCP, split,
shards, ClickHouse's own engine, the desk, and a webhook receiver that verifies with the standard's reference library.
At its end it tells what was found, and that everything is accounted for. Nothing is left behind but with --keep.`,
		Example: "  unopened demo\n  unopened demo --keep demo-data && unopened alerts list --config demo-data/unopened.yaml\n  unopened demo --encoding protobuf",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if scenario.Encoding, err = ingest.ParseEncoding(encoding); err != nil {
				return usageError{fmt.Errorf("--encoding: %w", err)}
			}
			// The week ends yesterday, so that ClickHouse's retention does not take its rows away at once.
			scenario.Start = time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -scenario.Days).UnixMilli()
			if err := scenario.Validate(); err != nil {
				return usageError{err}
			}
			report, err := demo(cmd.Context(), scenario, keep)
			if err != nil {
				return err
			}
			err = show(cmd.OutOrStdout(), asJSON, report, func(w io.Writer) error { return report.print(w, keep) })
			return errors.Join(err, report.check())
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&encoding, "encoding", ingest.JSON.String(), "how the raw records are written: json or protobuf")
	flags.StringVar(&keep, "keep", "", "folder that keeps the data for query, explain and alerts")
	flags.BoolVar(&asJSON, "json", false, "print the report as JSON")
	flags.Uint64Var(&scenario.Seed, "seed", scenario.Seed, "the same seed gives the same world")
	flags.IntVar(&scenario.Accounts, "accounts", scenario.Accounts, "accounts of all kinds")
	flags.IntVar(&scenario.Days, "days", scenario.Days, "days to simulate")
	flags.IntVar(&scenario.Hostile, "hostile", scenario.Hostile, "records that must be refused")
	flags.IntVar(&scenario.Repeats, "repeats", scenario.Repeats, "lines to send twice")
	return cmd
}

// stage is what a demo runs on.
type stage struct {
	cfg      *configs.Config
	broker   *brokers.Broker
	receiver *alerts.Receiver
	server   *httptest.Server
	received bytes.Buffer // alerts as the receiver verified them; read when it has stopped
}

// demo runs the demo in a folder, which is removed at the end unless it is to be kept.
func demo(ctx context.Context, scenario simulate.Scenario, keep string) (report *demoReport, err error) {
	dir := keep
	if keep == "" {
		if dir, err = os.MkdirTemp("", "unopened-demo-"); err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	} else if err := makeReady(dir); err != nil {
		return nil, err
	}
	line := newStatus(os.Stderr)
	defer line.done()
	line.say("starting: broker, ClickHouse, receiver")
	if _, err := engines.Fetch(ctx, func(step string) { line.say("ClickHouse engine: " + step) }); err != nil {
		return nil, err
	}
	s, err := newStage(ctx, dir, scenario.Days)
	if err != nil {
		return nil, err
	}
	defer s.close()
	s.cfg.Kafka.Encoding = scenario.Encoding.String()
	if report, err = s.play(ctx, scenario, line); err != nil {
		return nil, err
	}
	return report, s.cfg.Save(filepath.Join(dir, defaultConfigFile)) // last: by it a demo is known to be whole
}

// The names in a demo's folder, besides its configuration.
const (
	demoSecret = "webhook.secret" // written first: by it a folder is known to be a demo's
	demoData   = "data"
)

// makeReady makes the folder ready for a demo: it is new or empty, or loses what a demo that was cut off left there.
func makeReady(dir string) error {
	found, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(found) == 0 {
		return nil
	}
	has := func(name string) bool {
		return slices.ContainsFunc(found, func(e fs.DirEntry) bool { return e.Name() == name })
	}
	switch {
	case err != nil:
		return usageError{fmt.Errorf("--keep: %w; name a folder", err)}
	case has(defaultConfigFile) && has(demoSecret):
		return usageError{fmt.Errorf("--keep: %s holds a demo already; name another folder", dir)}
	case has(defaultConfigFile) || !has(demoSecret):
		return usageError{fmt.Errorf("--keep: %s holds other things; name a new or an empty folder", dir)}
	}
	return errors.Join(os.RemoveAll(filepath.Join(dir, demoData)), os.Remove(filepath.Join(dir, demoSecret)))
}

// newStage starts the broker and the receiver.
func newStage(ctx context.Context, dir string, days int) (s *stage, err error) {
	s = &stage{}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	secret := filepath.Join(dir, demoSecret)
	if err := writeWebhookSecret(secret); err != nil {
		return nil, err
	}
	text, err := os.ReadFile(secret)
	if err != nil {
		return nil, err
	}
	if s.receiver, err = alerts.NewReceiver(string(bytes.TrimSpace(text)), &s.received); err != nil {
		return nil, err
	}
	if s.broker, err = brokers.Start(ctx, brokers.Options{}); err != nil {
		return nil, err
	}
	s.server = httptest.NewServer(s.receiver)
	s.cfg = demoConfig(dir, s.broker.Addr(), days)
	s.cfg.Alerts.Webhooks = []alerts.WebhookConfig{{Name: "demo", URL: s.server.URL, SecretFile: secret, AllowLoopback: true}}
	return s, nil
}

// demoConfig is the demo's configuration. It promotes the harms that the simulator has campaigns of: without that they
// would be recorded, and nobody told. ClickHouse keeps all days for at least a month more.
func demoConfig(dir, broker string, days int) *configs.Config {
	c := configs.DefaultConfig()
	c.Data = filepath.Join(dir, demoData)
	for _, keep := range []*time.Duration{&c.Store.KeepEvents, &c.Store.KeepVerdicts, &c.Store.KeepAlerts} {
		*keep = max(*keep, time.Duration(days+30)*24*time.Hour)
	}
	c.Kafka.Brokers = []string{broker}
	c.Kafka.Create.Enabled, c.Kafka.Create.RawPartitions, c.Kafka.Create.AccountPartitions = true, 2, 4
	c.Alerts.Promoted = []string{"spam", "grooming", "harassment", "takeover"}
	c.Alerts.DailyBudget = 500
	c.Engine.Listen = ""
	// A week passes in seconds, so partitions must keep closer together than they would beside a living messenger.
	c.Engine.AlignSpan = 10 * time.Minute
	return &c
}

// close stops the parts.
func (s *stage) close() {
	s.server.Close()
	s.broker.Close()
}

// play produces the simulation, runs the service on it until everything has arrived, and reports.
func (s *stage) play(ctx context.Context, scenario simulate.Scenario, line *status) (*demoReport, error) {
	service, err := newService(ctx, s.cfg, allRoles, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	sim := simulate.New(scenario)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var working sync.WaitGroup
	var runErr, produceErr error
	var all produced
	begin := time.Now()
	working.Go(func() { runErr = service.run(ctx); stop() })
	all, produceErr = produce(ctx, service.kafka, sim, func(p produced) { line.show(p.Records, service.engine.Stats()) })
	if produceErr == nil {
		produceErr = service.settle(ctx, all.Records, func(e engine.Stats) { line.show(all.Records, e) })
	}
	took := time.Since(begin)
	stop()
	working.Wait()
	if err := errors.Join(runErr, produceErr); err != nil {
		return nil, errors.Join(err, service.close())
	}
	line.say("counting rows")
	report, err := s.report(context.WithoutCancel(ctx), service, sim, all)
	if err == nil {
		report.finish(scenario.Days, took)
	}
	return report, errors.Join(err, service.close())
}

// settle waits until all raw records, all entries and all candidates that there are have been handled, and every
// delivery has been made.
func (s *service) settle(ctx context.Context, records int64, step func(engine.Stats)) error {
	for {
		e := s.engine.Stats()
		step(e)
		if e.Split.Fetched == records && e.Pending() == 0 {
			entries, err := s.total(ctx, s.cfg.Kafka.Topics.Account)
			if err != nil {
				return err
			}
			candidates, err := s.total(ctx, s.cfg.Kafka.Topics.Alerts)
			if err != nil {
				return err
			}
			if e.Sides.Read == entries && e.Desk.Read == candidates {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// total is the number of records that a topic has ever had.
func (s *service) total(ctx context.Context, topic string) (sum int64, err error) {
	ends, err := s.kafka.EndOffsets(ctx, topic)
	for _, end := range ends {
		sum += end
	}
	return sum, err
}

// status is the live line of a demo: one line that changes on a terminal, a few lines elsewhere.
type status struct {
	out   io.Writer
	live  bool
	last  time.Time
	begin time.Time
}

// newStatus returns a status on a file.
func newStatus(out *os.File) *status {
	return &status{out: out, live: interactive(out), begin: time.Now()}
}

// say tells what begins now.
func (s *status) say(text string) {
	if s.live {
		fmt.Fprintf(s.out, "\r\033[K%s", text)
	} else {
		fmt.Fprintln(s.out, text)
	}
}

// show tells how far everything is, ten times a second on a terminal and each ten seconds elsewhere.
func (s *status) show(records int64, e engine.Stats) {
	every := 10 * time.Second
	if s.live {
		every = 100 * time.Millisecond
	}
	if time.Since(s.last) < every {
		return
	}
	s.last = time.Now()
	s.say(fmt.Sprintf("%4.0f s  produced %s  split %s  scored %s sides  alerts %s  webhooks %s", time.Since(s.begin).Seconds(),
		thousands(records), thousands(e.Split.Fetched), thousands(e.Sides.Read), thousands(e.Desk.Taken), thousands(e.Sent("webhook demo"))))
}

// done clears the line.
func (s *status) done() {
	if s.live {
		fmt.Fprint(s.out, "\r\033[K")
	}
}
