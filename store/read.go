package store

import (
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

// AlertState is an alert as it stands: its last delivery, and when it was opened.
type AlertState struct {
	alerts.Alert
	OpenedAt   int64 `json:"opened_at"` // event time, Unix milliseconds
	Sequence   int   `json:"sequence"`
	Suppressed bool  `json:"suppressed"`
}

const listAlerts = `
SELECT argMax(body, sequence) AS last, toInt64(max(sequence)), argMax(suppressed, sequence) AS held, toUnixTimestamp64Milli(min(at))
FROM alerts
WHERE ({account:String} = '' OR account = {account:String}) AND ({harm:String} = '' OR toString(harm) = {harm:String})
GROUP BY id
HAVING max(at) >= fromUnixTimestamp64Milli({since:Int64}) AND (held = 0 OR {suppressed:Bool})
   AND ({severity:String} = '' OR toString(argMax(severity, sequence)) = {severity:String})
ORDER BY max(at) DESC, id
LIMIT {limit:UInt32}`

// ListAlerts returns the alerts that the filter chooses, those that changed last first.
func (s *Store) ListAlerts(ctx context.Context, f Filter) ([]AlertState, error) {
	since := int64(0)
	if !f.Since.IsZero() {
		since = f.Since.UnixMilli()
	}
	if f.Limit <= 0 {
		f.Limit = 100
	}
	rows, err := s.reader.Query(bound(ctx, map[string]string{
		"account": f.Account, "harm": f.Harm, "severity": f.Severity, "since": strconv.FormatInt(since, 10),
		"suppressed": strconv.FormatBool(f.Suppressed), "limit": strconv.Itoa(f.Limit),
	}), listAlerts)
	if err != nil {
		return nil, fmt.Errorf("listing alerts: %w", err)
	}
	defer rows.Close()
	var out []AlertState
	for rows.Next() {
		var a AlertState
		var body string
		var sequence int64
		if err := rows.Scan(&body, &sequence, &a.Suppressed, &a.OpenedAt); err != nil {
			return nil, fmt.Errorf("listing alerts: %w", err)
		}
		if err := json.Unmarshal([]byte(body), &a.Alert); err != nil {
			return nil, fmt.Errorf("reading a stored alert: %w", err)
		}
		a.Sequence = int(sequence)
		out = append(out, a)
	}
	return out, rows.Err()
}

// Alert returns all that was told of an alert, in its order; ErrNotFound if there is none of that id.
func (s *Store) Alert(ctx context.Context, id string) ([]alerts.Delivery, error) {
	rows, err := s.reader.Query(bound(ctx, map[string]string{"id": id}),
		"SELECT body, toInt64(sequence), webhook_id, suppressed FROM alerts WHERE id = {id:String} ORDER BY sequence")
	if err != nil {
		return nil, fmt.Errorf("reading alert %s: %w", id, err)
	}
	defer rows.Close()
	var out []alerts.Delivery
	for rows.Next() {
		var d alerts.Delivery
		var body string
		var sequence int64
		if err := rows.Scan(&body, &sequence, &d.ID, &d.Suppressed); err != nil {
			return nil, fmt.Errorf("reading alert %s: %w", id, err)
		}
		if err := json.Unmarshal([]byte(body), &d.Alert); err != nil {
			return nil, fmt.Errorf("reading alert %s: %w", id, err)
		}
		d.Sequence = int(sequence)
		out = append(out, d)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("reading alert %s: %w", id, err)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("alert %s: %w", id, ErrNotFound)
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
