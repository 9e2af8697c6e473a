package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/unopened/unopened/configs"
	"github.com/unopened/unopened/ingest"
)

// defaultConfigFile is read where --config is not given and the file is there.
const defaultConfigFile = "unopened.yaml"

// addConfigFlag gives a command the flag that names the configuration.
func addConfigFlag(cmd *cobra.Command, name *string) {
	cmd.Flags().StringVarP(name, "config", "c", "", "configuration file (default: "+defaultConfigFile+" if it is there, else the defaults)")
	_ = cmd.MarkFlagFilename("config", "yaml", "yml") // the flag stands above
}

// loadConfig reads the configuration that --config names, or the one in this folder, or the defaults.
func loadConfig(name string) (*configs.Config, error) {
	if name == "" {
		if _, err := os.Stat(defaultConfigFile); errors.Is(err, fs.ErrNotExist) {
			c := configs.DefaultConfig()
			return &c, nil
		}
		name = defaultConfigFile
	}
	c, err := configs.Load(name)
	if err != nil {
		return nil, usageError{err}
	}
	return c, nil
}

// keyFile is where the deployment's identity key lies, or would lie.
func keyFile(c *configs.Config) string { return cmp.Or(c.Alerts.KeyFile, c.Path("identity.key")) }

// hasKey tells whether the deployment has an identity key: one that the config names, or one in the data folder.
func hasKey(c *configs.Config) bool {
	_, err := os.Stat(keyFile(c))
	return err == nil || c.Alerts.KeyFile != ""
}

// identityKey reads the deployment's identity key. Where the config names none, the data folder keeps one, which is made
// at first use.
func identityKey(c *configs.Config) ([]byte, error) {
	name := keyFile(c)
	if !hasKey(c) {
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			return nil, err
		}
		if err := ingest.WriteKey(name, ingest.NewKey()); err != nil {
			return nil, err
		}
	}
	key, err := ingest.ReadKey(name)
	if err != nil && c.Alerts.KeyFile != "" {
		err = usageError{fmt.Errorf("alerts.key_file: %w", err)}
	}
	return key, err
}
