package main

import (
	"fmt"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/unopened/unopened/evaluate"
	"github.com/unopened/unopened/features"
	"github.com/unopened/unopened/ingest"
	"github.com/unopened/unopened/ingest/simulate"
	"github.com/unopened/unopened/models"
)

// TestAblation measures, where UNOPENED_ABLATION is set (make ablation), what each family of features carries on the
// simulator: recall of the shipped cards with the family unknown, and the average precision of a plain logistic
// regression, trained on one split and tested on the other, without the family and with it alone. It decides nothing;
// unopened eval --features tells what single features come to.
func TestAblation(t *testing.T) {
	if os.Getenv("UNOPENED_ABLATION") == "" {
		t.Skip("measures only where UNOPENED_ABLATION is set (make ablation)")
	}
	train, test := lives(t, simulate.Train, 31, 32, 33), lives(t, simulate.Test, 1, 2, 3)
	fmt.Printf("train: %s accounts, test: %s accounts\n", thousands(int64(len(train))), thousands(int64(len(test))))
	printCards(test)
	for h := range models.Harm(models.Harms) {
		if n := abusive(test, h); n > 0 {
			fmt.Printf("\n%s: %d accounts of the test\n", h, n)
			printRegression(train, test, h)
		}
	}
}

// lived is an account's time in a simulation.
type lived struct {
	harm  models.Harm
	bad   bool
	worst []float32 // of each feature the value that speaks most against it: the greatest, or the least where more is better
	// best has each harm's greatest score with each family unknown; the last one with all known.
	best [][models.Harms]float64
}

func abusive(all []*lived, h models.Harm) (n int) {
	for _, l := range all {
		if l.bad && l.harm == h {
			n++
		}
	}
	return n
}

// familyNames are the families in the order of the catalogue.
func familyNames() (names []string) {
	for i := range features.Catalogue {
		names = append(names, features.Catalogue[i].Family)
	}
	return slices.Compact(names)
}

// lives runs worlds through a table and returns what each account came to.
func lives(t *testing.T, split simulate.Split, seeds ...uint64) (all []*lived) {
	for _, seed := range seeds {
		sc := simulate.Default()
		sc.Split, sc.Seed, sc.Hostile, sc.Repeats = split, seed, 0, 0
		sc.Accounts = 8000
		sc.Plain(4, 40, 4, 32)
		sim := simulate.New(sc)
		w := newLives(t, sim.Truth())
		var decoder ingest.Decoder
		var ev ingest.Event
		var line []byte
		for {
			var more bool
			if line, _, more = sim.Next(line[:0]); !more {
				break
			}
			if refusal := decoder.Decode(&ev, line); refusal != ingest.Accepted {
				t.Fatal(refusal)
			}
			w.tell(&ev)
		}
		for _, l := range w.of {
			if l.worst != nil {
				all = append(all, l)
			}
		}
	}
	return all
}

// livesOf is a table with the lives of its accounts.
type livesOf struct {
	of       map[ingest.SubjectID]*lived
	table    *features.Table
	scorer   *models.Scorer
	v, w     features.Vector
	families []string
}

func newLives(t *testing.T, truth []simulate.Account) *livesOf {
	w := &livesOf{
		of: map[ingest.SubjectID]*lived{}, table: features.New(features.Config{}), scorer: shippedModels(t).Scorer(),
		v: features.NewVector(), w: features.NewVector(), families: familyNames(),
	}
	for _, a := range truth {
		id, err := ingest.ParseSubject(a.Account)
		if err != nil {
			t.Fatal(err)
		}
		h, bad := models.ParseHarm(a.Harm)
		w.of[id] = &lived{harm: h, bad: bad}
	}
	return w
}

// tell observes both sides of an event and the stamps that they cause.
func (w *livesOf) tell(ev *ingest.Event) {
	for _, r := range ingest.Split(nil, ev, ingest.Cause{Origin: ingest.OriginRaw}, 1) {
		w.note(w.table.Observe(&r.Entry.Event, &w.v))
		for i := 0; i < len(w.table.Stamps); i++ {
			st := w.table.Stamps[i]
			w.note(w.table.ApplyStamp(&st, &w.v))
		}
		w.table.Stamps = w.table.Stamps[:0]
	}
}

// note takes an account's vector into its life.
func (w *livesOf) note(a *features.Account) {
	if a == nil || w.of[a.ID] == nil {
		return
	}
	l := w.of[a.ID]
	if l.worst == nil {
		l.worst, l.best = slices.Clone(w.v.X), make([][models.Harms]float64, len(w.families)+1)
	}
	for i, x := range w.v.X {
		sign := float32(1)
		if features.Catalogue[i].Sign == features.Better {
			sign = -1
		}
		if was := l.worst[i]; was != was || sign*x > sign*was {
			l.worst[i] = x
		}
	}
	var scores [models.Harms]models.Score
	for f := range l.best {
		w.w.Seen, w.w.Events = w.v.Seen, w.v.Events
		for i, x := range w.v.X {
			if w.w.X[i] = x; f < len(w.families) && features.Catalogue[i].Family == w.families[f] {
				w.w.X[i] = float32(math.NaN())
			}
		}
		w.scorer.Score(&w.w, &scores)
		for h := range scores {
			if scores[h].Assessable {
				l.best[f][h] = max(l.best[f][h], scores[h].Value)
			}
		}
	}
}

// printCards prints the recall of the cards, and the innocents that they flag, with each family unknown.
func printCards(all []*lived) {
	names := append(familyNames(), "(none)")
	fmt.Printf("\nthe cards, accounts that ever reach 0.9, the family left out\n%-12s", "")
	for h := range models.Harm(models.Harms) {
		if abusive(all, h) > 0 {
			fmt.Printf("%14s", h)
		}
	}
	fmt.Printf("%14s\n", "innocents")
	for f, name := range names {
		fmt.Printf("%-12s", name)
		for h := range models.Harm(models.Harms) {
			if n := abusive(all, h); n > 0 {
				found := howMany(all, func(l *lived) bool { return l.bad && l.harm == h && l.best[f][h] >= 0.9 })
				fmt.Printf("%13.1f%%", 100*float64(found)/float64(n))
			}
		}
		fmt.Printf("%14d\n", howMany(all, func(l *lived) bool { return !l.bad && slices.Max(l.best[f][:]) >= 0.9 }))
	}
}

func howMany(all []*lived, is func(*lived) bool) (n int) {
	for _, l := range all {
		if is(l) {
			n++
		}
	}
	return n
}

// quality is the area under the ROC curve and the average precision of scores; accounts of other campaigns are left out.
func quality(all []*lived, h models.Harm, score func(*lived) float64) (auc, ap float64) {
	var scores []float64
	var bad []bool
	for _, l := range all {
		if !l.bad || l.harm == h {
			scores, bad = append(scores, score(l)), append(bad, l.bad)
		}
	}
	m := evaluate.Rank(scores, bad, nil).Marks(nil)
	return m.AUC, m.AP
}

// printRegression prints what a regression makes of all families, of all but one, and of one.
func printRegression(train, test []*lived, h models.Harm) {
	families := familyNames()
	all := fit(train, h, func(string) bool { return true })
	auc, ap := quality(test, h, all)
	fmt.Printf("  regression on all: AUC %.4f, average precision %.3f\n  %-12s %10s %10s %10s %10s\n", auc, ap, "", "AUC w/o", "AP w/o", "AUC alone", "AP alone")
	for _, name := range families {
		auc, ap := quality(test, h, fit(train, h, func(f string) bool { return f != name }))
		alone, apAlone := quality(test, h, fit(train, h, func(f string) bool { return f == name }))
		fmt.Printf("  %-12s %10.4f %10.3f %10.4f %10.3f\n", name, auc, ap, alone, apAlone)
	}
}
