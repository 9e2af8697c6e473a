package main

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/unopened/unopened/features"
	"github.com/unopened/unopened/ingest"
)

// featuresFlags are what `features` was asked.
type featuresFlags struct {
	config, events, account, at, family, harm string
	watch, asJSON                             bool
	sight                                     sightFlags

	subject ingest.SubjectID // the account
	until   int64            // event time up to which its values are wanted, Unix milliseconds
	chosen  []int            // places in the Catalogue of what is shown
}

func featuresCommand() *cobra.Command {
	var f featuresFlags
	cmd := &cobra.Command{
		Use:   "features [NAME...]",
		Short: "List the features, or follow those of an account through a file of events",
		Long: `Without --events, lists what the models can look at: each feature with its unit, its half-life, the harms that it speaks
to, and the fields of the contract without which it is unknown. With names, tells all about those.

With --events and --account, reads a file of contract records as replay does and shows what the account's features were at
its end, at a time (--at), or whenever one changed (--watch): at once where the events come through a pipe. Values stand as
of the account's last event, and fade when the next one comes. A change is told where it can be seen with the decimals of
the feature's sentence; the first line has all that is known. Changes without a side come by a stamp: of a reporter, a
device, a network or a recipient. Unknown is unknown (null in JSON), never 0. Of an account that is erased further on,
only --watch shows what was before.`,
		Example: `  unopened features --family outreach
  unopened features --harm grooming --json
  unopened features first_contacts_1d
  unopened simulate --accounts 1000 --days 3 --out events.jsonl --truth truth.jsonl
  spammer=$(grep -m1 burst_spam truth.jsonl | cut -d'"' -f4)
  unopened features --events events.jsonl --account $spammer --at 2025-06-04T05:00:00Z
  unopened features --events - --account $spammer --watch first_contacts_1d reports_30d < events.jsonl`,
		RunE: func(cmd *cobra.Command, names []string) error {
			if err := f.check(names); err != nil {
				return err
			}
			if f.events != "" {
				return f.follow(cmd)
			}
			return show(cmd.OutOrStdout(), f.asJSON, f.declared(), func(w io.Writer) error {
				if len(names) > 0 {
					return f.printEach(w)
				}
				return f.printList(w)
			})
		},
		ValidArgsFunction: cobra.FixedCompletions(featureNames(), cobra.ShellCompDirectiveNoFileComp),
	}
	flags := cmd.Flags()
	addConfigFlag(cmd, &f.config)
	flags.StringVar(&f.family, "family", "", "only this family")
	flags.StringVar(&f.harm, "harm", "", "only what speaks to this harm")
	flags.StringVar(&f.events, "events", "", "a file of contract records: .jsonl, .gz, .zst, or - for standard input")
	flags.StringVar(&f.account, "account", "", "with --events: the account's pseudonym")
	flags.StringVar(&f.at, "at", "", "with --events: as of this event time, such as 2026-11-01T00:00:00Z, or Unix milliseconds")
	flags.BoolVar(&f.watch, "watch", false, "with --events: a line each time that a feature changes")
	flags.BoolVar(&f.asJSON, "json", false, "print JSON; with --watch, JSON lines")
	f.sight.add(cmd)
	_ = cmd.RegisterFlagCompletionFunc("family", cobra.FixedCompletions(families(), cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.RegisterFlagCompletionFunc("harm", cobra.FixedCompletions(harmNames, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// harmNames are the categories of harm that a feature can speak to.
var harmNames = features.Harms(math.MaxUint16).Names()

// featureNames lists the features.
func featureNames() (names []string) {
	for i := range features.Catalogue {
		names = append(names, features.Catalogue[i].Name)
	}
	return names
}

// families lists the families, which stand together in the Catalogue.
func families() (names []string) {
	for i := range features.Catalogue {
		names = append(names, features.Catalogue[i].Family)
	}
	return slices.Compact(names)
}

// check refuses what cannot be shown, before anything is read.
func (f *featuresFlags) check(names []string) (err error) {
	switch {
	case (f.events == "") != (f.account == ""):
		return usageError{errors.New("--events and --account go together: which events are read, and whose features are shown")}
	case f.events == "" && (f.watch || f.at != ""):
		return usageError{errors.New("--at and --watch go with --events and --account")}
	case f.events == "" && (f.sight.Profile != "" || f.sight.Doubtful):
		return usageError{errors.New("--profile and --doubtful go with --events and --account")}
	case f.watch && f.at != "":
		return usageError{errors.New("give --at or --watch, not both")}
	}
	if f.account != "" {
		if f.subject, err = ingest.ParseSubject(f.account); err != nil {
			return usageError{fmt.Errorf("--account: %w", err)}
		}
	}
	if f.until, err = parseMoment(f.at); err != nil {
		return err
	}
	return f.choose(names)
}

// parseMoment reads a time; none is the end of all times.
func parseMoment(text string) (int64, error) {
	if text == "" {
		return math.MaxInt64, nil
	}
	if ms, err := strconv.ParseInt(text, 10, 64); err == nil && ms >= ingest.Earliest {
		return ms, nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return 0, usageError{fmt.Errorf("--at: %q is no time such as 2026-11-01T00:00:00Z, and no Unix milliseconds", text)}
	}
	return at.UnixMilli(), nil
}

// choose finds the features that are asked for; without any condition, all.
func (f *featuresFlags) choose(names []string) error {
	for _, name := range names {
		if _, ok := features.Index(name); !ok {
			return noFeature(name)
		}
	}
	if f.family != "" {
		if err := oneOf("family", f.family, families()); err != nil {
			return err
		}
	}
	if f.harm != "" {
		if err := oneOf("harm", f.harm, harmNames); err != nil {
			return err
		}
	}
	f.chosen = nil
	for i := range features.Catalogue {
		d := &features.Catalogue[i]
		if (len(names) == 0 || slices.Contains(names, d.Name)) && (f.family == "" || d.Family == f.family) &&
			(f.harm == "" || slices.Contains(d.Harms.Names(), f.harm)) {
			f.chosen = append(f.chosen, i)
		}
	}
	if len(f.chosen) == 0 {
		return usageError{errors.New("no feature is all that was asked for; \"unopened features\" lists them with families and harms")}
	}
	return nil
}

// noFeature tells that there is no feature of that name, and which names are near: those that begin so, or differ in few
// letters, as for commands.
func noFeature(name string) error {
	known := &cobra.Command{SuggestionsMinimumDistance: 3}
	for _, each := range featureNames() {
		known.AddCommand(&cobra.Command{Use: each, RunE: help})
	}
	if near := known.SuggestionsFor(name); len(near) > 0 {
		return usageError{fmt.Errorf("there is no feature %q; did you mean %s?", name, strings.Join(near, ", "))}
	}
	return usageError{fmt.Errorf("there is no feature %q; \"unopened features\" lists them", name)}
}
