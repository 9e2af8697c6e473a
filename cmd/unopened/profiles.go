package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/unopened/unopened/configs"
	"github.com/unopened/unopened/ingest"
	"github.com/unopened/unopened/models"
)

func profilesCommand() *cobra.Command {
	var asJSON, markdown bool
	cmd := &cobra.Command{
		Use:   "profiles [NAME|FILE]",
		Short: "List what the servers of well-known messengers can see, or show one with its sources and doubts",
		Long: `A visibility profile says of each type and field of the event contract whether the servers of a messenger can see it:
yes, no, or doubtful, with public sources. "unopened replay --profile NAME" and others restrict events to it, and so does
engine.visibility in the configuration of a service. What is doubtful counts as not seen, unless --doubtful says otherwise.

Without a name, lists the profiles that ship, with the harms that can be assessed under each by the shipped models.`,
		Example: `  unopened profiles
  unopened profiles signal
  unopened profiles ./ours.yaml --json
  unopened replay --profile signal events.jsonl.gz`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, names []string) error {
			shown := names
			if len(names) == 0 {
				shown = configs.ProfileNames()
			}
			profiles, err := loadProfiles(shown)
			if err != nil {
				return err
			}
			w := cmd.OutOrStdout()
			switch {
			case markdown && len(names) > 0:
				return usageError{fmt.Errorf("--markdown prints the page of all profiles that ship; name none")}
			case markdown:
				_, err := io.WriteString(w, profilesPage(profiles))
				return err
			case len(names) > 0:
				return show(w, asJSON, profiles[0], profiles[0].print)
			}
			return show(w, asJSON, profiles, func(w io.Writer) error { return printProfiles(w, profiles) })
		},
		ValidArgsFunction: cobra.FixedCompletions(configs.ProfileNames(), cobra.ShellCompDirectiveDefault),
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().BoolVar(&markdown, "markdown", false, "print the page docs/profiles.md")
	return cmd
}

// profile is a visibility profile and what follows from it.
type profile struct {
	Name string `json:"name"`
	*ingest.Profile
	// Assessable are the harms of the shipped models that can be assessed; AssessableDoubtful, those if what is doubtful
	// is seen.
	Assessable         []string `json:"assessable"`
	AssessableDoubtful []string `json:"assessable_doubtful"`
}

// loadProfiles loads profiles by their names or files.
func loadProfiles(names []string) (all []*profile, err error) {
	set, err := models.Load(configs.Artefacts(), models.DefaultConfig())
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		p, err := configs.LoadProfile(name)
		if err != nil {
			return nil, usageError{err}
		}
		all = append(all, &profile{name, p, assessable(set, p.Mask(false)), assessable(set, p.Mask(true))})
	}
	return all, nil
}

// assessable names the harms that can be assessed of an account whose every seen field was given.
func assessable(set *models.Set, mask *ingest.Mask) []string {
	harms := []string{}
	for h := range models.Harm(models.Harms) {
		if len(set.Unmet(h, math.MaxUint32&^mask.Never())) == 0 {
			harms = append(harms, h.String())
		}
	}
	return harms
}

// orNone joins names; none are "none".
func orNone(names []string, separator string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, separator)
}

// printProfiles writes the list.
func printProfiles(w io.Writer, all []*profile) error {
	rows := make([][]string, len(all))
	for i, p := range all {
		yes, doubts := p.count()
		rows[i] = []string{p.Name, p.Title, p.AsOf, fmt.Sprint(yes), fmt.Sprint(doubts), orNone(p.Assessable, " "), orNone(gained(p), " ")}
	}
	return writeTable(w, []string{"profile", "messenger", "as of", "seen", "doubtful", "assessable", "if doubts are seen, also"}, rows)
}

// gained are the harms that only what is doubtful makes assessable.
func gained(p *profile) []string {
	return slices.DeleteFunc(slices.Clone(p.AssessableDoubtful), func(h string) bool { return slices.Contains(p.Assessable, h) })
}

// count counts the types and fields that are seen, and those that are doubtful.
func (p *profile) count() (yes, doubts int) {
	for _, section := range p.sections() {
		for _, name := range section.names {
			switch section.claims[name].Seen {
			case ingest.SeenYes:
				yes++
			case ingest.SeenDoubtful:
				doubts++
			}
		}
	}
	return yes, doubts
}

// section is one half of a profile, its names in the contract's order.
type section struct {
	title  string
	names  []string
	claims map[string]ingest.Claim
}

// sections are the types and the fields, without those that are always seen.
func (p *profile) sections() []section {
	all := []section{{"type", ingest.TypeNames(), p.Types}, {"field", nil, p.Fields}}
	for _, f := range ingest.Schema() {
		all[1].names = append(all[1].names, f.Name)
	}
	for i := range all {
		s := &all[i]
		s.names = slices.DeleteFunc(s.names, func(name string) bool { return s.claims[name].Seen == ingest.SeenAlways })
	}
	return all
}

// remark says what a claim adds to its answer.
func remark(c ingest.Claim) string {
	var parts []string
	if len(c.Hides) > 0 {
		parts = append(parts, "Without "+strings.Join(c.Hides, ", ")+".")
	}
	if len(c.Kinds) > 0 {
		parts = append(parts, "Only "+strings.Join(c.Kinds, ", ")+".")
	}
	if c.Why != "" {
		parts = append(parts, c.Why)
	}
	return strings.Join(parts, " ")
}

// print writes one profile for people.
func (p *profile) print(w io.Writer) error {
	fmt.Fprintf(w, "%s, as of %s\n%s\n\n", p.Title, p.AsOf, strings.TrimSpace(p.About))
	fmt.Fprintf(w, "assessable by the shipped models: %s\nif what is doubtful is seen, also: %s\n", orNone(p.Assessable, ", "), orNone(gained(p), ", "))
	for _, s := range p.sections() {
		fmt.Fprintln(w)
		var rows [][]string
		for _, name := range s.names {
			c := s.claims[name]
			rows = append(rows, []string{name, c.Seen, strings.Join(c.From, " "), remark(c)})
		}
		if err := writeTable(w, []string{s.title, "seen", "from", "remark"}, rows); err != nil {
			return err
		}
	}
	fmt.Fprintln(w)
	for _, name := range p.SourceNames() {
		s := p.Sources[name]
		fmt.Fprintf(w, "%s (%s): %s\n    %s\n", name, s.Date, s.URL, strings.TrimSpace(s.Says))
	}
	return nil
}
