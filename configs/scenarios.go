package configs

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/unopened/unopened/ingest/simulate"
)

//go:embed scenarios/*.yaml
var scenarios embed.FS

// scenarioFile is a scenario as a file writes it: its start is a day.
type scenarioFile struct {
	simulate.Scenario `yaml:",inline"`
	Start             string `yaml:"start"`
}

var scenariosKept = kept{scenarios, "scenarios", "scenario", `"unopened simulate --help"`}

// ScenarioNames are the names of the scenarios that ship, in order.
func ScenarioNames() []string { return scenariosKept.names() }

// LoadScenario reads a scenario of the simulated messenger: one that ships, by its name, or a file, whose name has a slash
// or ends in .yaml or .yml. It is not validated yet, since flags may change it.
func LoadScenario(name string) (*simulate.Scenario, error) {
	text, err := scenariosKept.text(name)
	if err != nil {
		return nil, err
	}
	sc, err := parseScenario(text)
	if err != nil {
		return nil, fmt.Errorf("scenario %s: %w", name, err)
	}
	return sc, nil
}

// parseScenario reads the text of a scenario over what every scenario has unless it says otherwise.
func parseScenario(text []byte) (*simulate.Scenario, error) {
	file := scenarioFile{Scenario: simulate.Default()}
	file.Campaigns, file.Hostile, file.Repeats = nil, 0, 0
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(&file); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, errors.New("a second YAML document begins; a scenario is one document")
	}
	if file.Start != "" {
		first, err := time.Parse(time.DateOnly, file.Start)
		if err != nil {
			return nil, fmt.Errorf("start: %q is not a day such as 2026-01-05", file.Start)
		}
		file.Scenario.Start = first.UnixMilli()
	}
	return &file.Scenario, nil
}
