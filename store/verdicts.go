package store

import (
	"encoding/hex"

	"github.com/unopened/unopened/alerts"
	"github.com/unopened/unopened/features"
	"github.com/unopened/unopened/ingest"
	"github.com/unopened/unopened/models"
)

// verdictRow is one harm of a verdict. Its reasons lie in the block's own memory.
type verdictRow struct {
	account  ingest.SubjectID
	event    ingest.EventID
	at       int64
	where    ingest.Position
	score    models.Score
	model    string
	reasons  []models.Reason
	events   uint32
	harm     models.Harm
	severity alerts.Severity
	shadow   bool
}

// verdictColumns are the columns of verdicts: one row a harm whose recorded score moved. Names are the contract's.
func verdictColumns() []column[verdictRow] {
	return []column[verdictRow]{
		text("account", "pseudonym of the account, 32 hexadecimal digits", func(dst []byte, r *verdictRow) []byte { return appendID(dst, r.account) }),
		enum("harm", models.Names[:], "the harm", func(r *verdictRow) uint8 { return uint8(r.harm) + 1 }),
		moment("at", "event time of the verdict", func(r *verdictRow) int64 { return r.at }),
		number("assessable", "Bool", "false: fields that the harm needs were not given, which is not a low score", func(r *verdictRow) bool { return r.score.Assessable }),
		maybe("margin", "Float64", "bias + the sum of all contributions", func(r *verdictRow) (float64, bool) { return r.score.Margin, r.score.Assessable }),
		maybe("score", "Float64", "calibrated margin in [0,1], higher is worse", func(r *verdictRow) (float64, bool) { return alerts.Round(r.score.Value), r.score.Assessable }),
		maybe("p", "Float64", "share of innocent-looking account-days of that age whose score was as high; NULL until calibrated", func(*verdictRow) (float64, bool) { return 0, false }),
		enum("severity", alerts.SeverityNames[:], "band of the score; an alert opens at high; '' where not assessable", severityOf),
		number("shadow", "Bool", "true: the harm has not been promoted, no alert comes of it", func(r *verdictRow) bool { return r.shadow }),
		text("model", "name and version of the model", func(dst []byte, r *verdictRow) []byte { return append(dst, r.model...) }),
		number("events", "UInt32", "events of the account so far", func(r *verdictRow) uint32 { return r.events }),
		text("event", "id of the event after which the verdict was made", func(dst []byte, r *verdictRow) []byte { return hex.AppendEncode(dst, r.event[:]) }),
		list("reasons.feature", "String", "the largest contributions: the feature's, gate's or guard's name", func(dst []string, r *verdictRow) []string {
			for i := range r.reasons {
				dst = append(dst, r.reasons[i].Name)
			}
			return dst
		}),
		list("reasons.value", "Float32", "its value, nan where unknown", func(dst []float32, r *verdictRow) []float32 {
			for i := range r.reasons {
				dst = append(dst, r.reasons[i].Value)
			}
			return dst
		}),
		list("reasons.contribution", "Float64", "what it adds to the margin", func(dst []float64, r *verdictRow) []float64 {
			for i := range r.reasons {
				dst = append(dst, r.reasons[i].Contribution)
			}
			return dst
		}),
		list("missing", "String", "the contract's fields that were not given, where not assessable", func(dst []string, r *verdictRow) []string {
			if r.score.Assessable {
				return dst
			}
			return append(dst, r.score.Missing.Names()...)
		}),
		logPartition(func(r *verdictRow) ingest.Position { return r.where }),
		logOffset(func(r *verdictRow) ingest.Position { return r.where }),
	}
}

// severityOf is a row's severity as the enum counts.
func severityOf(r *verdictRow) uint8 {
	if !r.score.Assessable {
		return 0
	}
	return uint8(r.severity) + 1
}

// featureRow is the vector of a verdict moment. It lies in the block's own memory.
type featureRow struct {
	account ingest.SubjectID
	at      int64
	where   ingest.Position
	seen    ingest.Fields
	events  uint32
	x       []float32
}

// featureColumns are the columns of features: one row for each moment at which a verdict was recorded, with a column
// for each feature of the catalogue.
func featureColumns() []column[featureRow] {
	columns := []column[featureRow]{
		text("account", "pseudonym of the account, 32 hexadecimal digits", func(dst []byte, r *featureRow) []byte { return appendID(dst, r.account) }),
		moment("at", "event time of the verdict", func(r *featureRow) int64 { return r.at }),
		number("seen", "UInt32", "fields of the contract that the account's own acts have carried: bit n is field n of its table, from 0", func(r *featureRow) uint32 { return uint32(r.seen) }),
		number("events", "UInt32", "events of the account so far", func(r *featureRow) uint32 { return r.events }),
		logPartition(func(r *featureRow) ingest.Position { return r.where }),
		logOffset(func(r *featureRow) ingest.Position { return r.where }),
	}
	for i := range features.Catalogue {
		def := &features.Catalogue[i]
		c := number(def.Name, "Float32", def.Help+" ("+string(def.Unit)+"; nan where unknown)", func(r *featureRow) float32 { return r.x[i] })
		c.fallback = "nan" // rows from before the feature existed
		columns = append(columns, c)
	}
	return columns
}
