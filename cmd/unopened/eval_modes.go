package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// mode is a question of eval other than that of one stream. Its flag asks it.
type mode struct {
	flag  string
	asked func(*evalFlags) bool
	own   []string // flags that only go with it; eval's general ones follow
	also  []string
	run   func(*evalFlags, *cobra.Command) error
}

// The flags that questions about simulations take.
var (
	peopleFlags = []string{"scenario", "seed", "split", "days", "accounts", "start"}
	engineFlags = []string{"config", "doubtful", "bootstrap", "eval-seed", "shards", "html", "json"}
)

// modes lists them.
func modes() []mode {
	return []mode{
		{
			"matrix", func(f *evalFlags) bool { return f.matrix.file != "" },
			[]string{"label", "rule"}, []string{"bootstrap", "eval-seed", "html", "json"}, (*evalFlags).runMatrix,
		},
		{
			"evasion", func(f *evalFlags) bool { return f.evasion.asked },
			[]string{"evasion-accounts"}, slices.Concat(peopleFlags, engineFlags, []string{"profile"}), (*evalFlags).runEvasion,
		},
		{
			"profiles", func(f *evalFlags) bool { return f.profiles.asked },
			[]string{"one-more"}, slices.Concat(peopleFlags, engineFlags, []string{"campaign"}), (*evalFlags).runProfiles,
		},
	}
}

// mode finds the question that is asked, nil for that of one stream, and refuses flags that do not go with it.
func (f *evalFlags) mode(cmd *cobra.Command, files []string) (*mode, error) {
	var asked *mode
	for _, m := range modes() {
		if m.asked(f) && asked == nil {
			asked = &m
		}
	}
	var err error
	cmd.Flags().Visit(func(flag *pflag.Flag) {
		if err == nil {
			err = asked.takes(flag.Name)
		}
	})
	switch {
	case err != nil:
		return nil, usageError{err}
	case asked == nil:
		return nil, nil
	case len(files) > 0:
		return nil, usageError{fmt.Errorf("--%s reads no files of events: leave %s out", asked.flag, strings.Join(files, " "))}
	}
	return asked, f.numbers()
}

// takes refuses a flag that does not go with the question; m is nil for that of one stream.
func (m *mode) takes(flag string) error {
	if m != nil {
		takes := slices.Concat(m.own, m.also)
		if flag == m.flag || slices.Contains(takes, flag) {
			return nil
		}
		return fmt.Errorf("--%s does not go with --%s, which takes --%s", flag, m.flag, strings.Join(takes, ", --"))
	}
	for _, other := range modes() {
		if flag != other.flag && slices.Contains(other.own, flag) {
			return fmt.Errorf("--%s goes with --%s", flag, other.flag)
		}
	}
	return nil
}

// needScenario refuses a question about a simulation where none is named.
func needScenario(cmd *cobra.Command, flag string) error {
	if cmd.Flags().Changed("scenario") {
		return nil
	}
	return usageError{errors.New("--" + flag + " asks about a simulation: give --scenario NAME")}
}
