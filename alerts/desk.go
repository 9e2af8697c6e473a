package alerts

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"

	"github.com/unopened/unopened/ingest"
)

// day is the length of a budget's day in milliseconds of event time.
const day = 24 * 60 * 60 * 1000

// Desk decides over all shards what goes out, in the order of the alert topic, and owns the outbox. One goroutine
// applies candidates and takes snapshots; Run works beside it.
type Desk struct {
	*Outbox
	budget     int
	causes     ingest.Causes
	opened     map[int64]int   // alerts by event-time day; all days of the contract are some 37,000
	suppressed map[string]bool // ids of alerts over the budget that are not closed yet
}

// NewDesk returns a desk whose outbox serves the config's sinks and more. It reads the webhooks' secrets and starts
// nothing.
func NewDesk(cfg Config, more []Endpoint, log *slog.Logger) (*Desk, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	var endpoints []Endpoint
	for _, kind := range kinds {
		some, err := kind(cfg)
		if err != nil {
			return nil, err
		}
		endpoints = append(endpoints, some...)
	}
	return &Desk{
		Outbox: NewOutbox(append(endpoints, more...), log), budget: cfg.DailyBudget, causes: ingest.Causes{},
		opened: make(map[int64]int), suppressed: make(map[string]bool),
	}, nil
}

// Apply takes a candidate and puts what comes of it into the outbox. It returns false for one that was applied before.
func (d *Desk) Apply(c *Candidate) (Delivery, bool) {
	if !d.causes.Fresh(&c.Cause) {
		return Delivery{}, false
	}
	delivery := Delivery{Alert: c.Alert, Sequence: c.Sequence, ID: webhookID(c), Suppressed: d.suppress(c)}
	d.add(delivery)
	return delivery, true
}

// suppress tells whether the candidate's alert is over the budget of the day on which it opened.
func (d *Desk) suppress(c *Candidate) bool {
	if c.Type == Opened && d.budget > 0 {
		if today := c.At / day; d.opened[today] < d.budget {
			d.opened[today]++
		} else {
			d.suppressed[c.ID] = true
		}
	}
	over := d.suppressed[c.ID]
	if c.Type == Closed {
		delete(d.suppressed, c.ID)
	}
	return over
}

// deskVersion is the form of a desk's snapshot.
const deskVersion = 1

// deskState is a desk's snapshot, behind its causes. encoding/json writes maps in the order of their keys.
type deskState struct {
	V          int             `json:"v"`
	Opened     map[int64]int   `json:"opened"`
	Suppressed map[string]bool `json:"suppressed"`
	Outbox     outboxState     `json:"outbox"`
}

// Snapshot writes what was decided and what is not yet delivered. What is delivered after it is delivered again,
// the same bytes under the same webhook-id, by a desk that is restored from it.
func (d *Desk) Snapshot(w io.Writer) error {
	if err := d.causes.Snapshot(w); err != nil {
		return err
	}
	return json.NewEncoder(w).Encode(deskState{deskVersion, d.opened, d.suppressed, d.state()})
}

// Changed counts what has become of deliveries since the last snapshot, which no offset of the alert topic tells.
func (d *Desk) Changed() int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.moved
}

// Restore replaces the desk's state by that of a snapshot, which is all that r holds. Run must not be at work.
func (d *Desk) Restore(r io.Reader) error {
	if err := d.causes.Restore(r); err != nil {
		return err
	}
	data, err := io.ReadAll(r)
	if err != nil {
		return fmt.Errorf("snapshot of the desk: %w", err)
	}
	var s deskState
	if err := json.Unmarshal(data, &s); err != nil {
		return fmt.Errorf("snapshot of the desk: %w", err)
	}
	if s.V != deskVersion {
		return fmt.Errorf("snapshot of the desk: version %d is not known, only %d", s.V, deskVersion)
	}
	clear(d.opened)
	maps.Copy(d.opened, s.Opened)
	clear(d.suppressed)
	maps.Copy(d.suppressed, s.Suppressed)
	d.restore(&s.Outbox)
	return nil
}
