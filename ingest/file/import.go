package file

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/unopened/unopened/ingest"
)

// ImportOptions say how the rows of somebody's own log become records of the contract.
type ImportOptions struct {
	// Columns names for a field of the contract the column with its value: a number from 1, or a name of the header.
	Columns map[string]string
	// Set gives a field the same value in every row. A message or call without "kind" is direct.
	Set map[string]string
	// Map translates cells of a field into the contract's values: Map["type"]["sms"] = "message".
	Map map[string]map[string]string
	// Unit is that of the field "at": s, ms, min, h, day, or rfc3339 for dates as text; "" is s.
	Unit string
	// Epoch is when "at" is 0; the zero time is 1970-01-01.
	Epoch time.Time
	// Header is set when the first row names the columns.
	Header bool
	// Comma separates cells; 0 is a comma.
	Comma rune
	// Sort puts the records in the order of time, for which it holds all of them in memory. Without it, a log that goes
	// back in time is an error.
	Sort bool
	// Label, where it is given, has the truth about the accounts written to Truth at the end.
	Label *Label
	Truth io.Writer
	// Key is that of the pseudonyms (see ingest.ReadKey).
	Key []byte
	// Mask is what of the records is written; nil for all.
	Mask *ingest.Mask
}

// ImportSummary counts what Import did: Rows = Written + Unseen + the sum of Refused.
type ImportSummary struct {
	Rows    int64               `json:"rows"`
	Written int64               `json:"written"`
	Unseen  int64               `json:"unseen,omitempty"` // records that the mask does not let see
	Refused map[string]*Refused `json:"refused"`          // by the name of the ingest.Refusal

	Accounts int64 `json:"accounts,omitempty"` // in the truth, if it was asked for
	Abusive  int64 `json:"abusive,omitempty"`
}

// Refused counts the rows that became no record for one reason. Nothing of their cells is kept.
type Refused struct {
	Rows  int64 `json:"rows"`
	Lines []int `json:"lines"` // the first few
}

// refusedLines is how many lines of refused rows are named for each reason.
const refusedLines = 5

// Import reads a CSV file, packed or not, and writes a JSON line of the contract for each row that makes a valid record,
// by one call of w. Identifiers become pseudonyms; a record's id is made of key, SHA-256 of the unpacked file and number
// of the row, so that importing the same file again makes the same records. For that the file is read twice: standard
// input cannot be.
func Import(ctx context.Context, w io.Writer, path string, o ImportOptions) (*ImportSummary, error) {
	if path == Stdio {
		return nil, errors.New("standard input cannot be imported, since that is read twice: put it in a file and name that")
	}
	digest, err := digestOf(path)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	f, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // only read
	rows := csv.NewReader(f)
	rows.FieldsPerRecord, rows.ReuseRecord, rows.Comma = -1, true, cmp.Or(o.Comma, ',')
	var header []string
	if o.Header {
		first, err := rows.Read()
		if err != nil {
			return nil, fmt.Errorf("reading the header of %s: %w", path, err)
		}
		header = slices.Clone(first)
		header[0] = strings.TrimPrefix(header[0], "\ufeff")
	}
	m, err := newMaker(&o, header, digest)
	if err != nil {
		return nil, err
	}
	i := importer{maker: m, rows: rows, out: w, sort: o.Sort, mask: o.Mask}
	if o.Label != nil {
		if i.labels, err = newLabels(o.Label, header); err != nil {
			return nil, err
		}
	}
	i.summary.Refused = make(map[string]*Refused)
	if err := i.run(ctx); err != nil {
		return &i.summary, fmt.Errorf("importing %s: %w", path, err)
	}
	if i.labels != nil {
		i.summary.Accounts, i.summary.Abusive = int64(len(i.labels.all)), i.labels.abusive()
		return &i.summary, i.labels.write(o.Truth)
	}
	return &i.summary, nil
}

// digestOf returns the digest of a file's unpacked content.
func digestOf(path string) (sum [sha256.Size]byte, err error) {
	f, err := Open(path)
	if err != nil {
		return sum, err
	}
	h := sha256.New()
	_, err = io.Copy(h, f)
	return [sha256.Size]byte(h.Sum(nil)), errors.Join(err, f.Close())
}

// importer is one import under way.
type importer struct {
	maker   *maker
	rows    *csv.Reader
	out     io.Writer
	line    []byte
	summary ImportSummary
	labels  *labels // nil where none is asked for
	sort    bool
	mask    *ingest.Mask
	held    []ingest.Event // where sort is set
	last    int64
}

// run reads all rows.
func (i *importer) run(ctx context.Context) error {
	for ctx.Err() == nil {
		row, err := i.rows.Read()
		if err == io.EOF {
			return i.writeHeld()
		}
		var bad *csv.ParseError
		if err != nil && (!errors.As(err, &bad) || bad.Line != bad.StartLine) {
			return err // a quote that was never closed has swallowed rows
		}
		i.summary.Rows++
		if err != nil {
			i.refuse(ingest.RefusedSyntax, bad.StartLine)
			continue
		}
		line, _ := i.rows.FieldPos(0)
		ev, refusal := i.maker.event(row, i.summary.Rows)
		if refusal != ingest.Accepted {
			i.refuse(refusal, line)
			continue
		}
		if i.labels != nil {
			i.labels.take(ev, row)
		}
		if err := i.take(ev, line); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// refuse counts a row that makes no record.
func (i *importer) refuse(why ingest.Refusal, line int) {
	r := i.summary.Refused[why.String()]
	if r == nil {
		r = &Refused{}
		i.summary.Refused[why.String()] = r
	}
	r.Rows++
	if len(r.Lines) < refusedLines {
		r.Lines = append(r.Lines, line)
	}
}

// take writes a record, or holds it to be sorted, if it is seen.
func (i *importer) take(ev *ingest.Event, line int) error {
	if !i.mask.Apply(ev) {
		i.summary.Unseen++
		return nil
	}
	if i.sort {
		i.held = append(i.held, *ev)
		return nil
	}
	if ev.At < i.last {
		return fmt.Errorf("line %d goes back in time: sort the file, or use --sort, which holds it in memory", line)
	}
	i.last = ev.At
	return i.write(ev)
}

// writeHeld writes what was held, in the order of time and then of the file.
func (i *importer) writeHeld() error {
	slices.SortStableFunc(i.held, func(a, b ingest.Event) int { return cmp.Compare(a.At, b.At) })
	for k := range i.held {
		if err := i.write(&i.held[k]); err != nil {
			return err
		}
	}
	return nil
}

// write writes a record.
func (i *importer) write(ev *ingest.Event) error {
	i.summary.Written++
	i.line = append(ingest.AppendJSON(i.line[:0], ev), '\n')
	_, err := i.out.Write(i.line)
	return err
}
