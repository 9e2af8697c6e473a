package features

import (
	"fmt"
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
is not listed.
`, "`go test ./features -run Markdown -update`", len(Catalogue))
	last := ""
	for i := range Catalogue {
		d := &Catalogue[i]
		if d.Family != last {
			fmt.Fprintf(&b, "\n## %s\n\n| feature | unit | half-life | needs | meaning |\n|---|---|---|---|---|\n", d.Family)
			last = d.Family
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", d.Name, d.Unit, halfLifeText(d.Window), needsText(d.Needs), d.Help)
	}
	return b.String()
}

// halfLifeText writes a half-life in its largest unit.
func halfLifeText(d time.Duration) string {
	switch {
	case d == 0:
		return ""
	case d%oneDay == 0:
		return fmt.Sprintf("%d d", d/oneDay)
	case d%time.Hour == 0:
		return fmt.Sprintf("%d h", d/time.Hour)
	}
	return fmt.Sprintf("%d min", d/time.Minute)
}

// needsText names fields as the contract does.
func needsText(f ingest.Fields) string {
	names := f.Names()
	for i := range names {
		names[i] = "`" + names[i] + "`"
	}
	return strings.Join(names, " ")
}
