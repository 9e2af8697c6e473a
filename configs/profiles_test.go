package configs

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/unopened/unopened/ingest"
)

var update = flag.Bool("update", false, "rewrite the golden streams of the profiles")

// TestEveryProfileLoads loads all that ship, of which each must decide on every type and field of the contract.
func TestEveryProfileLoads(t *testing.T) {
	names := ProfileNames()
	for _, want := range []string{"whatsapp", "signal", "imessage", "telegram", "teams", "messenger", "instagram", "instagram-e2ee", "tiktok", "tiktok-e2ee"} {
		if !slices.Contains(names, want) {
			t.Errorf("no profile %s", want)
		}
	}
	for _, name := range names {
		p, err := LoadProfile(name)
		if err != nil {
			t.Error(err)
			continue
		}
		if len(p.Types) != len(ingest.TypeNames()) || len(p.Fields) != len(ingest.Schema()) {
			t.Errorf("%s: %d types and %d fields", name, len(p.Types), len(p.Fields))
		}
	}
}

// TestProfileMistakesNamePlaceAndRemedy changes a line of a profile that ships.
func TestProfileMistakesNamePlaceAndRemedy(t *testing.T) {
	text, err := os.ReadFile("profiles/signal.yaml")
	if err != nil {
		t.Fatal(err)
	}
	line := func(start string) string { // the line that starts so
		i := bytes.Index(text, []byte("\n"+start))
		return string(text[i+1 : i+1+bytes.IndexByte(text[i+1:], '\n')])
	}
	for _, test := range []struct{ old, new, want string }{
		{"  call: ", "  cal: ", `types.cal: the contract has none of that name; did you mean "call"?`},
		{"  media: ", "  meida: ", `fields.meida: the contract has none of that name; did you mean "media"?`},
		{line("  block: "), "", "types.block: is missing; say whether the servers see it: yes, no or doubtful"},
		{line("  size: "), "", "fields.size: is missing"},
		{"hides: [actor], ", "", ""},
		{"hides: [actor], kinds: [direct]", "hides: [actor]", "types.message: is seen without actor, conversation, which such a record needs: leave group and channel out"},
		{"hides: [actor]", "hidse: [actor]", `there is no key "hidse"; did you mean "hides"?`},
		{"as_of: ", "asof: ", `there is no key "asof"; did you mean "as_of"?`},
		{"fields:\n", "fields:\n  kind: {seen: always}\n", `mapping key "kind" already defined`},
		{"sources:\n", "---\nsources:\n", "second YAML document"},
	} {
		changed := strings.Replace(string(text), test.old, test.new, 1)
		if changed == string(text) {
			t.Fatalf("nothing to replace: %q", test.old)
		}
		_, err := ParseProfile([]byte(changed))
		switch {
		case test.want == "" && err != nil:
			t.Errorf("%q instead of %q: %v", test.new, test.old, err)
		case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
			t.Errorf("%q instead of %q: %v\nwant %s", test.new, test.old, err, test.want)
		}
	}
	if _, err := ParseProfile([]byte(strings.Replace(string(text), "  call: ", "  cal: ", 1))); err == nil || !strings.HasPrefix(err.Error(), "line ") {
		t.Errorf("without a line: %v", err)
	}
	for name, want := range map[string]string{"singal": `did you mean "signal"?`, "none.yaml": "reading the profile"} {
		if _, err := LoadProfile(name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestGoldenStreams restricts a stream with a record of each type and kind, that carries all it may, by every profile in
// both readings: what is left lies under testdata (-update rewrites it). Another time it stays the same, and in
// the strict reading something was taken out of the stream.
func TestGoldenStreams(t *testing.T) {
	stream := linesOf(t, "stream.jsonl")
	for _, name := range ProfileNames() {
		p, err := LoadProfile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, doubtful := range []bool{false, true} {
			mask, file := p.Mask(doubtful), name+".jsonl"
			if doubtful {
				file = name + ".doubtful.jsonl"
			}
			got := restrict(t, mask, stream)
			if again := restrict(t, mask, got); !slices.EqualFunc(again, got, bytes.Equal) || len(got) == 0 ||
				!doubtful && len(bytes.Join(got, nil)) >= len(bytes.Join(stream, nil)) {
				t.Errorf("%s: another time it is another thing, or nothing was taken out", file)
			}
			want := filepath.Join("testdata/profiles", file)
			if *update {
				if err := os.WriteFile(want, append(bytes.Join(got, []byte("\n")), '\n'), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if !slices.EqualFunc(linesOf(t, file), got, bytes.Equal) {
				t.Errorf("%s is not what the profile leaves; go test ./configs -run GoldenStreams -update, and look at the difference", want)
			}
		}
	}
}

// linesOf reads a file of testdata/profiles.
func linesOf(t *testing.T, name string) [][]byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata/profiles", name))
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Split(bytes.TrimSpace(text), []byte("\n"))
}

// restrict applies a mask to lines, each of which must be of the contract.
func restrict(t *testing.T, mask *ingest.Mask, lines [][]byte) (left [][]byte) {
	t.Helper()
	var decoder ingest.Decoder
	for _, line := range lines {
		var ev ingest.Event
		if r := decoder.Decode(&ev, line); r != ingest.Accepted {
			t.Fatalf("%s: %s", r, line)
		}
		if mask.Apply(&ev) {
			left = append(left, ingest.AppendJSON(nil, &ev))
		}
	}
	return left
}

// TestStreamHasEverything holds that the golden stream has each row of the contract with all that it may carry.
func TestStreamHasEverything(t *testing.T) {
	got := map[ingest.Type]map[ingest.Kind]ingest.Fields{}
	for _, line := range linesOf(t, "stream.jsonl") {
		var ev ingest.Event
		if r := (&ingest.Decoder{}).Decode(&ev, line); r != ingest.Accepted {
			t.Fatalf("%s: %s", r, line)
		}
		if got[ev.Type] == nil {
			got[ev.Type] = map[ingest.Kind]ingest.Fields{}
		}
		got[ev.Type][ev.Kind] = ev.Has
	}
	for _, row := range ingest.Rows() {
		kinds := row.Kinds
		if kinds == nil {
			kinds = []ingest.Kind{0}
			if row.May.Any(ingest.FieldKind) {
				kinds = []ingest.Kind{ingest.Group}
			}
		}
		for _, kind := range kinds {
			if want := ingest.FieldsAlways | row.Needs | row.May; got[row.Type][kind] != want {
				t.Errorf("%s %s has %v, may have %v", row.Type, kind, got[row.Type][kind].Names(), want.Names())
			}
		}
	}
}

func FuzzParseProfile(f *testing.F) {
	text, err := os.ReadFile("profiles/signal.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte("title: a\ntypes: {call: {seen: no}}\nfields: []\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if p, err := ParseProfile(text); err == nil && (p.Validate() != nil || p.Mask(false) == nil) {
			t.Error("accepted what is not sound")
		}
	})
}
