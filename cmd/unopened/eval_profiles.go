package main

import (
	"context"
	"errors"
	"math"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/unopened/unopened/configs"
	"github.com/unopened/unopened/engine"
	"github.com/unopened/unopened/evaluate"
	"github.com/unopened/unopened/features"
	"github.com/unopened/unopened/ingest"
	"github.com/unopened/unopened/models"
)

// profilesFlags ask what is found under each messenger's visibility.
type profilesFlags struct{ asked, oneMore bool }

// add adds the flags.
func (p *profilesFlags) add(flags *pflag.FlagSet) {
	flags.BoolVar(&p.asked, "profiles", false, "what is found of the same --scenario under each visibility profile that ships, and under none")
	flags.BoolVar(&p.oneMore, "one-more", true, "with --profiles: also what each profile would gain by one more field, a run for each field")
}

// profilesAnswer is what is found under each profile.
type profilesAnswer struct {
	Scenario   string      `json:"scenario"`
	Accounts   int         `json:"accounts"`
	Days       int         `json:"days"`
	Records    int64       `json:"records"`
	Runs       int         `json:"runs"`
	Doubtful   bool        `json:"doubtful"` // what is doubtful counts as seen
	Draws      int         `json:"bootstrap"`
	Seed       uint64      `json:"eval_seed"`
	Messengers []messenger `json:"messengers"` // everything seen first
}

// messenger is what is found under one profile.
type messenger struct {
	Profile string      `json:"profile"` // "none" where everything is seen
	Title   string      `json:"title"`
	Harms   []harmSeen  `json:"harms"`
	OneMore []fieldMore `json:"one_more,omitempty"` // of the fields that were tried
}

// harmSeen is what is found of one harm. It has no figures where the harm is off or not assessable.
type harmSeen struct {
	Harm       string             `json:"harm"`
	Off        bool               `json:"off,omitempty"`
	Assessable bool               `json:"assessable"`
	Missing    []string           `json:"missing,omitempty"`
	Positives  int                `json:"positives"` // who is seen to act
	Negatives  int                `json:"negatives"`
	Recall     *evaluate.Share    `json:"recall_at_action,omitempty"`
	FPR        *evaluate.Share    `json:"fpr_at_action,omitempty"`
	AtOne      *evaluate.Estimate `json:"recall_at_fpr_0.01,omitempty"`
	AP         *evaluate.Estimate `json:"average_precision,omitempty"`
}

// fieldMore is what one more field buys: the harms that change by more than the noise.
type fieldMore struct {
	Field string `json:"field"`
	Gains []gain `json:"gains"`
}

// gain is a harm with a field more. Before has no value where it was not assessable.
type gain struct {
	Harm   string             `json:"harm"`
	Before *evaluate.Estimate `json:"recall_at_fpr_0.01_before,omitempty"`
	After  *evaluate.Estimate `json:"recall_at_fpr_0.01"`
}

// everything names the run without a profile.
const everything = "none"

// runProfiles evaluates and tells.
func (f *evalFlags) runProfiles(cmd *cobra.Command) error {
	begin := time.Now()
	if err := needScenario(cmd, "profiles"); err != nil {
		return err
	}
	if f.profiles.oneMore && f.bootstrap < 2 {
		return usageError{errors.New("--bootstrap: what a field more buys is told from noise by draws; give at least 2, or --one-more=false")}
	}
	if err := separate([]string{f.config, f.world.scenario}, []written{{"--html", f.html}}); err != nil {
		return err
	}
	cfg, err := loadConfig(f.config)
	if err != nil {
		return err
	}
	cfg.Engine.Visibility = engine.Visibility{} // each profile takes its turn
	s := &sightings{cfg: cfg, shards: f.shards, options: evaluate.Options{Windows: 1, Bootstrap: f.bootstrap, Seed: f.seed}, reports: map[ingest.Mask]*evaluate.Report{}}
	if s.world, err = f.world.read(); err != nil {
		return err
	}
	a := &profilesAnswer{Scenario: f.world.scenario, Accounts: s.world.Accounts, Days: s.world.Days, Doubtful: f.sight.Doubtful, Draws: f.bootstrap, Seed: f.seed}
	if err := a.look(cmd.Context(), s, f.profiles.oneMore); err != nil {
		return err
	}
	return f.tell(cmd.OutOrStdout(), begin, a)
}

// look runs all profiles, then one more field for each where that is asked.
func (a *profilesAnswer) look(ctx context.Context, s *sightings, oneMore bool) error {
	profiles, masks := []*ingest.Profile{nil}, []*ingest.Mask{nil}
	for _, name := range configs.ProfileNames() {
		p, err := configs.LoadProfile(name)
		if err != nil {
			return err
		}
		profiles, masks = append(profiles, p), append(masks, p.Mask(a.Doubtful))
	}
	if err := s.run(ctx, "profiles", masks); err != nil {
		return err
	}
	for i, name := range append([]string{everything}, configs.ProfileNames()...) {
		m := messenger{Profile: name, Title: "everything seen", Harms: seenOf(s.behind(masks[i]))}
		if profiles[i] != nil {
			m.Title = profiles[i].Title
		}
		a.Messengers = append(a.Messengers, m)
	}
	var err error
	if oneMore {
		err = a.fields(ctx, s, profiles, masks)
	}
	a.Records, a.Runs = s.records, len(s.reports)
	return err
}

// fields runs one more field for each profile.
func (a *profilesAnswer) fields(ctx context.Context, s *sightings, profiles []*ingest.Profile, masks []*ingest.Mask) error {
	var all []*ingest.Mask
	more := make([]map[string]*ingest.Mask, len(profiles))
	for i, p := range profiles {
		if p == nil {
			continue
		}
		set, err := modelsBehind(s.cfg, masks[i])
		if err != nil {
			return err
		}
		if more[i], err = fieldsMore(s.cfg, set, p, a.Doubtful); err != nil {
			return err
		}
		for _, m := range more[i] {
			all = append(all, m)
		}
	}
	if err := s.run(ctx, "one more field", all); err != nil {
		return err
	}
	for i := range a.Messengers {
		m := &a.Messengers[i]
		for _, f := range ingest.Schema() { // in the contract's order
			if mask := more[i][f.Name]; mask != nil {
				m.OneMore = append(m.OneMore, fieldMore{f.Name, gains(m.Harms, seenOf(s.behind(mask)))})
			}
		}
	}
	return nil
}

// fieldsMore are the masks of a profile with one more field that it hides and some model reads or some harm lacks. A field that
// shows nothing more by itself is left out, and so is one with which still no harm is assessable.
func fieldsMore(cfg *configs.Config, set *models.Set, p *ingest.Profile, doubtful bool) (map[string]*ingest.Mask, error) {
	var read ingest.Fields
	for _, i := range set.Uses() {
		read |= features.Catalogue[i].Needs
	}
	for h := range models.Harm(models.Harms) {
		for _, need := range set.Unmet(h, 0) {
			read |= need
		}
	}
	base, more := *p.Mask(doubtful), map[string]*ingest.Mask{}
	for _, f := range ingest.Schema() {
		mask := p.With(f.Name).Mask(doubtful)
		if !read.Any(f.Bit) || *mask == base {
			continue
		}
		with, err := modelsBehind(cfg, mask)
		if err != nil {
			return nil, err
		}
		if len(assessable(with, mask)) > 0 {
			more[f.Name] = mask
		}
	}
	return more, nil
}

// seenOf takes of a report what is told of each harm.
func seenOf(r *evaluate.Report) []harmSeen {
	all := make([]harmSeen, len(r.Harms))
	for i := range r.Harms {
		h := &r.Harms[i]
		all[i] = harmSeen{Harm: h.Harm, Off: h.Off, Assessable: h.Assessable, Missing: h.Missing, Positives: h.Positives, Negatives: h.Negatives}
		if h.Assessable && h.Action != nil {
			all[i].Recall, all[i].FPR = &h.Action.Recall, &h.Action.FPR
			all[i].AtOne, all[i].AP = &h.Rankings[0].Recall[1], &h.Rankings[0].AP
		}
	}
	return all
}

// noise is by how many standard errors a recall must change to be told.
const noise = 2

// gains are the harms that become assessable, or whose recall at the rate of 1 % changes by more than the noise.
func gains(before, after []harmSeen) []gain {
	told := []gain{}
	for i := range after {
		b, a := &before[i], &after[i]
		if a.AtOne != nil && (b.AtOne == nil || differ(b.AtOne, a.AtOne)) {
			told = append(told, gain{a.Harm, b.AtOne, a.AtOne})
		}
	}
	return slices.Clip(told)
}

// differ tells whether two estimates lie further apart than the noise. It takes them for independent; both are of the same
// accounts, so it says too seldom rather than too often that they differ.
func differ(a, b *evaluate.Estimate) bool {
	return math.Abs(float64(b.Value-a.Value)) > noise*math.Hypot(standardError(a), standardError(b))
}

// standardError is that of an estimate, from its interval of 95 %; NaN where there is none.
func standardError(e *evaluate.Estimate) float64 { return float64(e.High-e.Low) / (2 * 1.96) }
