package main

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/unopened/unopened/alerts"
	"github.com/unopened/unopened/configs"
	"github.com/unopened/unopened/engine"
	"github.com/unopened/unopened/ingest"
	"github.com/unopened/unopened/ingest/kafka"
	"github.com/unopened/unopened/store"
)

// allRoles are the roles in the order of the data.
var allRoles = []string{"split", "score", "desk"}

func runCommand() *cobra.Command {
	var configFile string
	var roles []string
	var asJSON, debug bool
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Run the service: split, score and desk beside a Kafka cluster",
		Long: `Runs until it is told to stop (SIGINT, SIGTERM), then seals its checkpoints and prints the accounting. Killed at any
moment, it goes on where its checkpoints stand: nothing is lost and nothing counts twice. Several members share the
partitions.`,
		Example: "  unopened run --config unopened.yaml\n  unopened run --roles score",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := loadConfig(configFile)
			if err != nil {
				return err
			}
			if len(roles) == 0 {
				return oneOf("roles", "", allRoles)
			}
			for _, role := range roles {
				if err := oneOf("roles", role, allRoles); err != nil {
					return err
				}
			}
			level := slog.LevelInfo
			if debug {
				level = slog.LevelDebug
			}
			return runService(cmd, cfg, roles, asJSON, logger(level))
		},
	}
	addConfigFlag(cmd, &configFile)
	cmd.Flags().StringSliceVar(&roles, "roles", allRoles, "which roles this process has")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the accounting as JSON at the end")
	cmd.Flags().BoolVar(&debug, "debug", false, "log more")
	_ = cmd.RegisterFlagCompletionFunc("roles", cobra.FixedCompletions(allRoles, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func splitCommand() *cobra.Command {
	var configFile string
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "split",
		Short:   "Run the split role alone: raw topic to account topic",
		Long:    `The same as "unopened run --roles split": for deployments that split beside the messenger and score elsewhere.`,
		Example: "  unopened split --config unopened.yaml",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := loadConfig(configFile)
			if err != nil {
				return err
			}
			return runService(cmd, cfg, []string{"split"}, asJSON, logger(slog.LevelInfo))
		},
	}
	addConfigFlag(cmd, &configFile)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the accounting as JSON at the end")
	return cmd
}

// runService runs a service until the command is told to stop, then prints the accounting.
func runService(cmd *cobra.Command, cfg *configs.Config, roles []string, asJSON bool, log *slog.Logger) error {
	s, err := newService(cmd.Context(), cfg, roles, log)
	if err != nil {
		return err
	}
	begin := time.Now()
	if err := errors.Join(s.run(cmd.Context()), s.close()); err != nil {
		return err
	}
	return account(s.engine, time.Since(begin)).tell(cmd.OutOrStdout(), asJSON)
}

// service is an engine with the real parts that it works on.
type service struct {
	cfg    *configs.Config
	kafka  *kafka.Cluster
	engine *engine.Engine
	store  *store.Store
	roles  []engine.Role
}

// newService connects the parts that the roles need.
func newService(ctx context.Context, cfg *configs.Config, roles []string, log *slog.Logger) (s *service, err error) {
	set, mask, err := loadModels(cfg)
	if err != nil {
		return nil, err
	}
	key, err := identityKey(cfg)
	if err != nil {
		return nil, err
	}
	encoding, err := ingest.ParseEncoding(cfg.Kafka.Encoding)
	if err != nil {
		return nil, usageError{err}
	}
	s = &service{cfg: cfg}
	if s.kafka, err = kafka.New(cfg.Kafka, log); err != nil {
		return nil, usageError{err}
	}
	vault, err := engine.OpenVault(ctx, &cfg.Engine, cfg.Path(cfg.Engine.Checkpoints))
	if err != nil {
		return nil, err
	}
	s.engine = &engine.Engine{
		Config: cfg.Engine, Features: cfg.Features, Alerts: cfg.Alerts, Models: set, Key: key, Log: log,
		Encoding: encoding, Incarnation: cfg.Kafka.Incarnation, Mask: mask, Checkpoints: vault,
	}
	if err := s.engine.Prepare(); err != nil {
		return nil, err
	}
	s.engine.Source = s.met
	if err := s.connect(ctx); err != nil {
		return nil, err
	}
	if slices.Contains(roles, "score") || slices.Contains(roles, "desk") {
		if s.store, err = openStore(ctx, cfg); err != nil {
			return nil, err
		}
		if err := s.store.Migrate(ctx); err != nil {
			return nil, errors.Join(err, s.store.Close())
		}
		s.engine.Recorder = func() engine.Recorder { return s.store.Writer() }
		s.engine.Sinks = []alerts.Endpoint{s.store.AlertSink()}
	}
	s.assign(roles)
	return s, nil
}

// atRest connects a service that has no roles, does what is to be done while nobody is at work, and closes it.
func atRest[T any](ctx context.Context, cfg *configs.Config, do func(*service) (T, error)) (done T, err error) {
	s, err := newService(ctx, cfg, nil, logger(slog.LevelWarn))
	if err != nil {
		return done, err
	}
	done, err = do(s)
	return done, errors.Join(err, s.close())
}

// met are the counters of what the Kafka client met, for the metrics.
func (s *service) met() map[string]int64 {
	n := s.kafka.Stats()
	met := map[string]int64{
		"gap_records": n.GapRecords, "poison": n.Poison, "fetch_errors": n.FetchErrors, "rebuilds": n.Rebuilds,
		"generations": n.Generations, "append_retries": n.AppendRetries,
	}
	for kind, times := range n.Incidents {
		met["incident_"+kafka.IncidentKind(kind).String()] = times
	}
	return met
}

// connect opens the topics that are written. Each record of the account topic has its subject as key.
func (s *service) connect(ctx context.Context) (err error) {
	if err := s.kafka.EnsureTopics(ctx); err != nil {
		return err
	}
	topics := s.kafka.Topics()
	if s.engine.Accounts, err = s.kafka.Log(ctx, topics.Account, ingest.EntryKey); err != nil {
		return err
	}
	s.engine.AccountTopic = topics.Account
	if s.engine.Candidates, err = s.kafka.Log(ctx, topics.Alerts, nil); err != nil {
		return err
	}
	s.engine.Letters, err = s.kafka.Letters(ctx)
	return err
}

// assign gives the engine its roles, each with the source that feeds it. A new kind of source has its line here.
func (s *service) assign(roles []string) {
	topics := s.kafka.Topics()
	for _, r := range []struct {
		name, topic string
		open        func(context.Context, ingest.Partition) (ingest.Handler, error)
	}{
		{"split", topics.Raw, s.engine.OpenSplit},
		{"score", topics.Account, s.engine.OpenShard},
		{"desk", topics.Alerts, s.engine.OpenDesk},
	} {
		if slices.Contains(roles, r.name) {
			s.roles = append(s.roles, engine.Role{Name: r.name, Source: s.kafka.Source(r.topic, r.name), Open: r.open})
		}
	}
}

// run works until ctx is done or something fails. The metrics listener stops with it.
func (s *service) run(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	listened := make(chan error, 1)
	if address := s.cfg.Engine.Listen; address != "" {
		go func() {
			err := s.engine.Listen(ctx, address)
			if err != nil {
				stop()
			}
			listened <- err
		}()
	} else {
		listened <- nil
	}
	err := s.engine.Run(ctx, s.roles...)
	stop()
	return errors.Join(err, <-listened)
}

// close ends what newService opened.
func (s *service) close() error {
	s.kafka.Close()
	if s.store == nil {
		return nil
	}
	return s.store.Close()
}

// openStore connects to ClickHouse.
func openStore(ctx context.Context, cfg *configs.Config) (*store.Store, error) {
	return store.Open(ctx, cfg.Store, cfg.Data, logger(slog.LevelWarn))
}
