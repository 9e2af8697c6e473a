package store

import (
	"encoding/json"
	"math"
	"slices"

	"github.com/unopened/unopened/alerts"
	"github.com/unopened/unopened/models"
)

// alertRow is a delivery with its body, which is the webhook's.
type alertRow struct {
	alerts.Delivery
	body []byte
}

// alertTypes are the types of alert in the order of their enum.
var alertTypes = []string{string(alerts.Opened), string(alerts.Updated), string(alerts.Closed)}

// alertColumns are the columns of alerts: one row for each time an alert was opened, updated or closed.
func alertColumns() []column[alertRow] {
	return []column[alertRow]{
		text("id", "id of the alert, 32 hexadecimal digits: the same when it is updated or closed", func(dst []byte, r *alertRow) []byte { return append(dst, r.Alert.ID...) }),
		number("sequence", "UInt32", "from 0 within the alert: opened, then updates, then closed", func(r *alertRow) uint32 { return uint32(r.Sequence) }),
		enum("type", alertTypes, "what happened to the alert", func(r *alertRow) uint8 { return place(alertTypes, string(r.Type)) }),
		moment("at", "event time", func(r *alertRow) int64 { return r.At }),
		text("account", "pseudonym of the account, 32 hexadecimal digits", func(dst []byte, r *alertRow) []byte { return append(dst, r.Account...) }),
		enum("harm", models.Names[:], "the harm", func(r *alertRow) uint8 { return place(models.Names[:], r.Harm) }),
		enum("severity", alerts.SeverityNames[:], "band of the score", func(r *alertRow) uint8 { return place(alerts.SeverityNames[:], r.Severity) }),
		number("score", "Float64", "calibrated margin in [0,1], higher is worse", func(r *alertRow) float64 { return r.Score }),
		maybe("p", "Float64", "share of innocent-looking account-days of that age whose score was as high; NULL until calibrated", func(r *alertRow) (float64, bool) { return deref(r.P, 0), r.P != nil }),
		number("episode", "UInt32", "from 1, counted for each account and harm", func(r *alertRow) uint32 { return uint32(r.Episode) }),
		text("model", "name and version of the model", func(dst []byte, r *alertRow) []byte { return append(dst, r.Model...) }),
		list("reasons.feature", "String", "the largest contributions: the feature's, gate's or guard's name", func(dst []string, r *alertRow) []string {
			for i := range r.Reasons {
				dst = append(dst, r.Reasons[i].Feature)
			}
			return dst
		}),
		list("reasons.value", "Float64", "its value, nan where unknown", func(dst []float64, r *alertRow) []float64 {
			for i := range r.Reasons {
				dst = append(dst, deref(r.Reasons[i].Value, math.NaN()))
			}
			return dst
		}),
		list("reasons.contribution", "Float64", "what it adds to the margin", func(dst []float64, r *alertRow) []float64 {
			for i := range r.Reasons {
				dst = append(dst, r.Reasons[i].Contribution)
			}
			return dst
		}),
		list("reasons.text", "String", "the reason as a sentence", func(dst []string, r *alertRow) []string {
			for i := range r.Reasons {
				dst = append(dst, r.Reasons[i].Text)
			}
			return dst
		}),
		number("suppressed", "Bool", "true: over the daily budget, so nobody was told", func(r *alertRow) bool { return r.Suppressed }),
		text("webhook_id", "id of the delivery, by which a receiver drops repeats", func(dst []byte, r *alertRow) []byte { return append(dst, r.Delivery.ID...) }),
		text("body", "the webhook's body, JSON", func(dst []byte, r *alertRow) []byte { return append(dst, r.body...) }),
	}
}

// newAlertRow returns a delivery's row.
func newAlertRow(d *alerts.Delivery) (alertRow, error) {
	body, err := json.Marshal(&d.Alert)
	return alertRow{*d, body}, err
}

// place is a name's value in an enum; 0 where it has none.
func place(names []string, name string) uint8 { return uint8(slices.Index(names, name) + 1) }

// deref is what p points to, or fallback.
func deref(p *float64, fallback float64) float64 {
	if p == nil {
		return fallback
	}
	return *p
}
