package alerts

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/unopened/unopened/ingest"
	"github.com/unopened/unopened/models"
)

func TestAlertIDsAreStable(t *testing.T) {
	first := func(tenant string, account, event byte, key []byte) string {
		cfg := promoted()
		cfg.Tenant = tenant
		p, err := NewPolicy(cfg, nil, key)
		if err != nil {
			t.Fatal(err)
		}
		p.models = fakeModels{}
		return p.Decide(verdict(account, event, start, 0.95), models.Grooming, nil)[0].ID
	}
	base := first("default", 1, 1, testKey)
	if want := "034513c80f52b298dcf15e4833e4733b"; base != want { // by another implementation, Python's hmac
		t.Errorf("id %s is not the published one, %s", base, want)
	}
	if got := first("default", 1, 1, testKey); got != base {
		t.Errorf("the same alert has the ids %s and %s", base, got)
	}
	for name, other := range map[string]string{
		"tenant": first("other", 1, 1, testKey), "account": first("default", 2, 1, testKey),
		"event": first("default", 1, 2, testKey), "key": first("default", 1, 1, bytes.Repeat([]byte{1}, 32)),
	} {
		if other == base {
			t.Errorf("another %s gives the same id", name)
		}
	}
}

func TestShadowEraseMinimumAndNotAssessable(t *testing.T) {
	cfg := promoted()
	cfg.MinimumEvents = 100
	p := newPolicy(t, cfg)
	high := verdict(1, 1, start, 0.95)
	high.Scores[models.Spam] = high.Scores[models.Grooming]
	if !p.Shadow(models.Spam) || p.Shadow(models.Grooming) {
		t.Error("only grooming was promoted")
	}
	if got := p.Decide(high, models.Spam, nil); len(got) != 0 || len(p.episodes) != 0 {
		t.Errorf("a harm in shadow told %s and keeps %d episodes", brief(got), len(p.episodes))
	}
	high.Vector.Events = 99
	if got := p.Decide(high, models.Grooming, nil); len(got) != 0 {
		t.Errorf("99 events opened %s", brief(got))
	}
	high.Vector.Events = 100
	high.Scores[models.Grooming].Assessable = false
	if got := p.Decide(high, models.Grooming, nil); len(got) != 0 || p.Severity(models.Grooming, &high.Scores[models.Grooming]) != None {
		t.Errorf("what is not assessable opened %s", brief(got))
	}
	high.Scores[models.Grooming].Assessable = true
	if got := p.Decide(high, models.Grooming, nil); len(got) != 1 {
		t.Errorf("100 events told %q", brief(got))
	}
	p.Erase(ingest.SubjectID{2})
	if len(p.episodes) != 1 {
		t.Error("erasing another account forgot this one")
	}
	p.Erase(high.Account)
	if len(p.episodes) != 0 {
		t.Error("an erased account has an episode")
	}
}

func TestCandidateCarriesTheAlert(t *testing.T) {
	c := newPolicy(t, promoted()).Decide(verdict(1, 1, start, 0.931249), models.Grooming, nil)[0]
	if c.At != start || c.Score != 0.9312 || c.Model != "grooming-card@3" || c.Links.Console != "https://console.example/alerts/"+c.ID {
		t.Errorf("got %+v", c)
	}
	names := []string{}
	for _, r := range c.Reasons {
		names = append(names, fmt.Sprint(*r.Value, r.Contribution))
	}
	if want := []string{"0.1 2", "7 1.82"}; !slices.Equal(names, want) {
		t.Errorf("reasons %v, want %v", names, want)
	}
}

func TestSeverityBands(t *testing.T) {
	cfg := promoted()
	cfg.Bands = map[string]Bands{"spam": {Low: .1, Medium: .2, High: .3, Critical: .4}}
	p := newPolicy(t, cfg)
	for _, tt := range []struct {
		harm  models.Harm
		score float64
		want  Severity
	}{
		{models.Spam, .0999, None}, {models.Spam, .1, Low}, {models.Spam, .2, Medium}, {models.Spam, .3, High}, {models.Spam, .4, Critical},
		{models.Scam, .4999, None}, {models.Scam, .5, Low}, {models.Scam, .7, Medium}, {models.Scam, .9, High}, {models.Scam, .97, Critical},
	} {
		if got := p.Severity(tt.harm, &models.Score{Value: tt.score, Assessable: true}); got != tt.want {
			t.Errorf("%s %v is %s, want %s", tt.harm, tt.score, got, tt.want)
		}
	}
}

func TestDecideAllocatesNothingWhereNothingIsTold(t *testing.T) {
	p := newPolicy(t, promoted())
	p.Decide(verdict(1, 1, start, 0.95), models.Grooming, nil)
	running, calm := verdict(1, 2, start, 0.95), verdict(2, 3, start, 0.2)
	dst := make([]Candidate, 0, 4)
	allocs := testing.AllocsPerRun(10_000, func() {
		running.At += 1000
		for h := range models.Harm(models.Harms) {
			dst = p.Decide(running, h, dst)
			dst = p.Decide(calm, h, dst)
		}
	})
	if allocs != 0 || len(dst) != 0 {
		t.Errorf("%v allocations, %d candidates", allocs, len(dst))
	}
}
