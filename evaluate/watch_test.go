package evaluate

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/unopened/unopened/features"
	"github.com/unopened/unopened/ingest"
	"github.com/unopened/unopened/models"
)

// began is when the handmade streams begin: a midnight, so that days are easily told.
const began = int64(1_800_000_000_000) / dayMs * dayMs

// told is a watch that is told events and verdicts by hand.
type told struct {
	*Watch
	t     *testing.T
	table *features.Table
	v     models.Verdict
}

// tell makes a watch of truth lines whose accounts are called "ann", "bob" and so on.
func tell(t *testing.T, o Options, truth ...string) *told {
	t.Helper()
	known, err := ReadTruth(strings.NewReader(strings.Join(truth, "\n")), "truth")
	if err != nil {
		t.Fatal(err)
	}
	if o.Reached == nil {
		o.Reached = func(h models.Harm, v *models.Verdict) bool { return v.Scores[h].Value >= 0.9 }
	}
	w := &told{Watch: NewWatch(known, o), t: t, table: features.New(features.Config{})}
	w.v.Vector = features.NewVector()
	return w
}

// called is the pseudonym of a name.
func called(name string) (id ingest.SubjectID) {
	copy(id[:], name)
	return id
}

func persona(name, persona string) string {
	return fmt.Sprintf(`{"account":%q,"persona":%q}`, called(name), persona)
}

func member(name, harm string, from int64) string {
	return fmt.Sprintf(`{"account":%q,"campaign":"a campaign","harm":%q,"from":%d}`, called(name), harm, began+from)
}

// message tells a direct message; margins are those of the actor after it, by harm.
func (w *told) message(from, to string, after int64, age ingest.AgeBand, margins map[models.Harm]float64) {
	ev := ingest.Event{Type: ingest.Message, Kind: ingest.Direct, At: began + after, Subject: called(from), Peer: called(to), PeerAge: age, Has: ingest.FieldActor | ingest.FieldTarget}
	if age != 0 {
		ev.Has |= ingest.FieldTargetAge
	}
	for _, r := range ingest.Split(nil, &ev, ingest.Cause{}, 1) {
		a := w.table.Observe(&r.Entry.Event, &w.v.Vector)
		w.v.Account, w.v.At, w.v.Scores = a.ID, a.Last, [models.Harms]models.Score{}
		if r.Entry.Event.Side == ingest.SideActed {
			for h, margin := range margins {
				w.v.Scores[h] = models.Score{Margin: margin, Value: 1 - 1/(1+margin*margin), Assessable: true}
			}
		}
		w.Judged(&r.Entry, &w.v, a, w.table)
	}
}

// high is a margin over the threshold of the handmade streams, low one below it.
const (
	high = 4.0
	low  = 1.0
)

// TestDealingsAreCountedFromTheBeginOfAbuse: bob has been an old contact of cas since before, so he is no first contact, but
// a victim; dan writes first after the begin, so he is no victim, though a first contact of cas never comes about; eve is
// both, and a minor; fay is in a campaign herself.
func TestDealingsAreCountedFromTheBeginOfAbuse(t *testing.T) {
	w := tell(t, Options{}, member("cas", "grooming", 1000), member("fay", "spam", 0), persona("bob", "x"), persona("dan", "x"), persona("eve", "x"))
	g := func(margin float64) map[models.Harm]float64 { return map[models.Harm]float64{models.Grooming: margin} }
	w.message("cas", "bob", 500, 0, g(high)) // not counted: before the begin
	w.message("cas", "bob", 1100, 0, g(low))
	w.message("dan", "cas", 1200, 0, nil)
	w.message("cas", "dan", 1300, ingest.Age13to15, g(low))
	w.message("cas", "fay", 1400, 0, g(low))
	w.message("cas", "eve", 1500, ingest.Age13to15, g(low))
	w.message("cas", "eve", 1600, ingest.Age13to15, g(high))
	w.message("cas", "gus", 1700, ingest.Age13to15, g(high)) // after detection
	l := &w.lives[0]
	if want := (caught{began + 1600, counts{firsts: 2, minors: 1, victims: 2}}); l.caught != want {
		t.Errorf("caught with %+v, want %+v", l.caught, want)
	}
	if l.count != (counts{firsts: 3, minors: 2, victims: 2}) { // gus is not in the truth
		t.Errorf("at the end %+v", l.count)
	}
	if _, ok := w.strangers[called("gus")]; !ok || len(w.strangers) != 1 {
		t.Errorf("not in the truth: %v", w.strangers)
	}
}

// TestAccomplicesAndOtherHarmsAreNeither: scores of who is neither change nothing; were they innocent, they would.
func TestAccomplicesAndOtherHarmsAreNeither(t *testing.T) {
	for _, test := range []struct {
		line string
		fpr  Share
	}{
		{member("dan", "scam", 0), NewShare(0, 1)},
		{strings.Replace(member("dan", "spam", 0), `"harm"`, `"part":"accomplice","harm"`, 1), NewShare(0, 1)},
		{persona("dan", "x"), NewShare(1, 2)}, // the control
	} {
		w := tell(t, Options{Budget: 10}, member("cas", "spam", 0), persona("bob", "x"), test.line)
		for _, name := range []string{"cas", "dan"} {
			w.message(name, "bob", 100, 0, map[models.Harm]float64{models.Spam: high})
		}
		w.message("bob", "cas", 200, 0, map[models.Harm]float64{models.Spam: low})
		spam := w.Report(&models.Set{}).Harms[models.Spam]
		if got := spam.Action.FPR; got.Hits != test.fpr.Hits || got.Of != test.fpr.Of {
			t.Errorf("%s: %d of %d innocents flagged", test.line, got.Hits, got.Of)
		}
		if got := spam.Rankings[0].Budget; got.Of != 1+test.fpr.Of {
			t.Errorf("%s: analysts looked at %d", test.line, got.Of)
		}
	}
}

// TestAnalystsLookAtNobodyTwice: with one a day, of equal ones the innocent first, over three days.
func TestAnalystsLookAtNobodyTwice(t *testing.T) {
	w := tell(t, Options{Budget: 1}, member("cas", "spam", 0), persona("bob", "x"), persona("dan", "x"))
	spam := func(margin float64) map[models.Harm]float64 { return map[models.Harm]float64{models.Spam: margin} }
	for day := range int64(3) {
		w.message("cas", "eve", day*dayMs+1, 0, spam(high))
		w.message("bob", "eve", day*dayMs+2, 0, spam(high))
		w.message("dan", "eve", day*dayMs+3, 0, spam(low))
		if got := w.queue.reviews[models.Spam][0]; got.looked != int(day) || got.found != max(0, int(day)-1) {
			t.Errorf("after %d days: %+v", day, got)
		}
	}
	r := w.Report(&models.Set{}).Harms[models.Spam].Rankings[0]
	if r.Budget.Hits != 1 || r.Budget.Of != 3 || r.Found.Of != 1 {
		t.Errorf("%+v", r)
	}
}

// TestWhoIsHurtIsNamed: of two hundred of each persona, a tenth of the coaches and nobody else is flagged.
func TestWhoIsHurtIsNamed(t *testing.T) {
	truth := []string{member("cas", "grooming", 0)}
	for i := range 200 {
		truth = append(truth, persona(fmt.Sprint("coach", i), "coach"), persona(fmt.Sprint("other", i), "other"))
	}
	w := tell(t, Options{}, truth...)
	grooming := func(margin float64) map[models.Harm]float64 { return map[models.Harm]float64{models.Grooming: margin} }
	w.message("cas", "eve", 1, 0, grooming(low))
	for i := range 200 {
		margin := low
		if i%10 == 0 {
			margin = high
		}
		w.message(fmt.Sprint("coach", i), "eve", 2, 0, grooming(margin))
		w.message(fmt.Sprint("other", i), "eve", 3, 0, grooming(low))
	}
	r := w.Report(&models.Set{})
	if len(r.Hurt) != 2 || r.Hurt[0].Harm != "any" || r.Hurt[1].Harm != "grooming" || r.Hurt[0].Persona != "coach" || r.Hurt[1].At != "action" {
		t.Fatalf("%+v", r.Hurt)
	}
	if h := r.Hurt[0]; h.FPR.Hits != 20 || h.FPR.Of != 200 || h.Overall.Hits != 20 || h.Overall.Of != 400 {
		t.Errorf("%+v", h)
	}
}

// TestSingleFeatures: the sender to many is told by first contacts; the feature table holds every feature of a harm.
func TestSingleFeatures(t *testing.T) {
	truth := []string{member("cas", "spam", 0)}
	for i := range 20 {
		truth = append(truth, persona(fmt.Sprint("other", i), "other"))
	}
	w := tell(t, Options{Features: true}, truth...)
	for i := range int64(20) {
		w.message("cas", fmt.Sprint("other", i), i, 0, map[models.Harm]float64{models.Spam: low})
		w.message(fmt.Sprint("other", i), "eve", i, 0, map[models.Harm]float64{models.Spam: low})
	}
	all := w.Report(&models.Set{}).Features
	at := slices.IndexFunc(all, func(f FeatureRanking) bool { return f.Feature == "first_contacts_1h" })
	if len(all) != len(features.Catalogue) || all[at].AUC != 1 || all[at].Speaks != "more is worse" {
		t.Errorf("%d features, %+v", len(all), all[at])
	}
	if last := all[len(all)-1]; last.AUC < 0.5 {
		t.Errorf("the better direction of %s has %v", last.Feature, last.AUC)
	}
}

// TestRulesAreOfTheCatalogue: each rule's feature exists and speaks one way, and its bands of age are in order.
func TestRulesAreOfTheCatalogue(t *testing.T) {
	for rule, name := range trivial {
		place, sign := ruleOf(rule)
		if d := &features.Catalogue[place]; d.Name != name || float64(d.Sign) != sign && rule != models.Harms {
			t.Errorf("%s has sign %v, taken as %v", name, d.Sign, sign)
		}
	}
}

// TestNotAssessableHasNoFigures: where spam could not be assessed there are no shares of its campaign, and where nothing could be,
// none of the personas; the control is one score.
func TestNotAssessableHasNoFigures(t *testing.T) {
	for _, scores := range []map[models.Harm]float64{nil, {models.Scam: low}, {models.Spam: low}} {
		w := tell(t, Options{}, member("cas", "spam", 0), persona("bob", "x"))
		w.message("cas", "bob", 1, 0, scores)
		w.message("bob", "eve", 2, 0, scores)
		r := w.Report(&models.Set{})
		_, spam := scores[models.Spam]
		if c := r.Campaigns[0]; c.Assessable != spam || c.Accounts != 1 || (c.Action.Of == 1) != spam || (c.Nominal[0].Of == 1) != spam {
			t.Errorf("%v: %+v", scores, c)
		}
		if p := r.Personas[0]; p.Accounts != 1 || (p.Any.Of == 1) != (scores != nil) || len(p.Harms) != len(scores) {
			t.Errorf("%v: %+v", scores, p)
		}
		if h := r.Harms[models.Spam]; h.Assessable != spam || (h.Action != nil) != spam || len(h.Rankings) > 0 != spam {
			t.Errorf("%v: %+v", scores, h)
		}
	}
}
