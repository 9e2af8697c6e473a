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
	world := world{Scenario: simulate.Default()}
	var out, truth, configFile string
	var toKafka bool
	cmd := &cobra.Command{
		Use:   "simulate",
		Short: "Write the events of a simulated messenger, and the truth about its accounts",
		Long: `Simulates a messenger: ordinary people, innocent personas that naive rules flag (newcomers, support lines, coaches,
organisers) and campaigns (burst spam, grooming, brigades, takeovers). The same seed and flags give the same bytes.
The truth file has a line for each account. Files are JSON lines; with --kafka the records are written as the configuration's
kafka.encoding says.`,
		Example: `  unopened simulate --seed 7 --out events.jsonl.gz --truth truth.jsonl
  unopened simulate --days 2 | unopened replay --json -
  unopened simulate --kafka --config unopened.yaml`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := world.complete(); err != nil {
				return err
			}
			outputs := []written{{"--truth", truth}}
			if !toKafka {
				outputs = append(outputs, written{"--out", out})
			}
			if err := separate([]string{configFile}, outputs); err != nil {
				return err
			}
			if toKafka {
				return simulateToKafka(cmd.Context(), configFile, world.Scenario, truth)
			}
			sim := simulate.New(world.Scenario)
			if err := writeTruth(sim, truth); err != nil {
				return err
			}
			return writeSimulation(cmd.Context(), sim, out)
		},
	}
	flags := cmd.Flags()
	world.flags(cmd)
	flags.StringVarP(&out, "out", "o", "-", "file for the events; .gz and .zst are compressed, - is standard output")
	flags.StringVar(&truth, "truth", "", "file for the truth: a line for each account")
	flags.BoolVar(&toKafka, "kafka", false, "produce to the raw topic of the configuration instead of a file")
	addConfigFlag(cmd, &configFile)
	return cmd
}

// world is a scenario as flags give it.
type world struct {
	simulate.Scenario
	start, split string
}

// flags adds the flags of a scenario.
func (w *world) flags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.Uint64Var(&w.Seed, "seed", w.Seed, "the same seed gives the same world")
	flags.StringVar(&w.split, "split", string(w.Split), "train or test: from which ranges campaigns draw their parameters")
	flags.IntVar(&w.Days, "days", w.Days, "days to simulate")
	flags.IntVar(&w.Accounts, "accounts", w.Accounts, "accounts of all kinds")
	flags.StringVar(&w.start, "start", "", "first day, such as 2026-01-05 (default: "+time.UnixMilli(w.Start).UTC().Format(time.DateOnly)+")")
	flags.IntVar(&w.Hostile, "hostile", 0, "records to add that must be refused")
	flags.IntVar(&w.Repeats, "repeats", 0, "lines to send twice")
	flags.IntVar(&w.SpamBursts, "spam-bursts", w.SpamBursts, "spam campaigns")
	flags.IntVar(&w.Groomers, "groomers", w.Groomers, "grooming accounts")
	flags.IntVar(&w.Brigades, "brigades", w.Brigades, "brigades")
	flags.IntVar(&w.Takeovers, "takeovers", w.Takeovers, "stolen accounts")
}

// complete takes over the flags that are not plain numbers, and checks the whole.
func (w *world) complete() error {
	w.Split = simulate.Split(w.split)
	if w.start != "" {
		day, err := time.Parse(time.DateOnly, w.start)
		if err != nil {
			return usageError{fmt.Errorf("--start %q is not a day such as 2026-01-05", w.start)}
		}
		w.Start = day.UnixMilli()
	}
	if err := w.Validate(); err != nil {
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
func simulateToKafka(ctx context.Context, configFile string, scenario simulate.Scenario, truth string) error {
	cfg, err := loadConfig(configFile)
	if err != nil {
		return err
	}
	if scenario.Encoding, err = ingest.ParseEncoding(cfg.Kafka.Encoding); err != nil {
		return usageError{err}
	}
	sim := simulate.New(scenario)
	if err := writeTruth(sim, truth); err != nil {
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
	fmt.Fprintf(os.Stderr, "produced %s records as %s to %s, %d of them hostile, %d repeats\n",
		thousands(all.Records), scenario.Encoding, cfg.Kafka.Topics.Raw, all.Hostile, all.Repeats)
	return nil
}

// writeSimulation writes all lines to a file, with a bar while a person watches.
func writeSimulation(ctx context.Context, sim *simulate.Simulator, name string) (err error) {
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
		fmt.Fprintf(os.Stderr, "wrote %s: %s events, %d hostile, %d repeats\n",
			name, thousands(counts[simulate.Normal]), counts[simulate.Hostile], counts[simulate.Repeat])
	}
	return nil
}
