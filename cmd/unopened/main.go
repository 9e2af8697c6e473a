// Unopened scores accounts of an end-to-end-encrypted messenger for abuse without opening a message. `unopened
// --help` tells what it can do; every subcommand is a file of this folder.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/unopened/unopened/store/local"
)

// version is set by the build.
var version = "unknown"

// Exit codes, as documented in the README.
const (
	exitFailed = 1
	exitUsage  = 2
)

// usageError is a mistake in flags, arguments or config: exit code 2.
type usageError struct{ error }

// Unwrap returns the error itself.
func (u usageError) Unwrap() error { return u.error }

func main() {
	if local.Child(os.Args) {
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // so that a second signal ends the process at once
	text, code := verdictOf(ctx, root().ExecuteContext(ctx))
	if code != 0 {
		fmt.Fprintf(os.Stderr, "unopened: %s\n", text)
	}
	os.Exit(code)
}

// verdictOf tells what to say of a command's outcome, and its exit code.
func verdictOf(ctx context.Context, err error) (text string, code int) {
	var usage usageError
	switch {
	case err == nil:
		return "", 0
	case errors.As(err, &usage):
		return err.Error(), exitUsage
	case ctx.Err() != nil && errors.Is(err, ctx.Err()):
		return "interrupted", exitFailed
	}
	return err.Error(), exitFailed
}

// root is the command line: its subcommands in the order in which a newcomer meets them.
func root() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "unopened",
		Short: "Find abuse in an end-to-end-encrypted messenger without opening a message",
		Long: `Unopened reads the metadata of an end-to-end-encrypted messenger (who acted, on whom, when, how: never a
message), derives features of behaviour, scores each account for six harms with reasons, keeps what analysts need in
ClickHouse and sends signed alerts. People decide; it never acts on an account.

New here? "unopened demo" runs everything on this machine in a minute.`,
		Example:      "  unopened demo\n  unopened simulate --days 2 | unopened replay --json -",
		Args:         knownCommand,
		RunE:         help,
		SilenceUsage: true, SilenceErrors: true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: false},
	}
	cmd.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return wrongUse(c, err)
	})
	for _, sub := range []func() *cobra.Command{
		demoCommand, runCommand, splitCommand, replayCommand, evalCommand, simulateCommand, shapeCommand, importCommand, checkCommand, warmupCommand, repartitionCommand,
		featuresCommand, profilesCommand, explainCommand, queryCommand, alertsCommand, schemaCommand, keysCommand, versionCommand,
	} {
		cmd.AddCommand(sub())
	}
	return strict(cmd)
}

// help is what a command does that only has others below it.
func help(cmd *cobra.Command, _ []string) error { return cmd.Help() }

// knownCommand refuses the name of a command that does not exist.
func knownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	cmd.SuggestionsMinimumDistance = 2 // cobra's default where it looks itself
	err := fmt.Errorf("there is no command %q", cmd.CommandPath()+" "+args[0])
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		err = fmt.Errorf("%w; did you mean %q?", err, near[0])
	}
	return err
}

// wrongUse is a usage error that names the help.
func wrongUse(cmd *cobra.Command, err error) error {
	return usageError{fmt.Errorf("%w; see %q", err, cmd.CommandPath()+" --help")}
}

// oneOf refuses a flag's value that is not one of those that there are.
func oneOf(flag, value string, known []string) error {
	if slices.Contains(known, value) {
		return nil
	}
	return usageError{fmt.Errorf("--%s: %q is not %s", flag, value, strings.Join(known, ", "))}
}

// strict turns wrong arguments and required flags that are missing into usage errors, for a command and all below it.
func strict(cmd *cobra.Command) *cobra.Command {
	check := cmd.Args
	cmd.Args = func(c *cobra.Command, args []string) error {
		err := c.ValidateRequiredFlags()
		if check != nil && err == nil {
			err = check(c, args)
		}
		if err != nil {
			return wrongUse(c, err)
		}
		return nil
	}
	for _, sub := range cmd.Commands() {
		strict(sub)
	}
	return cmd
}
