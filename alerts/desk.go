package alerts

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"slices"

	"github.com/unopened/unopened/ingest"
)

// day is the length of a budget's day in milliseconds of event time.
const day = 24 * 60 * 60 * 1000

// Desk decides over all shards what goes out, in the order of the alert topic, and owns the outbox. One goroutine
// applies candidates and takes snapshots; Run works beside it.
type Desk struct {
	budget     int
	out        *Outbox
	seen       map[source]place
	opened     map[int64]int       // alerts by event-time day; all days of the contract are some 37,000
	suppressed map[string]struct{} // ids of alerts over the budget that are not closed yet
}

// source is a log that candidates come from; a topic that was created again is another one.
type source struct {
	Origin      ingest.Origin
	Partition   int32
	Incarnation uint32
}

// place is where in its source a candidate was caused.
type place struct {
	Offset int64
	Number int32
}

// compare orders sources.
func (s source) compare(other source) int {
	return cmp.Or(cmp.Compare(s.Origin, other.Origin), cmp.Compare(s.Partition, other.Partition),
		cmp.Compare(s.Incarnation, other.Incarnation))
}

// NewDesk returns a desk whose outbox serves the config's sinks and more. It starts nothing.
func NewDesk(cfg Config, more []Endpoint, log *slog.Logger) (*Desk, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	endpoints, err := Endpoints(cfg)
	if err != nil {
		return nil, err
	}
	out, err := NewOutbox(append(endpoints, more...), log)
	if err != nil {
		return nil, err
	}
	return &Desk{
		budget: cfg.DailyBudget, out: out, seen: make(map[source]place),
		opened: make(map[int64]int), suppressed: make(map[string]struct{}),
	}, nil
}

// Apply takes a candidate and puts what comes of it into the outbox. It returns false for one that was applied
// before: each source writes its candidates in order, so whatever is not beyond the last one was written again.
func (d *Desk) Apply(c *Candidate) (Delivery, bool) {
	from, at := source{c.Cause.Origin, c.Cause.Partition, c.Cause.Incarnation}, place{c.Cause.Offset, c.Cause.Number}
	if last, ok := d.seen[from]; ok && !at.after(last) {
		return Delivery{}, false
	}
	d.seen[from] = at
	delivery := Delivery{Alert: c.Alert, Sequence: c.Sequence, ID: webhookID(c), Suppressed: d.suppress(c)}
	d.out.Add(delivery)
	return delivery, true
}

// after tells whether p lies beyond q.
func (p place) after(q place) bool {
	return p.Offset > q.Offset || p.Offset == q.Offset && p.Number > q.Number
}

// suppress tells whether the candidate's alert is over the budget of the day on which it opened.
func (d *Desk) suppress(c *Candidate) bool {
	if c.Type == Opened && d.budget > 0 {
		if today := c.At / day; d.opened[today] < d.budget {
			d.opened[today]++
		} else {
			d.suppressed[c.ID] = struct{}{}
		}
	}
	_, over := d.suppressed[c.ID]
	if c.Type == Closed {
		delete(d.suppressed, c.ID)
	}
	return over
}

// Run delivers until ctx is done; see Outbox.Run.
func (d *Desk) Run(ctx context.Context) error { return d.out.Run(ctx) }

// Drain waits until everything was delivered or given up; see Outbox.Wait. Run must be at work.
func (d *Desk) Drain(ctx context.Context) error { return d.out.Wait(ctx) }

// Counts returns the outbox's counters. Any goroutine may call it.
func (d *Desk) Counts() Counts { return d.out.Counts() }

// deskState is a desk's snapshot. encoding/json writes maps in the order of their keys.
type deskState struct {
	V          int           `json:"v"`
	Seen       []seenRow     `json:"seen"`
	Opened     map[int64]int `json:"opened"`
	Suppressed []string      `json:"suppressed"`
	Outbox     outboxState   `json:"outbox"`
}

// seenRow is the last place of one source in a snapshot.
type seenRow struct {
	Source source
	Place  place
}

// deskVersion is the form of a desk's snapshot.
const deskVersion = 1

// Snapshot writes what was decided and what is not yet delivered. What is delivered after it is delivered again,
// the same bytes under the same webhook-id, by a desk that is restored from it.
func (d *Desk) Snapshot(w io.Writer) error {
	s := deskState{V: deskVersion, Opened: d.opened, Suppressed: make([]string, 0, len(d.suppressed)), Outbox: d.out.state()}
	for from, at := range d.seen {
		s.Seen = append(s.Seen, seenRow{from, at})
	}
	slices.SortFunc(s.Seen, func(a, b seenRow) int { return a.Source.compare(b.Source) })
	for id := range d.suppressed {
		s.Suppressed = append(s.Suppressed, id)
	}
	slices.Sort(s.Suppressed)
	return json.NewEncoder(w).Encode(&s)
}

// Restore replaces the desk's state by that of a snapshot, which is all that r holds. Run must not be at work.
func (d *Desk) Restore(r io.Reader) error {
	data, err := io.ReadAll(r)
	if err != nil {
		return fmt.Errorf("snapshot of the desk: %w", err)
	}
	s := deskState{}
	if err := json.Unmarshal(data, &s); err != nil {
		return fmt.Errorf("snapshot of the desk: %w", err)
	}
	if s.V != deskVersion {
		return fmt.Errorf("snapshot of the desk: version %d is not known, only %d", s.V, deskVersion)
	}
	d.seen, d.opened, d.suppressed = make(map[source]place), make(map[int64]int), make(map[string]struct{})
	for _, row := range s.Seen {
		d.seen[row.Source] = row.Place
	}
	for today, n := range s.Opened {
		d.opened[today] = n
	}
	for _, id := range s.Suppressed {
		d.suppressed[id] = struct{}{}
	}
	return d.out.restore(&s.Outbox)
}
