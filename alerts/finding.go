package alerts

import (
	"math"

	"github.com/unopened/unopened/models"
)

// topReasons is how many reasons a verdict line and an alert have.
const topReasons = 10

// Finding is one harm of a verdict as it is written to lines and rows: with its severity and reasons. It is valid
// only during the call that hands it over.
type Finding struct {
	Verdict  *models.Verdict
	Harm     models.Harm
	Model    string
	Severity Severity
	Shadow   bool // the harm has not been promoted: no alert comes of it
	Final    bool // the account's last one, written at a replay's end
	Reasons  []models.Reason
}

// VerdictLine is a finding in the contract's form: a line of a file.
type VerdictLine struct {
	At         int64        `json:"at"` // event time, Unix milliseconds
	Account    string       `json:"account"`
	Harm       string       `json:"harm"`
	Assessable bool         `json:"assessable"`
	Missing    []string     `json:"missing,omitempty"` // fields that were not given: why the harm is not assessable
	Margin     *float64     `json:"margin,omitempty"`  // this, score and severity are absent unless it is
	Score      *float64     `json:"score,omitempty"`
	Severity   string       `json:"severity,omitempty"`
	Shadow     bool         `json:"shadow"`
	Model      string       `json:"model"`
	Events     uint32       `json:"events"`
	Reasons    []ReasonLine `json:"reasons"`
	Final      bool         `json:"final,omitempty"`
}

// Line returns the finding as a verdict line, which may be kept.
func (f *Finding) Line() VerdictLine {
	v := f.Verdict
	line := VerdictLine{
		At: v.At, Account: v.Account.String(), Harm: f.Harm.String(), Assessable: v.Scores[f.Harm].Assessable, Shadow: f.Shadow,
		Model: f.Model, Events: v.Vector.Events, Reasons: reasonLines(f.Reasons), Final: f.Final,
	}
	if score := &v.Scores[f.Harm]; line.Assessable {
		line.Margin, line.Score, line.Severity = number(score.Margin), number(Round(score.Value)), f.Severity.String()
	} else {
		line.Missing = score.Missing.Names()
	}
	return line
}

// ReasonLine is one reason in the contract's form.
type ReasonLine struct {
	Feature      string   `json:"feature"`
	Value        *float64 `json:"value"` // null where it is unknown
	Contribution float64  `json:"contribution"`
	Text         string   `json:"text"`
}

// reasonLines returns the first ten reasons in the contract's form.
func reasonLines(reasons []models.Reason) []ReasonLine {
	lines := make([]ReasonLine, min(len(reasons), topReasons))
	for i := range lines {
		r := &reasons[i]
		lines[i] = ReasonLine{models.FeatureName(r), number(float64(r.Value)), round6(r.Contribution), models.Text(r)}
	}
	return lines
}

// Round returns a score as it is published: with four decimals. Severities follow from this number, so that whoever
// reads a score can tell the band.
func Round(score float64) float64 { return math.Round(score*1e4) / 1e4 }

// round6 rounds to six decimals.
func round6(x float64) float64 { return math.Round(x*1e6)/1e6 + 0 } // + 0 turns -0 into 0

// number is x with at most six decimals, nil where it is nothing that JSON can say.
func number(x float64) *float64 {
	if x = round6(x); math.IsNaN(x) || math.IsInf(x, 0) {
		return nil
	}
	return &x
}
