package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/unopened/unopened/ingest"
)

// profilesHead begins the page of the profiles.
const profilesHead = `# What the servers of messengers can see

Unopened scores accounts by metadata. How much of it there is differs from messenger to messenger. Each profile under
[configs/profiles](../configs/profiles) says of every type and every field of the [event contract](contract.md) whether the **servers** of
one messenger (not its clients) can see it, and by which public source. So you can ask of any stream of events, your own or a
simulated one: what could be found if we saw no more than they do?

` + "```" + `
unopened profiles                                   # the list
unopened profiles signal                            # one, with its sources and doubts
unopened replay --profile signal events.jsonl.gz    # events, restricted to what its servers see
unopened check  --profile signal --events events.jsonl.gz
` + "```" + `

` + "`simulate`, `import` and `features`" + ` take the same flag, and a service has ` + "`engine.visibility`" + ` in its configuration. A profile
of your own is a file of the same form: ` + "`--profile ./ours.yaml`" + `.

## How to read it

- **Seen** means: the servers get it in readable form while they do their work, by what a public source says or shows. It does
  not mean that the company keeps it, looks at it or would use it. Kept is less: Telegram, for example, says that it keeps no log of
  secret chats, and Signal had two times to give when courts asked.
- **?** is doubtful: no source was found, or the sources leave it open. The reason stands with it. What is doubtful counts as not
  seen; ` + "`--doubtful`" + ` (or ` + "`engine.visibility.doubtful`" + `) counts it as seen. The truth lies between the two.
- Events of a type that is not seen are dropped, and counted as *unseen* in the accounting; fields that are not seen are taken out.
  Labels and control records are the operator's own and always pass.
- **A hidden sender**: under sealed sender a direct message has no actor. A message to a group reaches the servers as one such message to each
  member, but a group's record in the contract does not say who the members are, so it is dropped and counted. A real server
  would see those copies: recipients have more incoming messages there than a restricted stream shows.
- **Not assessable is not harmless.** If messages do not show a field that a harm's model needs, that harm is "not assessable" for
  every account. That holds also where the same account shows the field elsewhere: who is seen to report somebody, and not seen to
  write, cannot be called harmless for what he writes.
- The contract has no content. So two profiles of one messenger differ only in metadata; what operators read of messages
  without end-to-end encryption is not in here at all.
- A change of profile holds from the restart on: what a service split before stays as it was.

Sources are cited in our words, from stored copies; some are copies or reports of a page that its publisher has moved. Messengers
change: look at the source before you quote it, and at the date of the profile. Corrections are welcome, with a source.

This page is printed by ` + "`unopened profiles --markdown`" + ` out of the files.

## What can be assessed

By the shipped models, of an account that shows all that can be seen. It says that the fields are there, not how well the models do with
what is left.

| profile | messenger | as of | assessable | also, if what is doubtful is seen |
|---|---|---|---|---|
`

// profilesPage is the page of the profiles that ship.
func profilesPage(all []*profile) string {
	var b strings.Builder
	b.WriteString(profilesHead)
	for _, p := range all {
		fmt.Fprintf(&b, "| [%s](#%s) | %s | %s | %s | %s |\n", p.Name, p.Name, p.Title, p.AsOf, orNone(p.Assessable, ", "), orNone(gained(p), ", "))
	}
	b.WriteString("\n## Which events are seen\n\nFootnotes to these two tables: ¹ without its actor, ² only as records between two accounts.\n")
	matrix(&b, all, 0)
	b.WriteString("\n## Which fields are seen\n")
	matrix(&b, all, 1)
	costs(&b, all)
	for _, p := range all {
		p.page(&b)
	}
	return b.String()
}

// matrix writes a table of types or fields by profiles.
func matrix(b *strings.Builder, all []*profile, section int) {
	first := all[0].sections()[section]
	fmt.Fprintf(b, "\n| %s |", first.title)
	for _, p := range all {
		fmt.Fprintf(b, " %s |", p.Name)
	}
	fmt.Fprintf(b, "\n|---|%s\n", strings.Repeat("---|", len(all)))
	for _, name := range first.names {
		fmt.Fprintf(b, "| `%s` |", name)
		for _, p := range all {
			fmt.Fprintf(b, " %s |", mark(p.sections()[section].claims[name]))
		}
		b.WriteString("\n")
	}
}

// mark is a claim's answer in a table.
func mark(c ingest.Claim) string {
	answer := map[string]string{ingest.SeenYes: "yes", ingest.SeenNo: "–", ingest.SeenDoubtful: "?"}[c.Seen]
	if slices.Contains(c.Hides, "actor") {
		answer += "¹"
	}
	if len(c.Kinds) > 0 {
		answer += "²"
	}
	return answer
}

// costs compares each profile with the one of the same messenger without encryption.
func costs(b *strings.Builder, all []*profile) {
	b.WriteString("\n## What does end-to-end encryption cost?\n\nOf the contract, where there are both profiles; content is not in the contract.\n")
	for _, p := range all {
		plain, sealed := strings.CutSuffix(p.Name, "-e2ee")
		i := slices.IndexFunc(all, func(other *profile) bool { return sealed && other.Name == plain })
		if i < 0 {
			continue
		}
		fmt.Fprintf(b, "\n**%s** against **%s**\n\n", all[i].Title, p.Title)
		for s, open := range all[i].sections() {
			var hidden, doubtful []string
			for _, name := range open.names {
				switch was, is := open.claims[name], p.sections()[s].claims[name]; {
				case was.Seen != ingest.SeenYes || is.Seen == ingest.SeenYes && slices.Equal(was.Kinds, is.Kinds):
				case is.Seen == ingest.SeenDoubtful:
					doubtful = append(doubtful, name)
				case is.Seen == ingest.SeenYes:
					doubtful = append(doubtful, name+" in groups")
				default:
					hidden = append(hidden, name)
				}
			}
			fmt.Fprintf(b, "- %ss that encryption hides: %s; that become doubtful: %s\n", open.title, orNone(hidden, ", "), orNone(doubtful, ", "))
		}
		lost := slices.DeleteFunc(slices.Clone(all[i].Assessable), func(h string) bool { return slices.Contains(p.Assessable, h) })
		fmt.Fprintf(b, "- harms that are no longer assessable: %s\n", orNone(lost, ", "))
	}
}

// page writes one profile's claims with their sources.
func (p *profile) page(b *strings.Builder) {
	fmt.Fprintf(b, "\n## %s\n\n%s, as of %s ([file](../configs/profiles/%[1]s.yaml)). %s\n", p.Name, p.Title, p.AsOf, strings.TrimSpace(p.About))
	for _, s := range p.sections() {
		fmt.Fprintf(b, "\n| %s | seen | sources | remark |\n|---|---|---|---|\n", s.title)
		for _, name := range s.names {
			c := s.claims[name]
			links := make([]string, len(c.From))
			for i, from := range c.From {
				links[i] = fmt.Sprintf("[%s](%s)", from, p.Sources[from].URL)
			}
			answer := c.Seen
			if answer == ingest.SeenDoubtful {
				answer = "**doubtful**"
			}
			fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", name, answer, strings.Join(links, ", "), remark(c))
		}
	}
	b.WriteString("\nSources:\n\n")
	for _, name := range p.SourceNames() {
		s := p.Sources[name]
		fmt.Fprintf(b, "- *%s* ([%s](%s), %s): %s\n", name, host(s.URL), s.URL, s.Date, strings.TrimSpace(s.Says))
	}
}

// host is the host of an address.
func host(url string) string {
	_, rest, _ := strings.Cut(url, "://")
	rest, _, _ = strings.Cut(rest, "/")
	return strings.TrimPrefix(rest, "www.")
}
