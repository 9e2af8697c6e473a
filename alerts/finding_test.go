package alerts

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/unopened/unopened/features"
	"github.com/unopened/unopened/ingest"
	"github.com/unopened/unopened/models"
)

func TestVerdictLine(t *testing.T) {
	v := verdict(0xab, 1, start, 0.931249)
	v.Vector.Events = 41
	reasons := []models.Reason{
		{Kind: models.KindTerm, Feature: 0, Name: "first", Value: 7, Contribution: 1.82},
		{Kind: models.KindTerm, Feature: 1, Name: "second", Value: 0.1, Contribution: 0.12345649},
		{Kind: models.KindGate, Feature: 1, Name: "gate", Value: float32(math.NaN()), Contribution: -0.0000001},
	}
	head := `{"at":1795341600000,"account":"ab000000000000000000000000000000","harm":"grooming","assessable":`
	tail := `"model":"grooming-card@3","events":41,"reasons":[`
	missing := *v
	missing.Scores[models.Grooming] = models.Score{Missing: ingest.FieldActorAge | ingest.FieldTargetAge}
	for _, tt := range []struct {
		name string
		f    Finding
		want string
	}{
		{"assessable", Finding{Verdict: v, Severity: High, Shadow: true, Reasons: reasons}, head + `true,"margin":2.6,"score":0.9312,"severity":"high","shadow":true,` + tail +
			fmt.Sprintf(`{"feature":"sent_1m","value":7,"contribution":1.82,"text":%q},`, models.Text(&reasons[0])) +
			fmt.Sprintf(`{"feature":"sent_10m","value":0.1,"contribution":0.123456,"text":%q},`, models.Text(&reasons[1])) +
			fmt.Sprintf(`{"feature":"sent_10m","value":null,"contribution":0,"text":%q}]}`, models.Text(&reasons[2]))},
		{"final", Finding{Verdict: v, Severity: High, Final: true}, head + `true,"margin":2.6,"score":0.9312,"severity":"high","shadow":false,` + tail + `],"final":true}`},
		{"not assessable", Finding{Verdict: &missing}, head + `false,"missing":["actor_age","target_age"],"shadow":false,` + tail + `]}`},
	} {
		tt.f.Harm, tt.f.Model = models.Grooming, "grooming-card@3"
		got, err := json.Marshal(tt.f.Line())
		if err != nil || string(got) != tt.want {
			t.Errorf("%s:\n got %s (%v)\nwant %s", tt.name, got, err, tt.want)
		}
	}
}

func TestVerdictLineHasTenReasonsAtMost(t *testing.T) {
	f := Finding{Verdict: verdict(1, 1, start, 0.9), Harm: models.Grooming, Reasons: make([]models.Reason, 12)}
	for i := range f.Reasons {
		f.Reasons[i] = models.Reason{Kind: models.KindTerm, Name: "x"}
	}
	if got := len(f.Line().Reasons); got != 10 {
		t.Errorf("%d reasons", got)
	}
}

func TestNumbers(t *testing.T) {
	for _, tt := range []struct {
		x    float64
		want string
	}{
		{0, "0"}, {math.Copysign(0, -1), "0"}, {-1e-9, "0"}, {2.6, "2.6"}, {-1.2345678, "-1.234568"}, {1e-6, "0.000001"},
		{123456789, "123456789"}, {float64(float32(0.1)), "0.1"}, {math.NaN(), "null"}, {math.Inf(1), "null"},
	} {
		if got, err := json.Marshal(number(tt.x)); err != nil || string(got) != tt.want {
			t.Errorf("%v is written %s (%v), want %s", tt.x, got, err, tt.want)
		}
	}
}

// Names and sentences are printable ASCII, and ten of the longest sentences fit into a webhook.
func TestReasonsOfTheWholeCatalogue(t *testing.T) {
	var longest []models.Reason
	for i, def := range features.Catalogue {
		for _, kind := range []models.ReasonKind{models.KindTerm, models.KindGate, models.KindGuard} {
			for _, value := range []float32{0, 1.5, 1e9, float32(math.NaN())} {
				r := models.Reason{Kind: kind, Feature: i, Name: def.Name, Value: value, Contribution: -2}
				if text := models.Text(&r); strings.ContainsFunc(text, func(c rune) bool { return c < ' ' || c > '~' }) {
					t.Errorf("%s: %q is not printable ASCII", def.Name, text)
				}
				longest = append(longest, r)
			}
		}
	}
	largest := 0
	for i := range longest {
		a := Alert{ID: strings.Repeat("f", 32), Account: strings.Repeat("f", 32), Links: Links{Console: strings.Repeat("x", 200)}}
		for range topReasons {
			a.Reasons = append(a.Reasons, reasonLines(longest[i:i+1])...)
		}
		body, err := json.Marshal(&a)
		if err != nil {
			t.Fatal(err)
		}
		largest = max(largest, len(body))
	}
	if largest >= maxBody {
		t.Errorf("an alert can have %d bytes, a webhook less than %d", largest, maxBody)
	}
}
