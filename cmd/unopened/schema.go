package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/unopened/unopened/ingest"
	"github.com/unopened/unopened/store"
)

// schemaFormats are the forms in which `schema` prints, with what makes each.
var schemaFormats = map[string]func(configFile string) (string, error){
	"markdown": func(string) (string, error) { return ingest.Markdown(), nil },
	"json-schema": func(string) (string, error) {
		text, err := ingest.JSONSchema()
		return string(text) + "\n", err
	},
	"clickhouse": func(configFile string) (string, error) {
		cfg, err := loadConfig(configFile)
		if err != nil {
			return "", err
		}
		return strings.Join(store.DDL(cfg.Store), ";\n\n") + ";\n", nil
	},
}

func schemaCommand() *cobra.Command {
	var format, configFile string
	cmd := &cobra.Command{
		Use:   "schema",
		Short: "Print the event contract or the ClickHouse tables",
		Long: `Prints the event contract, which is all that Unopened ever reads, or the tables that it writes. Both come from
the tables in the code that the decoder and the writer themselves use.`,
		Example: "  unopened schema --format json-schema > event.schema.json\n  unopened schema --format clickhouse",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			made, ok := schemaFormats[format]
			if !ok {
				return usageError{fmt.Errorf("--format %q is not markdown, json-schema or clickhouse", format)}
			}
			text, err := made(configFile)
			if err != nil {
				return err
			}
			_, err = fmt.Fprint(cmd.OutOrStdout(), text)
			return err
		},
	}
	cmd.Flags().StringVar(&format, "format", "markdown", "markdown, json-schema or clickhouse")
	addConfigFlag(cmd, &configFile)
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions( // the flag stands above
		[]string{"markdown", "json-schema", "clickhouse"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}
