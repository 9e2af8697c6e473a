package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/unopened/unopened/alerts"
	"github.com/unopened/unopened/configs"
	"github.com/unopened/unopened/ingest"
	"github.com/unopened/unopened/ingest/file"
	"github.com/unopened/unopened/ingest/kafka"
	"github.com/unopened/unopened/models"
)

// checkFlags are what `check` was asked.
type checkFlags struct {
	config, events, topic string
	span                  time.Duration
	timed                 bool // a span was given
	fromStart, asJSON     bool
	sight                 sightFlags
}

func checkCommand() *cobra.Command {
	var f checkFlags
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Check a configuration, or count what a file of events or a topic holds",
		Long: `Without --events or --topic, checks the configuration, and the models, keys, secrets, certificates and passwords that
it names, without starting anything.

With --events, reads a file of contract records; with --topic, reads a raw topic beside those who use it: outside any
group, without committing, from its present end on, for a while (--for) or until it is interrupted. Tells what would be
accepted, what refused for which reason, how late events come, which fields records carry where they may, and which harms
can be assessed of how many accounts; an account that acts more than once in the meantime shows more of its fields.
Nothing of a refused record is ever printed: not its bytes, not its names, not its values.`,
		Example: `  unopened check --config unopened.yaml --json
  unopened check --events events.jsonl.gz --json
  unopened check --events events.jsonl.gz --profile signal
  unopened check --topic unopened.raw.v1 --for 1m --config unopened.yaml
  unopened check --topic unopened.raw.v1 --from-start --config unopened.yaml`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			f.timed = cmd.Flags().Changed("for")
			found, err := f.check(cmd.Context())
			if err != nil {
				return err
			}
			return show(cmd.OutOrStdout(), f.asJSON, found, found.print)
		},
	}
	flags := cmd.Flags()
	addConfigFlag(cmd, &f.config)
	flags.StringVar(&f.events, "events", "", "a file of contract records: .jsonl, .gz, .zst, or - for standard input")
	flags.StringVar(&f.topic, "topic", "", "a topic of contract records, at the brokers of the configuration")
	flags.DurationVar(&f.span, "for", time.Minute, "how long to read the topic; with --from-start, at most how long")
	flags.BoolVar(&f.fromStart, "from-start", false, "read what the topic holds, up to its present end, instead of what comes")
	flags.BoolVar(&f.asJSON, "json", false, "print JSON")
	f.sight.add(cmd)
	return cmd
}

// printable is what a check has found.
type printable interface{ print(out io.Writer) error }

// check looks at what the flags name.
func (f *checkFlags) check(ctx context.Context) (printable, error) {
	switch {
	case f.events != "" && f.topic != "":
		return nil, usageError{errors.New("give --events or --topic, not both")}
	case f.topic == "" && (f.timed || f.fromStart):
		return nil, usageError{errors.New("--for and --from-start go with --topic")}
	case f.span <= 0:
		return nil, usageError{fmt.Errorf("--for: %s is not above 0", f.span)}
	case f.events == "" && f.topic == "":
		if f.sight.Profile != "" || f.sight.Doubtful {
			return nil, usageError{errors.New("--profile and --doubtful go with --events or --topic")}
		}
		return checkConfig(f.config)
	}
	cfg, err := loadConfig(f.config)
	if err != nil {
		return nil, err
	}
	if err := f.sight.into(cfg); err != nil {
		return nil, err
	}
	set, mask, err := loadModels(cfg)
	if err != nil {
		return nil, err
	}
	bar := newProgress("reading "+cmp.Or(f.topic, f.events), "records", -1)
	seen := &survey{step: bar.add, mask: mask}
	begin := time.Now()
	if f.topic != "" {
		err = f.readTopic(ctx, cfg, seen)
	} else {
		err = f.readFile(ctx, seen)
	}
	bar.done()
	if err != nil {
		return nil, err
	}
	found := newChecked(seen.sum(), set)
	found.Source, found.Seconds = cmp.Or(f.topic, f.events), time.Since(begin).Seconds()
	found.TimestampType, found.Profile = seen.clock, cfg.Engine.Visibility.Profile
	found.rate(f.topic != "" && !f.fromStart)
	return found, nil
}

// readFile reads the file to its end; one that was interrupted tells nothing.
func (f *checkFlags) readFile(ctx context.Context, seen *survey) error {
	source := &file.Source{Paths: []string{f.events}}
	return errors.Join(source.Run(ctx, seen.open), ctx.Err())
}

// readTopic reads the topic until the time is over, its end is reached or the command is interrupted: what it has read
// until then is worth telling.
func (f *checkFlags) readTopic(ctx context.Context, cfg *configs.Config, seen *survey) error {
	if slices.Contains([]string{cfg.Kafka.Topics.Account, cfg.Kafka.Topics.Dead, cfg.Kafka.Topics.Alerts}, f.topic) {
		return usageError{fmt.Errorf("--topic: %s is written by Unopened itself; name a topic of contract records, such as %s", f.topic, cfg.Kafka.Topics.Raw)}
	}
	cfg.Kafka.Topics.Raw = f.topic
	cluster, err := kafka.New(cfg.Kafka, logger(slog.LevelWarn))
	if err != nil {
		return usageError{err}
	}
	defer cluster.Close()
	if err := cluster.CheckTopics(ctx, f.topic); err != nil {
		return err
	}
	if seen.form, err = ingest.ParseEncoding(cfg.Kafka.Encoding); err != nil {
		return usageError{err}
	}
	if seen.from, err = cluster.EndOffsets(ctx, f.topic); err != nil {
		return err
	}
	seen.clock = cmp.Or(cluster.TimestampType(ctx, f.topic), "unknown")
	source := cluster.Follow(f.topic)
	if f.fromStart {
		seen.from, source = nil, cluster.ReadAll(f.topic)
	}
	if f.timed || !f.fromStart {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeout(ctx, f.span)
		defer stop()
	}
	return source.Run(ctx, seen.open)
}

// sound is what `check` tells of a configuration that has no mistake.
type sound struct {
	Sound bool        `json:"sound"`
	Harms []harmState `json:"harms"`
}

// harmState is what becomes of a harm's scores.
type harmState struct {
	Harm   string `json:"harm"`
	State  string `json:"state"` // alerts, shadow or off
	Models string `json:"models"`
}

// checkConfig loads the configuration and everything that it names. Nothing is started or made.
func checkConfig(configFile string) (*sound, error) {
	cfg, err := loadConfig(configFile)
	if err != nil {
		return nil, err
	}
	set, _, err := loadModels(cfg)
	if err = errors.Join(err, checkFiles(cfg)); err != nil {
		return nil, usageError{err}
	}
	found := &sound{Sound: true}
	for h := range models.Harm(models.Harms) {
		state := "shadow"
		switch {
		case slices.Contains(cfg.Models.Off, h.String()):
			state = "off"
		case slices.Contains(cfg.Alerts.Promoted, h.String()):
			state = "alerts"
		}
		found.Harms = append(found.Harms, harmState{h.String(), state, set.Name(h)})
	}
	return found, nil
}

// print writes a table for people.
func (s *sound) print(out io.Writer) error {
	rows := make([][]string, len(s.Harms))
	for i, h := range s.Harms {
		rows[i] = []string{h.Harm, h.State, h.Models}
	}
	fmt.Fprintln(out, "the configuration is sound")
	return writeTable(out, []string{"harm", "state", "models"}, rows)
}

// checkFiles reads the keys, secrets, certificates and passwords that a configuration names, each by the code that will
// use it, and returns all that is wrong.
func checkFiles(cfg *configs.Config) error {
	var errs []error
	if hasKey(cfg) {
		_, err := identityKey(cfg)
		errs = append(errs, err)
	}
	for i := range cfg.Alerts.Webhooks {
		one := cfg.Alerts // each alone, since the desk stops at the first that is wrong
		one.Webhooks = cfg.Alerts.Webhooks[i : i+1]
		if _, err := alerts.NewDesk(one, nil, slog.New(slog.DiscardHandler)); err != nil {
			errs = append(errs, fmt.Errorf("alerts.webhooks[%d]: %w", i, err))
		}
	}
	password, certificates := cfg.Kafka, cfg.Kafka
	password.TLS.CAFile, password.TLS.CertFile, password.TLS.KeyFile = "", "", ""
	certificates.SASL = kafka.SASL{}
	for _, part := range []kafka.Config{certificates, password} {
		cluster, err := kafka.New(part, nil)
		if errs = append(errs, err); err == nil {
			cluster.Close()
		}
	}
	if name := cfg.Store.PasswordFile; name != "" {
		if _, err := os.ReadFile(name); err != nil {
			errs = append(errs, fmt.Errorf("store.password_file: %w", err))
		}
	}
	return errors.Join(errs...)
}
