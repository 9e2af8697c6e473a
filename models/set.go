package models

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"slices"
	"strings"

	"github.com/unopened/unopened/features"
	"github.com/unopened/unopened/ingest"
)

// Config says which models score.
type Config struct {
	Folder  string   `yaml:"folder"` // of artefacts; empty: those shipped
	Off     []string `yaml:"off"`    // harms that are switched off: nothing is computed for them
	Profile Profile  `yaml:"profile"`
}

// Profile says what the messenger is like.
type Profile struct {
	Never []string `yaml:"never"` // fields of the contract that it never gives
}

// DefaultConfig is the artefacts shipped, every harm on, a messenger that may give any field.
func DefaultConfig() Config { return Config{Off: []string{}, Profile: Profile{Never: []string{}}} }

// Validate returns all that is wrong with the config, as one error.
func (c *Config) Validate() error {
	var all []error
	for i, name := range c.Off {
		if _, ok := ParseHarm(name); !ok {
			all = append(all, fmt.Errorf("models.off[%d]: no harm %q; the harms are %s", i, name, strings.Join(Names[:], ", ")))
		}
	}
	for i, name := range c.Profile.Never {
		if _, ok := ingest.ParseField(name); !ok {
			all = append(all, fmt.Errorf("models.profile.never[%d]: the event contract has no field %q; check its spelling", i, name))
		}
	}
	return errors.Join(all...)
}

// Set is the models of all harms. Its methods may be called from several goroutines.
type Set struct {
	chains [Harms]chain
	never  ingest.Fields
}

// chain is what scores one harm: the artefact that decides, then those that change its margin.
type chain struct {
	name        string
	off         bool
	needs       []ingest.Fields
	calibration Calibration
	models      []Model
}

// Load reads the artefacts (*.json) in shipped, or in the config's folder where it names one. A harm that is not
// off must have exactly one artefact that decides and at most one of guards.
func Load(shipped fs.FS, cfg Config) (*Set, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if cfg.Folder != "" {
		shipped = os.DirFS(cfg.Folder)
	}
	files, err := fs.Glob(shipped, "*.json")
	if err != nil {
		return nil, fmt.Errorf("list model artefacts: %w", err)
	}
	var parts []*part
	var problems []error
	for _, file := range files {
		p, err := readPart(shipped, file)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		parts = append(parts, p)
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	return assemble(parts, cfg)
}

// assemble makes chains of parts.
func assemble(parts []*part, cfg Config) (*Set, error) {
	s := &Set{}
	for _, name := range cfg.Profile.Never {
		f, _ := ingest.ParseField(name)
		s.never |= f
	}
	for h := range Harm(Harms) {
		c, err := newChain(h, parts)
		if c.off = slices.Contains(cfg.Off, h.String()); err != nil && !c.off {
			return nil, err
		}
		s.chains[h] = c
	}
	return s, nil
}

// newChain puts the harm's parts in order: the one that decides first.
func newChain(h Harm, parts []*part) (chain, error) {
	var decider, follower *part
	for _, p := range parts {
		slot := &follower
		if p.decides {
			slot = &decider
		}
		if p.harm != h {
			continue
		}
		if *slot != nil {
			return chain{}, fmt.Errorf("models: %s and %s both score %s; keep one", (*slot).file, p.file, h)
		}
		*slot = p
	}
	if decider == nil {
		return chain{}, fmt.Errorf("models: no artefact scores %s; add one to models.folder or name %s in models.off", h, h)
	}
	c := chain{name: decider.title(), needs: decider.needs, calibration: *decider.Calibration, models: []Model{decider.model}}
	if follower != nil {
		c.name += "+" + follower.title()
		c.models = append(c.models, follower.model)
	}
	return c, nil
}

// title is the name and version.
func (p *part) title() string { return fmt.Sprintf("%s@%d", p.Name, p.Version) }

// Name returns what scores the harm: artefacts with their versions, "spam-card@1+spam-guards@1".
func (s *Set) Name(h Harm) string { return s.chains[h].name }

// Score writes each harm's score into out. It allocates nothing.
func (s *Set) Score(v *features.Vector, out *[Harms]Score) {
	seen := v.Seen &^ s.never
	for h := range s.chains {
		out[h] = s.chains[h].score(v, seen)
	}
}

// Explain appends the harm's contributions to dst, in order; added in that order they are the margin exactly. It
// appends nothing where the harm is off or not assessable: then there is no margin.
func (s *Set) Explain(h Harm, v *features.Vector, dst []Reason) []Reason {
	c := &s.chains[h]
	if c.off || c.missing(v.Seen&^s.never) != 0 {
		return dst
	}
	margin := 0.0
	for _, m := range c.models {
		dst = m.Explain(v, margin, dst)
		margin = m.Margin(v, margin)
	}
	return dst
}

// Off tells whether the harm is switched off.
func (s *Set) Off(h Harm) bool { return s.chains[h].off }

// Unmet returns what the harm needs and none of the fields in seen gives: of each set one field would do. It is empty
// where an account whose acts carried these fields is assessable.
func (s *Set) Unmet(h Harm, seen ingest.Fields) (unmet []ingest.Fields) {
	for _, need := range s.chains[h].needs {
		if !(seen &^ s.never).Any(need) {
			unmet = append(unmet, need)
		}
	}
	return unmet
}

// score is the chain's answer. seen is the fields that the account's acts gave.
func (c *chain) score(v *features.Vector, seen ingest.Fields) Score {
	if c.off {
		return Score{Off: true}
	}
	if missing := c.missing(seen); missing != 0 {
		return Score{Missing: missing}
	}
	margin := 0.0
	for _, m := range c.models {
		margin = m.Margin(v, margin)
	}
	return Score{Margin: margin, Value: c.calibration.score(margin), Assessable: true}
}

// missing returns the fields of each need that none of the fields seen meets.
func (c *chain) missing(seen ingest.Fields) (missing ingest.Fields) {
	for _, need := range c.needs {
		if !seen.Any(need) {
			missing |= need
		}
	}
	return missing
}

// score calibrates a margin.
func (c Calibration) score(margin float64) float64 {
	return 1 / (1 + math.Exp(-(c.Slope*margin + c.Offset)))
}
