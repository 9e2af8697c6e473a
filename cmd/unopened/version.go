package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func versionCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "version",
		Short:   "Print the version, and what it was built with",
		Example: "  unopened version --json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			built := struct {
				Version  string            `json:"version"`
				Go       string            `json:"go"`
				Platform string            `json:"platform"`
				Modules  map[string]string `json:"modules"`
			}{version, runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH, modules()}
			if asJSON {
				return writeJSON(cmd.OutOrStdout(), built)
			}
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "unopened %s, %s, %s\n", built.Version, built.Go, built.Platform)
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, with the version of every module")
	return cmd
}

// modules are the modules that were built in, with their versions.
func modules() map[string]string {
	versions := make(map[string]string)
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range info.Deps {
			versions[m.Path] = m.Version
		}
	}
	return versions
}
