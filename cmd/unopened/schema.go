package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/unopened/unopened/ingest"
	"github.com/unopened/unopened/store"
)

// schemaFormats are the forms in which `schema` prints, with what makes each.
var schemaFormats = map[string]func(configFile string) (string, error){
	"markdown": func(string) (string, error) { return ingest.Markdown(), nil },
	"proto":    func(string) (string, error) { return ingest.Proto(), nil },
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
	formats := slices.Sorted(maps.Keys(schemaFormats))
	cmd := &cobra.Command{
		Use:   "schema",
		Short: "Print the event contract or the ClickHouse tables",
		Long: `Prints the event contract, which is all that Unopened ever reads, or the tables that it writes. Both come from
the tables in the code that the decoder and the writer themselves use.

  markdown     the contract for people: fields, and what each type of record needs and may carry
  json-schema  JSON Schema (draft 2020-12) of a record in JSON
  proto        proto3 file of a record in Protobuf, for protoc or buf
  clickhouse   the statements that make the tables, under the configuration's names and retention`,
		Example: `  unopened schema --format json-schema > event.schema.json
  unopened schema --format proto > contract.proto && protoc --java_out=. contract.proto
  unopened schema --format clickhouse`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := oneOf("format", format, formats); err != nil {
				return err
			}
			text, err := schemaFormats[format](configFile)
			if err != nil {
				return err
			}
			_, err = fmt.Fprint(cmd.OutOrStdout(), text)
			return err
		},
	}
	cmd.Flags().StringVar(&format, "format", "markdown", strings.Join(formats, ", "))
	addConfigFlag(cmd, &configFile)
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(formats, cobra.ShellCompDirectiveNoFileComp)) // the flag stands above
	return cmd
}
