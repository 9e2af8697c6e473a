package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/unopened/unopened/alerts"
	"github.com/unopened/unopened/engine"
	"github.com/unopened/unopened/ingest/simulate"
)

// demoReport is what a demo ends with.
type demoReport struct {
	Events struct {
		Produced int64            `json:"produced"`
		Accepted int64            `json:"accepted"`
		Refused  int64            `json:"refused"`
		Reasons  map[string]int64 `json:"reasons"`
	} `json:"events"`
	Sides    engine.SideCounts `json:"sides"`
	Injected struct {
		Hostile     int64 `json:"hostile"`
		Repeats     int64 `json:"repeats"`
		Sides       int64 `json:"sides"`        // of the events, without repeats
		RepeatSides int64 `json:"repeat_sides"` // of the repeats
	} `json:"injected"`
	Days     int                `json:"days"` // simulated
	Accounts int                `json:"accounts"`
	Alerts   map[string]*caught `json:"alerts"`
	Webhooks struct {
		Sent     int64 `json:"sent"`
		Verified int64 `json:"verified"`
		Refused  int64 `json:"refused"`
	} `json:"webhooks"`
	Rows struct {
		Events   uint64 `json:"events"`
		Verdicts uint64 `json:"verdicts"`
		Alerts   uint64 `json:"alerts"`
	} `json:"rows"`
	AlertsTold      int64     `json:"alert_messages"` // opened, updated and closed
	EventsPerSecond float64   `json:"events_per_second"`
	Seconds         float64   `json:"seconds"`
	ClickHouse      string    `json:"clickhouse"`
	Top             []suspect `json:"top"`

	engine engine.Stats // at the end
}

// caught compares the alerts of a harm with the truth. Precision and recall are by account; nil where undefined.
type caught struct {
	Raised    int      `json:"raised"` // accounts with an alert
	Abusive   int      `json:"abusive"`
	Precision *float64 `json:"precision"`
	Recall    *float64 `json:"recall"`
}

// suspect is an account with an alert, and why.
type suspect struct {
	Account string  `json:"account"`
	Harm    string  `json:"harm"`
	Score   float64 `json:"score"`
	Reason  string  `json:"reason"`
	Truth   string  `json:"truth"` // what the simulator knows: a campaign or a persona
}

// report gathers what the service and the receiver counted, and what ClickHouse says by SQL.
func (s *stage) report(ctx context.Context, service *service, sim *simulate.Simulator, all produced) (*demoReport, error) {
	r := &demoReport{}
	e := service.engine.Stats()
	r.Events.Produced, r.Events.Accepted = all.Records, e.Split.Accepted
	r.Events.Refused, r.Events.Reasons = e.Split.RefusedTotal(), e.Split.ByReason()
	r.engine, r.Sides, r.Accounts, r.AlertsTold = e, e.Sides, e.Accounts, e.Desk.Taken
	r.Injected.Hostile, r.Injected.Repeats = all.Hostile, all.Repeats
	r.Injected.Sides, r.Injected.RepeatSides = all.Sides, all.RepeatSides
	received := s.receiver.Counts()
	r.Webhooks.Sent, r.Webhooks.Verified, r.Webhooks.Refused = e.Sent("webhook demo"), received.Verified, received.Refused
	var err error
	if r.Rows.Events, r.Rows.Verdicts, r.Rows.Alerts, err = service.store.Counts(ctx); err != nil {
		return nil, err
	}
	if r.ClickHouse, err = service.store.Version(ctx); err != nil {
		return nil, err
	}
	return r, r.judge(s.received.Bytes(), sim.Truth(), s.cfg.Alerts.Promoted)
}

// judge compares the alerts that the receiver verified with the truth.
func (r *demoReport) judge(lines []byte, truth []simulate.Account, harms []string) error {
	known := make(map[string]*simulate.Account, len(truth))
	r.Alerts = make(map[string]*caught)
	for _, h := range harms {
		r.Alerts[h] = &caught{}
	}
	for i := range truth {
		known[truth[i].Account] = &truth[i]
		if c := r.Alerts[truth[i].Harm]; c != nil {
			c.Abusive++
		}
	}
	worst := make(map[string]suspect)
	right := make(map[string]int)
	for in := bufio.NewScanner(bytes.NewReader(lines)); in.Scan(); {
		var a alerts.Alert
		if err := json.Unmarshal(in.Bytes(), &a); err != nil {
			return fmt.Errorf("reading back what the receiver verified: %w", err)
		}
		key := a.Harm + a.Account
		before, seen := worst[key]
		t := known[a.Account]
		if !seen {
			r.Alerts[a.Harm].Raised++
			if t.Harm == a.Harm {
				right[a.Harm]++
			}
		}
		if len(a.Reasons) > 0 && a.Score >= before.Score {
			worst[key] = suspect{a.Account, a.Harm, a.Score, a.Reasons[0].Text, t.Campaign + t.Persona}
		}
	}
	for h, c := range r.Alerts {
		c.Precision, c.Recall = ratio(right[h], c.Raised), ratio(right[h], c.Abusive)
	}
	for _, x := range worst {
		r.Top = append(r.Top, x)
	}
	slices.SortFunc(r.Top, func(a, b suspect) int {
		if a.Score != b.Score {
			return int((b.Score - a.Score) * 1e6)
		}
		return strings.Compare(a.Account+a.Harm, b.Account+b.Harm)
	})
	r.Top = r.Top[:min(10, len(r.Top))]
	return nil
}

// ratio is n of all, nil of none.
func ratio(n, all int) *float64 {
	if all == 0 {
		return nil
	}
	x := float64(n) / float64(all)
	return &x
}

// finish adds how fast it was.
func (r *demoReport) finish(days int, took time.Duration) {
	r.Days = days
	r.Seconds = took.Seconds()
	r.EventsPerSecond = float64(r.Events.Produced) / r.Seconds
}

// sums are the equations that must hold: those of the engine, and those with what was put in and what came out.
func (r *demoReport) sums() []engine.Equation {
	s := &r.Sides
	return append(r.engine.Equations(), []engine.Equation{
		{Name: "produced = fetched", Left: r.Events.Produced, Right: r.engine.Split.Fetched},
		{Name: "hostile injected = refused", Left: r.Injected.Hostile, Right: r.Events.Refused},
		{Name: "sides of events injected = applied", Left: r.Injected.Sides, Right: s.Applied},
		{Name: "sides of repeats injected = duplicate", Left: r.Injected.RepeatSides, Right: s.Duplicate - s.Resent},
		{Name: "account sides applied = rows of events", Left: s.Applied - s.Places, Right: int64(r.Rows.Events)},
		{Name: "alert messages = rows of alerts", Left: r.AlertsTold, Right: int64(r.Rows.Alerts)},
		{Name: "webhooks sent = verified", Left: r.Webhooks.Sent, Right: r.Webhooks.Verified},
	}...)
}

// check returns an error that names each equation which does not hold.
func (r *demoReport) check() error { return unequal(engine.Unequal(r.sums())) }

// print writes the report for people.
func (r *demoReport) print(out io.Writer, keep string) error {
	fmt.Fprintf(out, "\n%d days of a simulated messenger: %s events of %s accounts in %.1f s, %s events a second.\nNo message was opened: there is none in the schema.\n\n",
		r.Days, thousands(r.Events.Produced), thousands(int64(r.Accounts)), r.Seconds, thousands(int64(r.EventsPerSecond)))
	rows := make([][]string, 0, 16)
	for _, s := range r.sums() {
		mark := "ok"
		if s.Left != s.Right {
			mark = "WRONG"
		}
		rows = append(rows, []string{mark, s.Name, thousands(s.Left), thousands(s.Right)})
	}
	if err := writeTable(out, []string{"", "accounting", "", ""}, rows); err != nil {
		return err
	}
	fmt.Fprintf(out, "\nClickHouse %s holds %s events, %s verdicts, %s alert messages.\n\n", r.ClickHouse,
		thousands(int64(r.Rows.Events)), thousands(int64(r.Rows.Verdicts)), thousands(int64(r.Rows.Alerts)))
	rows = rows[:0]
	for _, h := range sortedHarms(r.Alerts) {
		c := r.Alerts[h]
		rows = append(rows, []string{h, fmt.Sprint(c.Abusive), fmt.Sprint(c.Raised), percent(c.Precision), percent(c.Recall)})
	}
	if err := writeTable(out, []string{"harm", "abusive accounts", "accounts alerted", "precision", "recall"}, rows); err != nil {
		return err
	}
	fmt.Fprintln(out)
	rows = rows[:0]
	for _, x := range r.Top {
		rows = append(rows, []string{x.Account, x.Harm, fmt.Sprintf("%.4f", x.Score), x.Truth, x.Reason})
	}
	if err := writeTable(out, []string{"account", "harm", "score", "in truth", "first reason"}, rows); err != nil {
		return err
	}
	return r.next(out, keep)
}

// next tells what to try now.
func (r *demoReport) next(out io.Writer, keep string) error {
	account := "ACCOUNT"
	if len(r.Top) > 0 {
		account = r.Top[0].Account
	}
	if keep == "" {
		_, err := fmt.Fprintf(out, "\nTry next:\n  %[1]s demo --keep demo-data\n  %[1]s simulate --days 2 | %[1]s replay --json -\n  %[1]s --help\n", os.Args[0])
		return err
	}
	config := filepath.Join(keep, defaultConfigFile)
	_, err := fmt.Fprintf(out, "\nTry next:\n  %[1]s explain --config %[2]s %[3]s\n  %[1]s alerts list --config %[2]s\n  %[1]s query --config %[2]s top_accounts\n",
		os.Args[0], config, account)
	return err
}

// sortedHarms are the harms in the order of their names.
func sortedHarms(m map[string]*caught) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// percent writes a share.
func percent(x *float64) string {
	if x == nil {
		return "–"
	}
	return fmt.Sprintf("%.0f %%", 100**x)
}
