package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/unopened/unopened/ingest"
	"github.com/unopened/unopened/ingest/kafka"
	"github.com/unopened/unopened/models"
)

// checked is what `check` found in a file or a topic. Times are Unix milliseconds, as in the contract.
type checked struct {
	Source  string `json:"source"`
	Profile string `json:"profile,omitempty"` // to which the events were restricted
	Events  struct {
		Read     int64            `json:"read"`
		Accepted int64            `json:"accepted"`
		Refused  map[string]int64 `json:"refused"`
		Unseen   map[string]int64 `json:"unseen,omitempty"` // by type: what the profile does not let see
		Gaps     int64            `json:"gaps"`             // offsets without a record
		Lost     int64            `json:"lost"`             // those of them whose record the topic no longer had
	} `json:"events"`
	ContentTripwire int64                 `json:"content_tripwire"` // refused for a field that the contract lacks
	Seconds         float64               `json:"seconds"`          // of reading
	PerSecond       float64               `json:"per_second"`       // records, over the time in Over; 0 where that is too short
	Over            string                `json:"over"`             // reading, record time or event time
	EventTime       *checkedSpan          `json:"event_time,omitempty"`
	RecordTime      *checkedSpan          `json:"record_time,omitempty"`
	Lateness        *lateness             `json:"lateness,omitempty"`
	TimestampType   string                `json:"timestamp_type,omitempty"` // of the topic: LogAppendTime, CreateTime or unknown
	Types           map[string]int64      `json:"types"`
	Fields          map[string]fieldShare `json:"fields"`
	Accounts        int64                 `json:"accounts"` // that acted; an estimate beyond 16,384
	Harms           []harmShare           `json:"harms"`
}

// checkedSpan is from the first to the last of some times.
type checkedSpan struct {
	First int64 `json:"first"`
	Last  int64 `json:"last"`
}

// lateness is by how many milliseconds events' times lie behind the log's own time of their records; Ahead is the most
// that one lies before it, as by a clock that is wrong.
type lateness struct {
	P50   int64 `json:"p50"`
	P99   int64 `json:"p99"`
	Max   int64 `json:"max"`
	Ahead int64 `json:"ahead"`
}

// fieldShare is how many accepted records carried a field, of those whose type lets them.
type fieldShare struct {
	Records int64 `json:"records"`
	Of      int64 `json:"of"`
}

// harmShare says of how many of the accounts that acted a harm can be assessed. Where it is none, Missing has the fields.
type harmShare struct {
	Harm       string   `json:"harm"`
	Off        bool     `json:"off,omitempty"` // by the configuration
	Assessable bool     `json:"assessable"`
	Share      float64  `json:"share"`
	Missing    []string `json:"missing,omitempty"`
	missing    string   // for people: which of them would do
}

// newChecked makes the report of what was counted, for the given models.
func newChecked(c *coverage, set *models.Set) *checked {
	found := &checked{Types: make(map[string]int64), Fields: make(map[string]fieldShare), Accounts: c.acts.accounts()}
	found.Events.Read, found.Events.Accepted = c.counts.Fetched, c.counts.Accepted
	found.Events.Refused, found.Events.Gaps = c.counts.ByReason(), c.counts.Gaps
	found.Events.Lost, found.Events.Unseen = c.counts.Lost, c.counts.UnseenByType()
	found.ContentTripwire = c.counts.Refused[ingest.RefusedUnknownField]
	for t, n := range c.types {
		found.Types[t.String()] = n
	}
	for i, f := range ingest.Schema() {
		if c.may[i] > 0 {
			found.Fields[f.Name] = fieldShare{c.has[i], c.may[i]}
		}
	}
	if c.counts.Accepted > 0 {
		found.EventTime = &checkedSpan{c.events.first, c.events.last}
	}
	if c.records.first != 0 {
		found.RecordTime = &checkedSpan{c.records.first, c.records.last}
	}
	if c.late.TotalCount() > 0 {
		found.Lateness = &lateness{c.late.ValueAtPercentile(50), c.late.ValueAtPercentile(99), c.late.Max(), c.ahead}
	}
	for h := range models.Harm(models.Harms) {
		found.Harms = append(found.Harms, shareOf(h, &c.acts, set))
	}
	return found
}

// shareOf tells of how many accounts in the sample a harm can be assessed.
func shareOf(h models.Harm, acts *sample, set *models.Set) harmShare {
	share := harmShare{Harm: h.String(), Off: set.Off(h)}
	if share.Off {
		return share
	}
	var all ingest.Fields
	met := 0
	for _, has := range acts.seen {
		all |= has
		if len(set.Unmet(h, has)) == 0 {
			met++
		}
	}
	if met > 0 {
		share.Assessable, share.Share = true, float64(met)/float64(len(acts.seen))
		return share
	}
	var names []string
	for _, need := range set.Unmet(h, all) {
		share.Missing = append(share.Missing, need.Names()...)
		names = append(names, strings.Join(need.Names(), " or "))
	}
	share.missing = strings.Join(names, ", ")
	if share.missing == "" { // each is given by somebody, all by nobody
		share.missing = "no account gave all that it needs"
	}
	return share
}

// rate finds how many records came in a second: over the time of reading where it was waited for them, else over the
// time that they span.
func (c *checked) rate(live bool) {
	seconds := c.Seconds
	switch c.Over = "reading"; {
	case live:
	case c.RecordTime != nil:
		seconds, c.Over = float64(c.RecordTime.Last-c.RecordTime.First)/1000, "record time"
	case c.EventTime != nil:
		seconds, c.Over = float64(c.EventTime.Last-c.EventTime.First)/1000, "event time"
	}
	if seconds > 0 {
		c.PerSecond = float64(c.Events.Read) / seconds
	}
}

// print writes tables for people.
func (c *checked) print(out io.Writer) error {
	refused := c.Events.Read - c.Events.Accepted
	for _, n := range c.Events.Unseen {
		refused -= n
	}
	fmt.Fprintf(out, "%s: %s records read in %.1f s: %s accepted, %s refused%s; %s lost before they were read\n", c.Source, thousands(c.Events.Read),
		c.Seconds, thousands(c.Events.Accepted), thousands(refused), strings.Replace(unseen(c.Events.Unseen), " +", ",", 1), thousands(c.Events.Lost))
	if c.Profile != "" {
		fmt.Fprintf(out, "profile      %s: what its servers do not see was taken out\n", c.Profile)
	}
	if c.PerSecond > 0 {
		fmt.Fprintf(out, "rate         %.4g records a second, over %s\n", c.PerSecond, c.Over)
	}
	c.EventTime.print(out, "event time ")
	c.RecordTime.print(out, "record time")
	if l := c.Lateness; l != nil {
		fmt.Fprintf(out, "lateness     p50 %s, p99 %s, most %s; most ahead %s\n", ms(l.P50), ms(l.P99), ms(l.Max), ms(l.Ahead))
	}
	c.printClock(out)
	fmt.Fprintf(out, "tripwire     %s records with a field that the contract lacks", thousands(c.ContentTripwire))
	if c.ContentTripwire > 0 {
		fmt.Fprint(out, ": a producer may be leaking content; stop it and look at what it sends")
	}
	fmt.Fprintln(out)
	for _, part := range []struct {
		name   string
		counts map[string]int64
		of     int64
	}{{"refused for", c.Events.Refused, c.Events.Read}, {"not seen", c.Events.Unseen, c.Events.Read}, {"type", c.Types, c.Events.Accepted}} {
		if err := printShares(out, part.name, part.counts, part.of); err != nil {
			return err
		}
	}
	return c.printFields(out)
}

// printClock writes whose time a topic's records have, and what to do where it may be their writers': an event may lie as
// far in the future as its record, and what comes after it is late.
func (c *checked) printClock(out io.Writer) {
	switch c.TimestampType {
	case "":
	case kafka.LogAppendTime:
		fmt.Fprintln(out, "timestamps   LogAppendTime: the broker's")
	case "unknown":
		fmt.Fprintln(out, "timestamps   unknown: this client may not read the topic's configuration; see that it has message.timestamp.type=LogAppendTime")
	default:
		fmt.Fprintf(out, "timestamps   %s: the writers', so one whose clock is ahead makes what others send late; set message.timestamp.type=LogAppendTime for the topic\n", c.TimestampType)
	}
}

// printShares writes counts, the greatest first, and what part of all each is.
func printShares(out io.Writer, name string, counts map[string]int64, of int64) error {
	if len(counts) == 0 {
		return nil
	}
	names := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
	rows := make([][]string, 0, len(names))
	for _, name := range names {
		rows = append(rows, []string{name, thousands(counts[name]), portion(counts[name], of)})
	}
	fmt.Fprintln(out)
	return writeTable(out, []string{name, "records", "share"}, rows)
}

// printFields writes the fields, in the contract's order, and the harms.
func (c *checked) printFields(out io.Writer) error {
	var rows [][]string
	for _, f := range ingest.Schema() {
		if n, ok := c.Fields[f.Name]; ok {
			rows = append(rows, []string{f.Name, thousands(n.Records), thousands(n.Of), portion(n.Records, n.Of)})
		}
	}
	if len(rows) > 0 {
		fmt.Fprintln(out)
		if err := writeTable(out, []string{"field", "records", "of", "coverage"}, rows); err != nil {
			return err
		}
	}
	rows = rows[:0]
	for _, h := range c.Harms {
		answer, of := "not assessable", "–"
		switch {
		case h.Off:
			answer = "off"
		case h.Assessable:
			answer, of = "assessable", fmt.Sprintf("%.1f %%", 100*h.Share)
		}
		rows = append(rows, []string{h.Harm, answer, of, h.missing})
	}
	fmt.Fprintf(out, "\n%s accounts acted.\n", thousands(c.Accounts))
	return writeTable(out, []string{"harm", "answer", "of accounts", "missing"}, rows)
}

// print writes a span of times; nothing for none.
func (s *checkedSpan) print(out io.Writer, name string) {
	if s == nil {
		return
	}
	day := func(at int64) string { return time.UnixMilli(at).UTC().Format(time.RFC3339) }
	fmt.Fprintf(out, "%s  %s to %s, %s\n", name, day(s.First), day(s.Last), ms(s.Last-s.First))
}

// ms writes milliseconds as a duration.
func ms(n int64) string { return (time.Duration(n) * time.Millisecond).String() }

// portion writes n of all in per cent.
func portion(n, all int64) string {
	if all == 0 {
		return "–"
	}
	return fmt.Sprintf("%.1f %%", 100*float64(n)/float64(all))
}
