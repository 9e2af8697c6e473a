package evaluate

import (
	"math"

	"github.com/unopened/unopened/features"
	"github.com/unopened/unopened/models"
)

// trivial are the rules that the models must beat, one feature of the catalogue a harm: what somebody without any model
// would count. The last is the rule of all harms, that the account is new.
var trivial = [models.Harms + 1]string{
	models.Spam:       "first_contacts_1d",
	models.Scam:       "unanswered_streak",
	models.Grooming:   "minors_first_contacts_14d",
	models.Harassment: "blocks_30d",
	models.Sybil:      "accounts_on_device_7d",
	models.Takeover:   "new_device_hours",
	models.Harms:      "age_days",
}

// signals are all by which an account is ranked: each harm's margin, each harm's rule, newness.
const (
	firstRule = models.Harms
	newness   = 2 * models.Harms
	signals   = newness + 1
)

// contest is one signal that ranks the accounts of one harm.
type contest struct {
	harm   models.Harm
	signal int
}

// perHarm is how many contests a harm has.
const perHarm = 3

// contests are those of a harm: the model, its rule, newness.
func contests(h models.Harm) [perHarm]contest {
	return [perHarm]contest{{h, int(h)}, {h, firstRule + int(h)}, {h, newness}}
}

// ruleOf is the place of a rule's feature in the catalogue, and the sign of its values: 1 where more is worse.
func ruleOf(rule int) (place int, sign float64) {
	place, ok := features.Index(trivial[rule])
	if !ok {
		panic("evaluate: the catalogue has no feature " + trivial[rule])
	}
	if features.Catalogue[place].Sign == features.Better || rule == models.Harms {
		return place, -1
	}
	return place, 1
}

// ages are the bands of an account's age in days, as verdicts' p has them; unknown comes last.
var ages = [...]struct {
	name  string
	below float64
}{{"below 1 day", 1}, {"below 7 days", 7}, {"below 30 days", 30}, {"below 365 days", 365}, {"older", math.Inf(1)}, {"unknown", 0}}

// ageBand is the place of an account's band in ages.
func ageBand(a *features.Account) uint8 {
	days, known := a.AgeDays()
	if !known {
		return uint8(len(ages) - 1)
	}
	i := 0
	for float64(days) >= ages[i].below {
		i++
	}
	return uint8(i)
}
