package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/unopened/unopened/ingest"
	"github.com/unopened/unopened/ingest/file"
	"github.com/unopened/unopened/ingest/kafka"
	"github.com/unopened/unopened/ingest/simulate"
)

func simulateCommand() *cobra.Command {
	scenario := simulate.Default()
	var out, truth, start, split, configFile string
	var toKafka bool
	var sight sightFlags
	cmd := &cobra.Command{
		Use:   "simulate",
		Short: "Write the events of a simulated messenger, and the truth about its accounts",
		Long: `Simulates a messenger: ordinary people, innocent personas that naive rules flag (newcomers, support lines, coaches,
organisers) and campaigns (burst spam, grooming, brigades, takeovers). The same seed and flags give the same bytes.
The truth file has a line for each account. Files are JSON lines; with --kafka the records are written as the configuration's
kafka.encoding says. With --profile, what the messenger's servers would not see is taken out before it is written.`,
		Example: `  unopened simulate --seed 7 --out events.jsonl.gz --truth truth.jsonl
  unopened simulate --days 2 | unopened replay --json -
  unopened simulate --profile signal --out events.jsonl
  unopened simulate --kafka --config unopened.yaml`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := completeScenario(&scenario, start, split); err != nil {
				return err
			}
			outputs := []written{{"--truth", truth}}
			if !toKafka {
				outputs = append(outputs, written{"--out", out})
			}
			if err := separate([]string{configFile}, outputs); err != nil {
				return err
			}
			mask, err := sight.mask()
			if err != nil {
				return err
			}
			if toKafka {
				return simulateToKafka(cmd.Context(), configFile, &restricted{mask: mask}, scenario, truth)
			}
			sim := &restricted{Simulator: simulate.New(scenario), mask: mask}
			if err := writeTruth(sim.Simulator, truth); err != nil {
				return err
			}
			return writeSimulation(cmd.Context(), sim, out)
		},
	}
	flags := cmd.Flags()
	flags.Uint64Var(&scenario.Seed, "seed", scenario.Seed, "the same seed gives the same world")
	flags.StringVar(&split, "split", string(scenario.Split), "train or test: from which ranges campaigns draw their parameters")
	flags.IntVar(&scenario.Days, "days", scenario.Days, "days to simulate")
	flags.IntVar(&scenario.Accounts, "accounts", scenario.Accounts, "accounts of all kinds")
	flags.StringVar(&start, "start", "", "first day, such as 2026-01-05 (default: "+time.UnixMilli(scenario.Start).UTC().Format(time.DateOnly)+")")
	flags.IntVar(&scenario.Hostile, "hostile", 0, "records to add that must be refused")
	flags.IntVar(&scenario.Repeats, "repeats", 0, "lines to send twice")
	flags.IntVar(&scenario.SpamBursts, "spam-bursts", scenario.SpamBursts, "spam campaigns")
	flags.IntVar(&scenario.Groomers, "groomers", scenario.Groomers, "grooming accounts")
	flags.IntVar(&scenario.Brigades, "brigades", scenario.Brigades, "brigades")
	flags.IntVar(&scenario.Takeovers, "takeovers", scenario.Takeovers, "stolen accounts")
	flags.StringVarP(&out, "out", "o", "-", "file for the events; .gz and .zst are compressed, - is standard output")
	flags.StringVar(&truth, "truth", "", "file for the truth: a line for each account")
	flags.BoolVar(&toKafka, "kafka", false, "produce to the raw topic of the configuration instead of a file")
	addConfigFlag(cmd, &configFile)
	sight.add(cmd)
	return cmd
}

// completeScenario takes over the flags that are not plain numbers, and checks the whole.
func completeScenario(sc *simulate.Scenario, start, split string) error {
	sc.Split = simulate.Split(split)
	if start != "" {
		day, err := time.Parse(time.DateOnly, start)
		if err != nil {
			return usageError{fmt.Errorf("--start %q is not a day such as 2026-01-05", start)}
		}
		sc.Start = day.UnixMilli()
	}
	if err := sc.Validate(); err != nil {
		return usageError{err}
	}
	return nil
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
