package models

import (
	"errors"
	"fmt"
	"io/fs"
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
	curves *curves
	never  ingest.Fields
	uses   []int
}

// chain is what scores one harm: the artefact that decides, then those that change its margin.
type chain struct {
	name        string
	off         bool
	needs       []ingest.Fields
	calibration Calibration
	links       []link
}

// link is a model of a chain and where its curves' values are among those of all.
type link struct {
	Model
	from, to int
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
	var all []curve
	for h := range Harm(Harms) {
		c, more, err := newChain(h, parts, all)
		if c.off = slices.Contains(cfg.Off, h.String()); !c.off {
			all = more
		}
		if err != nil && !c.off {
			return nil, err
		}
		s.chains[h] = c
	}
	s.curves = newCurves(all)
	for _, p := range parts {
		for _, name := range p.Features {
			if i, ok := features.Index(name); ok && !s.chains[p.harm].off {
				s.uses = append(s.uses, i)
			}
		}
	}
	slices.Sort(s.uses)
	s.uses = slices.Compact(s.uses)
	return s, nil
}

// Uses returns the features that the models look at, as places in the Catalogue, in its order. It must not be changed.
func (s *Set) Uses() []int { return s.uses }

// newChain puts the harm's parts in order, the one that decides first, and appends their curves to all.
func newChain(h Harm, parts []*part, all []curve) (chain, []curve, error) {
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
			return chain{}, nil, fmt.Errorf("models: %s and %s both score %s; keep one", (*slot).file, p.file, h)
		}
		*slot = p
	}
	if decider == nil {
		return chain{}, nil, fmt.Errorf("models: no artefact scores %s; add one to models.folder or name %s in models.off", h, h)
	}
	c := chain{name: decider.title(), needs: decider.needs, calibration: *decider.Calibration}
	all = c.link(decider, all)
	if follower != nil {
		c.name += "+" + follower.title()
		all = c.link(follower, all)
	}
	return c, all, nil
}

// link appends the part's model to the chain and its curves to all.
func (c *chain) link(p *part, all []curve) []curve {
	c.links = append(c.links, link{p.model, len(all), len(all) + len(p.curves)})
	return append(all, p.curves...)
}

// title is the name and version.
func (p *part) title() string { return fmt.Sprintf("%s@%d", p.Name, p.Version) }

// Name returns what scores the harm: artefacts with their versions, "spam-card@1+spam-guards@1".
func (s *Set) Name(h Harm) string { return s.chains[h].name }

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

// missing returns the fields of each need that none of the fields seen meets.
func (c *chain) missing(seen ingest.Fields) (missing ingest.Fields) {
	for _, need := range c.needs {
		if !seen.Any(need) {
			missing |= need
		}
	}
	return missing
}
