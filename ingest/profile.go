package ingest

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Profile says what the servers of a messenger, not its clients, can see of the contract, and by which public source.
// "See" is meant of readable form while they do their work, whether or not it is kept. Each type and each field of the
// contract has a claim, so that a new one is decided on by every profile.
type Profile struct {
	// Title is the messenger's name, About a sentence or two on what exactly is described.
	Title string `yaml:"title" json:"title"`
	About string `yaml:"about" json:"about"`
	// AsOf is the state of affairs: a year, month or day.
	AsOf    string              `yaml:"as_of" json:"as_of"`
	Sources map[string]Citation `yaml:"sources" json:"sources"`
	Types   map[string]Claim    `yaml:"types" json:"types"`
	Fields  map[string]Claim    `yaml:"fields" json:"fields"`
}

// Citation is a public page that claims rest on.
type Citation struct {
	URL string `yaml:"url" json:"url"`
	// Date is when it was published or took effect: a year, month, day or "undated".
	Date string `yaml:"date" json:"date"`
	// Says is what it says, in our words.
	Says string `yaml:"says" json:"says"`
}

// Claim is what a profile says of one type or field.
type Claim struct {
	// Seen is one of the Seen constants.
	Seen string `yaml:"seen" json:"seen"`
	// From names the sources. Yes and No have at least one.
	From []string `yaml:"from" json:"from,omitempty"`
	// Why is what follows from the sources, or the reason for a doubt.
	Why string `yaml:"why" json:"why,omitempty"`
	// Hides names fields that are seen elsewhere but not in records of this type.
	Hides []string `yaml:"hides" json:"hides,omitempty"`
	// Kinds are the kinds of conversation of which messages or calls are seen; empty for all.
	Kinds []string `yaml:"kinds" json:"kinds,omitempty"`
}

// The answers of a Claim.
const (
	SeenYes      = "yes"
	SeenNo       = "no"
	SeenDoubtful = "doubtful"
	SeenAlways   = "always" // what every record has, and the operator's own records: labels and control records
)

// ours are fields that only the operator's own records have.
const ours = FieldVerdict

// own tells whether records of a type are the operator's, not the messenger's.
func (t Type) own() bool { return t == Label || t.Control() }

var (
	dated  = regexp.MustCompile(`^\d{4}(-\d\d(-\d\d)?)?$`)
	linked = regexp.MustCompile(`^https?://\S+$`)
)

// Validate tells all that is wrong with the profile, each with the path of its key.
func (p *Profile) Validate() error {
	v := problems{}
	v.bad(p.Title != "", "title: is empty; name the messenger")
	v.bad(p.About != "", "about: is empty; say what exactly is described")
	v.bad(dated.MatchString(p.AsOf), "as_of: %q is no year, month or day such as 2026-11", p.AsOf)
	for _, name := range sorted(p.Sources) {
		s := p.Sources[name]
		v.bad(linked.MatchString(s.URL), "sources.%s.url: %q is no address", name, s.URL)
		v.bad(s.Date == "undated" || dated.MatchString(s.Date), "sources.%s.date: %q is no year, month or day such as 2026-11-25, and not \"undated\"", name, s.Date)
		v.bad(s.Says != "", "sources.%s.says: is empty; say what claims take from it", name)
		v.bad(p.cites(name), "sources.%s: no claim rests on it; name it under \"from\", or take it out", name)
	}
	p.claims(&v, "types", p.Types, typeNames, func(name string) bool { return typeOf(name).own() })
	p.claims(&v, "fields", p.Fields, fieldNames(), func(name string) bool {
		f, _ := ParseField(name)
		return (FieldsAlways | ours).Any(f)
	})
	if v.errs == nil {
		for _, doubtful := range []bool{false, true} {
			p.rows(&v, doubtful)
		}
	}
	return errors.Join(v.errs...)
}

// problems gathers what is wrong; each is told once.
type problems struct{ errs []error }

func (v *problems) bad(ok bool, format string, args ...any) {
	if ok {
		return
	}
	text := fmt.Sprintf(format, args...)
	if !slices.ContainsFunc(v.errs, func(e error) bool { return e.Error() == text }) {
		v.errs = append(v.errs, errors.New(text))
	}
}

// claims checks the claims on types or on fields, of which these are the names.
func (p *Profile) claims(v *problems, section string, claims map[string]Claim, names []string, always func(string) bool) {
	for _, name := range names {
		path := section + "." + name
		c, ok := claims[name]
		if !ok {
			v.bad(false, "%s: is missing; say whether the servers see it: yes, no or doubtful", path)
			continue
		}
		if always(name) {
			v.bad(c.Seen == SeenAlways, "%s.seen: %q is not always, as what every record has, labels and control records are", path, c.Seen)
			continue
		}
		v.bad(c.Seen == SeenYes || c.Seen == SeenNo || c.Seen == SeenDoubtful, "%s.seen: %q is not yes, no or doubtful", path, c.Seen)
		v.bad(c.Seen == SeenDoubtful || len(c.From) > 0, "%s.from: names no source; name one, or say seen: doubtful", path)
		v.bad(c.Seen != SeenDoubtful || c.Why != "", "%s.why: is empty; say what is doubtful", path)
		for _, source := range c.From {
			_, ok := p.Sources[source]
			v.bad(ok, "%s.from: there is no source %q; the sources are %s", path, source, strings.Join(sorted(p.Sources), ", "))
		}
		v.bad(section == "types" || len(c.Hides)+len(c.Kinds) == 0, "%s: hides and kinds go with types", path)
		for _, hidden := range c.Hides {
			_, ok := ParseField(hidden)
			v.bad(ok, "%s.hides: the contract has no field %q; check its spelling", path, hidden)
		}
		v.bad(len(c.Kinds) == 0 || name == Message.String() || name == Call.String(), "%s.kinds: goes with message and call", path)
		for _, kind := range c.Kinds {
			v.bad(slices.Contains(kindNames, kind), "%s.kinds: %q is not %s", path, kind, strings.Join(kindNames, ", "))
		}
	}
	for _, name := range sorted(claims) {
		v.bad(slices.Contains(names, name), "%s.%s: the contract has no such; check its spelling", section, name)
	}
}

// rows refuses types whose records would lack what they need.
func (p *Profile) rows(v *problems, doubtful bool) {
	m := p.Mask(doubtful)
	for i := range rows {
		r := &rows[i]
		lost := (FieldsAlways | r.Needs) & m.blank[r.Type]
		if lost == 0 || !slices.ContainsFunc(r.kinds(), func(k Kind) bool { return m.seen[r.Type][k] }) {
			continue
		}
		path, remedy := "types."+r.Type.String(), "say seen: no of the type"
		if r.Kinds != nil {
			remedy = "leave " + strings.Join(r.kindNames(), " and ") + " out of its kinds, or say seen: no"
		}
		v.bad(false, "%s: is seen without %s, which such a record needs: %s, or say that the field is seen", path, strings.Join(lost.Names(), ", "), remedy)
	}
}

// cites tells whether some claim rests on a source.
func (p *Profile) cites(source string) bool {
	for _, claims := range []map[string]Claim{p.Types, p.Fields} {
		for _, c := range claims {
			if slices.Contains(c.From, source) {
				return true
			}
		}
	}
	return false
}

// Mask makes the mask of a valid profile. What is doubtful counts as seen if doubtful is set, else as not seen, which is
// the stricter reading.
func (p *Profile) Mask(doubtful bool) *Mask {
	counts := func(c Claim) bool {
		return c.Seen == SeenYes || c.Seen == SeenAlways || c.Seen == SeenDoubtful && doubtful
	}
	m := &Mask{}
	var hidden Fields
	for i := range fields {
		if !counts(p.Fields[fields[i].Name]) {
			hidden |= fields[i].Bit
		}
	}
	var given, said Fields
	for i := range rows {
		r := &rows[i]
		c := p.Types[r.Type.String()]
		if r.Type.own() || !counts(c) {
			for _, k := range r.kinds() {
				m.seen[r.Type][k] = r.Type.own()
			}
			continue
		}
		blank := hidden
		for _, name := range c.Hides {
			f, _ := ParseField(name)
			blank |= f
		}
		if blank.Any(FieldActor) {
			blank |= FieldsOfActor
		}
		carried := FieldsAlways | r.Needs | r.May
		for _, k := range r.kinds() {
			if len(c.Kinds) > 0 && !slices.Contains(c.Kinds, k.String()) {
				continue
			}
			m.seen[r.Type][k] = true
			m.blank[r.Type] |= blank & carried // and no more, so that masks that do the same are equal
			shown := carried &^ blank
			given |= shown
			if r.Type == Message {
				said |= shown
			}
		}
	}
	m.never = (1<<len(fields) - 1) &^ given &^ ours
	m.never |= (FieldActor | FieldTarget | FieldsOfTarget) &^ said
	return m
}

// With returns the profile as it were if the servers saw a field wherever they see records that can carry it.
func (p *Profile) With(field string) *Profile {
	more := *p
	more.Fields, more.Types = maps.Clone(p.Fields), maps.Clone(p.Types)
	claim := p.Fields[field]
	claim.Seen = SeenYes
	more.Fields[field] = claim
	for name, c := range more.Types {
		c.Hides = slices.DeleteFunc(slices.Clone(c.Hides), func(hidden string) bool { return hidden == field })
		more.Types[name] = c
	}
	return &more
}

// sorted returns the keys of a map in order.
func sorted[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// fieldNames are the names of the fields, in the contract's order.
func fieldNames() []string { return Fields(1<<len(fields) - 1).Names() }

// TypeNames are the names of the types, in the contract's order.
func TypeNames() []string { return slices.Clone(typeNames) }

// typeOf returns the type of a name that there is.
func typeOf(name string) Type { return Type(slices.Index(typeNames, name) + 1) }

// SourceNames are the names of the sources, in order.
func (p *Profile) SourceNames() []string { return sorted(p.Sources) }
