package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/unopened/unopened/evaluate"
	"github.com/unopened/unopened/ingest/file"
)

// evalFlags are what `eval` was asked.
type evalFlags struct {
	config, truth, html                       string
	world                                     scenarioFlags
	simulate, asJSON, features                bool
	batch, shards, bootstrap, windows, budget int
	labels                                    float64
	seed                                      uint64
	sight                                     sightFlags
	matrix                                    matrixFlags
	evasion                                   evasionFlags
	profiles                                  profilesFlags
}

func evalCommand() *cobra.Command {
	var f evalFlags
	cmd := &cobra.Command{
		Use:   "eval [FILE...]",
		Short: "Measure on a stream with known truth what the models catch, whom they hurt, and how a trivial rule would do",
		Long: `Reads files of contract records (.jsonl, .gz, .zst, - for standard input) through the engine, as replay does, and holds
every verdict against --truth: a line for each account, as simulate writes it.

  {"account":"6b1f…","persona":"coach"}
  {"account":"c09a…","campaign":"grooming","variant":"plain","harm":"grooming","from":1748822400000}

An account counts by its greatest margin; one of a campaign from the time "from" on, or from its first act. Members of a
campaign are the positives of its harm, innocent accounts the negatives of every harm; accounts of other harms' campaigns, and
those whose "part" is accomplice, are neither. Each harm is shown beside a trivial rule: the greatest value of one feature.

With --scenario there are no files: the simulator runs in this process, with the flags of simulate. With --labels a share
of the campaigns' accounts gets an analyst's label 1 to 7 days after its first act, and the same share of innocent accounts
that reached the action threshold; an account's own evaluation ends at its own label. docs/evaluation.md says what each
measure means. The same stream and flags give the same figures.

Other questions have a flag of their own, and take only those flags that go with it:
--matrix FILE.csv asks what a kind of model makes of a table of features that you have, beside one column as a trivial rule.
No engine and no shipped model takes part: a table without events tests a kind of model alone, not the system.
--evasion asks what it costs an attacker to stay unseen: the scenario's people with campaigns of every kind, each paying a step
more of one thing (slower, more accounts, accomplices, befriending, warming up), with the recall at each step and
how many innocent accounts an acting account still reaches before it is detected.
--profiles asks what is found of one simulation under each visibility profile that ships, beside everything seen; what
end-to-end encryption costs where a messenger has both; and what each profile would gain by one more field.`,
		Example: `  unopened eval --scenario demo --accounts 3000 --days 5
  unopened simulate --out events.jsonl.gz --truth truth.jsonl
  unopened eval --truth truth.jsonl --html evaluation.html events.jsonl.gz
  unopened eval --scenario realistic --labels 0.5 --features --json
  unopened eval --matrix accounts.csv.gz --label fraud=1 --rule -contacts_per_day
  unopened eval --evasion --scenario realistic --days 10 --html evasion.html
  unopened eval --profiles --scenario realistic --accounts 4000 --days 10`,
		RunE: func(cmd *cobra.Command, args []string) error {
			m, err := f.mode(cmd, args)
			if err == nil && m != nil {
				return m.run(&f, cmd)
			}
			if err == nil {
				err = f.check(cmd, args)
			}
			if err != nil {
				return err
			}
			return f.run(cmd, args)
		},
	}
	f.add(cmd)
	return cmd
}

// add gives the command the flags.
func (f *evalFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	f.world.add(cmd)
	flags.VisitAll(func(flag *pflag.Flag) {
		if flag.Name != "scenario" {
			flag.Usage = "with --scenario: " + flag.Usage
		}
	})
	flags.Lookup("scenario").Usage = "simulate instead of reading files: " + flags.Lookup("scenario").Usage
	addConfigFlag(cmd, &f.config)
	flags.StringVar(&f.truth, "truth", "", "file with the truth about the accounts in the files")
	flags.IntVar(&f.windows, "windows", 4, "equal times into which the stream is cut for measures by time; 1 for none")
	flags.IntVar(&f.budget, "budget", 50, "accounts of each harm that analysts can look at in a day; 0 for none")
	flags.IntVar(&f.bootstrap, "bootstrap", 200, "draws of accounts for the intervals; 0 for none")
	flags.Float64Var(&f.labels, "labels", 0, "share of the abusive accounts that get a label, 0 to 1")
	flags.Uint64Var(&f.seed, "eval-seed", 1, "seed of draws and labels")
	flags.BoolVar(&f.features, "features", false, "also rank the accounts by each feature alone")
	flags.IntVar(&f.shards, "shards", 1, "shards among which the accounts are divided, 1 to 1024; changes nothing but the order of rows in memory")
	flags.IntVar(&f.batch, "batch", 4096, "records that are read at a time; changes nothing but speed")
	flags.StringVar(&f.html, "html", "", "file for one page with tables and plots, which needs nothing else")
	flags.BoolVar(&f.asJSON, "json", false, "print JSON")
	f.sight.add(cmd)
	f.matrix.add(flags)
	f.evasion.add(flags)
	f.profiles.add(flags)
}

// check refuses what cannot be evaluated, before anything is opened.
func (f *evalFlags) check(cmd *cobra.Command, files []string) error {
	f.simulate = cmd.Flags().Changed("scenario")
	if f.simulate == (len(files) > 0) {
		return usageError{errors.New("name files of events, or give --scenario, not both")}
	}
	if f.simulate == (f.truth != "") {
		return usageError{errors.New("--truth goes with files, and they need it; a simulation knows the truth")}
	}
	if f.truth == file.Stdio && slices.Contains(files, file.Stdio) {
		return usageError{errors.New("--truth and the events both come from standard input; give one of them a file")}
	}
	for _, name := range worldFlags() {
		if !f.simulate && cmd.Flags().Changed(name) {
			return usageError{fmt.Errorf("--%s goes with --scenario", name)}
		}
	}
	if f.windows > 1 && slices.Contains(files, file.Stdio) {
		return usageError{errors.New("--windows: standard input cannot be read twice, and the stream's times are looked up first; give a file, or --windows 1")}
	}
	if err := f.numbers(); err != nil {
		return err
	}
	return separate(append(slices.Clone(files), f.config, f.truth), []written{{"--html", f.html}})
}

// numbers refuses those that are out of range.
func (f *evalFlags) numbers() error {
	for _, number := range []struct {
		name         string
		is, from, to int
	}{
		{"batch", f.batch, 1, 1 << 20}, {"shards", f.shards, 1, maxShards}, {"bootstrap", f.bootstrap, 0, 100_000},
		{"windows", f.windows, 1, evaluate.MaxWindows}, {"budget", f.budget, 0, 1_000_000},
	} {
		if number.is < number.from || number.is > number.to {
			return usageError{fmt.Errorf("--%s: %d is not between %d and %d", number.name, number.is, number.from, number.to)}
		}
	}
	if !(f.labels >= 0 && f.labels <= 1) {
		return usageError{fmt.Errorf("--labels: %v is not between 0 and 1", f.labels)}
	}
	return nil
}

// worldFlags are the names of the flags that describe a simulation.
func worldFlags() (names []string) {
	var w scenarioFlags
	cmd := &cobra.Command{}
	w.add(cmd)
	cmd.Flags().VisitAll(func(flag *pflag.Flag) { names = append(names, flag.Name) })
	return names
}

// run evaluates and tells.
func (f *evalFlags) run(cmd *cobra.Command, files []string) error {
	begin := time.Now()
	found, err := f.evaluate(cmd.Context(), files)
	if err != nil {
		return err
	}
	return f.tell(cmd.OutOrStdout(), begin, found)
}

// evaluation is what `eval` found: one JSON document.
type evaluation struct {
	Stream struct {
		Source  string `json:"source"`
		Records int64  `json:"records"`
		Refused int64  `json:"refused"`
		Late    int64  `json:"late_sides"`
		First   int64  `json:"first"` // event time, Unix milliseconds; 0 where the stream was not looked through before
		Last    int64  `json:"last"`
	} `json:"stream"`
	Settings struct {
		Windows   int     `json:"windows"`
		Budget    int     `json:"budget"`
		Bootstrap int     `json:"bootstrap"`
		Labels    float64 `json:"labels"`
		Seed      uint64  `json:"eval_seed"`
		Profile   string  `json:"profile,omitempty"` // to which the events were restricted
	} `json:"settings"`
	*evaluate.Report
}

// evaluate opens the stream and measures.
func (f *evalFlags) evaluate(ctx context.Context, files []string) (*evaluation, error) {
	return f.measure(ctx, func() (*truthStream, error) { return f.stream(ctx, files) })
}

// measure reads a stream through an engine that a watch follows. The stream is opened when all else is known to be right.
func (f *evalFlags) measure(ctx context.Context, open func() (*truthStream, error)) (*evaluation, error) {
	cfg, err := loadConfig(f.config)
	if err != nil {
		return nil, err
	}
	if err := f.sight.into(cfg); err != nil {
		return nil, err
	}
	e, err := replayEngine(cfg)
	if err != nil {
		return nil, err
	}
	s, err := open()
	if err != nil {
		return nil, err
	}
	reached, err := atAction(cfg, e)
	if err != nil {
		return nil, err
	}
	o := evaluate.Options{
		Reached: reached, Windows: f.windows, First: s.span.first, Last: s.span.last, Budget: f.budget,
		Features: f.features, Bootstrap: f.bootstrap, Seed: f.seed,
	}
	if f.labels > 0 {
		o.Labels = evaluate.NewLabels(f.labels, f.seed)
	}
	watch := evaluate.NewWatch(s.truth, o)
	e.Judged = watch.Judged
	if err := s.run(ctx, e, o.Labels, f.shards); err != nil {
		return nil, err
	}
	found := &evaluation{Report: watch.Report(e.Models)}
	found.Settings.Windows, found.Settings.Budget, found.Settings.Bootstrap = f.windows, f.budget, f.bootstrap
	found.Settings.Labels, found.Settings.Seed, found.Settings.Profile = f.labels, f.seed, cfg.Engine.Visibility.Profile
	found.Stream.Source, found.Stream.First, found.Stream.Last = s.name, s.span.first, s.span.last
	counts := e.Stats()
	found.Stream.Records, found.Stream.Refused, found.Stream.Late = counts.Split.Fetched, counts.Split.RefusedTotal(), counts.Sides.Late
	return found, errors.Join(unequal(counts.Unbalanced()), found.check(&counts, slices.ContainsFunc(s.truth, func(a evaluate.Account) bool { return a.Kind == evaluate.Member })))
}
