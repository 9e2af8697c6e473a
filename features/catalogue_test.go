package features

import (
	"flag"
	"math"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/unopened/unopened/ingest"
)

var update = flag.Bool("update", false, "write CATALOGUE.md")

func TestMarkdown(t *testing.T) {
	const page = "CATALOGUE.md"
	want := Markdown()
	if *update {
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(page)
	if err != nil || string(got) != want {
		t.Errorf("%s is not the Catalogue's page: run go test ./features -run Markdown -update (%v)", page, err)
	}
}

func TestCatalogue(t *testing.T) {
	snake := regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)
	verb := regexp.MustCompile(`%\.\df`)
	families := map[string]bool{}
	seen := map[string]bool{}
	last := ""
	for i, d := range Catalogue {
		if !snake.MatchString(d.Name) || seen[d.Name] {
			t.Errorf("%q: not snake_case, or twice", d.Name)
		}
		seen[d.Name] = true
		if d.Family != last && families[d.Family] {
			t.Errorf("%s: its family's Defs do not stand together", d.Name)
		}
		last = d.Family
		families[last] = true
		if h := d.Help; h == "" || h[:1] != strings.ToUpper(h[:1]) || !strings.HasSuffix(h, ".") || strings.ContainsAny(h, "|\n") {
			t.Errorf("%s: Help is not a sentence: %q", d.Name, h)
		}
		if n := len(verb.FindAllString(d.Reason, -1)); n != 1 || strings.Count(d.Reason, "%") != 1 {
			t.Errorf("%s: Reason has not exactly one verb: %q", d.Name, d.Reason)
		}
		if d.Unit == "" || d.Family == "" || d.Read == nil {
			t.Errorf("%s: unit, family or Read is missing", d.Name)
		}
		if d.Harms == 0 || d.Source == "" || d.Sign < Better || d.Sign > Worse {
			t.Errorf("%s: harms, source or sign is missing", d.Name)
		}
		if got, ok := Index(d.Name); !ok || got != i {
			t.Errorf("Index(%q) = %d, %v", d.Name, got, ok)
		}
	}
	if len(families) != 11 || len(Catalogue) < 100 {
		t.Errorf("%d families, %d features", len(families), len(Catalogue))
	}
	if _, ok := Index("no_such_feature"); ok {
		t.Error("Index finds what is not there")
	}
}

// Every value is finite or unknown in 10,000 states, shares lie in [0,1], and nothing is always unknown.
func TestReadsAreFiniteOrUnknown(t *testing.T) {
	known := make([]bool, len(Catalogue))
	for seed := range uint64(5) {
		sides := randomSides(seed, 2000+int(seed)*2000, 4+int(seed)*50)
		if seed == 1 { // busier accounts, whose hours become known
			for i := range sides {
				sides[i].At = noon + (sides[i].At-noon)/16
			}
		}
		run(New(Config{}), sides, func(a *Account, v *Vector) {
			for i, x := range v.X {
				if math.IsInf(float64(x), 0) {
					t.Fatalf("%s is infinite", Catalogue[i].Name)
				}
				if Catalogue[i].Unit == Share && (x < 0 || x > 1) {
					t.Fatalf("%s = %v is no share", Catalogue[i].Name, x)
				}
				known[i] = known[i] || x == x
				if x == x && Catalogue[i].Needs != 0 && !a.Seen.Any(Catalogue[i].Needs) && Catalogue[i].Family != "lifecycle" {
					t.Fatalf("%s = %v, though none of %v was ever given", Catalogue[i].Name, x, Catalogue[i].Needs.Names())
				}
			}
		})
	}
	for i, ok := range known {
		if !ok {
			t.Errorf("%s was never known", Catalogue[i].Name)
		}
	}
}

// An account that nothing but its existence is known of has no value that needs a field.
func TestUnknownIsNotZero(t *testing.T) {
	w := newWorld(t)
	w.do(ingest.Message, 1, 2)
	for _, d := range Catalogue {
		if got := w.value(1, d.Name); d.Needs != 0 && got == got {
			t.Errorf("%s = %v without %v", d.Name, got, d.Needs.Names())
		}
	}
}
