package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"golang.org/x/term"

	"github.com/unopened/unopened/ingest/file"
)

// writeJSON writes one indented object.
func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// show writes what a command found: one object of JSON, or by print for people.
func show(w io.Writer, asJSON bool, v any, print func(io.Writer) error) error {
	if asJSON {
		return writeJSON(w, v)
	}
	return print(w)
}

// written is a file that a flag asks to be written; its name may be empty.
type written struct{ flag, name string }

// toStdout tells whether it is standard output.
func (w written) toStdout() bool { return w.name == file.Stdio }

// separate refuses to write over what is read, and to write two things to one place. It creates nothing.
func separate(read []string, outputs []written) error {
	for i, w := range outputs {
		for _, name := range read {
			if name != file.Stdio && sameFile(name, w.name) { // standard input is not standard output
				return usageError{fmt.Errorf("%s %s would overwrite what is read; name another file", w.flag, w.name)}
			}
		}
		for _, other := range outputs[:i] {
			if sameFile(other.name, w.name) {
				return usageError{fmt.Errorf("%s and %s both go to %s; give each its own file", other.flag, w.flag, w.name)}
			}
		}
	}
	return nil
}

// sameFile tells whether two names are of one place whose content would be lost; devices have none.
func sameFile(a, b string) bool {
	if a == "" || b == "" {
		return false
	}
	one, err := os.Stat(a)
	other, err2 := os.Stat(b)
	if err != nil || err2 != nil || a == file.Stdio || b == file.Stdio {
		return filepath.Clean(a) == filepath.Clean(b)
	}
	return os.SameFile(one, other) && one.Mode().IsRegular()
}

// writeTable writes rows under a head, in columns.
func writeTable(w io.Writer, head []string, rows [][]string) error {
	tw := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintln(tw, strings.ToUpper(strings.Join(head, "\t")))
	for _, row := range rows {
		fmt.Fprintln(tw, strings.Join(row, "\t"))
	}
	return tw.Flush()
}

// interactive tells whether a person watches f.
func interactive(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

// logger writes what a service has to say to standard error.
func logger(level slog.Level) *slog.Logger {
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
}

// thousands writes a number with separators, as people read it.
func thousands(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
