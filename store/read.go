package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/unopened/unopened/alerts"
	"github.com/unopened/unopened/features"
	"github.com/unopened/unopened/ingest"
)

// ErrNotFound tells that the store has nothing of that name.
var ErrNotFound = errors.New("not in the store")

// Filter chooses alerts; a zero field chooses all.
type Filter struct {
	Account    string    // pseudonym
	Harm       string    // name
	Severity   string    // name
	Since      time.Time // event time of the last change
	Suppressed bool      // those that are over the budget, too
	Limit      int       // 0: 100
}

const listAlerts = `
SELECT body, sequence, webhook_id, suppressed
FROM
(
    SELECT * FROM alerts
    WHERE ({account:String} = '' OR account = {account:String}) AND ({harm:String} = '' OR toString(harm) = {harm:String})
    ORDER BY sequence DESC
    LIMIT 1 BY id
)
WHERE at >= fromUnixTimestamp64Milli({since:Int64}) AND (NOT suppressed OR {suppressed:Bool})
  AND ({severity:String} = '' OR toString(severity) = {severity:String})
ORDER BY at DESC, id
LIMIT {limit:UInt32}`

// ListAlerts returns the last delivery of each alert that the filter chooses, those that changed last first.
func (s *Store) ListAlerts(ctx context.Context, f Filter) ([]alerts.Delivery, error) {
	return s.deliveries(ctx, listAlerts, map[string]string{
		"account": f.Account, "harm": f.Harm, "severity": f.Severity, "suppressed": strconv.FormatBool(f.Suppressed),
		"since": strconv.FormatInt(max(f.Since.UnixMilli(), 0), 10), "limit": strconv.Itoa(cmp.Or(f.Limit, 100)),
	})
}

// Alert returns all that was told of an alert, in its order; ErrNotFound if there is none of that id.
func (s *Store) Alert(ctx context.Context, id string) ([]alerts.Delivery, error) {
	const query = "SELECT body, sequence, webhook_id, suppressed FROM alerts WHERE id = {id:String} ORDER BY sequence"
	out, err := s.deliveries(ctx, query, map[string]string{"id": id})
	if err == nil && len(out) == 0 {
		err = fmt.Errorf("alert %s: %w", id, ErrNotFound)
	}
	return out, err
}

// deliveries reads alerts.
func (s *Store) deliveries(ctx context.Context, query string, params map[string]string) ([]alerts.Delivery, error) {
	var rows []struct {
		Body       string `ch:"body"`
		Sequence   uint32 `ch:"sequence"`
		WebhookID  string `ch:"webhook_id"`
		Suppressed bool   `ch:"suppressed"`
	}
	if err := s.reader.Select(bound(ctx, params), &rows, query); err != nil {
		return nil, fmt.Errorf("reading alerts: %w", err)
	}
	out := make([]alerts.Delivery, len(rows))
	for i, r := range rows {
		out[i] = alerts.Delivery{Sequence: int(r.Sequence), ID: r.WebhookID, Suppressed: r.Suppressed}
		if err := json.Unmarshal([]byte(r.Body), &out[i].Alert); err != nil {
			return nil, fmt.Errorf("reading a stored alert: %w", err)
		}
	}
	return out, nil
}

// LatestVector returns the feature vector behind an account's last recorded verdict, and that verdict's event time in
// Unix milliseconds; ErrNotFound if no verdict was recorded of it. Features that came later are NaN.
func (s *Store) LatestVector(ctx context.Context, account ingest.SubjectID) (features.Vector, int64, error) {
	v := features.NewVector()
	var at int64
	var seen uint32
	names, into := []string{"toUnixTimestamp64Milli(at)", "seen", "events"}, []any{&at, &seen, &v.Events}
	for i := range features.Catalogue {
		names, into = append(names, "`"+features.Catalogue[i].Name+"`"), append(into, &v.X[i])
	}
	row := s.reader.QueryRow(bound(ctx, map[string]string{"account": account.String()}), "SELECT "+strings.Join(names, ", ")+
		" FROM features WHERE account = {account:String} ORDER BY features.at DESC, log_partition DESC, log_offset DESC LIMIT 1")
	if err := row.Scan(into...); err != nil {
		if errors.Is(err, sql.ErrNoRows) {
			err = ErrNotFound
		}
		return v, 0, fmt.Errorf("reading the last vector of account %s: %w", account, err)
	}
	v.Seen = ingest.Fields(seen)
	return v, at, nil
}

// Counts returns how many events, verdicts and alerts analysts see: a row that was inserted twice counts once.
func (s *Store) Counts(ctx context.Context) (events, verdicts, alerts uint64, err error) {
	const count = "SELECT (SELECT count() FROM events), (SELECT count() FROM verdicts), (SELECT count() FROM alerts)"
	if err = s.reader.QueryRow(ctx, count).Scan(&events, &verdicts, &alerts); err != nil {
		err = fmt.Errorf("counting rows: %w", err)
	}
	return events, verdicts, alerts, err
}
