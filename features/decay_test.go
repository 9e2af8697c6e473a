package features

import (
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/unopened/unopened/ingest"
)

// spans are the half-lives' lengths in milliseconds.
var spans = [halfLives]int64{60 * second, 600 * second, hourMs, dayMs, 7 * dayMs, 14 * dayMs, 30 * dayMs}

// exact is the fading of a count by its definition.
func exact(span int64, h halfLife) float64 { return math.Exp2(-float64(span) / float64(spans[h])) }

func TestFadeIsWithinATick(t *testing.T) {
	for _, span := range []int64{0, 1, second, 77 * second, hourMs, 5 * dayMs, 300 * dayMs} {
		for h := range halfLife(halfLives) {
			got, want := float64(between(12345, 12345+span)[h]), exact(span, h)
			if math.Abs(got-want) > 0.003*want+1e-11 {
				t.Errorf("%d ms at half-life %d: %v, want %v", span, h, got, want)
			}
		}
	}
}

// Touched each 10 ms for a day, a counter of 30 days fades like one touched once. A factor for each touch, rounded to
// float32 (the control), does not fade at all.
func TestFadingDoesNotDependOnTouches(t *testing.T) {
	often, once := Account{}, Account{}
	often.blocks30d, once.blocks30d = 1000, 1000
	control := float32(1000)
	for at := int64(0); at <= dayMs; at += 10 {
		often.touch(&noReach, at)
		control *= float32(math.Exp2(-10 / float64(spans[month])))
	}
	once.touch(&noReach, dayMs)
	if d := math.Abs(float64(often.blocks30d/once.blocks30d) - 1); d > 1e-5 {
		t.Errorf("often touched %v, once %v", often.blocks30d, once.blocks30d)
	}
	if math.Abs(float64(control)-1000*exact(dayMs, month)) < 10 {
		t.Errorf("the control fades to %v: it cannot show anything", control)
	}
}

func TestFaintCountersBecomeZero(t *testing.T) {
	a := Account{}
	a.sent1m = 1
	a.touch(&noReach, 39*60*second)
	if a.sent1m == 0 {
		t.Error("faded to nothing too early")
	}
	a.touch(&noReach, 41*60*second)
	if a.sent1m != 0 {
		t.Errorf("left %v", a.sent1m)
	}
}

// Every float32 of the state says how it fades; what a sketch keeps, it brings forward itself.
func TestEachCounterHasAHalfLife(t *testing.T) {
	var walk func(reflect.Type)
	walk = func(s reflect.Type) {
		for i := range s.NumField() {
			f := s.Field(i)
			tag := f.Tag.Get("half")
			_, ok := halfNames[tag]
			if f.Type.Kind() == reflect.Float32 && !ok && tag != "-" || f.Type.Kind() != reflect.Float32 && ok {
				t.Errorf("%s.%s: half-life %q", s.Name(), f.Name, tag)
			}
			if f.Type.Kind() == reflect.Struct && !strings.HasSuffix(f.Type.PkgPath(), "/sketch") {
				walk(f.Type)
			}
		}
	}
	walk(reflect.TypeFor[Account]())
	walk(reflect.TypeFor[Reach]())
}

// A late event counts for what it would have faded to, and turns nothing back.
func TestLateEvent(t *testing.T) {
	early, late := newWorld(t), newWorld(t)
	early.do(ingest.Message, 1, 2)
	early.now += 3 * hourMs
	early.do(ingest.Message, 1, 3)

	late.now += 3 * hourMs
	late.do(ingest.Message, 1, 3)
	late.now -= 3 * hourMs
	late.do(ingest.Message, 1, 2)

	for _, name := range []string{"sent_1h", "sent_1d", "sent_7d", "first_contacts_1h", "first_contacts_7d", "novelty_share_7d", "top_dyad_share_7d"} {
		late.want(1, name, early.value(1, name))
	}
	late.want(1, "sent_1h", 1.125)
	if got := late.table.Account(who(1)).Last; got != noon+3*hourMs {
		t.Errorf("the state stands at %d", got)
	}
}
