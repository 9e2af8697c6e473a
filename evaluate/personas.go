package evaluate

import (
	"maps"
	"slices"

	"github.com/unopened/unopened/models"
)

// nominal is the place of the rate of 1 % in Nominal, at which personas are compared.
const nominal = len(Nominal) - 1

// personas says who of the innocent is flagged, and which personas more often than others.
func (r *reckoner) personas() {
	groups := make(map[string][]int32)
	var all []int32
	for i := range r.lives {
		if r.accounts[i].Kind == Innocent && r.lives[i].acted {
			groups[r.accounts[i].Group] = append(groups[r.accounts[i].Group], int32(i))
			all = append(all, int32(i))
		}
	}
	overall := r.persona("", all)
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		p := r.persona(name, groups[name])
		r.report.Personas = append(r.report.Personas, p)
		r.hurts(name, "any", "action", p.Any, overall.Any)
		for k, by := range p.Harms {
			r.hurts(name, by.Harm, "action", by.Action, overall.Harms[k].Action)
			r.hurts(name, by.Harm, "nominal 0.01", by.Nominal, overall.Harms[k].Nominal)
		}
	}
}

// persona reckons the rates of some innocent accounts.
func (r *reckoner) persona(name string, who []int32) Persona {
	p := Persona{Persona: name, Accounts: len(who)}
	if !slices.ContainsFunc(r.report.Harms, func(h Harm) bool { return h.Assessable }) {
		who = nil
	}
	p.Any = share(who, r.negative, func(i int32) bool { return r.lives[i].reached != 0 })
	for h := range models.Harm(models.Harms) {
		if !r.report.Harms[h].Assessable {
			continue
		}
		p.Harms = append(p.Harms, PersonaBy{
			Harm: h.String(), Action: share(who, r.negative, r.reaches(h)),
			Nominal: share(who, r.negative, func(i int32) bool { return r.lives[i].best[h] >= r.thresholds[h][nominal] }),
		})
	}
	return p
}

// hurts names a persona that is flagged too often.
func (r *reckoner) hurts(persona, harm, at string, fpr, overall Share) {
	if fpr.Hits >= LeastHurt && fpr.Low > Unfair*overall.Value {
		r.report.Hurt = append(r.report.Hurt, Hurt{persona, harm, at, fpr, overall})
	}
}
