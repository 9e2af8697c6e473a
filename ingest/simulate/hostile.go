package simulate

import (
	"encoding/binary"
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/unopened/unopened/ingest"
)

// flaw is one way to make a good record hostile: the first place of what is found gives way to what is put. An empty
// find puts all.
type flaw struct{ find, put string }

// hostile is, for one encoding, a sound record and the flaws that spoil it: records that leak content, hide from a
// careless decoder, or break it, by the refusal that each gets. What begins with $ in them is filled in afterwards.
type hostile struct {
	sound string
	flaws []flaw
}

// hostiles are those of the encodings. In JSON each is one line.
var hostiles = map[ingest.Encoding]hostile{
	ingest.JSON: {`{"v":1,"id":"$ID","type":"message","at":$AT,"actor":"$A","target":"$B","kind":"direct",` +
		`"media":"none","size":9,"session_new":true}`, jsonFlaws},
	ingest.Protobuf: {"\x08\x01\x12\x10$ID\x18\x07\x20$AT\x2a\x10$A\x32\x10$B\x40\x01\x50\x01\x58\x09\x68\x01", protobufFlaws},
}

var jsonFlaws = []flaw{
	// unknown_field, duplicate_field
	{`{"v"`, `{"text":"see you at eight","v"`}, {`,"kind"`, `,"body":"the quick brown fox","kind"`},
	{`,"kind"`, `,"":1,"kind"`}, {`,"kind"`, `,"kind":"group","kind"`}, {`"at":`, `"at":1,"at":`},
	// field_case, escape, nesting
	{`"kind"`, `"KIND"`}, {`"size"`, "\"\u017fize\""}, {`"kind"`, `"\u006bind"`}, {`"message"`, `"m\u0065ssage"`},
	{`"none"`, `{"class":"none"}`}, {`"none"`, `["none"]`},
	// version, bad_value
	{`"v":1`, `"v":2`}, {`"none"`, `"` + strings.Repeat("none ", 30) + `"`}, {`"none"`, `"None"`}, {`"none"`, `null`},
	{`"size":9`, `"size":"9"`}, {`"session_new":true`, `"session_new":1`}, {`"target":"`, `"target":"00`},
	// number, out_of_range
	{`"size":9`, `"size":-1`}, {`"size":9`, `"size":9.0`}, {`"size":9`, `"size":1e1`}, {`"size":9`, `"size":41`},
	{`"at":`, `"at":9`},
	// missing_field, field_not_for_type, self
	{`"kind":"direct",`, ``}, {`"direct"`, `"group"`}, {`"direct"`, `"direct","category":"spam"`}, {`$B`, `$A`},
	// trailing, syntax, utf8, too_large
	{`}`, `} {}`}, {`}`, ``}, {`}`, `,}`}, {`{"v"`, "\ufeff{\"v\""}, {``, `not json`}, {``, `[]`},
	{``, "\x00\xff\xfe\x01"}, {`"none"`, "\"n\xc3\x28ne\""}, {`{"v"`, `{` + strings.Repeat(" ", 2048) + `"v"`},
}

var protobufFlaws = []flaw{
	// unknown_field, duplicate_field
	{"\x08\x01", "\xfa\x01\x10see you at eight\x08\x01"}, {"\x40\x01", "\xa2\x06\x13the quick brown fox\x40\x01"},
	{"\x40\x01", "\xfb\x01\xfc\x01\x40\x01"}, {"\x40\x01", "\x40\x02\x40\x01"}, {"\x20$AT", "\x20\x01\x20$AT"},
	// nesting, version, number
	{"\x50\x01", "\x53\x50\x01\x54"}, {"\x08\x01", "\x08\x02"}, {"\x58\x09", "\x58\x89\x00"}, {"\x08\x01", "\x88\x00\x01"},
	{"\x12\x10", "\x12\x90\x00"},
	// bad_value, out_of_range
	{"\x50\x01", "\x50\x00"}, {"\x50\x01", "\x50\x0a"}, {"\x50\x01", "\x50\x81\x80\x80\x80\x10"}, {"\x50\x01", "\x52\x04none"},
	{"\x58\x09", "\x5d\x09\x00\x00\x00"}, {"\x68\x01", "\x68\x02"}, {"\x32\x10", "\x32\x11\x00"}, {"\x32\x10$B", "\x32\x00"},
	{"\x58\x09", "\x58\x29"}, {"\x58\x09", "\x58\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"}, {"\x20$AT", "\x20\x09"},
	// missing_field, field_not_for_type, self
	{"\x40\x01", ""}, {"\x40\x01", "\x40\x02"}, {"\x40\x01", "\x40\x01\xe0\x01\x01"}, {"$B", "$A"}, {"", ""},
	// syntax, nesting (JSON on the wrong topic), too_large
	{"\x68\x01", "\x68"}, {"\x12\x10", "\x12\x7f"}, {"\x50\x01", "\x50\x01\x00"}, {"", "not a message"},
	{"", "{\"v\":1}"}, {"", strings.Repeat("\x08\x01", 1025)},
}

// spoil makes a hostile record, whose event id is used for nothing else.
func (s *Simulator) spoil(f flaw) []byte {
	record := f.put
	if f.find != "" {
		record = strings.Replace(hostiles[s.scenario.Encoding].sound, f.find, f.put, 1)
	}
	name, at := func(id [16]byte) string { return hex.EncodeToString(id[:]) }, strconv.FormatInt(s.now, 10)
	if s.scenario.Encoding == ingest.Protobuf {
		name, at = func(id [16]byte) string { return string(id[:]) }, string(binary.AppendUvarint(nil, uint64(s.now)))
	}
	return []byte(strings.NewReplacer("$ID", name(s.noise.name()), "$AT", at,
		"$A", name(one(s.noise, s.accounts).id), "$B", name(one(s.noise, s.accounts).id)).Replace(record))
}

// disturb scatters the hostile records, each flaw in its turn, and the repeats over the time; it changes nothing of
// the rest.
func (s *Simulator) disturb() {
	all, flaws := s.end-s.now, hostiles[s.scenario.Encoding].flaws
	for i := range s.scenario.Hostile {
		s.schedule(s.now+s.noise.rng.Int64N(all), nil, func() {
			s.out = append(s.out, Item{Kind: Hostile, At: s.now, line: s.spoil(flaws[i%len(flaws)])})
		})
	}
	for range s.scenario.Repeats { // so early that a normal record still follows
		s.schedule(s.now+s.noise.rng.Int64N(all-all/20), nil, func() { s.wanted++ })
	}
}

// overhear makes an event that goes out come again within the hour, if one is wanted.
func (s *Simulator) overhear(e *ingest.Event) {
	if s.wanted == 0 {
		return
	}
	s.wanted--
	at := s.now + int64(min(s.noise.logNormal(90, 1), 1800)*1000)
	s.schedule(min(at, s.end-1), nil, func() {
		s.out = append(s.out, Item{Kind: Repeat, At: s.now, Event: e})
	})
}
