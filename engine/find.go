package engine

import (
	"bytes"
	"slices"

	"github.com/unopened/unopened/alerts"
	"github.com/unopened/unopened/features"
	"github.com/unopened/unopened/models"
)

// find hands one harm of the verdict at hand to the recorder.
func (s *shard) find(h models.Harm, final bool) {
	if s.partly != nil {
		s.table.ReadAll(s.partly, &s.verdict.Vector)
		s.partly = nil
	}
	score := &s.verdict.Scores[h]
	s.reasons = s.reasons[:0]
	if score.Assessable {
		s.reasons = models.Top(s.scorer.Explain(h, &s.verdict.Vector, s.reasons), 10)
	}
	s.found = alerts.Finding{
		Verdict: &s.verdict, Harm: h, Model: s.engine.Models.Name(h), Severity: s.policy.Severity(h, score),
		Shadow: s.policy.Shadow(h), Final: final, Reasons: s.reasons,
	}
	s.keep.Finding(&s.found)
}

// finals records every harm of every account, in the order of the pseudonyms.
func (s *shard) finals() {
	accounts := make([]*features.Account, 0, s.table.Len())
	s.table.Each(func(a *features.Account) { accounts = append(accounts, a) })
	slices.SortFunc(accounts, func(a, b *features.Account) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	for _, a := range accounts {
		if a.Objected() {
			continue
		}
		s.table.ReadAll(a, &s.verdict.Vector)
		s.partly = nil
		s.verdict.Account, s.verdict.At = a.ID, a.Last
		s.scorer.Score(&s.verdict.Vector, &s.verdict.Scores)
		for h := range models.Harm(models.Harms) {
			if !s.verdict.Scores[h].Off {
				s.find(h, true)
			}
		}
	}
}
