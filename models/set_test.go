package models

import (
	"math"
	"math/rand/v2"
	"os"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/unopened/unopened/features"
	"github.com/unopened/unopened/ingest"
)

const everything = ^ingest.Fields(0)

// randomVector has any value in any feature, a fifth of them unknown.
func randomVector(r *rand.Rand) features.Vector {
	v := features.NewVector()
	v.Seen = everything
	for i := range v.X {
		switch r.IntN(5) {
		case 0:
			v.X[i] = float32(math.NaN())
		case 1:
			v.X[i] = r.Float32()
		case 2:
			v.X[i] = 0
		default:
			v.X[i] = float32(math.Exp(r.NormFloat64()*2 + 1))
		}
	}
	return v
}

// TestExplanationsAreExact: contributions added in order are the margin, to the last bit.
func TestExplanationsAreExact(t *testing.T) {
	set := loadShipped(t, DefaultConfig()).Scorer()
	r := rand.New(rand.NewPCG(1, 2))
	var scores [Harms]Score
	var lifted, inOtherOrder int
	for range 20_000 {
		v := randomVector(r)
		set.Score(&v, &scores)
		for h := range Harm(Harms) {
			reasons := set.Explain(h, &v, nil)
			if got := sum(reasons); got != scores[h].Margin {
				t.Fatalf("%s: contributions add up to %v, the margin is %v", h, got, scores[h].Margin)
			}
			if reasons[len(reasons)-1].Kind == KindGuard {
				lifted++
			}
			if sum(Top(reasons, len(reasons))) != scores[h].Margin {
				inOtherOrder++
			}
		}
	}
	if lifted == 0 || inOtherOrder == 0 {
		t.Errorf("the test shows nothing: %d lifted by guards, %d inexact in another order", lifted, inOtherOrder)
	}
}

// sum adds the contributions in order.
func sum(reasons []Reason) (margin float64) {
	for i := range reasons {
		margin += reasons[i].Contribution
	}
	return margin
}

func TestNoAllocation(t *testing.T) {
	set := loadShipped(t, DefaultConfig()).Scorer()
	v := randomVector(rand.New(rand.NewPCG(3, 4)))
	var scores [Harms]Score
	dst := make([]Reason, 0, 64)
	if n := testing.AllocsPerRun(1000, func() { set.Score(&v, &scores) }); n != 0 {
		t.Errorf("Score allocates %v times", n)
	}
	explain := func() {
		for h := range Harm(Harms) {
			Top(set.Explain(h, &v, dst[:0]), 10)
		}
	}
	if n := testing.AllocsPerRun(1000, explain); n != 0 {
		t.Errorf("Explain and Top allocate %v times", n)
	}
}

func TestScoreRisesWithMargin(t *testing.T) {
	for _, c := range []Calibration{{Slope: 1}, {Slope: 0.3, Offset: -2}, {Slope: 4, Offset: 1}} {
		last := -1.0
		for m := -50.0; m <= 50; m += 0.25 {
			s := c.score(m)
			if s < last || s < 0 || s > 1 {
				t.Fatalf("%+v: score(%v) = %v after %v", c, m, s, last)
			}
			last = s
		}
	}
}

func TestOffIsNotComputed(t *testing.T) {
	cfg := DefaultConfig()
	cfg.Off = []string{"scam"}
	set := loadShipped(t, cfg)
	v := randomVector(rand.New(rand.NewPCG(5, 6)))
	var scores [Harms]Score
	set.Score(&v, &scores)
	if want := (Score{Off: true}); scores[Scam] != want || set.Explain(Scam, &v, nil) != nil {
		t.Errorf("off: %+v", scores[Scam])
	}
	if !scores[Spam].Assessable || scores[Spam].Off {
		t.Errorf("the others are on: %+v", scores[Spam])
	}
	all := os.DirFS(shippedFolder)
	without := fstest.MapFS{}
	for file := range shipped(t) {
		if data, _ := os.ReadFile(shippedFolder + "/" + file); !strings.HasPrefix(file, "scam") {
			without[file] = &fstest.MapFile{Data: data}
		}
	}
	if _, err := Load(without, cfg); err != nil {
		t.Errorf("a harm that is off needs no artefact: %v", err)
	}
	if _, err := Load(without, DefaultConfig()); err == nil || !strings.Contains(err.Error(), "no artefact scores scam; add one") {
		t.Errorf("a harm that is on does: %v", err)
	}
	without["copy.json"] = &fstest.MapFile{Data: []byte(shipped(t)["spam-card.json"])}
	if _, err := Load(without, cfg); err == nil || !strings.Contains(err.Error(), "copy.json and spam-card.json both score spam; keep one") {
		t.Errorf("two artefacts for a harm: %v", err)
	}
	if _, err := Load(all, Config{Folder: t.TempDir()}); err == nil {
		t.Error("an empty folder of the config was not looked at")
	}
}

func TestNotAssessable(t *testing.T) {
	actor, target, age := ingest.FieldActor, ingest.FieldTarget, ingest.FieldTargetAge
	for _, c := range []struct {
		harm  Harm
		seen  ingest.Fields
		never []string
		want  []string
	}{
		{Grooming, actor | target | age, nil, nil},
		{Grooming, actor | target, nil, []string{"target_age"}},
		{Grooming, age, nil, []string{"actor"}},
		{Grooming, 0, nil, []string{"actor", "target_age"}},
		{Grooming, everything, []string{"target_age"}, []string{"target_age"}},
		{Spam, actor | target, nil, nil},
		{Spam, everything, []string{"actor"}, []string{"actor"}},
		{Sybil, actor | ingest.FieldNetwork, nil, nil},
		{Sybil, actor, nil, []string{"device", "network"}},
		{Takeover, actor | target, nil, []string{"device", "network", "country"}},
		{Takeover, actor | target | ingest.FieldCountry, nil, nil},
	} {
		cfg := DefaultConfig()
		cfg.Profile.Never = c.never
		set := loadShipped(t, cfg)
		v := randomVector(rand.New(rand.NewPCG(7, 8)))
		v.Seen = c.seen
		var scores [Harms]Score
		set.Score(&v, &scores)
		s := scores[c.harm]
		if got := MissingNames(s); len(got)+len(c.want) > 0 && !reflect.DeepEqual(got, c.want) || s.Assessable != (c.want == nil) {
			t.Errorf("%s with %v, never %v: assessable %v, missing %v, want %v", c.harm, c.seen.Names(), c.never, s.Assessable, got, c.want)
		}
		if !s.Assessable && (s.Value != 0 || s.Margin != 0 || set.Explain(c.harm, &v, nil) != nil) {
			t.Errorf("%s is not assessable, yet %+v", c.harm, s)
		}
	}
}

func TestNamesAndConfig(t *testing.T) {
	set := loadShipped(t, DefaultConfig())
	if got, want := set.Name(Grooming), "grooming-card@2+grooming-guards@1"; got != want {
		t.Errorf("name %q, want %q", got, want)
	}
	for h := range Harm(Harms) {
		if got, ok := ParseHarm(h.String()); got != h || !ok {
			t.Errorf("ParseHarm(%q) = %v, %v", h, got, ok)
		}
	}
	if _, ok := ParseHarm("other"); ok {
		t.Error("other is a category, not a harm")
	}
	if cfg := DefaultConfig(); cfg.Validate() != nil {
		t.Error(cfg.Validate())
	}
	bad := Config{Off: []string{"spam", "spom"}, Profile: Profile{Never: []string{"body"}}}
	err := bad.Validate()
	for _, want := range []string{`models.off[1]: no harm "spom"`, `models.profile.never[0]: the event contract has no field "body"`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if _, err := Load(os.DirFS(shippedFolder), bad); err == nil {
		t.Error("Load took a bad config")
	}
}

// BenchmarkScore scores one vector for all six harms.
func BenchmarkScore(b *testing.B) {
	set := loadShipped(b, DefaultConfig()).Scorer()
	r := rand.New(rand.NewPCG(1, 1))
	var vectors [64]features.Vector
	for i := range vectors {
		vectors[i] = randomVector(r)
	}
	var scores [Harms]Score
	for i := 0; b.Loop(); i++ {
		set.Score(&vectors[i&63], &scores)
	}
}
