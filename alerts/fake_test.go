package alerts

import (
	"testing"

	"github.com/unopened/unopened/features"
	"github.com/unopened/unopened/ingest"
	"github.com/unopened/unopened/models"
)

const hour = 60 * 60 * 1000 // milliseconds

// start is the event time of the tests' first hour.
const start = int64(1_795_341_600_000)

var testKey = []byte("0123456789abcdef0123456789abcdef")

// fakeModels explains everything by the first two features of the catalogue.
type fakeModels struct{}

func (fakeModels) Name(h models.Harm) string { return h.String() + "-card@3" }

func (fakeModels) Explain(_ models.Harm, _ *features.Vector, dst []models.Reason) []models.Reason {
	return append(dst,
		models.Reason{Kind: models.KindBias, Feature: -1, Name: "bias", Contribution: -1},
		models.Reason{Kind: models.KindTerm, Feature: 0, Name: features.Catalogue[0].Name, Value: 7, Contribution: 1.82},
		models.Reason{Kind: models.KindTerm, Feature: 1, Name: features.Catalogue[1].Name, Value: 0.1, Contribution: 2.0000004},
	)
}

// promoted is a config under which grooming raises alerts.
func promoted() Config {
	cfg := DefaultConfig()
	cfg.Promoted, cfg.KeyFile, cfg.Console = []string{"grooming"}, "key", "https://console.example"
	return cfg
}

// newPolicy returns a policy that explains by fakeModels.
func newPolicy(t *testing.T, cfg Config) *Policy {
	t.Helper()
	p, err := NewPolicy(cfg, nil, testKey)
	if err != nil {
		t.Fatal(err)
	}
	p.models = fakeModels{}
	return p
}

// verdict returns a verdict with one score for grooming, made after the event of that number.
func verdict(account, event byte, at int64, score float64) *models.Verdict {
	v := &models.Verdict{Account: ingest.SubjectID{account}, Event: ingest.EventID{event}, At: at}
	v.Vector.Events = 100
	v.Scores[models.Grooming] = models.Score{Margin: 2.6, Value: score, Assessable: true}
	return v
}
