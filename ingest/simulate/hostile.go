package simulate

import (
	"strconv"
	"strings"

	"github.com/unopened/unopened/ingest"
)

// flaw is one way to make a good record hostile: the first place of what is found gives way to what is put. An empty
// find puts all.
type flaw struct{ find, put string }

// flaws are records that leak content, hide from a careless decoder, or break it. Each contains one line only.
var flaws = []flaw{
	{`{"v"`, `{"text":"see you at eight","v"`}, {`,"kind"`, `,"body":"the quick brown fox","kind"`},
	{`,"kind"`, `,"content":"aGVsbG8=","kind"`}, {`,"kind"`, `,"subject":"","kind"`}, {`,"kind"`, `,"":1,"kind"`},
	{`,"kind"`, `,"target_name":"x","kind"`}, {`,"kind"`, `,"kind":"group","kind"`}, {`{"v"`, `{"v":1,"v"`},
	{`"at":`, `"at":1,"at":`}, {`"kind"`, `"KIND"`}, {`"type"`, `"Type"`}, {`"size"`, "\"\u017fize\""},
	{`"kind"`, "\"\u212aind\""}, {`"actor"`, `"Actor"`}, {`"kind"`, `"\u006bind"`}, {`"message"`, `"m\u0065ssage"`},
	{`"none"`, `"no\/ne"`}, {`"none"`, `{"class":"none"}`}, {`"none"`, `["none"]`}, {`"size":9`, `"size":{}`},
	{`"none"`, `"` + strings.Repeat("none ", 30) + `"`}, {`"none"`, `"poem"`}, {`"none"`, `null`}, {`"none"`, `1`},
	{`"none"`, `"None"`}, {`"v":1`, `"v":2`}, {`"v":1`, `"v":"1"`}, {`"size":9`, `"size":41`},
	{`"size":9`, `"size":-1`}, {`"size":9`, `"size":9.0`}, {`"size":9`, `"size":1e1`}, {`"size":9`, `"size":09`},
	{`"size":9`, `"size":+9`}, {`"size":9`, `"size":18446744073709551625`}, {`"size":9`, `"size":"9"`},
	{`"size":9`, `"size":true`}, {`"at":`, `"at":9`}, {`"session_new":true`, `"session_new":"true"`},
	{`"session_new":true`, `"session_new":1`}, {`"target":"`, `"target":"00`}, {`"actor":"`, `"actor":"zz`},
	{`$B`, `$A`}, {`"direct"`, `"group"`}, {`"direct"`, `"direct","members":12`},
	{`"direct"`, `"direct","category":"spam"`}, {`"direct"`, `"direct","verdict":"abusive"`},
	{`"direct"`, `"direct","answered":true`}, {`"message"`, `"contact_request"`}, {`"message"`, `"label"`},
	{`"message"`, `"erase"`}, {`"message"`, `"sms"`}, {`"kind":"direct",`, ``}, {`"v":1,`, ``}, {`}`, `} {}`},
	{`}`, `}}`}, {`}`, `},`}, {`}`, ``}, {`}`, `,}`}, {`}`, "}\x00"}, {`{"v"`, "\ufeff{\"v\""},
	{`"none"`, "\"n\xc3\x28ne\""}, {`"none"`, "\"\xed\xa0\x80\""},
	{`{"v"`, `{` + strings.Repeat(" ", 2048) + `"v"`},
	{`,"kind"`, `,"note":"` + strings.Repeat("lorem ipsum ", 200) + `","kind"`}, {``, `not json`}, {``, `[]`},
	{``, `{}`}, {``, `"a string"`}, {``, "\x00\xff\xfe\x01"}, {``, strings.Repeat(`{"v":`, 300)},
	{``, strings.Repeat("\xa7", 5000)},
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
	id := ingest.EventID(s.name128(domainEvent, s.events))
	s.events++
	return []byte(strings.NewReplacer("$ID", id.String(), "$AT", strconv.FormatInt(s.now, 10),
		"$A", s.accounts[s.noise.rng.IntN(len(s.accounts))].id.String(),
		"$B", s.accounts[s.noise.rng.IntN(len(s.accounts))].id.String()).Replace(line))
}
