package main

import (
	"bufio"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/unopened/unopened/ingest"
)

func keysCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "keys",
		Short: "Make keys, and turn identifiers into pseudonyms with one",
		Long: `Unopened knows accounts by keyed pseudonyms only. The messenger holds the pseudonym key; the service never sees
it. These commands are for whoever prepares files or connectors on the messenger's side, and for the deployment's own
identity key, from which alert ids are made.`,
		Example: "  unopened keys new pseudonym.key\n  unopened keys pseudonymise --key-file pseudonym.key users.txt",
		Args:    knownCommand,
		RunE:    help,
	}
	cmd.AddCommand(keysNewCommand(), keysWebhookCommand(), keysPseudonymiseCommand())
	return cmd
}

func keysNewCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "new FILE",
		Short:   "Write a new random key to a file that only you can read",
		Example: "  unopened keys new pseudonym.key",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := ingest.WriteKey(args[0], ingest.NewKey()); err != nil {
				return err
			}
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "wrote %s; keep a copy where the service cannot read it\n", args[0])
			return err
		},
	}
}

func keysWebhookCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "webhook FILE",
		Short:   "Write a new webhook secret (whsec_…) to a file that only you can read",
		Example: "  unopened keys webhook secrets/moderation.whsec",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := writeWebhookSecret(args[0]); err != nil {
				return err
			}
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "wrote %s; give it to the receiver, and name it in alerts.webhooks\n", args[0])
			return err
		},
	}
}

// writeWebhookSecret writes a new secret in the form of Standard Webhooks 1.0.0.
func writeWebhookSecret(name string) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("new webhook secret: %w (an existing one is never overwritten)", err)
	}
	_, err = fmt.Fprintf(f, "whsec_%s\n", base64.StdEncoding.EncodeToString(ingest.NewKey()))
	return errors.Join(err, f.Close())
}

func keysPseudonymiseCommand() *cobra.Command {
	var keyFile, domain string
	cmd := &cobra.Command{
		Use:   "pseudonymise [FILE]",
		Short: "Turn identifiers, one a line, into pseudonyms",
		Long: `Reads identifiers, one a line, from FILE or standard input and writes the pseudonym of each: the first 16 bytes
of HMAC-SHA-256(key, domain ‖ identifier) in hexadecimal.`,
		Example: "  unopened keys pseudonymise --key-file pseudonym.key --domain account users.txt",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			key, err := ingest.ReadKey(keyFile)
			if err != nil {
				return err
			}
			in := cmd.InOrStdin()
			if len(args) == 1 && args[0] != "-" {
				f, err := os.Open(args[0])
				if err != nil {
					return err
				}
				defer f.Close() //nolint:errcheck // only read
				in = f
			}
			return pseudonymise(in, cmd.OutOrStdout(), key, domain)
		},
	}
	cmd.Flags().StringVar(&keyFile, "key-file", "", "the pseudonym key (required)")
	cmd.Flags().StringVar(&domain, "domain", "account", "what the identifiers name: account, conversation, device or network")
	_ = cmd.MarkFlagRequired("key-file") // the flag stands above
	return cmd
}

// domains are what an identifier can name, and whether its pseudonym is one of 16 bytes.
var domains = map[string]bool{
	string(ingest.DomainAccount): true, string(ingest.DomainConversation): true,
	string(ingest.DomainDevice): false, string(ingest.DomainNetwork): false,
}

// pseudonymise writes the pseudonym of each line of in.
func pseudonymise(in io.Reader, out io.Writer, key []byte, domain string) error {
	long, ok := domains[domain]
	if !ok {
		return usageError{fmt.Errorf("--domain %q is not account, conversation, device or network", domain)}
	}
	w := bufio.NewWriter(out)
	p := ingest.NewPseudonymiser(key)
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		id := strings.TrimSuffix(lines.Text(), "\r")
		if long {
			fmt.Fprintln(w, p.ID(ingest.Domain(domain), id))
		} else {
			fmt.Fprintf(w, "%016x\n", p.Hash(ingest.Domain(domain), id))
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	return w.Flush()
}
