package alerts

import (
	"bytes"
	"reflect"
	"strings"
	"testing"

	"github.com/unopened/unopened/ingest"
	"github.com/unopened/unopened/models"
)

// candidate returns what a policy proposes, with a cause.
func candidate(t testing.TB) Candidate {
	p, err := NewPolicy(promoted(), nil, testKey)
	if err != nil {
		t.Fatal(err)
	}
	p.models = fakeModels{}
	c := p.Decide(verdict(1, 1, start, 0.95), models.Grooming, nil)[0]
	c.Cause = ingest.Cause{Origin: ingest.OriginAccount, Partition: 3, Incarnation: 1, Offset: 77, Number: 2}
	return c
}

func TestCandidateSurvivesTheTopic(t *testing.T) {
	c := candidate(t)
	got, ok := DecodeCandidate(EncodeCandidate(&c))
	if !ok || !reflect.DeepEqual(got, c) {
		t.Errorf("got %+v (%v), want %+v", got, ok, c)
	}
}

func TestDecodeCandidateRefuses(t *testing.T) {
	c := candidate(t)
	good := string(EncodeCandidate(&c))
	for _, tt := range []struct{ name, old, new string }{
		{"nothing", good, ""},
		{"null", good, "null"},
		{"array", good, "[" + good + "]"},
		{"trailing bytes", good, good + "{}"},
		{"trailing white space", good, good + "\n"},
		{"white space", `{"v":1,`, `{"v": 1,`},
		{"an unknown field", `{"v":1,`, `{"v":1,"text":"hello",`},
		{"a field twice", `{"v":1,`, `{"v":1,"v":1,`},
		{"a field in another case", `"harm"`, `"Harm"`},
		{"another order", `{"v":1,"id":"` + c.ID + `",`, `{"id":"` + c.ID + `","v":1,`},
		{"another version", `{"v":1,`, `{"v":2,`},
		{"an escape", `"grooming"`, `"gr\u006foming"`},
		{"an id in upper case", `"id":"` + c.ID, `"id":"` + strings.ToUpper(c.ID)},
		{"a short account", c.Account, c.Account[:30]},
		{"an unknown type", "alert.opened", "alert.reopened"},
		{"a sequence that is not the type's", `"sequence":0`, `"sequence":1`},
		{"a negative sequence", `"sequence":0`, `"sequence":-1`},
		{"an unknown harm", `"grooming"`, `"grumbling"`},
		{"a severity that opens nothing", `"high"`, `"medium"`},
		{"a score above 1", `"score":0.95`, `"score":1.95`},
		{"a negative score", `"score":0.95`, `"score":-0.95`},
		{"a score in another notation", `"score":0.95`, `"score":9.5e-1`},
		{"no episode", `"episode":1`, `"episode":0`},
		{"no reasons", good[strings.Index(good, `"reasons":[`):strings.Index(good, `"model"`)], `"reasons":null,`},
		{"a raw cause", `"Origin":2`, `"Origin":1`},
		{"a cause before the beginning", `"Offset":77`, `"Offset":-77`},
		{"a cause in no partition", `"Partition":3`, `"Partition":-3`},
		{"a value that is a string", `"value":7`, `"value":"7"`},
	} {
		bad := strings.Replace(good, tt.old, tt.new, 1)
		if bad == good {
			t.Fatalf("%s: nothing was changed in %s", tt.name, good)
		}
		if got, ok := DecodeCandidate([]byte(bad)); ok {
			t.Errorf("%s was taken: %+v", tt.name, got)
		}
	}
}

// checkDecode fails if DecodeCandidate takes bytes that EncodeCandidate does not write.
func checkDecode(t *testing.T, data []byte) {
	t.Helper()
	if c, ok := DecodeCandidate(data); ok && !bytes.Equal(EncodeCandidate(&c), data) {
		t.Errorf("%q was taken as %+v", data, c)
	}
}

func TestDecodeCandidateTakesOneFormOnly(t *testing.T) {
	c := candidate(t)
	good := EncodeCandidate(&c)
	for i := range good {
		checkDecode(t, good[:i])
		for _, b := range []byte("\x00 \"\\,:{}[]0-ez\x80\xff") {
			bad := bytes.Clone(good)
			bad[i] = b
			checkDecode(t, bad)
			checkDecode(t, append(append(bytes.Clone(good[:i]), b), good[i:]...))
		}
	}
}

func FuzzDecodeCandidate(f *testing.F) {
	c := candidate(f)
	f.Add(EncodeCandidate(&c))
	f.Fuzz(checkDecode)
}

func TestWebhookIDs(t *testing.T) {
	c := candidate(t)
	base := webhookID(&c)
	if again := webhookID(&c); again != base || !strings.HasPrefix(base, "msg_") || len(base) != 36 {
		t.Errorf("ids %s and %s", base, again)
	}
	other := c
	other.Sequence++
	closed := c
	closed.Type = Closed
	if webhookID(&other) == base || webhookID(&closed) == base {
		t.Error("another sequence or type has the same webhook-id")
	}
}
