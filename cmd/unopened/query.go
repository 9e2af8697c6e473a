package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/unopened/unopened/store"
)

func queryCommand() *cobra.Command {
	var configFile string
	var params map[string]string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "query [NAME]",
		Short: "Ask ClickHouse one of the analysts' questions",
		Long: `Runs one of the queries that ship, as a user who can only read. Without a name it lists them.

` + queryHelp(),
		Example: "  unopened query top_accounts --param harm=spam\n  unopened query account_timeline --param account=6b1f0c… --json",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				_, err := fmt.Fprint(cmd.OutOrStdout(), queryHelp())
				return err
			}
			return withStore(cmd.Context(), configFile, func(s *store.Store) error {
				rows, err := s.Run(cmd.Context(), args[0], params)
				if err != nil {
					return err
				}
				return show(cmd.OutOrStdout(), asJSON, rows, func(w io.Writer) error { return printRows(w, rows) })
			})
		},
		ValidArgsFunction: cobra.FixedCompletions(queryNames(), cobra.ShellCompDirectiveNoFileComp),
	}
	addConfigFlag(cmd, &configFile)
	cmd.Flags().StringToStringVarP(&params, "param", "p", nil, "value of a parameter: name=value")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// printRows writes a query's rows as a table.
func printRows(out io.Writer, rows []json.RawMessage) (err error) {
	var head []string
	table := make([][]string, len(rows))
	for i, row := range rows {
		if head, table[i], err = store.Cells(row); err != nil {
			return err
		}
	}
	if len(rows) == 0 {
		head = []string{"no rows"}
	}
	return writeTable(out, head, table)
}

// queryNames lists the queries.
func queryNames() (names []string) {
	for _, q := range store.Queries() {
		names = append(names, q.Name)
	}
	return names
}

// queryHelp tells what each query answers and what it takes.
func queryHelp() string {
	var b strings.Builder
	for _, q := range store.Queries() {
		fmt.Fprintf(&b, "%s\n    %s\n", q.Name, q.Help)
		for _, p := range q.Params {
			need := "default " + p.Default
			switch {
			case p.Required:
				need = "required"
			case p.Default == "":
				need = "optional"
			}
			fmt.Fprintf(&b, "    %s: %s (%s)\n", p.Name, p.Help, need)
		}
	}
	return b.String()
}
