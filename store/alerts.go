package store

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/unopened/unopened/alerts"
	"github.com/unopened/unopened/models"
)

// alertRow is a delivery with its body, which is the webhook's.
type alertRow struct {
	*alerts.Delivery
	body string
}

// alertTypes are the types of alert in the order of their enum.
var alertTypes = []string{string(alerts.Opened), string(alerts.Updated), string(alerts.Closed)}

// alertTable has a row for each time an alert was opened, updated or closed. Alerts are few.
var alertTable = table{
	name: "alerts", help: "one row for each time an alert was opened, updated or closed",
	key: "id, sequence", partition: "toYYYYMM(at)", settings: durable,
	keep: func(c *Config) time.Duration { return c.KeepAlerts },
	columns: []column{
		value("id", "String", "id of the alert, 32 hexadecimal digits: the same when it is updated or closed",
			func(r *alertRow) string { return r.Alert.ID }),
		value("sequence", "UInt32", "from 0 within the alert: opened, then updates, then closed",
			func(r *alertRow) uint32 { return uint32(r.Sequence) }),
		enum("type", alertTypes, "what happened to the alert",
			func(r *alertRow) uint8 { return place(alertTypes, string(r.Type)) }),
		moment("at", "event time", func(r *alertRow) int64 { return r.At }),
		value("account", "String", "pseudonym of the account, 32 hexadecimal digits", func(r *alertRow) string { return r.Account }),
		enum("harm", models.Names[:], "the harm", func(r *alertRow) uint8 { return place(models.Names[:], r.Harm) }),
		enum("severity", alerts.SeverityNames[:], "band of the score",
			func(r *alertRow) uint8 { return place(alerts.SeverityNames[:], r.Severity) }),
		value("score", "Float64", "calibrated margin in [0,1], higher is worse", func(r *alertRow) float64 { return r.Score }),
		value("p", "Nullable(Float64)", innocentShare, func(r *alertRow) *float64 { return r.P }),
		value("episode", "UInt32", "from 1, counted for each account and harm",
			func(r *alertRow) uint32 { return uint32(r.Episode) }),
		value("model", "String", "name and version of the model", func(r *alertRow) string { return r.Model }),
		list("reasons.feature", "String", "the largest contributions: the feature's, gate's or guard's name",
			linesOf, func(l *alerts.ReasonLine) string { return l.Feature }),
		list("reasons.value", "Float64", "its value, nan where unknown", linesOf, lineValue),
		list("reasons.contribution", "Float64", "what it adds to the margin",
			linesOf, func(l *alerts.ReasonLine) float64 { return l.Contribution }),
		list("reasons.text", "String", "the reason as a sentence", linesOf, func(l *alerts.ReasonLine) string { return l.Text }),
		value("suppressed", "Bool", "true: over the daily budget, so nobody was told",
			func(r *alertRow) bool { return r.Suppressed }),
		value("webhook_id", "String", "id of the delivery, by which a receiver drops repeats",
			func(r *alertRow) string { return r.ID }),
		value("body", "String", "the webhook's body, JSON", func(r *alertRow) string { return r.body }),
	},
}

// place is a name's value in an enum; 0 where it has none.
func place(names []string, name string) uint8 { return uint8(slices.Index(names, name) + 1) }

func linesOf(r *alertRow) []alerts.ReasonLine { return r.Reasons }

func lineValue(l *alerts.ReasonLine) float64 {
	if l.Value == nil {
		return math.NaN()
	}
	return *l.Value
}

// AlertSink returns the endpoint by which the desk's outbox writes every alert, also those over the budget. A batch
// that may have arrived is simply sent again: its rows replace themselves.
func (s *Store) AlertSink() alerts.Endpoint {
	return alerts.Endpoint{Name: "store", Sink: alertSink{s}, Batch: 1000, Suppressed: true, Patient: true}
}

// alertSink writes alerts into their table.
type alertSink struct{ store *Store }

// Send inserts the batch.
func (a alertSink) Send(ctx context.Context, batch []alerts.Delivery) error {
	rows := make([]alertRow, len(batch))
	for i := range batch {
		body, err := json.Marshal(&batch[i].Alert)
		if err != nil {
			return fmt.Errorf("%w: encoding alert %s: %w", alerts.ErrRejected, batch[i].Alert.ID, err)
		}
		rows[i] = alertRow{&batch[i], string(body)}
	}
	if err := insert(ctx, a.store, &alertTable, rows); err != nil {
		return fmt.Errorf("inserting alerts into ClickHouse: %w", err)
	}
	return nil
}
