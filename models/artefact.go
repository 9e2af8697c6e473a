package models

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/unopened/unopened/features"
	"github.com/unopened/unopened/ingest"
)

// kinds are the kinds of artefact: a new one is one file and one line here.
var kinds = map[string]kind{
	"scorecard": {build: buildScorecard, decides: true},
	"guards":    {build: buildGuards},
}

// kind makes models out of artefacts. A kind that decides gives a margin of its own and is calibrated: a harm has
// exactly one. The others change the margin of the one that decides.
type kind struct {
	build   func(parameters jsontext.Value, uses *usage) (Model, error)
	decides bool
}

// Artefact is a model's file. Load refuses one with an unknown key, an unknown feature or a digest that does not
// belong to its features, so a file never means something else than its author meant.
type Artefact struct {
	Kind    string `json:"kind"`    // a name in kinds
	Name    string `json:"name"`    // with the version, the model's name in verdicts and alerts: "spam-card@1"
	Harm    string `json:"harm"`    // a name in Names
	Version int    `json:"version"` // from 1
	Created string `json:"created"` // the day it was made, 2006-01-02
	// Needs says what must have been seen of an account before the harm is assessable: of each list at least one
	// field of the contract. Only a kind that decides has it.
	Needs    [][]string `json:"needs,omitempty"`
	Features []string   `json:"features"` // all that Parameters name, in the order of first use
	Digest   string     `json:"digest"`   // Digest(Features)
	// Calibration turns the margin into the score. Only a kind that decides has it.
	Calibration *Calibration       `json:"calibration,omitempty"`
	Parameters  jsontext.Value     `json:"parameters"` // the kind's own
	Provenance  Provenance         `json:"provenance"`
	Metrics     map[string]float64 `json:"metrics"` // as measured when it was made, by name
}

// Calibration is score = 1 / (1 + exp(−(Slope·margin + Offset))), after Platt (1999). Slope is above 0, so that the
// score rises with the margin.
type Calibration struct {
	Slope  float64 `json:"slope"`
	Offset float64 `json:"offset"`
}

// Provenance says where an artefact's parameters come from.
type Provenance struct {
	Text  string   `json:"text"`
	Seeds []uint64 `json:"seeds,omitempty"` // of the simulator's runs that were used
}

// Digest is the SHA-256 of the names, each ended by a line feed, in hexadecimal.
func Digest(names []string) string {
	sum := sha256.Sum256([]byte(strings.Join(names, "\n") + "\n"))
	return hex.EncodeToString(sum[:])
}

// part is an artefact that was read, checked and built.
type part struct {
	Artefact
	file    string
	harm    Harm
	needs   []ingest.Fields
	decides bool
	model   Model
	curves  []curve // that the model asks for
}

// readPart reads the artefact in the named file. Its errors name the file, the place in it and the remedy.
func readPart(fsys fs.FS, file string) (*part, error) {
	data, err := fs.ReadFile(fsys, file)
	if err != nil {
		return nil, fmt.Errorf("read model artefact: %w", err)
	}
	p := &part{file: file}
	if err := p.build(data); err != nil {
		return nil, fmt.Errorf("model artefact %s: %w", file, err)
	}
	return p, nil
}

// build decodes and checks the artefact and makes its model.
func (p *part) build(data []byte) error {
	if err := decode(data, &p.Artefact, ""); err != nil {
		return err
	}
	if err := p.check(); err != nil {
		return err
	}
	uses := &usage{listed: p.Features}
	var err error
	if p.model, err = kinds[p.Kind].build(p.Parameters, uses); err != nil {
		return err
	}
	p.curves = uses.curves
	return uses.check()
}

// check looks at all but the parameters.
func (p *part) check() error {
	k, known := kinds[p.Kind]
	if !known {
		return fmt.Errorf("/kind: no kind %q; the kinds are %s", p.Kind, strings.Join(slices.Sorted(maps.Keys(kinds)), ", "))
	}
	var ok bool
	if p.harm, ok = ParseHarm(p.Harm); !ok {
		return fmt.Errorf("/harm: no harm %q; the harms are %s", p.Harm, strings.Join(Names[:], ", "))
	}
	if p.Name == "" || strings.ContainsAny(p.Name, "@+ ") || p.Version < 1 {
		return errors.New("/name, /version: a name without '@', '+' or space and a version from 1 are needed")
	}
	if _, err := time.Parse(time.DateOnly, p.Created); err != nil {
		return fmt.Errorf("/created: %q is no day; write it like 2006-01-02", p.Created)
	}
	p.decides = k.decides
	return errors.Join(p.checkFeatures(), p.checkDecider(), p.readNeeds())
}

// checkFeatures holds the names against the Catalogue and the digest against the names.
func (p *part) checkFeatures() error {
	for i, name := range p.Features {
		if _, ok := features.Index(name); !ok {
			return fmt.Errorf("/features/%d: no feature %q in this build's catalogue; features/CATALOGUE.md lists them", i, name)
		}
		if slices.Contains(p.Features[:i], name) {
			return fmt.Errorf("/features/%d: %q is listed twice; list it once", i, name)
		}
	}
	if want := Digest(p.Features); p.Digest != want {
		return fmt.Errorf("/digest: does not belong to the features listed; if the list is as meant, write %q", want)
	}
	return nil
}

// checkDecider sees that calibration and needs are there for a kind that decides, and only then.
func (p *part) checkDecider() error {
	switch {
	case !p.decides && (p.Calibration != nil || p.Needs != nil):
		return fmt.Errorf("/calibration, /needs: not for kind %s, which follows the harm's model; remove them", p.Kind)
	case p.decides && len(p.Needs) == 0:
		return errors.New(`/needs: say what makes the harm assessable, [["actor"]] at least`)
	case p.decides && (p.Calibration == nil || p.Calibration.Slope <= 0):
		return errors.New("/calibration: the score must rise with the margin; give a slope above 0")
	}
	return nil
}

// readNeeds makes sets of fields out of their names.
func (p *part) readNeeds() error {
	for i, names := range p.Needs {
		var any ingest.Fields
		for j, name := range names {
			f, ok := ingest.ParseField(name)
			if !ok {
				return fmt.Errorf("/needs/%d/%d: the event contract has no field %q; check its spelling", i, j, name)
			}
			any |= f
		}
		if any == 0 {
			return fmt.Errorf("/needs/%d: an empty list can never be met; name a field or remove it", i)
		}
		p.needs = append(p.needs, any)
	}
	return nil
}

// decode reads JSON strictly: no unknown key, no key twice, no other case. at is the place of data in its file.
func decode(data []byte, into any, at string) error {
	err := json.Unmarshal(data, into, json.RejectUnknownMembers(true))
	if err == nil {
		return nil
	}
	var semantic *json.SemanticError
	var syntactic *jsontext.SyntacticError
	if errors.As(err, &semantic) {
		at += string(semantic.JSONPointer)
	} else if errors.As(err, &syntactic) {
		at += string(syntactic.JSONPointer)
	}
	if errors.Is(err, json.ErrUnknownName) {
		return fmt.Errorf("%s: unknown key; check its spelling or remove it", at)
	}
	return fmt.Errorf("%s: correct this: %w", cmp.Or(at, "/"), err)
}

// usage finds the features that parameters name, and sees that they are those which the artefact lists. A builder
// appends the curves whose values its model wants, in the order in which it wants them.
type usage struct {
	listed []string
	used   []string
	curves []curve
}

// index returns the named feature's place in the Catalogue. at is the place of the name in the file.
func (u *usage) index(name, at string) (int, error) {
	if !slices.Contains(u.listed, name) {
		return 0, fmt.Errorf("%s: feature %q is not in /features; add it there and renew /digest", at, name)
	}
	if !slices.Contains(u.used, name) {
		u.used = append(u.used, name)
	}
	i, _ := features.Index(name)
	return i, nil
}

// check tells whether all listed features were used.
func (u *usage) check() error {
	for i, name := range u.listed {
		if !slices.Contains(u.used, name) {
			return fmt.Errorf("/features/%d: %q is listed but no parameter uses it; remove it and renew /digest", i, name)
		}
	}
	return nil
}
