package configs

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// TestReferenceIsTheDefaults holds that the reference has every key, each with its default and a comment before it or
// before its section.
func TestReferenceIsTheDefaults(t *testing.T) {
	var got Config
	decoder := yaml.NewDecoder(strings.NewReader(string(Reference)))
	decoder.KnownFields(true)
	if err := decoder.Decode(&got); err != nil {
		t.Fatal(err)
	}
	if want := DefaultConfig(); !reflect.DeepEqual(got, want) {
		t.Errorf("the reference says\n%+v\nthe defaults are\n%+v", got, want)
	}
	text := "\n" + string(Reference)
	for _, key := range Keys() {
		if !strings.Contains(text, "\n"+key+":") && !strings.Contains(text, " "+key+":") && !strings.Contains(text, "{"+key+":") &&
			!strings.Contains(text, "{name, url, secret_file, allow_loopback}") {
			t.Errorf("the reference lacks %s", key)
		}
	}
	if err := got.Validate(); err != nil {
		t.Errorf("the defaults are not sound: %v", err)
	}
}

// TestMistakesNamePlaceAndRemedy feeds configurations with mistakes.
func TestMistakesNamePlaceAndRemedy(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"engine:\n  windw: 6h\n", `line 2: there is no key "windw"; did you mean "window"?`},
		{"kafka:\n  brokers: [nowhere]\n", `kafka.brokers: "nowhere" is not host:port`},
		{"kafka:\n  encoding: avro\n", `kafka.encoding: "avro" is not json or protobuf`},
		{"alerts:\n  promoted: [spma]\n", `alerts.promoted[0]: no harm "spma"`},
		{"models:\n  off: [x]\n", `models.off[0]: no harm "x"`},
		{"engine:\n  window: 48h\n  seal_every: 1ms\n", "engine.seal_every: 1ms is below 100ms\nengine.window: 48h0m0s is not between"},
		{"store:\n  database: 'a b'\n", `store.database: "a b" is not a plain name`},
		{"data: ''\n", "data: is empty"},
		{"engine: [\n", "did not find expected node content"},
		{"data: a\n---\ndata: b\n", "line 2: a second YAML document begins"},
		{"data: a\n--- [\n", "did not find expected node content"},
	} {
		_, err := Parse([]byte(test.text))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: %v, want %q", test.text, err, test.want)
		}
	}
	for _, text := range []string{"", "# nothing yet\n", "---\n", "---\n...\n"} {
		if c, err := Parse([]byte(text)); err != nil || !reflect.DeepEqual(*c, DefaultConfig()) {
			t.Errorf("%q is not the defaults: %v", text, err)
		}
	}
}

// TestSavedIsLoaded writes a configuration and reads it back.
func TestSavedIsLoaded(t *testing.T) {
	c := DefaultConfig()
	c.Alerts.Promoted, c.Engine.Listen = []string{"spam"}, ""
	name := filepath.Join(t.TempDir(), "unopened.yaml")
	if err := c.Save(name); err != nil {
		t.Fatal(err)
	}
	got, err := Load(name)
	if err != nil || !reflect.DeepEqual(*got, c) {
		t.Errorf("%v: read %+v", err, got)
	}
	if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v: others may read it", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(Reference)
	f.Add([]byte("engine:\n  window: 6h\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if c, err := Parse(text); err == nil && c.Validate() != nil {
			t.Error("accepted what is not sound")
		}
	})
}
