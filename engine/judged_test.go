package engine

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/unopened/unopened/alerts"
	"github.com/unopened/unopened/features"
	"github.com/unopened/unopened/ingest"
	"github.com/unopened/unopened/ingest/file"
	"github.com/unopened/unopened/models"
)

// TestJudgedSeesEveryVerdict works out of what Judged gets which lines the recorder must write, and in which order. A
// verdict that was kept from it would be missed in the lines.
func TestJudgedSeesEveryVerdict(t *testing.T) {
	w := newWorld(t, 300)
	path := t.TempDir() + "/events.jsonl"
	out, err := file.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := out.Write(append(bytes.Join(w.inOrder(), []byte("\n")), '\n')); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	var verdicts bytes.Buffer
	lines := NewLines(&verdicts)
	e := w.engine(t)
	e.Checkpoints, e.Recorder = nil, func() Recorder { return lines }
	var want []string
	stamps := 0
	memo := map[string]float64{}
	e.Judged = func(entry *ingest.Entry, v *models.Verdict, a *features.Account, table *features.Table) {
		if a.ID != v.Account || table.Account(v.Account) != a || v.At != a.Last {
			t.Fatalf("the verdict is of %s, the account %s", v.Account, a.ID)
		}
		if entry.Kind == ingest.EntryStamp {
			stamps++
		}
		for h, s := range v.Scores {
			key := fmt.Sprint(v.Account, h)
			if s.Assessable && math.Abs(s.Value-memo[key]) >= RecordStep {
				memo[key] = float64(float32(s.Value))
				want = append(want, fmt.Sprintf("%d %s %s %.4f", v.At, v.Account, models.Harm(h), alerts.Round(s.Value)))
			}
		}
	}
	if err := e.ReplayRaw(t.Context(), &file.Source{Paths: []string{path}}, 1); err != nil {
		t.Fatal(err)
	}
	if err := lines.Flush()(t.Context()); err != nil {
		t.Fatal(err)
	}
	var got []string
	for line := range strings.Lines(verdicts.String()) {
		var x struct {
			At            int64
			Account, Harm string
			Score         float64
		}
		if err := json.Unmarshal([]byte(line), &x); err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%d %s %s %.4f", x.At, x.Account, x.Harm, x.Score))
	}
	if !slices.Equal(got, want) || len(got) == 0 || stamps == 0 {
		t.Errorf("%d lines, %d out of what was judged, %d of it after stamps", len(got), len(want), stamps)
	}
}
