package evaluate

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unique"

	"github.com/unopened/unopened/ingest"
	"github.com/unopened/unopened/models"
)

// Account is the truth about one account.
type Account struct {
	ID    ingest.SubjectID
	Kind  Kind
	Harm  models.Harm // of a member's campaign
	Group string      // the persona, or the campaign
	// Variant is how the campaign evades: "plain" where the truth does not say.
	Variant string
	From    int64 // of a member: when the abuse begins, Unix milliseconds; 0 for its first act
}

// Kind is what an account counts as.
type Kind uint8

// The kinds of account.
const (
	Innocent   Kind = iota
	Member          // acts in a campaign: a positive of its harm
	Accomplice      // only props members up: neither positive nor negative
)

// truthLine is a line of a truth file.
type truthLine struct {
	Account  string `json:"account"`
	Persona  string `json:"persona"`
	Campaign string `json:"campaign"`
	Variant  string `json:"variant"`
	Part     string `json:"part"`
	Harm     string `json:"harm"`
	From     int64  `json:"from"`
}

// accomplice is the only part in a campaign that has a name.
const accomplice = "accomplice"

// ReadTruth reads JSON lines, one an account, as `unopened simulate --truth` writes them. Where none is abusive only false
// alarms can be told. name is the file's, for errors.
func ReadTruth(in io.Reader, name string) ([]Account, error) {
	var all []Account
	seen := make(map[ingest.SubjectID]int)
	kinds := [3]int{}
	lines := bufio.NewScanner(in)
	for n := 1; lines.Scan(); n++ {
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		a, err := readAccount(lines.Bytes())
		if err == nil && seen[a.ID] > 0 {
			err = fmt.Errorf("account %s stands in line %d already; keep one of the two", a.ID, seen[a.ID])
		}
		if err != nil {
			return nil, fmt.Errorf("%s, line %d: %w", name, n, err)
		}
		seen[a.ID] = n
		kinds[a.Kind]++
		all = append(all, a)
	}
	switch {
	case lines.Err() != nil:
		return nil, fmt.Errorf("reading %s after %d accounts: %w", name, len(all), lines.Err())
	case len(all) == 0:
		return nil, fmt.Errorf("%s names no account; give a line for each", name)
	case kinds[Innocent] == 0:
		return nil, fmt.Errorf("%s names no innocent account among %d: nobody could be hurt; give those that are in no campaign a persona", name, len(all))
	}
	return all, nil
}

// readAccount reads one line. Its errors name the field and the remedy.
func readAccount(data []byte) (a Account, err error) {
	var line truthLine
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&line); err != nil {
		return a, fmt.Errorf("%w; a line is {\"account\":…,\"persona\":…} or {\"account\":…,\"campaign\":…,\"harm\":…,\"from\":…}", err)
	}
	if a.ID, err = ingest.ParseSubject(line.Account); err != nil {
		return a, fmt.Errorf("account: %w", err)
	}
	a.Group, a.Variant, a.From = once(line.Persona), once(line.Variant), line.From
	if line.Campaign == "" {
		if line.Persona == "" || line.Harm != "" || line.Variant != "" || line.Part != "" || line.From != 0 {
			return a, errors.New("give a persona alone, or a campaign with its harm")
		}
		return a, nil
	}
	a.Kind, a.Group = Member, once(line.Campaign)
	var ok bool
	if a.Harm, ok = models.ParseHarm(line.Harm); !ok {
		return a, fmt.Errorf("harm: %q is not scored; the harms are %s", line.Harm, strings.Join(models.Names[:], ", "))
	}
	switch {
	case line.Persona != "":
		return a, errors.New("persona: an account of a campaign has none; remove it, or the campaign")
	case line.From != 0 && (line.From < ingest.Earliest || line.From > ingest.Latest):
		return a, fmt.Errorf("from: %d is no time of the contract; give Unix milliseconds, or leave it out for the first act", line.From)
	case line.Part == accomplice:
		a.Kind = Accomplice
	case line.Part != "":
		return a, fmt.Errorf("part: %q is not %q; leave it out for who acts", line.Part, accomplice)
	}
	if a.Variant == "" {
		a.Variant = "plain"
	}
	return a, nil
}

// once returns a name whose bytes are kept once, however many accounts have it.
func once(name string) string { return unique.Make(name).Value() }
