package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/unopened/unopened/alerts"
	"github.com/unopened/unopened/configs"
	"github.com/unopened/unopened/ingest"
	"github.com/unopened/unopened/ingest/file"
	"github.com/unopened/unopened/ingest/kafka"
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
		Long: `Without --events, checks the configuration, and the models, keys, secrets, certificates and passwords that it names,
without starting anything.

With --events, reads a file of contract records and counts what would be accepted, and what refused for which reason.
Nothing of a refused record is ever printed: not its bytes, not its names, not its values.`,
		Example: "  unopened check --config unopened.yaml --json\n  unopened check --events events.jsonl.gz --json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if events == "" {
				found, err := checkConfig(configFile)
				if err != nil {
					return err
				}
				if asJSON {
					return writeJSON(cmd.OutOrStdout(), found)
				}
				return found.print(cmd.OutOrStdout())
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
	set, err := models.Load(configs.Artefacts(), cfg.Models)
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
