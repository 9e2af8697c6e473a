package features

import (
	"strings"
	"testing"
	"time"

	"github.com/unopened/unopened/ingest"
)

func TestSignsAndHalfLivesInWords(t *testing.T) {
	for sign, want := range map[Sign]string{Worse: "worse", Better: "better", Either: "either"} {
		if got := sign.String(); got != want {
			t.Errorf("sign %d is %q, want %q", sign, got, want)
		}
	}
	for window, want := range map[time.Duration]string{
		0: "", time.Minute: "1 min", 10 * time.Minute: "10 min", time.Hour: "1 h", 90 * time.Minute: "90 min", oneDay: "1 d", oneMonth: "30 d",
	} {
		if got := (&Def{Window: window}).HalfLife(); got != want {
			t.Errorf("a half-life of %s is %q, want %q", window, got, want)
		}
	}
}

// Each row of the page has all that its Def says, and nothing where it says nothing.
func TestRowOfThePage(t *testing.T) {
	before := Catalogue
	defer func() { Catalogue = before }()
	Catalogue = []Def{
		{Name: "full", Family: "one", Unit: Share, Window: oneWeek, Help: "What it is.", Needs: ingest.FieldDevice | ingest.FieldNetwork,
			Sign: Better, Harms: asSpam | asSybil, Source: "SynchroTrap 2014"},
		{Name: "bare", Family: "one", Unit: Count, Help: "Another."},
	}
	page := Markdown()
	for _, want := range []string{
		"| feature | meaning | unit | half-life | harms | sign | needs | source |\n|---|---|---|---|---|---|---|---|\n" +
			"| `full` | What it is. | share | 7 d | spam, sybil | better | `device` `network` | SynchroTrap 2014 |\n" +
			"| `bare` | Another. | count |  |  | either |  |  |\n",
		"2 features", "\n## one\n",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %q: %s", want, page)
		}
	}
}

// Each source that a Def names stands on the page, and none that no Def names.
func TestSources(t *testing.T) {
	named := map[string]bool{}
	for i := range Catalogue {
		for name := range strings.SplitSeq(Catalogue[i].Source, "; ") {
			if named[name] = true; sources[name] == "" {
				t.Errorf("%s: no source %q in sources.go", Catalogue[i].Name, name)
			}
		}
	}
	for name := range sources {
		if !named[name] {
			t.Errorf("no feature comes from %q", name)
		}
	}
}
