// Unopened scores accounts of an end-to-end-encrypted messenger for abuse without opening a message. `unopened
// --help` tells what it can do; every subcommand is a file of this folder.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
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
	defer stop()
	err := root().ExecuteContext(ctx)
	var usage usageError
	switch {
	case err == nil:
	case errors.As(err, &usage):
		fmt.Fprintf(os.Stderr, "unopened: %v\n", err)
		os.Exit(exitUsage)
	default:
		fmt.Fprintf(os.Stderr, "unopened: %v\n", err)
		os.Exit(exitFailed)
	}
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
		SilenceUsage: true, SilenceErrors: true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: false},
	}
	cmd.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usageError{fmt.Errorf("%w; see %q", err, c.CommandPath()+" --help")}
	})
	for _, sub := range []func() *cobra.Command{
		demoCommand, runCommand, splitCommand, replayCommand, simulateCommand, importCommand, checkCommand,
		explainCommand, queryCommand, alertsCommand, schemaCommand, keysCommand, versionCommand,
	} {
		cmd.AddCommand(strict(sub()))
	}
	return cmd
}

// strict turns wrong arguments into usage errors, for a command and all below it.
func strict(cmd *cobra.Command) *cobra.Command {
	if check := cmd.Args; check != nil {
		cmd.Args = func(c *cobra.Command, args []string) error {
			if err := check(c, args); err != nil {
				return usageError{fmt.Errorf("%w; see %q", err, c.CommandPath()+" --help")}
			}
			return nil
		}
	}
	for _, sub := range cmd.Commands() {
		strict(sub)
	}
	return cmd
}
