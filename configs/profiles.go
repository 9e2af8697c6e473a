package configs

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/unopened/unopened/ingest"
)

//go:embed profiles/*.yaml
var profiles embed.FS

var profilesKept = kept{profiles, "profiles", "profile", `"unopened profiles"`}

// ProfileNames are the names of the visibility profiles that ship, in order.
func ProfileNames() []string { return profilesKept.names() }

// LoadProfile reads a visibility profile: one that ships, by its name, or a file, whose name has a slash or ends in .yaml
// or .yml. All problems are told at once, a key that does not exist with its line and the nearest that does.
func LoadProfile(name string) (*ingest.Profile, error) {
	text, err := profilesKept.text(name)
	if err != nil {
		return nil, err
	}
	p, err := ParseProfile(text)
	if err != nil {
		return nil, fmt.Errorf("profile %s: %w", name, err)
	}
	return p, nil
}

// ParseProfile is LoadProfile for text that was read already.
func ParseProfile(text []byte) (*ingest.Profile, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, err
	}
	if err := strangers(&document); err != nil {
		return nil, err
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	var p ingest.Profile
	if err := decoder.Decode(&p); err != nil && !errors.Is(err, io.EOF) {
		return nil, hintedAmong(err, profileKeys())
	}
	if err := decoder.Decode(&document); !errors.Is(err, io.EOF) {
		return nil, errors.New("a second YAML document begins; a profile is one document")
	}
	return &p, p.Validate()
}

// strangers tells which keys of the sections types and fields are not of the contract, each with its line.
func strangers(document *yaml.Node) error {
	var errs []error
	if len(document.Content) == 0 || document.Content[0].Kind != yaml.MappingNode {
		return nil // nothing yet, or the decoder will say what is wrong
	}
	known := map[string][]string{"types": ingest.TypeNames()}
	for _, f := range ingest.Schema() {
		known["fields"] = append(known["fields"], f.Name)
	}
	top := document.Content[0].Content
	for i := 0; i+1 < len(top); i += 2 {
		names := known[top[i].Value]
		if names == nil || top[i+1].Kind != yaml.MappingNode {
			continue
		}
		claims := top[i+1].Content
		for j := 0; j+1 < len(claims); j += 2 {
			if key := claims[j]; !slices.Contains(names, key.Value) {
				errs = append(errs, fmt.Errorf("line %d: %s.%s: the contract has none of that name; did you mean %q?",
					key.Line, top[i].Value, key.Value, nearest(key.Value, names)))
			}
		}
	}
	return errors.Join(errs...)
}
