package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/unopened/unopened/engine"
	"github.com/unopened/unopened/features"
	"github.com/unopened/unopened/ingest"
	"github.com/unopened/unopened/ingest/file"
)

// follower keeps the values of an account while events are read.
type follower struct {
	*featuresFlags
	out    io.Writer
	stop   context.CancelFunc // ends the reading, where a line cannot be written
	vector features.Vector
	first  int64     // the account's first event, 0 before there is one
	at     int64     // the time at which the vector stands, 0 while there is none
	erased int64     // when the account was erased, 0 if never
	told   []float32 // values of the chosen features, as last told
	err    error
}

// follow reads the events and shows the account's values.
func (f *featuresFlags) follow(cmd *cobra.Command) error {
	cfg, err := loadConfig(f.config)
	if err != nil {
		return err
	}
	if err := f.sight.into(cfg); err != nil {
		return err
	}
	e, err := replayEngine(cfg)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(cmd.Context())
	defer stop()
	w := &follower{featuresFlags: f, out: cmd.OutOrStdout(), stop: stop, vector: features.NewVector(), told: make([]float32, len(f.chosen))}
	w.forget()
	for i := range w.told {
		w.told[i] = float32(math.NaN())
	}
	e.Applied = w.applied
	var bar progress // the lines of --watch are progress enough
	if !f.watch {
		bar = newProgress("reading "+f.events, "records", -1)
	}
	err = e.ReplayRaw(ctx, watched{&file.Source{Paths: []string{f.events}}, bar}, 1)
	bar.done()
	if w.err != nil {
		return w.err // it has stopped the reading
	}
	if err != nil {
		return err
	}
	counts := e.Stats()
	f.tellRefused(cmd.ErrOrStderr(), &counts)
	if err := unequal(counts.Unbalanced()); err != nil {
		return err
	}
	return w.end()
}

// applied looks at the account after each entry that may have changed it: its own, and the erasure of whomever it knew.
func (w *follower) applied(e *ingest.Entry, t *features.Table) {
	erase := e.Kind == ingest.EntryControl && e.Event.Type == ingest.Erase
	who := e.Event.Subject
	if e.Kind == ingest.EntryStamp {
		who = e.Stamp.Subject
	}
	if who != w.subject && !erase {
		return
	}
	a := t.Account(w.subject)
	if a == nil {
		if erase && who == w.subject {
			w.erased = e.Event.At
		}
		w.forget()
	} else if a.Events > 0 {
		w.first = a.First
		if a.Last <= w.until {
			t.Read(a, &w.vector)
			w.at = a.Last
		}
	}
	if w.watch {
		w.tell(e)
	}
}

// forget makes everything unknown.
func (w *follower) forget() {
	w.at, w.vector.Events = 0, 0
	for i := range w.vector.X {
		w.vector.X[i] = float32(math.NaN())
	}
}

// end shows the values, or tells why there are none.
func (w *follower) end() error {
	switch {
	case w.first == 0:
		return fmt.Errorf("%s has no event of account %s; \"unopened check --events\" tells what it holds", w.from(), w.account)
	case w.watch:
		return nil
	case w.at == 0 && w.erased != 0:
		return fmt.Errorf("account %s was erased at %s in %s, so nothing of it is shown", w.account, instant(w.erased), w.from())
	case w.at == 0:
		return fmt.Errorf("%s has no event of account %s at or before %s: its first is of %s", w.from(), w.account, instant(w.until), instant(w.first))
	}
	v := w.values()
	return show(w.out, w.asJSON, v, v.print)
}

// from names the file.
func (f *featuresFlags) from() string {
	if f.events == file.Stdio {
		return "standard input"
	}
	return f.events
}

// instant is an event time with what there is of milliseconds.
func instant(at int64) string { return time.UnixMilli(at).UTC().Format(time.RFC3339Nano) }

// tellRefused tells what of the events was not taken, and nothing where all was.
func (f *featuresFlags) tellRefused(out io.Writer, s *engine.Stats) {
	if n := s.Split.RefusedTotal(); n > 0 {
		reasons := s.Split.ByReason()
		words := slices.Sorted(maps.Keys(reasons))
		for i, reason := range words {
			words[i] = fmt.Sprintf("%s %s", thousands(reasons[reason]), reason)
		}
		fmt.Fprintf(out, "%s: %s of %s lines were refused (%s) and changed nothing\n", f.from(), thousands(n), thousands(s.Split.Fetched), strings.Join(words, ", "))
	}
	if n := s.Split.UnseenTotal(); n > 0 {
		fmt.Fprintf(out, "%s: %s of %s lines are of events that the profile does not let see, and changed nothing\n", f.from(), thousands(n), thousands(s.Split.Fetched))
	}
	if n := s.Sides.Late; n > 0 {
		fmt.Fprintf(out, "%s: %s sides of events came later than engine.window allows and changed nothing\n", f.from(), thousands(n))
	}
}

// standing are an account's values at a time.
type standing struct {
	Account string  `json:"account"`
	At      int64   `json:"at"` // of the account's last event by then, Unix milliseconds
	Events  uint32  `json:"events"`
	Values  []value `json:"values"`
}

// value is that of a feature.
type value struct {
	Feature string        `json:"feature"`
	Value   *float32      `json:"value"` // null where unknown
	Unit    features.Unit `json:"unit"`
	Text    string        `json:"text"` // the sentence of a reason; of what is unknown, what it would be
}

// values are those of the chosen features.
func (w *follower) values() *standing {
	s := &standing{Account: w.account, At: w.at, Events: w.vector.Events, Values: make([]value, len(w.chosen))}
	for i, place := range w.chosen {
		d, x := &features.Catalogue[place], w.vector.X[place]
		s.Values[i] = value{Feature: d.Name, Value: known(x), Unit: d.Unit, Text: d.Help}
		if x == x {
			s.Values[i].Text = decimals.ReplaceAllLiteralString(d.Reason, valueText(d, x))
		}
	}
	return s
}

// print writes a table.
func (s *standing) print(out io.Writer) error {
	fmt.Fprintf(out, "account %s at %s, %s events\n\n", s.Account, instant(s.At), thousands(int64(s.Events)))
	rows := make([][]string, len(s.Values))
	for i, v := range s.Values {
		text := "unknown"
		if v.Value != nil {
			text = strconv.FormatFloat(math.Round(float64(*v.Value)*1000)/1000, 'f', -1, 64)
		}
		rows[i] = []string{v.Feature, text, string(v.Unit), v.Text}
	}
	return writeTable(out, []string{"feature", "value", "unit", "meaning"}, rows)
}
