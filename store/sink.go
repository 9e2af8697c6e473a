package store

import (
	"context"
	"fmt"

	"github.com/unopened/unopened/alerts"
)

// AlertsName is the name of the store's queue in the desk's outbox.
const AlertsName = "store"

// alertSink writes alerts into their table.
type alertSink struct {
	store  *Store
	target *target[alertRow]
	rows   []alertRow
}

// AlertSink returns the endpoint by which the desk's outbox writes every alert, also those over the budget. A batch
// that may have arrived is simply sent again: its rows replace themselves.
func (s *Store) AlertSink() alerts.Endpoint {
	sink := &alertSink{store: s, target: newTarget(s, "alerts", alertColumns())}
	return alerts.Endpoint{Name: AlertsName, Sink: sink, Batch: 1000, Suppressed: true, Patient: true}
}

// Send inserts the batch.
func (a *alertSink) Send(ctx context.Context, batch []alerts.Delivery) error {
	a.rows = a.rows[:0]
	for i := range batch {
		row, err := newAlertRow(&batch[i])
		if err != nil {
			return fmt.Errorf("%w: encoding alert %s: %w", alerts.ErrRejected, batch[i].Alert.ID, err)
		}
		a.rows = append(a.rows, row)
	}
	if err := insert(ctx, a.store, a.target, a.rows); err != nil {
		return fmt.Errorf("inserting alerts into ClickHouse: %w", err)
	}
	return nil
}
