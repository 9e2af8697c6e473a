package evaluate

import (
	"strings"
	"testing"

	"github.com/unopened/unopened/models"
)

const (
	ann = "000000000000000000000000000000a1"
	bob = "000000000000000000000000000000b2"
	cas = "000000000000000000000000000000c3"
)

const goodTruth = `{"account":"` + ann + `","persona":"coach"}

{"account":"` + bob + `","campaign":"farm","variant":"quarter_rate","harm":"scam","from":1800000000000}
{"account":"` + cas + `","campaign":"farm","part":"accomplice","harm":"scam"}
`

func TestTruthIsRead(t *testing.T) {
	got, err := ReadTruth(strings.NewReader(goodTruth), "t")
	if err != nil || len(got) != 3 {
		t.Fatal(got, err)
	}
	if a := got[0]; a.ID.String() != ann || a.Kind != Innocent || a.Group != "coach" {
		t.Errorf("%+v", a)
	}
	if b := got[1]; b.Kind != Member || b.Harm != models.Scam || b.Group != "farm" || b.Variant != "quarter_rate" || b.From != 1800000000000 {
		t.Errorf("%+v", b)
	}
	if c := got[2]; c.Kind != Accomplice || c.Variant != "plain" {
		t.Errorf("%+v", c)
	}
}

// TestWrongTruthIsToldApart: errors name the line and the remedy.
func TestWrongTruthIsToldApart(t *testing.T) {
	for _, test := range []struct{ more, want string }{
		{`{"account":"x","persona":"coach"}`, `t, line 5: account: "x" is not an account's pseudonym`},
		{`{"account":"` + ann + `","persona":"coach"}`, "t, line 5: account " + ann + " stands in line 1 already"},
		{`{"account":"` + ann[:31] + `9","campaign":"x","harm":"fraud"}`, `harm: "fraud" is not scored; the harms are spam`},
		{`{"account":"` + ann[:31] + `9","campaign":"x","persona":"y","harm":"spam"}`, "remove it, or the campaign"},
		{`{"account":"` + ann[:31] + `9","campaign":"x","harm":"spam","from":-1}`, "from: -1 is no time"},
		{`{"account":"` + ann[:31] + `9","campaign":"x","harm":"spam","part":"boss"}`, `part: "boss" is not "accomplice"`},
		{`{"account":"` + ann[:31] + `9"}`, "give a persona alone, or a campaign"},
		{`{"account":"` + ann[:31] + `9","name":"Ann"}`, `unknown field "name"`},
		{`nonsense`, "t, line 5: invalid character"},
	} {
		if _, err := ReadTruth(strings.NewReader(goodTruth+test.more), "t"); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", test.more, err, test.want)
		}
	}
	lines := strings.SplitAfter(goodTruth, "\n")
	for _, test := range []struct{ text, want string }{
		{lines[2] + lines[3], "t names no innocent account among 2"}, {"", "t names no account"},
	} {
		if _, err := ReadTruth(strings.NewReader(test.text), "t"); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: %v, want %q", test.text, err, test.want)
		}
	}
}
