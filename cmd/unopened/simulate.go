package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/unopened/unopened/configs"
	"github.com/unopened/unopened/ingest"
	"github.com/unopened/unopened/ingest/file"
	"github.com/unopened/unopened/ingest/kafka"
	"github.com/unopened/unopened/ingest/simulate"
)

// scenarioFlags choose a scenario of the simulated messenger: one of a file or one that ships, and what to change in it.
type scenarioFlags struct {
	scenario, start, split string
	campaigns              []string
	with                   simulate.Scenario // the numbers given
	changed                func(flag string) bool
}

// add gives a command the flags.
func (f *scenarioFlags) add(cmd *cobra.Command) {
	f.with = simulate.Default()
	flags := cmd.Flags()
	f.changed = flags.Changed
	flags.StringVar(&f.scenario, "scenario", "demo", "a scenario that ships ("+strings.Join(configs.ScenarioNames(), ", ")+") or a .yaml file")
	flags.Uint64Var(&f.with.Seed, "seed", f.with.Seed, "the same seed gives the same world")
	flags.StringVar(&f.split, "split", string(f.with.Split), "train or test: from which ranges campaigns draw their parameters")
	flags.IntVar(&f.with.Days, "days", f.with.Days, "days to simulate")
	flags.IntVar(&f.with.Accounts, "accounts", f.with.Accounts, "accounts of all kinds")
	flags.StringVar(&f.start, "start", "", "first day, such as 2026-01-05")
	flags.StringArrayVar(&f.campaigns, "campaign", nil, "how many campaigns of a kind, such as grooming=20 or slow_spam/warmed_up=3; may be given again")
	_ = cmd.RegisterFlagCompletionFunc("scenario", cobra.FixedCompletions(configs.ScenarioNames(), cobra.ShellCompDirectiveDefault))
	_ = cmd.RegisterFlagCompletionFunc("split", cobra.FixedCompletions([]string{"train", "test"}, cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.RegisterFlagCompletionFunc("campaign", cobra.FixedCompletions(campaignChoices(), cobra.ShellCompDirectiveNoFileComp|cobra.ShellCompDirectiveNoSpace))
}

// campaignChoices are what may stand before the equals sign of --campaign.
func campaignChoices() (choices []string) {
	kinds, fits := simulate.Kinds()
	for _, kind := range kinds {
		for _, variant := range fits[kind] {
			choices = append(choices, kind+"/"+variant+"=")
		}
	}
	return choices
}

// read returns the scenario, checked, and without noise unless the caller adds some.
func (f *scenarioFlags) read() (simulate.Scenario, error) {
	sc, err := f.choose()
	if err != nil {
		return simulate.Scenario{}, err
	}
	if err := sc.Validate(); err != nil {
		return *sc, usageError{err}
	}
	return *sc, nil
}

// choose is read, not checked yet.
func (f *scenarioFlags) choose() (*simulate.Scenario, error) {
	sc, err := configs.LoadScenario(f.scenario)
	if err != nil {
		return nil, usageError{err}
	}
	if f.changed("seed") {
		sc.Seed = f.with.Seed
	}
	if f.changed("split") {
		sc.Split = simulate.Split(f.split)
	}
	if f.changed("days") {
		sc.Days = f.with.Days
	}
	if f.changed("accounts") {
		sc.Accounts = f.with.Accounts
	}
	if f.start != "" {
		first, err := time.Parse(time.DateOnly, f.start)
		if err != nil {
			return nil, usageError{fmt.Errorf("--start %q is not a day such as 2026-01-05", f.start)}
		}
		sc.Start = first.UnixMilli()
	}
	for _, c := range f.campaigns {
		if err := setCampaign(sc, c); err != nil {
			return nil, usageError{fmt.Errorf("--campaign %q: %w", c, err)}
		}
	}
	return sc, nil
}

// setCampaign takes over one --campaign.
func setCampaign(sc *simulate.Scenario, text string) error {
	what, number, given := strings.Cut(text, "=")
	n, err := strconv.Atoi(number)
	if !given || err != nil || n < 0 {
		return errors.New("give a kind and how many, such as grooming=20")
	}
	kind, variant, named := strings.Cut(what, "/")
	if !named {
		variant = simulate.Plain
	}
	sc.Set(kind, variant, n)
	return nil
}

func simulateCommand() *cobra.Command {
	var f scenarioFlags
	var out, truth, configFile string
	var toKafka bool
	var sight sightFlags
	var hostile, repeats int
	kinds, _ := simulate.Kinds()
	cmd := &cobra.Command{
		Use:   "simulate",
		Short: "Write the events of a simulated messenger, and the truth about its accounts",
		Long: `Simulates a messenger: ordinary people, innocent personas that naive rules flag
(` + strings.Join(simulate.Personas(), ", ") + `)
and campaigns of abuse
(` + strings.Join(kinds, ", ") + `),
plain or evading: ` + strings.Join(simulate.Variants(), ", ") + `.
A scenario, one that ships or a YAML file of yours, says how many of each there are; docs/simulator.md shows how to write one.
The same seed and flags give the same bytes. The truth file has a line for each account. Files are JSON lines; with
--kafka the records are written as the configuration's kafka.encoding says. With --profile, what the messenger's servers would
not see is taken out before it is written.`,
		Example: `  unopened simulate --seed 7 --out events.jsonl.gz --truth truth.jsonl
  unopened simulate --scenario realistic --days 14 --out events.jsonl.zst --truth truth.jsonl
  unopened simulate --profile signal --out events.jsonl
  unopened simulate --days 2 --campaign slow_spam/warmed_up=3 | unopened replay --json -
  unopened simulate --kafka --config unopened.yaml`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			outputs := []written{{"--truth", truth}}
			if !toKafka {
				outputs = append(outputs, written{"--out", out})
			}
			if hostile < 0 || repeats < 0 {
				return usageError{fmt.Errorf("--hostile %d, --repeats %d: give 0 or more", hostile, repeats)}
			}
			scenario, err := f.read()
			if err != nil {
				return err
			}
			scenario.Hostile, scenario.Repeats = hostile, repeats
			mask, err := sight.mask()
			if err = errors.Join(separate([]string{configFile}, outputs), err); err != nil {
				return err
			}
			if toKafka {
				return simulateToKafka(cmd.Context(), configFile, &restricted{mask: mask}, scenario, truth)
			}
			return simulateToFile(cmd.Context(), &restricted{Simulator: simulate.New(scenario), mask: mask}, out, truth)
		},
	}
	f.add(cmd)
	flags := cmd.Flags()
	flags.IntVar(&hostile, "hostile", 0, "records to add that must be refused")
	flags.IntVar(&repeats, "repeats", 0, "lines to send twice")
	flags.StringVarP(&out, "out", "o", "-", "file for the events; .gz and .zst are compressed, - is standard output")
	flags.StringVar(&truth, "truth", "", "file for the truth: a line for each account")
	flags.BoolVar(&toKafka, "kafka", false, "produce to the raw topic of the configuration instead of a file")
	addConfigFlag(cmd, &configFile)
	sight.add(cmd)
	return cmd
}

// writeTruth writes the truth about all accounts to a file; no name, no file.
func writeTruth(sim *simulate.Simulator, name string) error {
	if name == "" {
		return nil
	}
	f, err := file.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(simulate.WriteTruth(f, sim.Truth()), f.Close())
}

// simulateToKafka produces all records to the raw topic, in its encoding, and writes the truth about all accounts.
func simulateToKafka(ctx context.Context, configFile string, sim *restricted, scenario simulate.Scenario, truth string) error {
	cfg, err := loadConfig(configFile)
	if err != nil {
		return err
	}
	if scenario.Encoding, err = ingest.ParseEncoding(cfg.Kafka.Encoding); err != nil {
		return usageError{err}
	}
	sim.Simulator, sim.form = simulate.New(scenario), scenario.Encoding
	if err := writeTruth(sim.Simulator, truth); err != nil {
		return err
	}
	cluster, err := kafka.New(cfg.Kafka, logger(slog.LevelWarn))
	if err != nil {
		return usageError{err}
	}
	defer cluster.Close()
	if err := cluster.EnsureTopics(ctx); err != nil {
		return err
	}
	bar := newProgress("producing", "records", -1)
	defer bar.done()
	before := int64(0)
	all, err := produce(ctx, cluster, sim, func(p produced) { bar.add(int(p.Records - before)); before = p.Records })
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "produced %s records as %s to %s, %d of them hostile, %d repeats%s\n", thousands(all.Records), scenario.Encoding,
		cfg.Kafka.Topics.Raw, all.Hostile, all.Repeats, sim.left())
	return nil
}

// simulateToFile writes all lines to a file, and the truth to another.
func simulateToFile(ctx context.Context, sim *restricted, out, truth string) error {
	if err := writeTruth(sim.Simulator, truth); err != nil {
		return err
	}
	return writeSimulation(ctx, sim, out)
}

// writeSimulation writes all lines to a file, with a bar while a person watches.
func writeSimulation(ctx context.Context, sim *restricted, name string) (err error) {
	out, err := file.Create(name)
	if err != nil {
		return err
	}
	defer func() {
		err = errors.Join(err, out.Close())
	}()
	bar := newProgress("simulating", "records", -1)
	defer bar.done()
	var line []byte
	counts := map[simulate.Kind]int64{}
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		var item simulate.Item
		var more bool
		line, item, more = sim.Next(line[:0])
		if !more {
			break
		}
		counts[item.Kind]++
		if _, err := out.Write(append(line, '\n')); err != nil {
			return err
		}
		bar.add(1)
	}
	if name != "-" {
		fmt.Fprintf(os.Stderr, "wrote %s: %s events, %d hostile, %d repeats%s\n",
			name, thousands(counts[simulate.Normal]), counts[simulate.Hostile], counts[simulate.Repeat], sim.left())
	}
	return nil
}
