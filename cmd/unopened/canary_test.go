package main

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/unopened/unopened/engine"
	"github.com/unopened/unopened/ingest"
)

// disguise is a form in which content could come in, or be passed on.
type disguise struct {
	name string
	of   func(string) string
}

var disguises = []disguise{
	{"plain", func(s string) string { return s }},
	{"upper case", strings.ToUpper},
	{"base64", func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }},
	{"base64 for URLs", func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }},
	{"hexadecimal", func(s string) string { return hex.EncodeToString([]byte(s)) }},
	{"URL-escaped", func(s string) string { return each(s, `%%%02X`) }},
	{"JSON-escaped", func(s string) string { return each(s, `\u%04x`) }},
	{"UTF-16", func(s string) string {
		b, err := binary.Append(nil, binary.LittleEndian, utf16.Encode([]rune(s)))
		if err != nil {
			panic(err)
		}
		return string(b)
	}},
	{"reversed", func(s string) string {
		b := []byte(s)
		slices.Reverse(b)
		return string(b)
	}},
	{"gzip in base64", func(s string) string {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		if _, err := w.Write([]byte(s)); err != nil {
			panic(err)
		}
		if err := w.Close(); err != nil {
			panic(err)
		}
		return base64.StdEncoding.EncodeToString(b.Bytes())
	}},
}

// each writes every byte of s by a format.
func each(s, format string) string {
	var b strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&b, format, s[i])
	}
	return b.String()
}

// guises are all forms in which a canary could come out: the disguises, what other encoders would write instead, and
// base64 of something around it.
func guises(canary string) []string {
	all := []string{url.QueryEscape(canary), base64.StdEncoding.EncodeToString([]byte("-" + canary))[4:], base64.StdEncoding.EncodeToString([]byte("--" + canary))[4:],
		strings.ToUpper(hex.EncodeToString([]byte(canary))), fmt.Sprintf("%q", canary)}
	for _, d := range disguises {
		all = append(all, d.of(canary))
	}
	return all
}

// position is a place of a record, or beside it, where content could come in. A canary stands there, disguised.
type position struct {
	name   string
	digits bool // the canary is a number
	put    func(b []byte, canary string, m *marks) posted
}

var positions = []position{
	{"unknown field's name", false, func(b []byte, c string, m *marks) posted { return bad(with(b, m, `"%s":1`, c)) }},
	{"unknown field's value", false, func(b []byte, c string, m *marks) posted { return bad(with(b, m, `"text":"%s"`, c)) }},
	{"known field's string", false, func(b []byte, c string, m *marks) posted { return bad(set(b, m, "id", `"`+c+`"`)) }},
	{"enum's value", false, func(b []byte, c string, m *marks) posted { return bad(set(b, m, "type", `"`+c+`"`)) }},
	{"key", false, func(b []byte, c string, _ *marks) posted { return posted{value: b, key: []byte(c)} }},
	{"header's key", false, func(b []byte, c string, _ *marks) posted {
		return posted{value: b, headers: headers(c, "1"), want: ingest.RefusedHeader}
	}},
	{"header's value", false, func(b []byte, c string, _ *marks) posted {
		return posted{value: b, headers: headers("traceparent", c), want: ingest.RefusedHeader}
	}},
	{"number as a string", true, func(b []byte, c string, m *marks) posted { return bad(set(b, m, "at", `"`+c+`"`)) }},
	{"nested object", false, func(b []byte, c string, m *marks) posted { return bad(set(b, m, "", `{"body":["`+c+`"]}`)) }},
	{"trailing bytes", false, func(b []byte, c string, _ *marks) posted { return bad(append(b, c...)) }},
	{"invalid UTF-8", false, func(b []byte, c string, m *marks) posted { return bad(set(b, m, "", "\"\xff"+c+"\"")) }},
	{"over-long record", false, func(b []byte, c string, _ *marks) posted {
		return bad(append(b, strings.Repeat(c, ingest.MaxRecord/len(c)+1)...))
	}},
}

// bad is a record that must be refused, whatever for.
func bad(b []byte) posted { return posted{value: b, want: ingest.RefusedSyntax} }

// newCanary draws a canary that every encoder writes in its own way.
func newCanary(m *marks, digits bool) string {
	if digits {
		return m.digits + m.digits[:13]
	}
	return m.text + "?>~<&" + m.text[6:7]
}

// TestEveryGuiseIsFound holds the search of canaries itself: a fragment of each form is found wherever it lies, and of the
// forms of another canary nothing.
func TestEveryGuiseIsFound(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	for _, digits := range []bool{false, true} {
		found, canary, other := newTraces(), newCanary(newMarks(rng), digits), newCanary(newMarks(rng), digits)
		found.plant(guises(canary)...)
		for _, d := range disguises {
			form := d.of(canary)
			for at := range len(form) - fragment + 1 {
				noise := make([]byte, 40)
				copy(noise[rng.IntN(len(noise)-fragment+1):], form[at:at+fragment])
				if n, _ := found.find(noise); n == 0 {
					t.Errorf("%s: a fragment at %d is not found", d.name, at)
				}
			}
		}
		unlike := strings.NewReplacer("kanari", "", "?>~<&", "").Replace(other) // what all canaries share
		for _, d := range disguises[:5] {                                       // of the others 16 bytes are too few characters to tell canaries apart, or gzip's head
			if n, _ := found.find([]byte(d.of(unlike))); n > 0 {
				t.Errorf("%s: %d fragments of a canary are found in another", d.name, n)
			}
		}
	}
}

// smuggler is a state that a checkpoint keeps.
type smuggler struct{ text []byte }

func (s smuggler) Changed() int64                       { return 0 }
func (s smuggler) Restore(io.Reader, bool, bool) error  { return nil }
func (s smuggler) Snapshot(w io.Writer, _, _ int) error { _, err := w.Write(s.text); return err }

// TestPackedCheckpointIsSearched has a checkpoint hold a canary of which the packing leaves no fragment in a row: it is
// found. The control is that the file's own bytes do not show it.
func TestPackedCheckpointIsSearched(t *testing.T) {
	found, canary := newTraces(), newCanary(newMarks(rand.New(rand.NewPCG(6, 6))), true)
	found.plant(canary)
	var state smuggler
	for piece := range slices.Chunk([]byte(canary), 6) {
		state.text = append(append(state.text, piece...), "something else\n"...)
	}
	state.text = append(state.text, canary...)
	vault := &engine.Folder{Dir: t.TempDir()}
	err := engine.SaveCheckpoint(t.Context(), vault, engine.Head{Role: "score", Topic: "t"}, []engine.Section{{Name: "state", State: state}})
	if err != nil {
		t.Fatal(err)
	}
	if n, _ := found.look(t, folder("checkpoints", vault.Dir)); n == 0 {
		t.Error("a canary in a checkpoint is not found")
	}
	if err := os.Rename(filepath.Join(vault.Dir, "score", "t-0", "0000000000000001.ckpt"), filepath.Join(vault.Dir, "other")); err != nil {
		t.Fatal(err)
	}
	if n, _ := found.look(t, folder("files", vault.Dir)); n > 0 {
		t.Errorf("the control: %d fragments are found in the bytes as they lie there", n)
	}
}
