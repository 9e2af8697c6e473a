package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/unopened/unopened/evaluate"
	"github.com/unopened/unopened/ingest/file"
)

// matrixFlags name a table of features.
type matrixFlags struct{ file, label, rule string }

// add adds the flags.
func (m *matrixFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&m.file, "matrix", "", "instead of events: a CSV table of features, an account a row; tests a kind of model alone")
	flags.StringVar(&m.label, "label", "", "with --matrix: COLUMN=VALUE of the abusive accounts")
	flags.StringVar(&m.rule, "rule", "", "with --matrix: the column that is the trivial rule, with a minus sign before it where less is worse")
}

// matrixAnswer is what kinds of model come to on a table.
type matrixAnswer struct {
	Table   string   `json:"table"`
	Label   string   `json:"label"`
	Limits  string   `json:"limits"`
	Dropped []string `json:"columns_left_out"` // their cells are no numbers
	Draws   int      `json:"bootstrap"`
	Seed    uint64   `json:"eval_seed"`
	*evaluate.MatrixReport
}

// matrixLimits says what such a table cannot tell.
const matrixLimits = "A table without events tests a kind of model alone, not the system: nothing of features, state, time, alerts or the shipped models is in it."

// runMatrix evaluates a table.
func (f *evalFlags) runMatrix(cmd *cobra.Command) error {
	begin := time.Now()
	if err := separate([]string{f.matrix.file}, []written{{"--html", f.html}}); err != nil {
		return err
	}
	column, value, given := strings.Cut(f.matrix.label, "=")
	if !given || f.matrix.rule == "" {
		return usageError{errors.New("--matrix needs --label COLUMN=VALUE, which says who is abusive, and --rule COLUMN, the trivial rule (--rule -COLUMN where less is worse)")}
	}
	in, err := file.Open(f.matrix.file)
	if err != nil {
		return usageError{err}
	}
	m, dropped, err := evaluate.ReadMatrix(in, f.matrix.file, column, value)
	if err := errors.Join(err, in.Close()); err != nil {
		return usageError{err}
	}
	report, err := m.Report(f.matrix.rule, f.bootstrap, f.seed)
	if err != nil {
		return usageError{fmt.Errorf("%s: %w", f.matrix.file, err)}
	}
	return f.tell(cmd.OutOrStdout(), begin, &matrixAnswer{f.matrix.file, f.matrix.label, matrixLimits, dropped, f.bootstrap, f.seed, report})
}

// opening says what was evaluated, and what that cannot tell.
func (a *matrixAnswer) opening() []string {
	lines := []string{
		fmt.Sprintf("%s: %s accounts, of which %s have %s; %d columns of numbers.", a.Table, thousands(int64(a.Accounts)),
			thousands(int64(a.Positives)), a.Label, a.Columns),
		a.Limits,
	}
	if len(a.Dropped) > 0 {
		lines = append(lines, "Left out, since their cells are no numbers: "+strings.Join(a.Dropped, ", ")+".")
	}
	return lines
}

// tables are all that is shown.
func (a *matrixAnswer) tables() []table {
	t := table{title: "How accounts are ranked",
		note: fmt.Sprintf("Each account by what was set on the other %d of %d parts. Where intervals overlap, these data may not tell two apart.", a.Folds-1, a.Folds),
		head: []string{"kind of model", "sees of the labels", "AUC", "average precision", "recall at 1 %", "at 0.1 %"}}
	for i := range a.Kinds {
		k := &a.Kinds[i]
		t.add(k.Kind, k.Uses, estimate(k.AUC), estimate(k.AP), percentage(k.Recall[1]), percentage(k.Recall[0]))
	}
	return []table{t}
}

// print writes the answer for people.
func (a *matrixAnswer) print(out io.Writer) error { return printTables(out, a.opening(), a.tables()) }

// page is the answer as a page.
func (a *matrixAnswer) page() *page {
	p := &page{Name: a.Table, Version: version, Opening: a.opening(), Draws: a.Draws}
	p.add(a.tables(), nil)
	return p
}
