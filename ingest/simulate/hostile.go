package simulate

import (
	"strconv"
	"strings"

	"github.com/unopened/unopened/ingest"
)

// flaw is one way to make a good record hostile: the first place of what is found gives way to what is put. An empty
// find puts all.
type flaw struct{ find, put string }

// flaws are records that leak content, hide from a careless decoder, or break it, by the refusal that each gets. Each
// is one line.
var flaws = []flaw{
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

// sound is the record that the flaws spoil; what begins with $ is filled in afterwards.
const sound = `{"v":1,"id":"$ID","type":"message","at":$AT,"actor":"$A","target":"$B","kind":"direct",` +
	`"media":"none","size":9,"session_new":true}`

// spoil makes a hostile record, whose event id is used for nothing else.
func (s *Simulator) spoil(f flaw) []byte {
	line := f.put
	if f.find != "" {
		line = strings.Replace(sound, f.find, f.put, 1)
	}
	return []byte(strings.NewReplacer(
		"$ID", ingest.EventID(s.noise.name()).String(), "$AT", strconv.FormatInt(s.now, 10),
		"$A", one(s.noise, s.accounts).id.String(), "$B", one(s.noise, s.accounts).id.String(),
	).Replace(line))
}

// disturb scatters the hostile records, each flaw in its turn, and the repeats over the time; it changes nothing of
// the rest.
func (s *Simulator) disturb() {
	all := s.end - s.now
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
