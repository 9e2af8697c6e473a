package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/unopened/unopened/configs"
	"github.com/unopened/unopened/engine"
	"github.com/unopened/unopened/ingest/file"
)

// warmupFlags are what `warmup` was asked.
type warmupFlags struct {
	config, until string
	margin        time.Duration
	offsets       map[string]int64
	asJSON        bool
	at            time.Time // until
}

func warmupCommand() *cobra.Command {
	var f warmupFlags
	cmd := &cobra.Command{
		Use:   "warmup FILE...",
		Short: "Before the first run: split history from files, and cut over to the raw topic at a stated time",
		Long: `Writes what happened before --until, from files of contract records in the order of time, to the account topic, and
seals where the service then begins to read each raw partition: at the first record whose time in the log is --margin
before --until, or at --offsets. What is in the files and in the topic is counted once, since repeats are recognised over
engine.window. What the files have from --until on is skipped: it comes by the topic.

alerts.since must be set to --until or later, so that nobody is told of the past. Killed at any moment, the same command
goes on where it was. It refuses once raw partitions were split. docs/warmup.md is the guide.`,
		Example: `  unopened warmup --until 2026-11-01T00:00:00Z --config unopened.yaml history.jsonl.gz
  unopened warmup --until 2026-11-01T00:00:00Z --offsets 0=5120,1=4988 october-1.jsonl october-2.jsonl`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, files []string) error {
			cfg, err := loadConfig(f.config)
			if err != nil {
				return err
			}
			if !cmd.Flags().Changed("margin") {
				f.margin = cfg.Engine.Window
			}
			if err := f.check(cfg, files); err != nil {
				return err
			}
			report, err := atRest(cmd.Context(), cfg, func(s *service) (*warmed, error) { return f.warmup(cmd.Context(), s, files) })
			if err != nil {
				return err
			}
			return show(cmd.OutOrStdout(), f.asJSON, report, report.print)
		},
	}
	flags := cmd.Flags()
	addConfigFlag(cmd, &f.config)
	flags.StringVar(&f.until, "until", "", "time of the cut-over, such as 2026-11-01T00:00:00Z: events before it are taken from the files")
	flags.DurationVar(&f.margin, "margin", 0, "how long before --until the topic is read, for what comes late or out of order (default: engine.window)")
	flags.StringToInt64Var(&f.offsets, "offsets", nil, "where to begin instead, for each raw partition: 0=123,1=456")
	flags.BoolVar(&f.asJSON, "json", false, "print JSON")
	_ = cmd.MarkFlagRequired("until") // the flag stands above
	return cmd
}

// check refuses what cannot be a warm-up, before anything is read.
func (f *warmupFlags) check(cfg *configs.Config, files []string) (err error) {
	if f.at, err = time.Parse(time.RFC3339, f.until); err != nil {
		return usageError{fmt.Errorf("--until: %q is no time such as 2026-11-01T00:00:00Z", f.until)}
	}
	if f.margin < 0 {
		return usageError{fmt.Errorf("--margin: %s is below 0", f.margin)}
	}
	if slices.Contains(files, file.Stdio) {
		return usageError{errors.New("a history is read twice, which standard input cannot be: put it into a file")}
	}
	if since, _ := cfg.Alerts.SinceMs(); since < f.at.UnixMilli() { // the configuration is sound
		return usageError{fmt.Errorf("alerts.since is %q, so that alerts would be raised of the past: set it to %s or later in the configuration of every member, and leave it there: a replay needs it too",
			cfg.Alerts.Since, f.until)}
	}
	return nil
}

// warmup splits the history and seals where the raw topic goes on. What the service's engine counts is then of the
// whole history, over all runs of the command.
func (f *warmupFlags) warmup(ctx context.Context, s *service, files []string) (*warmed, error) {
	past, err := f.survey(ctx, s.cfg, files)
	if err != nil {
		return nil, err
	}
	h := &engine.History{Engine: s.engine, Digest: past.digest()}
	begun, err := h.Open(ctx)
	if err == nil && !begun {
		err = f.begin(ctx, s, h)
	}
	if err == nil {
		err = f.agrees(h.Cut.Offsets)
	}
	if err != nil {
		return nil, f.remedy(err, s.cfg)
	}
	bar := newProgress("splitting", "lines", past.lines)
	err = h.Read(ctx, watched{&file.Source{Paths: files}, bar})
	bar.done()
	if err != nil {
		return nil, err
	}
	if err := h.CutOver(ctx); err != nil {
		return nil, f.remedy(err, s.cfg)
	}
	stats := s.engine.Stats()
	return newWarmed(h, &stats.Split, past), unequal(stats.Unbalanced())
}

// begin finds where the raw topic goes on and begins the history, if nothing was written to the account topic before.
func (f *warmupFlags) begin(ctx context.Context, s *service, h *engine.History) error {
	topics := s.kafka.Topics()
	if written, err := s.total(ctx, topics.Account); err != nil {
		return err
	} else if written > 0 {
		return engine.ErrSplitBefore
	}
	cut := engine.Cut{Topic: topics.Raw, Until: f.at.UnixMilli()}
	if f.offsets != nil {
		ends, err := s.kafka.EndOffsets(ctx, topics.Raw)
		if err != nil {
			return err
		}
		cut.Times = make([]int64, len(ends))
		if cut.Offsets, err = f.named(ends); err != nil {
			return err
		}
		return h.Begin(ctx, cut)
	}
	starts, err := s.kafka.StartsAt(ctx, topics.Raw, f.at.Add(-f.margin))
	if err != nil {
		return err
	}
	for id, start := range starts {
		cut.Offsets, cut.Times = append(cut.Offsets, start.Offset), append(cut.Times, start.Time)
		if start.First && start.Time > cut.Until {
			s.engine.Log.Warn("a raw partition has no record from before --until: if its producers began later, what happened between is missing",
				"partition", id, "first", time.UnixMilli(start.Time).UTC())
		}
	}
	return h.Begin(ctx, cut)
}

// named are the offsets of --offsets, one for each partition.
func (f *warmupFlags) named(ends []int64) ([]int64, error) {
	offsets := make([]int64, len(ends))
	for id, end := range ends {
		offset, given := f.offsets[fmt.Sprint(id)]
		if !given || offset < 0 || offset > end {
			return nil, usageError{fmt.Errorf("--offsets: partition %d needs an offset from 0 to %d", id, end)}
		}
		offsets[id] = offset
	}
	if len(f.offsets) != len(ends) {
		return nil, usageError{fmt.Errorf("--offsets: the topic has partitions 0 to %d, and others are named", len(ends)-1)}
	}
	return offsets, nil
}

// agrees refuses offsets other than those with which the history was begun.
func (f *warmupFlags) agrees(begun []int64) error {
	for id, offset := range begun {
		if named, given := f.offsets[fmt.Sprint(id)]; given && named != offset {
			return usageError{fmt.Errorf("--offsets: this history was begun with %d for partition %d; leave the flag away to go on with it", offset, id)}
		}
	}
	return nil
}

// remedy tells what to do where the service has run.
func (f *warmupFlags) remedy(err error, cfg *configs.Config) error {
	if !errors.Is(err, engine.ErrSplitBefore) {
		return err
	}
	return usageError{fmt.Errorf("%w, or %s has entries of other files or another --until: a history comes before all else. To begin anew, stop every member, "+
		"delete the topics %s and %s, and move the folder %s away (keep identity.key)",
		err, cfg.Kafka.Topics.Account, cfg.Kafka.Topics.Account, cfg.Kafka.Topics.Alerts, cfg.Path(cfg.Engine.Checkpoints))}
}

// warmed is what a warm-up ends with.
type warmed struct {
	History string `json:"history"` // its name in dead letters
	Lines   struct {
		Read     int64            `json:"read"`
		Accepted int64            `json:"accepted"`
		Refused  map[string]int64 `json:"refused"`
		Skipped  int64            `json:"skipped"`          // from the cut-over on
		Unseen   map[string]int64 `json:"unseen,omitempty"` // by type: what the profile does not let see
	} `json:"lines"`
	Sides int64       `json:"sides"` // entries made for the account topic
	Time  checkedSpan `json:"time"`  // of the events before the cut-over
	Cut   engine.Cut  `json:"cut"`

	refused int64
}

// newWarmed makes the report.
func newWarmed(h *engine.History, c *engine.SplitCounts, past *past) *warmed {
	w := &warmed{History: h.Name(), Sides: c.Sides, Time: checkedSpan{past.span.first, past.span.last}, Cut: h.Cut}
	w.Lines.Read, w.Lines.Accepted, w.Lines.Refused, w.Lines.Skipped = c.Fetched, c.Accepted, c.ByReason(), c.Skipped
	w.Lines.Unseen, w.refused = c.UnseenByType(), c.RefusedTotal()
	return w
}

// print writes the report for people.
func (w *warmed) print(out io.Writer) error {
	fmt.Fprintf(out, "lines        %s read = %s accepted + %s refused + %s from the cut-over on%s\nsides        %s written to the account topic\n",
		thousands(w.Lines.Read), thousands(w.Lines.Accepted), thousands(w.refused), thousands(w.Lines.Skipped), unseen(w.Lines.Unseen), thousands(w.Sides))
	w.Time.print(out, "event time ")
	fmt.Fprintln(out)
	if err := printShares(out, "refused for", w.Lines.Refused, w.Lines.Read); err != nil {
		return err
	}
	var rows [][]string
	for id, offset := range w.Cut.Offsets {
		at := "–"
		if t := w.Cut.Times[id]; t > 0 {
			at = time.UnixMilli(t).UTC().Format(time.RFC3339)
		}
		rows = append(rows, []string{fmt.Sprint(id), fmt.Sprint(offset), at})
	}
	return writeTable(out, []string{"partition of " + w.Cut.Topic, "begins at offset", "record time"}, rows)
}
