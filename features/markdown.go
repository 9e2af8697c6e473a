package features

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/unopened/unopened/ingest"
)

// Markdown returns the page of the Catalogue, CATALOGUE.md.
func Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, `# The features

Written by %s from the Catalogue: %d features in this order, which is that of each vector.

Counts fade by half with each half-life, so "in a week" counts an event of just now as 1 and one of a week ago as ½.
Shares are shrunk: one observation's weight is drawn towards what is usual. Unknown is NaN, never 0: a feature that
needs fields is unknown while the account's own acts have carried none of them. A field that a feature merely can use
is not listed. The sign says which way a value speaks of the harms: the more the worse, the more the better, or either.
`, "`go test ./features -run Markdown -update`", len(Catalogue))
	last := ""
	for i := range Catalogue {
		d := &Catalogue[i]
		if d.Family != last {
			fmt.Fprintf(&b, "\n## %s\n\n| feature | meaning | unit | half-life | harms | sign | needs | source |\n|---|---|---|---|---|---|---|---|\n", d.Family)
			last = d.Family
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s | %s | %s | %s |\n", d.Name, d.Help, d.Unit, d.HalfLife(),
			strings.Join(d.Harms.Names(), ", "), d.Sign, needsText(d.Needs), d.Source)
	}
	b.WriteString("\n## What is left out, and why\n\n")
	for _, text := range leftOut {
		fmt.Fprintf(&b, "- %s\n", text)
	}
	b.WriteString("\n## Sources\n\nPapers, and what messengers have published of their practice. They say why a signal is worth counting; windows, priors and scales are ours.\n\n")
	for _, name := range slices.Sorted(maps.Keys(sources)) {
		fmt.Fprintf(&b, "- **%s**: %s\n", name, sources[name])
	}
	return b.String()
}

// HalfLife is the half-life of what is counted in its largest unit, such as "7 d"; empty where nothing decays.
func (d *Def) HalfLife() string {
	switch w := d.Window; {
	case w == 0:
		return ""
	case w%oneDay == 0:
		return fmt.Sprintf("%d d", w/oneDay)
	case w%time.Hour == 0:
		return fmt.Sprintf("%d h", w/time.Hour)
	}
	return fmt.Sprintf("%d min", d.Window/time.Minute)
}

// String returns the sign as a word: worse, better or either.
func (s Sign) String() string {
	switch s {
	case Worse:
		return "worse"
	case Better:
		return "better"
	}
	return "either"
}

// needsText names fields as the contract does.
func needsText(f ingest.Fields) string {
	names := f.Names()
	for i := range names {
		names[i] = "`" + names[i] + "`"
	}
	return strings.Join(names, " ")
}
