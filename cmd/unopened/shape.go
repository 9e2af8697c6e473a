package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/unopened/unopened/evaluate"
	"github.com/unopened/unopened/ingest"
	"github.com/unopened/unopened/ingest/file"
)

// quantiles are the shares of which `shape` tells the values.
var quantiles = []float64{0.1, 0.25, 0.5, 0.75, 0.9, 0.99}

func shapeCommand() *cobra.Command {
	var asJSON bool
	var html string
	var days int
	cmd := &cobra.Command{
		Use:   "shape FILE...",
		Short: "Show how people write to each other in files of events, side by side",
		Long: `Reads files of contract records and tells, for the direct messages of each, how many an account sends and to how many, what
time lies between two of them and before an answer, how long a session and a dialogue are, and how bursty people are. Set a
simulation beside a log of yours to see where its people are not like yours; docs/simulator.md has it for a public log.`,
		Example: `  unopened simulate --scenario realistic --out simulated.jsonl.zst
  unopened shape --days 28 --html shape.html simulated.jsonl.zst mine.jsonl.gz`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, files []string) error {
			if days < 0 {
				return usageError{fmt.Errorf("--days: %d is below 0", days)}
			}
			if err := separate(files, []written{{"--html", html}}); err != nil {
				return err
			}
			all := &shapes{Days: days}
			for _, name := range files {
				s, err := shapeOf(cmd.Context(), name, days)
				if err != nil {
					return err
				}
				all.Files = append(all.Files, s)
			}
			if html != "" {
				if err := writePage(html, all.page()); err != nil {
					return err
				}
			}
			return show(cmd.OutOrStdout(), asJSON, all, all.print)
		},
	}
	cmd.Flags().IntVar(&days, "days", 0, "take the first days of each file, by its first event (default: all)")
	cmd.Flags().StringVar(&html, "html", "", "file for one page with plots, which needs nothing else")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// shapes is what `shape` tells.
type shapes struct {
	Days  int       `json:"days,omitempty"`
	Files []*shaped `json:"files"`
}

// shaped is one file.
type shaped struct {
	File     string   `json:"file"`
	Messages int64    `json:"direct_messages"`
	Answered float64  `json:"answered_pairs"` // share of pairs
	Measures []spread `json:"measures"`

	shape   *evaluate.Shape
	decoder ingest.Decoder
	event   ingest.Event
	until   int64
	days    int
	bar     progress
}

// spread is one measure of a file.
type spread struct {
	Name      string             `json:"name"`
	Unit      string             `json:"unit,omitempty"`
	Count     int                `json:"count"`
	Quantiles map[string]float64 `json:"quantiles"`

	all evaluate.Distribution
}

// shapeOf reads a file.
func shapeOf(ctx context.Context, name string, days int) (*shaped, error) {
	s := &shaped{File: name, shape: evaluate.NewShape(), days: days, until: math.MaxInt64, bar: newProgress("reading "+name, "records", -1)}
	source := &file.Source{Paths: []string{name}}
	err := source.Run(ctx, func(context.Context, ingest.Partition) (ingest.Handler, error) { return s, nil })
	s.bar.done()
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if s.Messages = s.shape.Events; s.Messages == 0 {
		return nil, fmt.Errorf("%s has no direct message of a known sender; \"unopened check --events %s\" tells what it holds", name, name)
	}
	s.Answered = s.shape.Answered()
	for _, d := range s.shape.Distributions() {
		m := spread{Name: d.Name, Unit: d.Unit, Count: len(d.Values), Quantiles: map[string]float64{}, all: d}
		for _, q := range quantiles {
			if v := d.Quantile(q); !math.IsNaN(v) {
				m.Quantiles[quantileName(q)] = v
			}
		}
		s.Measures = append(s.Measures, m)
	}
	return s, nil
}

func quantileName(share float64) string { return strconv.FormatFloat(100*share, 'f', -1, 64) + "%" }

// Resume is the beginning.
func (s *shaped) Resume() int64 { return -1 }

// Close keeps nothing.
func (s *shaped) Close(context.Context) error { return nil }

// Handle takes a batch of records. Those that are refused `check` tells of.
func (s *shaped) Handle(_ context.Context, b ingest.Batch) error {
	for i := range b.Records {
		if s.decoder.Read(&s.event, &b.Records[i]) != ingest.Accepted {
			continue
		}
		if s.days > 0 && s.until == math.MaxInt64 {
			s.until = s.event.At + int64(s.days)*24*time.Hour.Milliseconds()
		}
		if s.event.At < s.until {
			s.shape.Event(&s.event)
		}
	}
	s.bar.add(len(b.Records))
	return nil
}

// print writes a table: a measure a row for each file, quantiles across.
func (a *shapes) print(out io.Writer) error {
	t := a.table()
	if err := writeTable(out, t.head, t.rows); err != nil {
		return err
	}
	_, err := fmt.Fprintln(out, strings.Join(a.opening(), "\n"))
	return err
}

// opening says how much was read.
func (a *shapes) opening() (lines []string) {
	for _, f := range a.Files {
		lines = append(lines, fmt.Sprintf("%s: %s direct messages; %.0f %% of pairs were answered", filepath.Base(f.File), thousands(f.Messages), 100*f.Answered))
	}
	return lines
}

// table has the quantiles.
func (a *shapes) table() table {
	head := []string{"measure", "file"}
	for _, q := range quantiles {
		head = append(head, quantileName(q))
	}
	var rows [][]string
	for i := range a.Files[0].Measures {
		for k, f := range a.Files {
			m := &f.Measures[i]
			row := []string{"", filepath.Base(f.File)}
			if k == 0 {
				row[0] = m.Name
			}
			for _, q := range quantiles {
				row = append(row, amount(m.Quantiles[quantileName(q)], m.Unit))
			}
			rows = append(rows, row)
		}
	}
	return table{title: "Quantiles", head: head, rows: rows}
}

// amount writes a value for people: seconds as a span of time.
func amount(v float64, unit string) string {
	switch {
	case unit != "s":
		return strings.TrimSuffix(strconv.FormatFloat(v, 'f', 2, 64), ".00")
	case v < 120:
		return fmt.Sprintf("%.0f s", v)
	case v < 2*60*60:
		return fmt.Sprintf("%.0f min", v/60)
	case v < 2*24*60*60:
		return fmt.Sprintf("%.1f h", v/60/60)
	}
	return fmt.Sprintf("%.1f d", v/24/60/60)
}
