package store

import (
	"time"

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

// verdictTable has a row for each harm whose recorded score moved. Names are the contract's.
var verdictTable = table{
	name: "verdicts", help: "one row a harm whenever its score moved by 0.01 or more",
	key: "account, harm, at, log_partition, log_offset", partition: byDay, settings: dropWhole,
	keep: func(c *Config) time.Duration { return c.KeepVerdicts },
	columns: []column{
		value("account", "String", "pseudonym of the account, 32 hexadecimal digits",
			func(r *verdictRow) string { return pseudonym(r.account) }),
		enum("harm", models.Names[:], "the harm", func(r *verdictRow) uint8 { return uint8(r.harm) + 1 }),
		moment("at", "event time of the verdict", func(r *verdictRow) int64 { return r.at }),
		value("assessable", "Bool", "false: fields that the harm needs were not given, which is not a low score",
			func(r *verdictRow) bool { return r.score.Assessable }),
		maybe("margin", "Float64", "bias + the sum of all contributions",
			func(r *verdictRow) (float64, bool) { return r.score.Margin, r.score.Assessable }),
		maybe("score", "Float64", "calibrated margin in [0,1], higher is worse",
			func(r *verdictRow) (float64, bool) { return alerts.Round(r.score.Value), r.score.Assessable }),
		maybe("p", "Float64", innocentShare, func(*verdictRow) (float64, bool) { return 0, false }),
		enum("severity", alerts.SeverityNames[:], "band of the score; an alert opens at high; '' where not assessable", severityOf),
		value("shadow", "Bool", "true: the harm has not been promoted, no alert comes of it",
			func(r *verdictRow) bool { return r.shadow }),
		value("model", "String", "name and version of the model", func(r *verdictRow) string { return r.model }),
		value("events", "UInt32", "events of the account so far", func(r *verdictRow) uint32 { return r.events }),
		value("event", "String", "id of the event after which the verdict was made",
			func(r *verdictRow) string { return r.event.String() }),
		list("reasons.feature", "String", "the largest contributions: the feature's, gate's or guard's name",
			reasonsOf, func(m *models.Reason) string { return m.Name }),
		list("reasons.value", "Float32", "its value, nan where unknown",
			reasonsOf, func(m *models.Reason) float32 { return m.Value }),
		list("reasons.contribution", "Float64", "what it adds to the margin",
			reasonsOf, func(m *models.Reason) float64 { return m.Contribution }),
		value("missing", "Array(String)", "the contract's fields that were not given, where not assessable", missingOf),
		logPartition(func(r *verdictRow) ingest.Position { return r.where }),
		logOffset(func(r *verdictRow) ingest.Position { return r.where }),
	},
}

// innocentShare explains p.
const innocentShare = "share of innocent-looking account-days of that age whose score was as high; NULL until calibrated"

func reasonsOf(r *verdictRow) []models.Reason { return r.reasons }

// missingOf are the fields that a row's harm lacked.
func missingOf(r *verdictRow) []string {
	if r.score.Assessable {
		return nil
	}
	return r.score.Missing.Names()
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

// featureTable has a row for each moment at which a verdict was recorded, with a column for each feature of the
// catalogue.
var featureTable = table{
	name: "features", help: "the feature vector at each moment of a verdict",
	key: "account, at, log_partition, log_offset", partition: byDay, settings: dropWhole,
	keep: func(c *Config) time.Duration { return c.KeepVerdicts },
	columns: append([]column{
		value("account", "String", "pseudonym of the account, 32 hexadecimal digits",
			func(r *featureRow) string { return pseudonym(r.account) }),
		moment("at", "event time of the verdict", func(r *featureRow) int64 { return r.at }),
		value("seen", "UInt32", "fields of the contract that the account's own acts have carried: bit n is field n of its table, from 0",
			func(r *featureRow) uint32 { return uint32(r.seen) }),
		value("events", "UInt32", "events of the account so far", func(r *featureRow) uint32 { return r.events }),
		logPartition(func(r *featureRow) ingest.Position { return r.where }),
		logOffset(func(r *featureRow) ingest.Position { return r.where }),
	}, catalogueColumns()...),
}

// catalogueColumns are the features' columns. A row from before a feature existed has nan there.
func catalogueColumns() []column {
	columns := make([]column, len(features.Catalogue))
	for i := range columns {
		def := &features.Catalogue[i]
		columns[i] = value(def.Name, "Float32", def.Help+" ("+string(def.Unit)+"; nan where unknown)",
			func(r *featureRow) float32 { return r.x[i] })
		columns[i].fallback = "nan"
	}
	return columns
}
