package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/unopened/unopened/alerts"
	"github.com/unopened/unopened/configs"
	"github.com/unopened/unopened/engine"
	"github.com/unopened/unopened/ingest/file"
	"github.com/unopened/unopened/ingest/kafka"
	"github.com/unopened/unopened/models"
)

// replayFlags are what `replay` was asked.
type replayFlags struct {
	config, verdicts, alerts, letters, moved string
	promote                                  []string
	batch, shards                            int
	accounts, asJSON                         bool
	sight                                    sightFlags
}

func replayCommand() *cobra.Command {
	var f replayFlags
	cmd := &cobra.Command{
		Use:   "replay [FILE...]",
		Short: "Read events from files, or the account topic from Kafka, and write verdicts and alerts",
		Long: `Reads files of contract records (.jsonl, .gz, .zst, - for standard input) through all three roles in this process,
without Kafka or ClickHouse. The outcome depends on the events alone: not on batches, clocks or machines.

With --accounts it reads the account topic that the configuration names, from its beginning to its end, and writes
nothing to Kafka. That is the reference for any run over the same topic: the same verdicts, alerts and state hash. The
daily budget is not applied.`,
		Example: `  unopened replay --verdicts verdicts.jsonl --alerts alerts.jsonl events.jsonl.gz
  unopened simulate --days 2 | unopened replay --json -
  unopened replay --profile signal --verdicts verdicts.jsonl events.jsonl.gz
  unopened replay --accounts --config unopened.yaml --json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(args); err != nil {
				return err
			}
			return replay(cmd, &f, args)
		},
	}
	flags := cmd.Flags()
	addConfigFlag(cmd, &f.config)
	flags.StringVar(&f.verdicts, "verdicts", "", "file for verdict lines (- for standard output)")
	flags.StringVar(&f.alerts, "alerts", "", "file for alert lines (- for standard output)")
	flags.StringVar(&f.letters, "dead-letters", "", "file for dead letters (- for standard output)")
	flags.StringSliceVar(&f.promote, "promote", nil, "harms that raise alerts in this replay (default: those of the configuration; all, if it promotes none)")
	flags.IntVar(&f.batch, "batch", 4096, "records that are read at a time; changes nothing but speed")
	flags.IntVar(&f.shards, "shards", 1, "shards among which the accounts are divided, 1 to 1024")
	flags.BoolVar(&f.accounts, "accounts", false, "read the account topic of the configuration instead of files")
	flags.StringVar(&f.moved, "checkpoints", "", "with --accounts: a copy of engine.checkpoints as unopened repartition left it, on which the topic goes on")
	flags.BoolVar(&f.asJSON, "json", false, "print the accounting as JSON")
	f.sight.add(cmd)
	_ = cmd.RegisterFlagCompletionFunc("promote", cobra.FixedCompletions(models.Names[:], cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// maxShards bounds the shards of a replay: each has state and buffers of its own.
const maxShards = 1024

// check refuses what cannot be replayed, before anything is opened.
func (f *replayFlags) check(files []string) error {
	if f.accounts == (len(files) > 0) {
		return usageError{errors.New("name files of events, or give --accounts, not both")}
	}
	if f.moved != "" && !f.accounts {
		return usageError{errors.New("--checkpoints goes with --accounts")}
	}
	if f.accounts && f.sight.cmd.Flags().Changed("profile") {
		return usageError{errors.New("--profile restricts events as they are split, and what --accounts reads was split before; name it in engine.visibility, as the run had it")}
	}
	if f.batch < 1 {
		return usageError{fmt.Errorf("--batch: %d is below 1", f.batch)}
	}
	if f.shards < 1 || f.shards > maxShards {
		return usageError{fmt.Errorf("--shards: %d is not between 1 and %d", f.shards, maxShards)}
	}
	for _, harm := range f.promote {
		if err := oneOf("promote", harm, models.Names[:]); err != nil {
			return err
		}
	}
	return separate(append(slices.Clone(files), f.config), f.written())
}

// written are the files that are asked for.
func (f *replayFlags) written() []written {
	return []written{{"--verdicts", f.verdicts}, {"--alerts", f.alerts}, {"--dead-letters", f.letters}}
}

// accounting is what a replay or run ends with.
type accounting struct {
	Events struct {
		Read     int64            `json:"read"`
		Accepted int64            `json:"accepted"`
		Refused  map[string]int64 `json:"refused"`
		Unseen   map[string]int64 `json:"unseen,omitempty"` // by type: what the profile does not let see
		Gaps     int64            `json:"gaps"`
		Lost     int64            `json:"lost"`
	} `json:"events"`
	Sides     engine.SideCounts `json:"sides"`
	Accounts  int               `json:"accounts"`
	Profile   string            `json:"profile,omitempty"` // to which the events were restricted
	Alerts    int64             `json:"alerts"`            // alert lines and webhooks handed to the outbox
	StateHash string            `json:"state_hash"`
	Seconds   float64           `json:"seconds"`
	// Unbalanced names the equations that do not hold: there is none, or this program is wrong.
	Unbalanced []string `json:"unbalanced,omitempty"`
}

// replay carries the command out. The accounting comes when all that was asked for is written, and goes to standard
// error where standard output has lines already.
func replay(cmd *cobra.Command, f *replayFlags, files []string) error {
	cfg, err := loadConfig(f.config)
	if err != nil {
		return err
	}
	if err := errors.Join(f.named(cfg), f.sight.into(cfg)); err != nil {
		return err
	}
	f.promoteIn(cfg)
	e, err := replayEngine(cfg)
	if err != nil {
		return err
	}
	if f.moved != "" {
		e.Checkpoints = unwritten{&engine.Folder{Dir: f.moved}}
	}
	begin := time.Now()
	if err := f.play(cmd.Context(), cfg, e, files); err != nil {
		return err
	}
	out := cmd.OutOrStdout()
	if slices.ContainsFunc(f.written(), written.toStdout) {
		out = cmd.ErrOrStderr()
	}
	return account(e, time.Since(begin)).tell(out, f.asJSON)
}

// named refuses to name alerts by another key than the deployment whose account topic is read.
func (f *replayFlags) named(cfg *configs.Config) error {
	if f.accounts && !hasKey(cfg) {
		return usageError{fmt.Errorf("--accounts: there is no %s, and without the deployment's identity key the alerts have other ids; "+
			"copy it there or name it in alerts.key_file", keyFile(cfg))}
	}
	return nil
}

// play reads everything, writes what is asked for and closes it.
func (f *replayFlags) play(ctx context.Context, cfg *configs.Config, e *engine.Engine, files []string) error {
	closers, err := f.outputs(e)
	switch {
	case err != nil:
	case f.accounts:
		err = replayAccounts(ctx, cfg, e)
	default:
		err = e.ReplayRaw(ctx, &file.Source{Paths: files, Batch: f.batch}, f.shards)
	}
	for _, c := range closers {
		err = errors.Join(err, c())
	}
	return err
}

// promoteIn decides which harms raise alerts. A replay of files tells nobody, so where nothing is promoted it shows what
// all harms would raise; one of the account topic is the reference of the live run and changes nothing.
func (f *replayFlags) promoteIn(cfg *configs.Config) {
	switch {
	case len(f.promote) > 0:
		cfg.Alerts.Promoted = f.promote
	case len(cfg.Alerts.Promoted) == 0 && !f.accounts:
		cfg.Alerts.Promoted = models.Names[:]
	}
}

// replayAccounts reads the account topic to its end.
func replayAccounts(ctx context.Context, cfg *configs.Config, e *engine.Engine) error {
	cluster, err := kafka.New(cfg.Kafka, logger(slog.LevelWarn))
	if err != nil {
		return usageError{err}
	}
	defer cluster.Close()
	return e.ReplayAccounts(ctx, cluster.ReadAll(cfg.Kafka.Topics.Account))
}

// outputs opens the files that were asked for and hands them to the engine; it returns what closes them.
func (f *replayFlags) outputs(e *engine.Engine) (closers []func() error, err error) {
	if f.verdicts != "" {
		w, err := file.Create(f.verdicts)
		if err != nil {
			return closers, err
		}
		lines := engine.NewLines(w)
		e.Recorder = func() engine.Recorder { return lines }
		e.Finals = true
		closers = append(closers, func() error { return errors.Join(lines.Flush()(context.Background()), w.Close()) })
	}
	if f.alerts != "" {
		if f.alerts != file.Stdio {
			if err := os.WriteFile(f.alerts, nil, 0o600); err != nil {
				return closers, err
			}
		}
		e.Sinks = []alerts.Endpoint{alerts.LinesEndpoint(f.alerts)}
	}
	if f.letters != "" {
		w, err := file.Create(f.letters)
		if err != nil {
			return closers, err
		}
		e.Letters = file.NewLetters(w)
		closers = append(closers, w.Close)
	}
	return closers, nil
}

// account gathers an engine's counters.
func account(e *engine.Engine, took time.Duration) *accounting {
	s := e.Stats()
	a := &accounting{Sides: s.Sides, Accounts: s.Accounts, Alerts: s.Desk.Taken, StateHash: e.StateHash(), Seconds: took.Seconds()}
	a.Events.Read, a.Events.Accepted = s.Split.Fetched, s.Split.Accepted
	a.Events.Refused, a.Events.Gaps = s.Split.ByReason(), s.Split.Gaps
	a.Events.Lost, a.Events.Unseen, a.Profile = s.Split.Lost, s.Split.UnseenByType(), e.Config.Visibility.Profile
	a.Unbalanced = s.Unbalanced()
	return a
}

// tell writes the accounting. Where it does not add up, that is an error.
func (a *accounting) tell(out io.Writer, asJSON bool) (err error) {
	err = show(out, asJSON, a, a.print)
	return errors.Join(err, unequal(a.Unbalanced))
}

// unequal makes an error of equations that do not hold.
func unequal(wrong []string) error {
	if len(wrong) == 0 {
		return nil
	}
	return fmt.Errorf("the accounts do not add up: %s", strings.Join(wrong, "; "))
}

// print writes the accounting for people.
func (a *accounting) print(out io.Writer) error {
	refused := int64(0)
	for _, n := range a.Events.Refused {
		refused += n
	}
	fmt.Fprintf(out, "events   %s read = %s accepted + %s refused%s; %s lost before they were read\n", thousands(a.Events.Read),
		thousands(a.Events.Accepted), thousands(refused), unseen(a.Events.Unseen), thousands(a.Events.Lost))
	fmt.Fprintf(out, "sides    %s read = %s applied + %s duplicate + %s late + %s control + %s stamps + %s refused\n",
		thousands(a.Sides.Read), thousands(a.Sides.Applied), thousands(a.Sides.Duplicate), thousands(a.Sides.Late),
		thousands(a.Sides.Control), thousands(a.Sides.Stamps), thousands(a.Sides.Refused))
	fmt.Fprintf(out, "state    %s accounts, hash %s\n", thousands(int64(a.Accounts)), a.StateHash)
	_, err := fmt.Fprintf(out, "took     %.1f s\n", a.Seconds)
	return err
}
