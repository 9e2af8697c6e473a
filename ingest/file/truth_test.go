package file

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/unopened/unopened/ingest"
)

// importLabelled imports rows with a label and returns the truth, by pseudonym.
func importLabelled(t *testing.T, rows string, l Label) (map[string]map[string]any, *ImportSummary) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "log.csv")
	if err := os.WriteFile(name, []byte(rows), 0o600); err != nil {
		t.Fatal(err)
	}
	var events, truth bytes.Buffer
	summary, err := Import(t.Context(), &events, name, ImportOptions{
		Columns: map[string]string{"actor": "from", "target": "to", "at": "time"}, Set: map[string]string{"type": "message"},
		Header: true, Key: []byte("a key of the test"), Label: &l, Truth: &truth,
	})
	if err != nil {
		t.Fatal(err)
	}
	of := map[string]map[string]any{}
	for dec := json.NewDecoder(&truth); dec.More(); {
		var line map[string]any
		if err := dec.Decode(&line); err != nil {
			t.Fatal(err)
		}
		of[line["account"].(string)] = line
	}
	return of, summary
}

const labelled = "from,to,time,bad\n" +
	"ann,bob,1700000000,0\n" +
	"cem,bob,1700000100,0.0\n" +
	"cem,ann,1700000200,1.0\n" +
	"cem,ann,1700000300,0\n" +
	"dan,,not a time,1\n" // refused: its label tells nothing

func TestLabelsBecomeTruth(t *testing.T) {
	names := ingest.NewPseudonymiser([]byte("a key of the test"))
	name := func(who string) string { return names.ID(ingest.DomainAccount, who).String() }
	for _, c := range []struct {
		of, abusive string
		from        float64
	}{{"actor", "cem", 1700000100000}, {"target", "ann", 1700000000000}} {
		truth, summary := importLabelled(t, labelled, Label{Column: "bad", Value: "1", Of: c.of, Harm: ingest.Scam})
		if summary.Accounts != 3 || summary.Abusive != 1 || len(truth) != 3 {
			t.Fatalf("%s: %+v, %v", c.of, summary, truth)
		}
		for _, who := range []string{"ann", "bob", "cem"} {
			line := truth[name(who)]
			if who != c.abusive {
				if line["persona"] != "unlabelled" || line["harm"] != nil {
					t.Errorf("%s, %s: %v", c.of, who, line)
				}
				continue
			}
			if line["campaign"] != "labelled" || line["harm"] != "scam" || line["from"] != c.from {
				t.Errorf("%s, %s: %v", c.of, who, line)
			}
		}
	}
}

func TestLabelsThatCannotBe(t *testing.T) {
	name := filepath.Join(t.TempDir(), "log.csv")
	if err := os.WriteFile(name, []byte(labelled), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, l := range []Label{{Column: "worse", Of: "actor"}, {Column: "bad", Of: "friend"}} {
		_, err := Import(t.Context(), &bytes.Buffer{}, name, ImportOptions{Header: true, Key: []byte("k"), Label: &l})
		if err == nil {
			t.Errorf("%+v is accepted", l)
		}
	}
}
