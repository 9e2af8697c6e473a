package file

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/unopened/unopened/ingest"
)

// Label says which column of the rows tells what is known of an account, so that an import also writes the truth that an
// evaluation needs. An account is abusive where one of its rows has the value; all others are innocent.
type Label struct {
	Column string // a number from 1, or a name of the header; empty where nobody is abusive
	Value  string // of an abusive one; numbers are compared as numbers
	Of     string // "actor" or "target": whom the label is about
	Harm   ingest.Category
}

// known is what the rows told of an account.
type known struct {
	id      ingest.SubjectID
	first   int64 // its first row, Unix milliseconds
	abusive bool
}

// labels gathers the truth of an import.
type labels struct {
	*Label
	column int
	target bool
	of     map[ingest.SubjectID]int
	all    []known // in the order of the rows
}

// newLabels resolves a label against the header.
func newLabels(l *Label, header []string) (*labels, error) {
	t := &labels{Label: l, column: -1, target: l.Of == "target", of: map[ingest.SubjectID]int{}}
	var errs []error
	if l.Column != "" {
		t.column = columnOf(l.Column, header)
	}
	if l.Column != "" && t.column < 0 {
		errs = append(errs, fmt.Errorf("label: no column %q: a column is a name in the header (with --header) or a number from 1", l.Column))
	}
	if !t.target && l.Of != "actor" {
		errs = append(errs, fmt.Errorf("label: of %q: give actor or target", l.Of))
	}
	return t, errors.Join(errs...)
}

// take notes both accounts of a record, and whether its row labels one of them.
func (t *labels) take(ev *ingest.Event, row []string) {
	abusive := t.column >= 0 && t.column < len(row) && sameValue(strings.TrimSpace(row[t.column]), t.Value)
	if ev.Has.Any(ingest.FieldActor) {
		t.note(ev.Subject, ev.At, abusive && !t.target)
	}
	if ev.Has.Any(ingest.FieldTarget) {
		t.note(ev.Peer, ev.At, abusive && t.target)
	}
}

// sameValue compares two cells: 1 and 1.0 are the same.
func sameValue(a, b string) bool { return trimZeroes(a) == trimZeroes(b) }

func trimZeroes(s string) string {
	if whole, part, point := strings.Cut(s, "."); point && strings.Trim(part, "0") == "" {
		return whole
	}
	return s
}

func (t *labels) note(id ingest.SubjectID, at int64, abusive bool) {
	i, seen := t.of[id]
	if !seen {
		i = len(t.all)
		t.of[id] = i
		t.all = append(t.all, known{id: id, first: at})
	}
	t.all[i].first = min(t.all[i].first, at)
	t.all[i].abusive = t.all[i].abusive || abusive
}

// abusive counts those that a row labels.
func (t *labels) abusive() (n int64) {
	for i := range t.all {
		if t.all[i].abusive {
			n++
		}
	}
	return n
}

// write writes one line an account, as the truth of the simulator is written.
func (t *labels) write(out io.Writer) error {
	lines := json.NewEncoder(out)
	for i := range t.all {
		a := &t.all[i]
		line := struct {
			Account  string `json:"account"`
			Persona  string `json:"persona,omitempty"`
			Campaign string `json:"campaign,omitempty"`
			Harm     string `json:"harm,omitempty"`
			From     int64  `json:"from,omitempty"`
		}{Account: a.id.String(), Persona: "unlabelled"}
		if a.abusive {
			line.Persona, line.Campaign, line.Harm, line.From = "", "labelled", t.Harm.String(), a.first
		}
		if err := lines.Encode(&line); err != nil {
			return err
		}
	}
	return nil
}
