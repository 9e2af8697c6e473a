package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"github.com/unopened/unopened/configs"
	"github.com/unopened/unopened/ingest"
	"github.com/unopened/unopened/ingest/file"
	"github.com/unopened/unopened/models"
)

// checked is what `check --events` found in a file.
type checked struct {
	Events struct {
		Read     int64            `json:"read"`
		Accepted int64            `json:"accepted"`
		Refused  map[string]int64 `json:"refused"`
	} `json:"events"`
	Types  map[string]int64 `json:"types"`
	Fields map[string]int64 `json:"fields"` // how many accepted records carried each field
}

func checkCommand() *cobra.Command {
	var configFile, events string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Check a configuration, or count what a file of events holds",
		Long: `Without --events, checks the configuration and the models that it names without starting anything.

With --events, reads a file of contract records and counts what would be accepted, and what refused for which reason.
Nothing of a refused record is ever printed: not its bytes, not its names, not its values.`,
		Example: "  unopened check --config unopened.yaml\n  unopened check --events events.jsonl.gz --json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if events == "" {
				return checkConfig(cmd.OutOrStdout(), configFile)
			}
			counts, err := checkEvents(cmd.Context(), events)
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(cmd.OutOrStdout(), counts)
			}
			return counts.print(cmd.OutOrStdout())
		},
	}
	addConfigFlag(cmd, &configFile)
	cmd.Flags().StringVar(&events, "events", "", "a file of contract records: .jsonl, .gz, .zst, or - for standard input")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// checkConfig loads the configuration and the models.
func checkConfig(out io.Writer, configFile string) error {
	cfg, err := loadConfig(configFile)
	if err != nil {
		return err
	}
	set, err := models.Load(configs.Artefacts(), cfg.Models)
	if err != nil {
		return usageError{err}
	}
	rows := make([][]string, 0, models.Harms)
	for h := range models.Harm(models.Harms) {
		state := "shadow"
		switch {
		case slices.Contains(cfg.Models.Off, h.String()):
			state = "off"
		case slices.Contains(cfg.Alerts.Promoted, h.String()):
			state = "alerts"
		}
		rows = append(rows, []string{h.String(), state, set.Name(h)})
	}
	fmt.Fprintln(out, "the configuration is sound")
	return writeTable(out, []string{"harm", "state", "models"}, rows)
}

// checkEvents decodes a file's records and counts.
func checkEvents(ctx context.Context, name string) (*checked, error) {
	c := &checkHandler{}
	c.found.Events.Refused = make(map[string]int64)
	c.found.Types, c.found.Fields = make(map[string]int64), make(map[string]int64)
	source := &file.Source{Paths: []string{name}}
	err := source.Run(ctx, func(context.Context, ingest.Partition) (ingest.Handler, error) { return c, nil })
	return &c.found, errors.Join(err, ctx.Err())
}

// checkHandler counts the records of a file.
type checkHandler struct {
	decoder ingest.Decoder
	event   ingest.Event
	found   checked
}

func (c *checkHandler) Resume() int64               { return -1 }
func (c *checkHandler) Close(context.Context) error { return nil }

// Handle counts a batch.
func (c *checkHandler) Handle(_ context.Context, b ingest.Batch) error {
	for i := range b.Records {
		c.found.Events.Read++
		if refusal := c.decoder.Decode(&c.event, b.Records[i].Value); refusal != ingest.Accepted {
			c.found.Events.Refused[refusal.String()]++
			continue
		}
		c.found.Events.Accepted++
		c.found.Types[c.event.Type.String()]++
		for _, name := range c.event.Has.Names() {
			c.found.Fields[name]++
		}
	}
	return nil
}

// print writes tables for people.
func (c *checked) print(out io.Writer) error {
	refused := int64(0)
	for _, n := range c.Events.Refused {
		refused += n
	}
	fmt.Fprintf(out, "%s records: %s accepted, %s refused\n", thousands(c.Events.Read), thousands(c.Events.Accepted), thousands(refused))
	for _, part := range []struct {
		name   string
		counts map[string]int64
	}{{"refused for", c.Events.Refused}, {"type", c.Types}, {"field", c.Fields}} {
		if len(part.counts) == 0 {
			continue
		}
		rows := make([][]string, 0, len(part.counts))
		for _, name := range slices.Sorted(maps.Keys(part.counts)) {
			n := part.counts[name]
			rows = append(rows, []string{name, thousands(n), fmt.Sprintf("%.1f %%", 100*float64(n)/float64(c.Events.Read))})
		}
		fmt.Fprintln(out)
		if err := writeTable(out, []string{part.name, "records", "share"}, rows); err != nil {
			return err
		}
	}
	return nil
}
