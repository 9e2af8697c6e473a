package evaluate

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
)

// Matrix is a table of features, an account a row, with what is known of each account. It has no events, so it tests what a
// kind of model makes of features and nothing else: not features, state, time or alerts.
type Matrix struct {
	Columns  []string
	Values   [][]float64 // by column, NaN where a cell is empty
	Positive []bool
}

// ReadMatrix reads CSV whose first row names the columns. The column label has value at the abusive; a column whose cells are no
// numbers is left out, and dropped names it. name is the file's, for errors.
func ReadMatrix(in io.Reader, name, label, value string) (m *Matrix, dropped []string, err error) {
	rows := csv.NewReader(in)
	head, err := rows.Read()
	if err != nil {
		return nil, nil, fmt.Errorf("reading the header of %s: %w", name, err)
	}
	truth := slices.Index(head, label)
	if truth < 0 {
		return nil, nil, fmt.Errorf("%s has no column %q; its columns are %s", name, label, strings.Join(head, ", "))
	}
	all, err := rows.ReadAll()
	if err != nil {
		return nil, nil, fmt.Errorf("reading %s: %w", name, err)
	}
	m = &Matrix{Positive: make([]bool, len(all))}
	positives := 0
	for i, row := range all {
		if m.Positive[i] = strings.TrimSpace(row[truth]) == value; m.Positive[i] {
			positives++
		}
	}
	if positives == 0 || positives == len(all) {
		return nil, nil, fmt.Errorf("%s: %d of %d rows have %s=%s; give the column and value of the abusive", name, positives, len(all), label, value)
	}
	for c, column := range head {
		if c == truth {
			continue
		}
		if values, ok := numbers(all, c); ok {
			m.Columns, m.Values = append(m.Columns, column), append(m.Values, values)
		} else {
			dropped = append(dropped, column)
		}
	}
	if len(m.Columns) == 0 {
		return nil, nil, fmt.Errorf("%s has no column of numbers", name)
	}
	return m, dropped, nil
}

// numbers reads one column.
func numbers(rows [][]string, c int) ([]float64, bool) {
	values := make([]float64, len(rows))
	for i, row := range rows {
		cell := strings.TrimSpace(row[c])
		if cell == "" {
			values[i] = math.NaN()
			continue
		}
		x, err := strconv.ParseFloat(cell, 64)
		if err != nil {
			return nil, false
		}
		values[i] = x
	}
	return values, true
}

// MatrixReport is what the kinds of model come to on a matrix.
type MatrixReport struct {
	Accounts  int          `json:"accounts"`
	Positives int          `json:"positives"`
	Columns   int          `json:"columns"`
	Folds     int          `json:"folds"`
	Kinds     []MatrixKind `json:"kinds"` // the trivial rule first
}

// MatrixKind is one of them.
type MatrixKind struct {
	Kind   string              `json:"kind"`
	Uses   string              `json:"uses"` // what of the labels it has seen
	AUC    Estimate            `json:"auc"`
	AP     Estimate            `json:"average_precision"`
	Recall AtNominal[Estimate] `json:"recall_at_fpr"`
}

// matrixFolds is how many parts the accounts are cut into; each is scored by what was set on the others.
const matrixFolds = 5

// Report scores every account by what was set on other accounts. rule is a column, with a minus sign before it where less is
// worse: the trivial rule.
func (m *Matrix) Report(rule string, times int, seed uint64) (*MatrixReport, error) {
	column, less := strings.CutPrefix(rule, "-")
	at := slices.Index(m.Columns, column)
	if at < 0 {
		return nil, fmt.Errorf("there is no column of numbers %q for the trivial rule; they are %s", column, strings.Join(m.Columns, ", "))
	}
	ruled := slices.Clone(m.Values[at])
	if less {
		for i := range ruled {
			ruled[i] = -ruled[i]
		}
	}
	out := &MatrixReport{Accounts: len(m.Positive), Columns: len(m.Columns), Folds: matrixFolds}
	for _, is := range m.Positive {
		if is {
			out.Positives++
		}
	}
	if out.Positives < matrixFolds || out.Accounts-out.Positives < matrixFolds {
		return nil, errors.New("too few accounts: each fold needs an abusive and an innocent one")
	}
	scores := [][]float64{ruled, m.percentiles(seed)}
	out.Kinds = []MatrixKind{
		{Kind: "trivial rule: " + rule, Uses: "nothing"},
		{Kind: "percentile scorecard", Uses: "the direction of each column, from the other folds"},
	}
	var b bootstrap
	for k := range out.Kinds {
		kind, ranking := &out.Kinds[k], Rank(scores[k], m.Positive, nil)
		b.add(func(weights []uint16) []float64 {
			marks := ranking.Marks(weights)
			return append([]float64{marks.AUC, marks.AP}, marks.Recall[:]...)
		}, &kind.AUC, &kind.AP, &kind.Recall[0], &kind.Recall[1])
	}
	b.run(out.Accounts, times, seed)
	return out, nil
}

// percentiles scores each account by a scorecard of equal weights: for each column the log-odds of the share of innocent
// accounts of the other folds that are less extreme, where it lies beyond their median in the bad direction.
func (m *Matrix) percentiles(seed uint64) []float64 {
	n := len(m.Positive)
	fold := make([]int, n)
	for i, j := range rand.New(rand.NewPCG(seed, 1)).Perm(n) {
		fold[j] = i % matrixFolds
	}
	scores := make([]float64, n)
	for f := range matrixFolds {
		for _, values := range m.Values {
			m.column(values, fold, f, scores)
		}
	}
	return scores
}

// column adds one column's terms to the scores of one fold.
func (m *Matrix) column(values []float64, fold []int, f int, scores []float64) {
	var x []float64
	var positive []bool
	var innocent []float64
	for i, v := range values {
		if fold[i] == f || math.IsNaN(v) {
			continue
		}
		x, positive = append(x, v), append(positive, m.Positive[i])
		if !m.Positive[i] {
			innocent = append(innocent, v)
		}
	}
	less := Rank(x, positive, nil).Marks(nil).AUC < 0.5
	slices.Sort(innocent)
	for i, v := range values {
		if fold[i] != f || math.IsNaN(v) {
			continue
		}
		low, _ := slices.BinarySearch(innocent, v)
		high, _ := slices.BinarySearchFunc(innocent, v, func(a, v float64) int {
			if a <= v {
				return -1
			}
			return 1
		})
		p := (float64(low+high)/2 + 0.5) / (float64(len(innocent)) + 1)
		if less {
			p = 1 - p
		}
		scores[i] += max(0, math.Log(p/(1-p)))
	}
}
