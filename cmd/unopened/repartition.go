package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/unopened/unopened/engine"
	"github.com/unopened/unopened/ingest/kafka"
)

// repartitionFlags are what `repartition` was asked.
type repartitionFlags struct {
	config, to  string
	partitions  int
	dry, asJSON bool
}

func repartitionCommand() *cobra.Command {
	var f repartitionFlags
	cmd := &cobra.Command{
		Use:   "repartition",
		Short: "While the service is stopped: move the accounts to a new account topic with more or fewer partitions",
		Long: `Moves what the shards know, out of the checkpoints of the account topic that the configuration names, to the shards of
a new topic: accounts, devices and networks, episodes of alerts, the ids by which repeats are recognised, and how far each
source was read. Nothing is read again, nothing counts twice. Every member must be stopped, each shard at the end of its
partition; the command says what is missing.

The new topic is made where kafka.create.enabled is set, or was made empty. Killed at any moment, the same command ends
the work; it refuses once the service has read the new topic. Afterwards members start only with kafka.topics.account set
to the new name. docs/repartition.md is the guide.`,
		Example: `  unopened repartition --to unopened.account.v2 --partitions 32 --dry-run --config unopened.yaml
  unopened repartition --to unopened.account.v2 --partitions 32 --config unopened.yaml`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := loadConfig(f.config)
			if err != nil {
				return err
			}
			next := cfg.Kafka
			next.Topics.Account, next.Create.AccountPartitions = f.to, f.partitions
			if err := f.check(&cfg.Kafka, &next); err != nil {
				return err
			}
			moved, err := atRest(cmd.Context(), cfg, func(s *service) (*engine.Moved, error) {
				return f.repartition(cmd.Context(), s, next)
			})
			if err != nil {
				return err
			}
			return show(cmd.OutOrStdout(), f.asJSON, moved, func(w io.Writer) error { return f.print(w, moved) })
		},
	}
	flags := cmd.Flags()
	addConfigFlag(cmd, &f.config)
	flags.StringVar(&f.to, "to", "", "name of the new account topic, such as unopened.account.v2")
	flags.IntVar(&f.partitions, "partitions", 0, "how many partitions it has")
	flags.BoolVar(&f.dry, "dry-run", false, "do all but write: check, and tell what each shard would hold")
	flags.BoolVar(&f.asJSON, "json", false, "print JSON")
	_ = cmd.MarkFlagRequired("to") // the flags stand above
	_ = cmd.MarkFlagRequired("partitions")
	return cmd
}

// check refuses what cannot be a new topic, before anything is asked for.
func (f *repartitionFlags) check(now, next *kafka.Config) error {
	if f.to == now.Topics.Account {
		return usageError{fmt.Errorf("--to: kafka.topics.account is %s already; name a new topic, and leave the configuration as it is until the accounts are moved", f.to)}
	}
	if f.partitions < 1 {
		return usageError{fmt.Errorf("--partitions: %d is below 1", f.partitions)}
	}
	if err := next.Validate(); err != nil {
		return usageError{fmt.Errorf("--to %s --partitions %d: %w", f.to, f.partitions, err)}
	}
	return nil
}

// repartition moves the accounts.
func (f *repartitionFlags) repartition(ctx context.Context, s *service, next kafka.Config) (*engine.Moved, error) {
	topics := s.kafka.Topics()
	raw, err := s.kafka.Partitions(ctx, topics.Raw)
	if err != nil {
		return nil, err
	}
	old, err := s.kafka.Partitions(ctx, topics.Account)
	if err != nil {
		return nil, err
	}
	if err := f.prepare(ctx, next); err != nil {
		return nil, err
	}
	r := &engine.Repartition{Engine: s.engine, From: topics.Account, To: f.to, Old: old, New: f.partitions, Raw: topics.Raw, RawPartitions: raw}
	r.Ends = func(ctx context.Context) ([]int64, error) { return s.kafka.EndOffsets(ctx, topics.Account) }
	bar := newProgress("moving accounts", "checkpoints", int64(r.Steps()))
	r.Step = func() { bar.add(1) }
	moved, err := r.Run(ctx, f.dry)
	bar.done()
	if errors.Is(err, engine.ErrNotAtRest) || errors.Is(err, engine.ErrReadBefore) {
		err = usageError{err}
	}
	return moved, err
}

// prepare makes the new topic, if it may and must, and refuses one that is not empty or of another size. A dry run makes
// nothing.
func (f *repartitionFlags) prepare(ctx context.Context, next kafka.Config) error {
	next.Create.Enabled = next.Create.Enabled && !f.dry
	log := logger(slog.LevelWarn)
	if f.dry {
		log = nil // that the topic is not there is no trouble
	}
	cluster, err := kafka.New(next, log)
	if err != nil {
		return usageError{err}
	}
	defer cluster.Close()
	err = cluster.EnsureTopics(ctx)
	if f.dry && errors.Is(err, kafka.ErrTopic) {
		return nil // the others are there, or the service would not have been connected
	}
	if err != nil {
		return err
	}
	ends, err := cluster.EndOffsets(ctx, f.to)
	if err != nil {
		return err
	}
	if len(ends) != f.partitions {
		return usageError{fmt.Errorf("--partitions: topic %s is there with %d", f.to, len(ends))}
	}
	if slices.Max(ends) > 0 {
		return usageError{fmt.Errorf("--to: topic %s has had records; name one that has not: %w", f.to, engine.ErrReadBefore)}
	}
	return nil
}

// print writes the report for people.
func (f *repartitionFlags) print(out io.Writer, m *engine.Moved) error {
	would := "moved"
	if f.dry {
		would = "would move"
	}
	fmt.Fprintf(out, "%s %s accounts, %s devices and networks and %s episodes of alerts from %s to %s\nstate hash %s\n\n", would,
		thousands(int64(m.Accounts)), thousands(int64(m.Places)), thousands(int64(m.Episodes)), m.From, m.To, m.StateHash)
	var rows [][]string
	for _, s := range m.Shards {
		from := strings.Trim(fmt.Sprint(s.From), "[]")
		rows = append(rows, []string{fmt.Sprint(s.Partition), from, thousands(int64(s.Accounts)), thousands(int64(s.Places)),
			thousands(int64(s.IDs)), fmt.Sprintf("%.1f", float64(s.Bytes)/(1<<20))})
	}
	if err := writeTable(out, []string{"partition", "out of", "accounts", "places", "ids", "MiB"}, rows); err != nil || f.dry {
		return err
	}
	_, err := fmt.Fprintf(out, "\nNow set kafka.topics.account to %s in the configuration of every member, and start them.\n", m.To)
	return err
}

// unwritten is a vault that is only read: a replay leaves no trace in it.
type unwritten struct{ engine.Vault }

// Put keeps nothing.
func (unwritten) Put(context.Context, string, []byte) error { return nil }

// Remove removes nothing.
func (unwritten) Remove(context.Context, string) error { return nil }
