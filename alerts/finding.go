package alerts

import (
	"encoding/hex"
	"math"
	"strconv"

	"github.com/unopened/unopened/models"
)

// topReasons is how many reasons a verdict line and an alert have.
const topReasons = 10

// AppendJSON appends the finding as the contract's verdict line, without a line feed. It allocates nothing itself;
// the sentences of the reasons do.
func (f *Finding) AppendJSON(dst []byte) []byte {
	v := f.Verdict
	score := &v.Scores[f.Harm]
	dst = append(dst, `{"at":`...)
	dst = strconv.AppendInt(dst, v.At, 10)
	dst = append(dst, `,"account":"`...)
	dst = hex.AppendEncode(dst, v.Account[:])
	dst = append(dst, `","harm":"`...)
	dst = append(dst, f.Harm.String()...)
	dst = append(dst, `","assessable":`...)
	dst = strconv.AppendBool(dst, score.Assessable)
	if score.Assessable {
		dst = f.appendScore(dst, score)
	} else {
		dst = appendMissing(dst, score)
	}
	dst = append(dst, `,"shadow":`...)
	dst = strconv.AppendBool(dst, f.Shadow)
	dst = append(dst, `,"model":`...)
	dst = strconv.AppendQuote(dst, f.Model)
	dst = append(dst, `,"events":`...)
	dst = strconv.AppendUint(dst, uint64(v.Vector.Events), 10)
	dst = appendReasons(dst, f.Reasons)
	if f.Final {
		dst = append(dst, `,"final":true`...)
	}
	return append(dst, '}')
}

// appendScore appends what only an assessable harm has. P comes with calibration and is absent until then.
func (f *Finding) appendScore(dst []byte, score *models.Score) []byte {
	dst = append(dst, `,"margin":`...)
	dst = appendNumber(dst, score.Margin)
	dst = append(dst, `,"score":`...)
	dst = strconv.AppendFloat(dst, Round(score.Value), 'f', -1, 64)
	dst = append(dst, `,"severity":"`...)
	dst = append(dst, f.Severity.String()...)
	return append(dst, '"')
}

// appendMissing appends the names of the fields that were not given.
func appendMissing(dst []byte, score *models.Score) []byte {
	dst = append(dst, `,"missing":[`...)
	for i, name := range score.Missing.Names() {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = strconv.AppendQuote(dst, name)
	}
	return append(dst, ']')
}

// appendReasons appends the first ten reasons. Names and sentences are printable ASCII (a test over the catalogue
// sees to it), where Go's quotes are JSON's.
func appendReasons(dst []byte, reasons []models.Reason) []byte {
	dst = append(dst, `,"reasons":[`...)
	for i := range reasons[:min(len(reasons), topReasons)] {
		r := &reasons[i]
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, `{"feature":`...)
		dst = strconv.AppendQuote(dst, r.Name)
		dst = append(dst, `,"value":`...)
		dst = appendNumber(dst, float64(r.Value))
		dst = append(dst, `,"contribution":`...)
		dst = appendNumber(dst, r.Contribution)
		dst = append(dst, `,"text":`...)
		dst = strconv.AppendQuote(dst, models.Text(r))
		dst = append(dst, '}')
	}
	return append(dst, ']')
}

// reasonLines returns the same reasons for an alert.
func reasonLines(reasons []models.Reason) []ReasonLine {
	lines := make([]ReasonLine, min(len(reasons), topReasons))
	for i := range lines {
		r := &reasons[i]
		lines[i] = ReasonLine{Feature: r.Name, Contribution: round6(r.Contribution), Text: models.Text(r)}
		if value := round6(float64(r.Value)); !math.IsNaN(value) {
			lines[i].Value = &value
		}
	}
	return lines
}

// Round returns a score as it is published: with four decimals. Severities follow from this number, so that whoever
// reads a score can tell the band.
func Round(score float64) float64 { return math.Round(score*1e4) / 1e4 }

// round6 rounds to six decimals; what JSON cannot say becomes NaN.
func round6(x float64) float64 {
	if math.IsInf(x, 0) {
		return math.NaN()
	}
	return math.Round(x*1e6)/1e6 + 0 // + 0 turns -0 into 0
}

// appendNumber appends x with at most six decimals, null where it is unknown.
func appendNumber(dst []byte, x float64) []byte {
	if x = round6(x); math.IsNaN(x) {
		return append(dst, "null"...)
	}
	return strconv.AppendFloat(dst, x, 'f', -1, 64)
}
