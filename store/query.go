package store

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2"
)

//go:embed queries/*.sql
var queryFiles embed.FS

// Query is an analyst's question: one file under queries/. Its leading comment says what it answers, then a line for
// each parameter: "-- @name: what it is", or "-- @name = default: what it is".
type Query struct {
	Name, Help, SQL string
	Params          []Param
}

// Param is a parameter of a query, which the server binds by its type: it is never pasted into the text.
type Param struct {
	Name, Help, Default string
	Type                string // ClickHouse's
	Required            bool
}

// ErrNoQuery tells that there is no query of that name, ErrParams that its parameters are wrong.
var (
	ErrNoQuery = errors.New("there is no such query")
	ErrParams  = errors.New("wrong parameters")
)

var (
	paramLine  = regexp.MustCompile(`^@(\w+)( = (.*?))?: (.+)$`)
	paramPlace = regexp.MustCompile(`\{(\w+):(\w+)\}`)
)

// Queries returns the queries, by name.
func Queries() (out []Query) {
	files, _ := queryFiles.ReadDir("queries") // embedded: it is there
	for _, f := range files {
		text, _ := queryFiles.ReadFile("queries/" + f.Name())
		out = append(out, parseQuery(strings.TrimSuffix(f.Name(), ".sql"), string(text)))
	}
	return out
}

// parseQuery reads a query's leading comment and the types of its parameters.
func parseQuery(name, text string) Query {
	q := Query{Name: name, SQL: text}
	types := map[string]string{}
	for _, m := range paramPlace.FindAllStringSubmatch(text, -1) {
		types[m[1]] = m[2]
	}
	var help []string
	for line := range strings.Lines(text) {
		comment, ok := strings.CutPrefix(strings.TrimSpace(line), "-- ")
		if !ok {
			break
		}
		m := paramLine.FindStringSubmatch(comment)
		if m == nil {
			help = append(help, comment)
			continue
		}
		q.Params = append(q.Params, Param{Name: m[1], Type: types[m[1]], Required: m[2] == "", Default: m[3], Help: m[4]})
	}
	q.Help = strings.Join(help, " ")
	return q
}

// asJSON has the server write a query's rows as JSON, with times as the contract has them.
const asJSON = `SELECT formatRowNoNewline('JSONEachRow', * REPLACE (toUnixTimestamp64Milli(at) AS at)) AS row
FROM (%s) SETTINGS output_format_json_quote_64bit_integers = 0`

// Run runs the named query with parameters by name, as a user who can only read. Parameters left out take their
// defaults. It returns a JSON object for each row, with keys in the order of the columns; the column at, where there is
// one, is in Unix milliseconds; what is unknown is null.
func (s *Store) Run(ctx context.Context, name string, params map[string]string) ([]json.RawMessage, error) {
	all := Queries()
	at := slices.IndexFunc(all, func(q Query) bool { return q.Name == name })
	if at < 0 {
		names := make([]string, len(all))
		for i := range all {
			names[i] = all[i].Name
		}
		return nil, fmt.Errorf("%w as %q; there are %s", ErrNoQuery, name, strings.Join(names, ", "))
	}
	values, err := all[at].bind(params)
	if err != nil {
		return nil, fmt.Errorf("query %s: %w", name, err)
	}
	var rows []struct {
		Row json.RawMessage `ch:"row"`
	}
	if err := s.reader.Select(bound(ctx, values), &rows, fmt.Sprintf(asJSON, all[at].SQL)); err != nil {
		return nil, fmt.Errorf("query %s: %w", name, err)
	}
	out := make([]json.RawMessage, len(rows))
	for i := range rows {
		out[i] = rows[i].Row
	}
	return out, nil
}

// bind returns the query's parameters with their defaults.
func (q *Query) bind(given map[string]string) (map[string]string, error) {
	out, left := map[string]string{}, maps.Clone(given)
	for _, p := range q.Params {
		value, ok := given[p.Name]
		if !ok && p.Required {
			return nil, fmt.Errorf("%w: %s is missing: %s", ErrParams, p.Name, p.Help)
		}
		if !ok {
			value = p.Default
		}
		out[p.Name] = value
		delete(left, p.Name)
	}
	for name := range left {
		return nil, fmt.Errorf("%w: it has no parameter %q", ErrParams, name)
	}
	return out, nil
}

// escapes make a value text as ClickHouse reads parameters: tab-separated.
var escapes = strings.NewReplacer(`\`, `\\`, "\t", `\t`, "\n", `\n`, "\r", `\r`, "\x00", `\0`)

// bound returns a context by which the server binds parameters.
func bound(ctx context.Context, params map[string]string) context.Context {
	values := clickhouse.Parameters{}
	for name, value := range params {
		values[name] = escapes.Replace(value)
	}
	return clickhouse.Context(ctx, clickhouse.WithParameters(values))
}
