// Package configs holds the one configuration file: a field a package, each package's own Config with its defaults
// and checks, the strict loader, the reference, and the models and visibility profiles that ship.
package configs

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/unopened/unopened/alerts"
	"github.com/unopened/unopened/engine"
	"github.com/unopened/unopened/features"
	"github.com/unopened/unopened/ingest/kafka"
	"github.com/unopened/unopened/models"
	"github.com/unopened/unopened/store"
)

// Config is the whole configuration; a key of the file is the name of the package that reads it.
type Config struct {
	// Data is the folder where everything that must last lies: checkpoints, the embedded ClickHouse, keys.
	Data     string          `yaml:"data"`
	Kafka    kafka.Config    `yaml:"kafka"`
	Features features.Config `yaml:"features"`
	Models   models.Config   `yaml:"models"`
	Alerts   alerts.Config   `yaml:"alerts"`
	Engine   engine.Config   `yaml:"engine"`
	Store    store.Config    `yaml:"store"`
}

// DefaultConfig returns every package's defaults.
func DefaultConfig() Config {
	return Config{
		Data: "unopened-data", Kafka: kafka.DefaultConfig(), Features: features.DefaultConfig(), Models: models.DefaultConfig(),
		Alerts: alerts.DefaultConfig(), Engine: engine.DefaultConfig(), Store: store.DefaultConfig(),
	}
}

// Reference is the reference file: every key with its default and what it means.
//
//go:embed reference.yaml
var Reference []byte

//go:embed models/*.json
var shipped embed.FS

// Artefacts is the folder of model artefacts that ship; models.folder in the config replaces it.
func Artefacts() fs.FS {
	sub, err := fs.Sub(shipped, "models")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	return sub
}

// Load reads a file over the defaults and checks it. A key that does not exist is an error with its line and the
// nearest key that does. All problems are told at once.
func Load(name string) (*Config, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	c, err := Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return c, nil
}

// Parse is Load for text that was read already.
func Parse(text []byte) (*Config, error) {
	c := DefaultConfig()
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(&c); err != nil && !errors.Is(err, io.EOF) {
		return nil, hinted(err)
	}
	var more yaml.Node
	if err := decoder.Decode(&more); err == nil {
		return nil, fmt.Errorf("line %d: a second YAML document begins; a configuration is one document", more.Line)
	} else if !errors.Is(err, io.EOF) {
		return nil, hinted(err)
	}
	return &c, c.Validate()
}

// Save writes the whole configuration to a new file that only its owner can read.
func (c *Config) Save(name string) error {
	text, err := yaml.Marshal(c)
	if err != nil {
		return fmt.Errorf("writing the configuration: %w", err)
	}
	return os.WriteFile(name, text, 0o600)
}

// Validate tells all that is wrong, each with the path of its key.
func (c *Config) Validate() error {
	var errs []error
	under := func(key string, err error) {
		if err == nil {
			return
		}
		for line := range strings.SplitSeq(err.Error(), "\n") {
			errs = append(errs, errors.New(key+"."+strings.TrimPrefix(line, key+".")))
		}
	}
	if c.Data == "" {
		errs = append(errs, errors.New("data: is empty; name a folder"))
	}
	under("kafka", c.Kafka.Validate())
	under("features", c.Features.Validate())
	under("models", c.Models.Validate())
	under("alerts", c.Alerts.Validate())
	under("engine", c.Engine.Validate())
	under("store", c.Store.Validate())
	return errors.Join(errs...)
}

// Path returns where a file of the data folder lies; an absolute name stays as it is.
func (c *Config) Path(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(c.Data, name)
}

var unknownField = regexp.MustCompile(`line (\d+): field (\S+) not found in type \S+`)

// hinted turns the decoder's error into one that names the line and the nearest key.
func hinted(err error) error { return hintedAmong(err, Keys()) }

// hintedAmong is hinted for a file that has these keys.
func hintedAmong(err error, keys []string) error {
	var typed *yaml.TypeError
	if !errors.As(err, &typed) {
		return err
	}
	var errs []error
	for _, text := range typed.Errors {
		m := unknownField.FindStringSubmatch(text)
		if m == nil {
			errs = append(errs, errors.New(text))
			continue
		}
		errs = append(errs, fmt.Errorf("line %s: there is no key %q; did you mean %q?", m[1], m[2], nearest(m[2], keys)))
	}
	return errors.Join(errs...)
}
