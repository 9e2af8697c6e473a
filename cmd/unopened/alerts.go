package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"time"

	"github.com/spf13/cobra"

	"github.com/unopened/unopened/alerts"
	"github.com/unopened/unopened/configs"
	"github.com/unopened/unopened/ingest"
	"github.com/unopened/unopened/models"
	"github.com/unopened/unopened/store"
)

func alertsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "alerts",
		Short:   "List and show alerts",
		Long:    "Reads the alerts out of ClickHouse. An alert is a question to a person; nothing was done to the account.",
		Example: "  unopened alerts list --since 24h\n  unopened alerts show 4be1…",
		Args:    knownCommand,
		RunE:    help,
	}
	cmd.AddCommand(alertsListCommand(), alertsShowCommand())
	return cmd
}

func alertsListCommand() *cobra.Command {
	var configFile string
	var filter store.Filter
	var since time.Duration
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List alerts as they stand, the latest first",
		Example: "  unopened alerts list --harm grooming --severity critical\n  unopened alerts list --since 24h --json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := completeFilter(&filter, since); err != nil {
				return err
			}
			return withStore(cmd.Context(), configFile, func(s *store.Store) error {
				found, err := s.ListAlerts(cmd.Context(), filter)
				if err != nil {
					return err
				}
				return show(cmd.OutOrStdout(), asJSON, found, func(w io.Writer) error { return printAlerts(w, found) })
			})
		},
	}
	addConfigFlag(cmd, &configFile)
	flags := cmd.Flags()
	flags.StringVar(&filter.Harm, "harm", "", "only this harm")
	flags.StringVar(&filter.Severity, "severity", "", "only this severity")
	flags.StringVar(&filter.Account, "account", "", "only this account")
	flags.DurationVar(&since, "since", 0, "only those that changed within this time before now, such as 24h")
	flags.BoolVar(&filter.Suppressed, "suppressed", false, "also those over the daily budget")
	flags.IntVar(&filter.Limit, "limit", 100, "at most so many, 1 to 1000000")
	flags.BoolVar(&asJSON, "json", false, "print JSON")
	_ = cmd.RegisterFlagCompletionFunc("harm", cobra.FixedCompletions(models.Names[:], cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.RegisterFlagCompletionFunc("severity", cobra.FixedCompletions(raised, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// raised are the severities that an alert can have.
var raised = alerts.SeverityNames[alerts.High:]

// completeFilter checks what was asked for, and takes over since when.
func completeFilter(f *store.Filter, since time.Duration) error {
	var errs []error
	if f.Harm != "" {
		errs = append(errs, oneOf("harm", f.Harm, models.Names[:]))
	}
	if f.Severity != "" {
		errs = append(errs, oneOf("severity", f.Severity, raised))
	}
	if f.Account != "" {
		if _, err := ingest.ParseSubject(f.Account); err != nil {
			errs = append(errs, usageError{fmt.Errorf("--account: %w", err)})
		}
	}
	if f.Limit < 1 || f.Limit > 1_000_000 {
		errs = append(errs, usageError{fmt.Errorf("--limit: %d is not between 1 and 1000000", f.Limit)})
	}
	if since < 0 {
		errs = append(errs, usageError{fmt.Errorf("--since: %s is below 0; give a time before now, such as 24h", since)})
	}
	if since > 0 {
		f.Since = time.Now().Add(-since)
	}
	return errors.Join(errs...)
}

func alertsShowCommand() *cobra.Command {
	var configFile string
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "show ALERT",
		Short:   "Show everything that was sent about an alert, with its reasons",
		Example: "  unopened alerts show 4be1…",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withStore(cmd.Context(), configFile, func(s *store.Store) error {
				sent, err := s.Alert(cmd.Context(), args[0])
				if errors.Is(err, store.ErrNotFound) {
					return fmt.Errorf("no alert of this id: %s; \"unopened alerts list\" shows those that there are", args[0])
				}
				if err != nil {
					return err
				}
				return show(cmd.OutOrStdout(), asJSON, sent, func(w io.Writer) error { return printAlert(w, sent) })
			})
		},
	}
	addConfigFlag(cmd, &configFile)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// withStore connects to ClickHouse for one question.
func withStore(ctx context.Context, configFile string, ask func(*store.Store) error) error {
	cfg, err := loadConfig(configFile)
	if err != nil {
		return err
	}
	return askStore(ctx, cfg, ask)
}

// askStore is withStore for a configuration that was read already. An embedded engine that never was is not made.
func askStore(ctx context.Context, cfg *configs.Config, ask func(*store.Store) error) error {
	if _, err := os.Stat(cfg.Path("clickhouse")); cfg.Store.Addr == "" && errors.Is(err, fs.ErrNotExist) {
		return nothingYet(cfg)
	}
	s, err := openStore(ctx, cfg)
	if err != nil {
		return err
	}
	return errors.Join(storeError(cfg, ask(s)), s.Close())
}

// storeError makes a mistake in the question a mistake of use, and says plainly that there are no tables yet.
func storeError(cfg *configs.Config, err error) error {
	switch {
	case errors.Is(err, store.ErrNoQuery) || errors.Is(err, store.ErrParams):
		return usageError{err}
	case err != nil && noTables.MatchString(err.Error()):
		return nothingYet(cfg)
	}
	return err
}

// noTables finds ClickHouse's codes of a database (81) or a table (60) that does not exist.
var noTables = regexp.MustCompile(`\bcode: (60|81),`)

// nothingYet tells that ClickHouse has none of our tables.
func nothingYet(cfg *configs.Config) error {
	place := cfg.Path("clickhouse")
	if cfg.Store.Addr != "" {
		place = fmt.Sprintf("database %s at %s", cfg.Store.Database, cfg.Store.Addr)
	}
	return fmt.Errorf("nothing was recorded in %s yet; \"unopened run\" or \"unopened demo --keep\" first, or name another --config", place)
}

// moment is an event time as people read it.
func moment(at int64) string { return time.UnixMilli(at).UTC().Format("2006-01-02 15:04:05") }

// printAlerts writes a table.
func printAlerts(out io.Writer, found []alerts.Delivery) error {
	if len(found) == 0 {
		_, err := fmt.Fprintln(out, "no alerts; harms in shadow are recorded and raise none (unopened check shows which)")
		return err
	}
	rows := make([][]string, len(found))
	for i := range found {
		a := &found[i]
		reason := ""
		if len(a.Reasons) > 0 {
			reason = a.Reasons[0].Text
		}
		rows[i] = []string{moment(a.At), a.Harm, a.Severity, fmt.Sprintf("%.4f", a.Score), string(a.Type), a.Account, a.Alert.ID, reason}
	}
	return writeTable(out, []string{"at", "harm", "severity", "score", "last", "account", "alert", "first reason"}, rows)
}

// printAlert writes everything that was sent about one alert.
func printAlert(out io.Writer, sent []alerts.Delivery) error {
	for i := range sent {
		a := &sent[i]
		over := ""
		if a.Suppressed {
			over = ", over the daily budget: kept, nobody was told"
		}
		fmt.Fprintf(out, "%s  %s  %s %s, score %.4f, episode %d, %s%s\n", moment(a.At), a.Type, a.Severity, a.Harm, a.Score, a.Episode, a.Model, over)
		if i == 0 {
			fmt.Fprintf(out, "account %s, alert %s\n", a.Account, a.Alert.ID)
		}
		rows := make([][]string, len(a.Reasons))
		for j, r := range a.Reasons {
			value := "unknown"
			if r.Value != nil {
				value = fmt.Sprintf("%.3g", *r.Value)
			}
			rows[j] = []string{fmt.Sprintf("%+.4f", r.Contribution), r.Feature, value, r.Text}
		}
		if len(rows) > 0 {
			if err := writeTable(out, []string{"contribution", "feature", "value", "meaning"}, rows); err != nil {
				return err
			}
		}
	}
	return nil
}
