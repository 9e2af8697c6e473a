package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/unopened/unopened/ingest"
	"github.com/unopened/unopened/ingest/file"
	"github.com/unopened/unopened/models"
)

// columnFlags are the fields that have a flag of their own for their column.
var columnFlags = []string{"actor", "target", "at", "conversation", "device", "network"}

// importFlags are what `import` was asked.
type importFlags struct {
	options             file.ImportOptions
	own                 map[string]*string // by field: its column
	maps                []string
	keyFile, epoch, out string
	typeName, delimiter string
	label, of, harm     string
	truth               string
	sight               sightFlags
}

func importCommand() *cobra.Command {
	f := importFlags{own: make(map[string]*string)}
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Turn a CSV of your own logs into contract records",
		Long: `Reads a CSV file (.gz and .zst too) and writes contract records as JSON lines. Every field of the
contract can come from a column (a number from 1, or a name with --header) or be the same in every row. Identifiers
become pseudonyms under --key-file; without one, under a random key that is thrown away, so that nobody can ever tell
who is who. Rows that make no valid record are counted by reason, and nothing of their cells is printed.`,
		Example: `  unopened import --actor 1 --target 2 --at 3 --unit s --type message --header log.csv.gz | unopened replay --json -
  unopened import --actor from --target to --at time --unit rfc3339 --header \
      --column type=kind --map type:sms=message --map type:voice=call --key-file pseudonym.key log.csv
  unopened import --actor 1 --target 2 --at 3 --type message --header --label banned=1 --harm spam \
      --truth truth.jsonl --out events.jsonl log.csv && unopened eval --truth truth.jsonl events.jsonl`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args[0]) },
	}
	flags := cmd.Flags()
	for _, name := range columnFlags {
		f.own[name] = flags.String(name, "", "column of "+name)
	}
	flags.StringToStringVar(&f.options.Columns, "column", nil, "column of any other field: field=column")
	flags.StringToStringVar(&f.options.Set, "set", nil, "value of a field in every row: field=value")
	flags.StringArrayVar(&f.maps, "map", nil, "translate a cell: field:cell=value")
	flags.StringVar(&f.typeName, "type", "", "type of every row, such as message")
	flags.StringVar(&f.options.Unit, "unit", "s", "unit of at: s, ms, min, h, day or rfc3339")
	flags.StringVar(&f.epoch, "epoch", "", "day on which at is 0, such as 2024-01-01 (default 1970-01-01)")
	flags.BoolVar(&f.options.Header, "header", false, "the first row names the columns")
	flags.StringVar(&f.delimiter, "delimiter", ",", "what separates cells; \\t for a tab")
	flags.BoolVar(&f.options.Sort, "sort", false, "put the records in the order of time (in memory)")
	flags.StringVar(&f.keyFile, "key-file", "", "the pseudonym key (unopened keys new FILE)")
	flags.StringVar(&f.label, "label", "", "column and value that tell an abusive account, such as banned=1; its truth goes to --truth")
	flags.StringVar(&f.of, "label-of", "actor", "whom the label is about: actor or target")
	flags.StringVar(&f.harm, "harm", "", "the harm of those so labelled: "+strings.Join(models.Names[:], ", "))
	flags.StringVar(&f.truth, "truth", "", "file for the truth about the accounts, for eval; without --label nobody is abusive")
	_ = cmd.RegisterFlagCompletionFunc("harm", cobra.FixedCompletions(models.Names[:], cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.RegisterFlagCompletionFunc("label-of", cobra.FixedCompletions([]string{"actor", "target"}, cobra.ShellCompDirectiveNoFileComp))
	f.sight.add(cmd)
	flags.StringVarP(&f.out, "out", "o", "-", "file for the records; .gz and .zst are compressed, - is standard output")
	return cmd
}

// complete makes import options of the flags.
func (f *importFlags) complete() (err error) {
	o := &f.options
	if o.Columns == nil {
		o.Columns = make(map[string]string)
	}
	for name, column := range f.own {
		if *column != "" {
			o.Columns[name] = *column
		}
	}
	if o.Set == nil {
		o.Set = make(map[string]string)
	}
	if f.typeName != "" {
		o.Set["type"] = f.typeName
	}
	o.Map = make(map[string]map[string]string)
	for _, m := range f.maps {
		field, rest, ok := strings.Cut(m, ":")
		cell, value, ok2 := strings.Cut(rest, "=")
		if !ok || !ok2 {
			return fmt.Errorf("--map %q is not field:cell=value", m)
		}
		if o.Map[field] == nil {
			o.Map[field] = make(map[string]string)
		}
		o.Map[field][cell] = value
	}
	if f.epoch != "" {
		if o.Epoch, err = time.Parse(time.DateOnly, f.epoch); err != nil {
			return fmt.Errorf("--epoch %q is not a day such as 2024-01-01", f.epoch)
		}
	}
	comma := []rune(strings.ReplaceAll(f.delimiter, `\t`, "\t"))
	if len(comma) != 1 {
		return fmt.Errorf("--delimiter %q is not one character", f.delimiter)
	}
	o.Comma = comma[0]
	return f.completeLabel()
}

// completeLabel makes the label of the flags that tell of it, which come together or not at all.
func (f *importFlags) completeLabel() error {
	if f.label == "" && f.harm == "" {
		if f.truth != "" { // nobody is abusive
			f.options.Label = &file.Label{Of: f.of}
		}
		return nil
	}
	column, value, ok := strings.Cut(f.label, "=")
	if !ok || f.harm == "" || f.truth == "" {
		return errors.New("give --label COLUMN=VALUE, --harm and --truth together: who is abusive, of what, and where to write it")
	}
	if err := oneOf("harm", f.harm, models.Names[:]); err != nil {
		return err
	}
	h, _ := models.ParseHarm(f.harm)
	f.options.Label = &file.Label{Column: column, Value: value, Of: f.of, Harm: ingest.Category(h + 1)}
	return nil
}

// run carries the command out.
func (f *importFlags) run(cmd *cobra.Command, name string) (err error) {
	if err := f.complete(); err != nil {
		return usageError{err}
	}
	if err := separate([]string{name, f.keyFile}, []written{{"--out", f.out}, {"--truth", f.truth}}); err != nil {
		return err
	}
	if f.keyFile == "" {
		f.options.Key = ingest.NewKey()
		fmt.Fprintln(os.Stderr, "no --key-file: the pseudonyms are made under a random key that is thrown away")
	} else if f.options.Key, err = ingest.ReadKey(f.keyFile); err != nil {
		return err
	}
	if f.options.Mask, err = f.sight.mask(); err != nil {
		return err
	}
	out, err := file.Create(f.out)
	if err != nil {
		return err
	}
	if f.options.Label != nil {
		truth, err := file.Create(f.truth)
		if err != nil {
			return errors.Join(err, out.Close())
		}
		defer func() { err = errors.Join(err, truth.Close()) }()
		f.options.Truth = truth
	}
	bar := newProgress("importing", "records", -1)
	summary, err := file.Import(cmd.Context(), counted{out, bar}, name, f.options)
	bar.done()
	err = errors.Join(err, out.Close())
	if summary != nil && cmd.Context().Err() == nil {
		printImport(os.Stderr, summary)
	}
	return err
}

// counted moves a bar with each record that is written.
type counted struct {
	io.Writer
	bar progress
}

// Write writes one record.
func (c counted) Write(b []byte) (int, error) {
	c.bar.add(1)
	return c.Writer.Write(b)
}

// printImport tells what became of the rows.
func printImport(out io.Writer, s *file.ImportSummary) {
	fmt.Fprintf(out, "%s rows, %s records", thousands(s.Rows), thousands(s.Written))
	if s.Unseen > 0 {
		fmt.Fprintf(out, "; %s not seen by the profile's servers", thousands(s.Unseen))
	}
	for _, reason := range slices.Sorted(maps.Keys(s.Refused)) {
		r := s.Refused[reason]
		fmt.Fprintf(out, "; %s refused: %s (lines %s)", thousands(r.Rows), reason, strings.Trim(fmt.Sprint(r.Lines), "[]"))
	}
	fmt.Fprintln(out)
	if s.Accounts > 0 {
		fmt.Fprintf(out, "truth about %s accounts, %s of them abusive\n", thousands(s.Accounts), thousands(s.Abusive))
	}
}
