package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/unopened/unopened/configs"
	"github.com/unopened/unopened/features"
	"github.com/unopened/unopened/ingest"
	"github.com/unopened/unopened/ingest/file"
	"github.com/unopened/unopened/models"
	"github.com/unopened/unopened/store"
)

// explained is one harm of an account, with everything that its margin is made of.
type explained struct {
	Harm       string      `json:"harm"`
	Model      string      `json:"model"`
	Off        bool        `json:"off,omitempty"`
	Assessable bool        `json:"assessable"`
	Missing    []string    `json:"missing,omitempty"`
	Margin     *float64    `json:"margin,omitempty"`
	Score      *float64    `json:"score,omitempty"`
	Reasons    []whyReason `json:"reasons,omitempty"`
}

// whyReason is one contribution.
type whyReason struct {
	Kind         string   `json:"kind"` // bias, term, gate or guard
	Name         string   `json:"name"`
	Feature      string   `json:"feature,omitempty"`
	Value        *float64 `json:"value"` // null where it is unknown
	Contribution float64  `json:"contribution"`
	Text         string   `json:"text,omitempty"`
}

// explanation is an account's, at a moment.
type explanation struct {
	Account string      `json:"account"`
	At      int64       `json:"at"`
	Events  uint32      `json:"events"`
	Harms   []explained `json:"harms"`
}

// kindNames are the names of the kinds of contribution.
var kindNames = [...]string{models.KindBias: "bias", models.KindTerm: "term", models.KindGate: "gate", models.KindGuard: "guard"}

func explainCommand() *cobra.Command {
	var configFile, events, harm string
	var asJSON, all bool
	cmd := &cobra.Command{
		Use:   "explain ACCOUNT",
		Short: "Tell why an account has the scores that it has",
		Long: `Prints, for each harm, the margin and score of an account, every contribution that the margin is the sum of
(terms, gates and guards, with the values of their features), and what cannot be assessed for want of which fields.

The features are those behind the account's last recorded verdict, out of ClickHouse; with --events they come from
reading a file of events to its end.`,
		Example: `  unopened explain 6b1f0c…
  unopened explain --events events.jsonl --harm grooming --json 6b1f0c…`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			account, err := ingest.ParseSubject(args[0])
			if err != nil {
				return usageError{err}
			}
			if harm != "" {
				if err := oneOf("harm", harm, models.Names[:]); err != nil {
					return err
				}
			}
			cfg, err := loadConfig(configFile)
			if err != nil {
				return err
			}
			set, _, err := loadModels(cfg)
			if err != nil {
				return err
			}
			vector, at, err := vectorOf(cmd.Context(), cfg, events, account)
			if err != nil {
				return err
			}
			e := explain(set, account, vector, at)
			if harm != "" {
				e.Harms = slices.DeleteFunc(e.Harms, func(x explained) bool { return x.Harm != harm })
			}
			return show(cmd.OutOrStdout(), asJSON, e, func(w io.Writer) error { return e.print(w, all) })
		},
	}
	addConfigFlag(cmd, &configFile)
	cmd.Flags().StringVar(&events, "events", "", "read this file of events instead of asking ClickHouse")
	cmd.Flags().StringVar(&harm, "harm", "", "only this harm")
	cmd.Flags().BoolVar(&all, "all", false, "also show contributions of 0")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	_ = cmd.RegisterFlagCompletionFunc("harm", cobra.FixedCompletions(models.Names[:], cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// vectorOf finds an account's features: at its last recorded verdict, or at the end of a file.
func vectorOf(ctx context.Context, cfg *configs.Config, events string, account ingest.SubjectID) (*features.Vector, int64, error) {
	if events != "" {
		return vectorFromFile(ctx, cfg, events, account)
	}
	var vector features.Vector
	var at int64
	err := askStore(ctx, cfg, func(s *store.Store) (err error) {
		vector, at, err = s.LatestVector(ctx, account)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		err = fmt.Errorf("account %s: no score of it has moved by 0.01 yet, or it is unknown; explain --events FILE reads it from events", account)
	}
	return &vector, at, err
}

// vectorFromFile reads a file to its end and then the account's features.
func vectorFromFile(ctx context.Context, cfg *configs.Config, name string, account ingest.SubjectID) (*features.Vector, int64, error) {
	e, err := replayEngine(cfg)
	if err != nil {
		return nil, 0, err
	}
	var found *features.Vector
	var at int64
	e.Closing = func(t *features.Table) {
		if a := t.Account(account); a != nil && found == nil {
			v := features.NewVector()
			t.Read(a, &v)
			found, at = &v, a.Last
		}
	}
	if err := e.ReplayRaw(ctx, &file.Source{Paths: []string{name}}, 1); err != nil {
		return nil, 0, err
	}
	if found == nil {
		return nil, 0, fmt.Errorf("%s has no event of account %s", name, account)
	}
	return found, at, nil
}

// explain scores and explains every harm.
func explain(set *models.Set, account ingest.SubjectID, v *features.Vector, at int64) explanation {
	e := explanation{Account: account.String(), At: at, Events: v.Events}
	var scores [models.Harms]models.Score
	set.Score(v, &scores)
	for h := range models.Harm(models.Harms) {
		s := &scores[h]
		x := explained{Harm: h.String(), Model: set.Name(h), Off: s.Off, Assessable: s.Assessable, Missing: models.MissingNames(*s)}
		if s.Assessable {
			x.Margin, x.Score = &s.Margin, &s.Value
			for _, r := range set.Explain(h, v, nil) {
				x.Reasons = append(x.Reasons, why(&r))
			}
		}
		e.Harms = append(e.Harms, x)
	}
	return e
}

// why is a contribution as it is shown.
func why(r *models.Reason) whyReason {
	w := whyReason{Kind: kindNames[r.Kind], Name: r.Name, Contribution: r.Contribution}
	if r.Feature < 0 {
		return w
	}
	w.Feature = features.Catalogue[r.Feature].Name
	if value := float64(r.Value); !math.IsNaN(value) {
		w.Value, w.Text = &value, models.Text(r)
	}
	return w
}

// print writes a table a harm.
func (e *explanation) print(out io.Writer, all bool) error {
	w := bufio.NewWriter(out)
	fmt.Fprintf(w, "account %s at %s, %s events\n", e.Account, time.UnixMilli(e.At).UTC().Format(time.RFC3339), thousands(int64(e.Events)))
	for i := range e.Harms {
		if err := e.Harms[i].print(w, all); err != nil {
			return err
		}
	}
	return w.Flush()
}

// print writes one harm.
func (x *explained) print(w io.Writer, all bool) error {
	switch {
	case x.Off:
		_, err := fmt.Fprintf(w, "\n%s: switched off, not computed\n", x.Harm)
		return err
	case !x.Assessable:
		_, err := fmt.Fprintf(w, "\n%s: not assessable, for want of %s (this is not a low risk)\n", x.Harm, strings.Join(x.Missing, ", "))
		return err
	}
	fmt.Fprintf(w, "\n%s: score %.4f, margin %.4f (%s)\n", x.Harm, *x.Score, *x.Margin, x.Model)
	rows := make([][]string, 0, len(x.Reasons)+1)
	sum := 0.0
	for _, r := range x.Reasons {
		sum += r.Contribution
		if r.Contribution == 0 && !all {
			continue
		}
		value := "unknown"
		if r.Value != nil {
			value = fmt.Sprintf("%.3g", *r.Value)
		} else if r.Kind == "bias" {
			value = ""
		}
		rows = append(rows, []string{fmt.Sprintf("%+.4f", r.Contribution), r.Kind, r.Name, value, r.Text})
	}
	rows = append(rows, []string{fmt.Sprintf("%+.4f", sum), "sum", "margin", "", ""})
	return writeTable(w, []string{"contribution", "kind", "name", "value", "meaning"}, rows)
}
