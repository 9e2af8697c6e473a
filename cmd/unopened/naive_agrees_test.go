package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"testing"

	"github.com/unopened/unopened/alerts"
	"github.com/unopened/unopened/configs"
	"github.com/unopened/unopened/engine"
	"github.com/unopened/unopened/features"
	"github.com/unopened/unopened/ingest"
	"github.com/unopened/unopened/ingest/file"
	"github.com/unopened/unopened/models"
)

// inMemory is a source of one partition that lies in memory.
type inMemory [][]byte

func (m inMemory) Run(ctx context.Context, open func(context.Context, ingest.Partition) (ingest.Handler, error)) error {
	h, err := open(ctx, ingest.Partition{Topic: "memory", Count: 1})
	if err != nil {
		return err
	}
	records := make([]ingest.Record, len(m))
	for i, line := range m {
		records[i] = ingest.Record{Offset: int64(i), Value: line, Size: len(line)}
	}
	if err := h.Handle(ctx, ingest.Batch{Records: records, Next: int64(len(m)), CaughtUp: true}); err != nil {
		return err
	}
	return h.Close(ctx)
}

func shippedModels(t testing.TB) *models.Set {
	t.Helper()
	set, err := models.Load(configs.Artefacts(), models.DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// opinion is what is held of an account in the end.
type opinion struct {
	vector features.Vector
	scores [models.Harms]models.Score
}

// ourOpinions takes the lines through all roles in this process.
func ourOpinions(t testing.TB, lines [][]byte) map[string]*opinion {
	t.Helper()
	e := &engine.Engine{
		Config: engine.DefaultConfig(), Features: features.DefaultConfig(), Alerts: alerts.DefaultConfig(),
		Models: shippedModels(t), Key: []byte("key"),
		Letters: file.NewLetters(io.Discard),
	}
	if err := e.Prepare(); err != nil {
		t.Fatal(err)
	}
	all := map[string]*opinion{}
	e.Closing = func(table *features.Table) {
		table.Each(func(a *features.Account) {
			o := &opinion{vector: features.NewVector()}
			table.Read(a, &o.vector)
			e.Models.Score(&o.vector, &o.scores)
			all[a.ID.String()] = o
		})
	}
	if err := e.ReplayRaw(context.Background(), inMemory(lines), 3); err != nil {
		t.Fatal(err)
	}
	if s := e.Stats(); s.Split.Accepted != int64(len(lines)) || s.Sides.Late+s.Sides.Duplicate != 0 || s.Unbalanced() != nil {
		t.Fatalf("%d events: %+v, %+v", len(lines), s.Split, s.Sides)
	}
	return all
}

func naiveOpinions(t testing.TB, lines [][]byte) map[string]*opinion {
	t.Helper()
	n, err := newNaive(shippedModels(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range lines {
		e, err := parseNaive(line)
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		n.handle(e)
	}
	all := map[string]*opinion{}
	for id, a := range n.accounts {
		n.vector = features.NewVector()
		n.judge(a)
		all[id] = &opinion{n.vector, n.scores}
	}
	return all
}

// agreement compares two sets of opinions. Features count in 32 bits here and in 64 there.
type agreement struct {
	accounts, assessed int
	margin             float64     // the greatest difference of margins
	value              float64     // and of values of features, relative to 1 plus the value
	faults             []string    // where they disagree
	values             [][]float64 // of each feature, those known
}

func (g *agreement) fault(format string, args ...any) {
	if len(g.faults) < 20 {
		g.faults = append(g.faults, fmt.Sprintf(format, args...))
	}
}

func agree(ours, theirs map[string]*opinion) *agreement {
	g := &agreement{accounts: len(theirs), values: make([][]float64, len(features.Catalogue))}
	for id := range ours {
		if theirs[id] == nil {
			g.fault("account %s is ours alone", id)
		}
	}
	for id, b := range theirs {
		if a := ours[id]; a == nil {
			g.fault("account %s is missing", id)
		} else {
			g.features(id, &a.vector, &b.vector)
			g.scores(id, a, b)
		}
	}
	return g
}

func (g *agreement) features(id string, ours, theirs *features.Vector) {
	if ours.Events != theirs.Events {
		g.fault("account %s has %d events, not %d", id, ours.Events, theirs.Events)
	}
	for i, def := range features.Catalogue {
		a, b := float64(ours.X[i]), float64(theirs.X[i])
		if math.IsNaN(a) != math.IsNaN(b) || math.Abs(a-b) > 1e-4+1e-4*math.Abs(b) {
			g.fault("account %s: %s is %v, by its definition %v", id, def.Name, a, b)
		}
		if !math.IsNaN(b) {
			g.values[i] = append(g.values[i], b)
		}
		if d := math.Abs(a-b) / (1 + math.Abs(b)); d > g.value { // not where one is unknown
			g.value = d
		}
	}
}

func (g *agreement) scores(id string, ours, theirs *opinion) {
	for h := range models.Harm(models.Harms) {
		a, b := &ours.scores[h], &theirs.scores[h]
		if a.Assessable != b.Assessable {
			g.fault("account %s, %s: assessable is %v, not %v", id, h, a.Assessable, b.Assessable)
			continue
		}
		if !a.Assessable {
			continue
		}
		g.assessed++
		g.margin = max(g.margin, math.Abs(a.Margin-b.Margin))
		if math.Abs(a.Value-b.Value) > 0.5e-4 {
			g.fault("account %s, %s: score %.6f, not %.6f (margins %.5f and %.5f)", id, h, a.Value, b.Value, a.Margin, b.Margin)
		}
	}
}

// TestStraightforwardBuildAgrees holds every feature and score against a build that is slow and obvious.
func TestStraightforwardBuildAgrees(t *testing.T) {
	values := make([][]float64, len(features.Catalogue))
	for name, lines := range map[string][][]byte{
		"simulated": simulated(20_000, 600), "arbitrary": arbitrary(7, 20_000, false), "talk": arbitrary(8, 20_000, true),
	} {
		t.Run(name, func(t *testing.T) {
			g := agree(ourOpinions(t, lines), naiveOpinions(t, lines))
			for _, fault := range g.faults {
				t.Error(fault)
			}
			for i := range values {
				values[i] = append(values[i], g.values[i]...)
			}
			t.Logf("%d accounts, %d scores; margins differ by %.2g at most, values by %.2g", g.accounts, g.assessed, g.margin, g.value)
		})
	}
	for i, def := range features.Catalogue {
		slices.Sort(values[i])
		if n := len(slices.Compact(values[i])); n < 3 {
			t.Errorf("%s took %d values: these events show nothing of it", def.Name, n)
		}
	}
}

// TestAgreementSeesADifference is the control: a thousandth more in any one feature shows.
func TestAgreementSeesADifference(t *testing.T) {
	lines := arbitrary(8, 5000, true)
	ours, theirs := ourOpinions(t, lines), naiveOpinions(t, lines)
	if g := agree(ours, theirs); len(g.faults) > 0 {
		t.Fatal(g.faults)
	}
	for i, def := range features.Catalogue {
		shift := func(by float32) {
			for _, o := range theirs {
				o.vector.X[i] += by * max(1, o.vector.X[i])
			}
		}
		shift(0.001)
		if g := agree(ours, theirs); len(g.faults) == 0 && len(g.values[i]) > 0 {
			t.Errorf("nobody sees another %s", def.Name)
		}
		for id, o := range ours {
			theirs[id].vector.X[i] = o.vector.X[i]
		}
	}
}
