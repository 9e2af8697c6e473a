package simulate

import (
	"bufio"
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/unopened/unopened/ingest"
)

// crews is how many campaigns of a kind a scenario asks for.
func crews(sc *Scenario, kind string) (n int) {
	for _, p := range sc.Campaigns {
		if p.Kind == kind {
			n += p.Crews
		}
	}
	return n
}

func TestTruthNamesEveryAccount(t *testing.T) {
	sc := small()
	s := New(sc)
	count := map[string]int{}
	seen := map[string]bool{}
	for _, a := range s.Truth() {
		if len(a.Account) != 32 || seen[a.Account] {
			t.Fatalf("account %q", a.Account)
		}
		seen[a.Account] = true
		if (a.Persona == "") != (a.Campaign != "" && a.Harm != "" && a.From >= sc.Start && a.From < s.end) {
			t.Fatalf("neither persona nor campaign: %+v", a)
		}
		count[a.Persona+a.Campaign]++
	}
	if len(seen) != sc.Accounts {
		t.Errorf("%d accounts, want %d", len(seen), sc.Accounts)
	}
	if count["grooming"] != crews(&sc, "grooming") || count["takeover"] != crews(&sc, "takeover") || count["burst_spam"] < 10 ||
		count["brigade"] < 20 || count["newcomer"] != 45 || count["support_line"] != 2 || count["coach"] != 12 ||
		count["organiser"] != 12 {
		t.Errorf("kinds: %v", count)
	}
	each(t, sc, func(_ []byte, it Item) {
		if it.Kind == Normal && !seen[it.Event.Subject.String()] {
			t.Fatalf("no truth about %v", it.Event.Subject)
		}
	})
}

func TestTruthLines(t *testing.T) {
	var b bytes.Buffer
	err := WriteTruth(&b, []Account{
		{Account: "aa", Persona: "coach"}, {Account: "bb", Campaign: "brigade", Variant: "plain", Harm: "harassment", From: 5},
	})
	want := `{"account":"aa","persona":"coach"}` + "\n" +
		`{"account":"bb","campaign":"brigade","variant":"plain","harm":"harassment","from":5}` + "\n"
	if err != nil || b.String() != want {
		t.Errorf("%v %s", err, b.String())
	}
	lines := bufio.NewScanner(&b)
	for lines.Scan() {
		if !json.Valid(lines.Bytes()) {
			t.Errorf("%s", lines.Text())
		}
	}
}

// The harm begins with an event of that very time: a registration, a login from another place, a first message.
func TestAbuseBeginsWhereTheTruthSays(t *testing.T) {
	sc := small()
	s := New(sc)
	from := map[ingest.SubjectID]*account{}
	for _, a := range s.accounts {
		if a.crew != nil {
			from[a.id] = a
		}
	}
	began := map[ingest.SubjectID]ingest.Type{}
	devices := map[ingest.SubjectID]uint64{}
	each(t, sc, func(_ []byte, it Item) {
		e := it.Event
		if it.Kind != Normal || from[e.Subject] == nil {
			return
		}
		a := from[e.Subject]
		if _, again := began[a.id]; !again && e.At == a.from {
			began[a.id] = e.Type
			if a.crew.kind.harm == ingest.Takeover && (e.Type != ingest.Login || e.Device == devices[a.id]) {
				t.Errorf("a takeover begins with %v", e.Type)
			}
		}
		if e.Type != ingest.LoginFailed {
			devices[a.id] = e.Device
		}
	})
	fresh := 0
	for id, a := range from {
		if a.from < s.end && began[id] == 0 && a.born < sc.Start {
			t.Errorf("nothing of %s at its beginning", a.crew.kind.name)
		}
		if began[id] == ingest.AccountRegistered {
			fresh++
		}
	}
	if fresh < 10 {
		t.Errorf("%d accounts registered for a campaign", fresh)
	}
}

func TestValidateNamesEveryProblem(t *testing.T) {
	if sc := Default(); sc.Validate() != nil {
		t.Fatal(sc.Validate())
	}
	bad := Scenario{Split: "dev", Campaigns: []Plan{{Kind: "takeover", Crews: -1}}, Hostile: -1, Repeats: -1}
	err := bad.Validate()
	for _, word := range []string{"split", "days", "start", "accounts", "takeover", "hostile", "repeats"} {
		if err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("no %q in %v", word, err)
		}
	}
	crowded := Default()
	crowded.Set("brigade", Plain, 100)
	if crowded.Validate() == nil {
		t.Error("6000 attackers among 7000 accounts are accepted")
	}
}

// What is fitted on training seeds meets campaigns outside its ranges in the test.
func TestSplitsDrawFromOtherRanges(t *testing.T) {
	for _, c := range campaigns {
		if len(c.ranges) != 2 || c.ranges[Train] == c.ranges[Test] {
			t.Errorf("%s has the same ranges in both splits", c.name)
		}
	}
}

func TestCampaignsDrawWithinTheirRanges(t *testing.T) {
	for _, split := range []Split{Train, Test} {
		sc := Default()
		sc.Split = split
		s := New(sc)
		gaps := map[float64]bool{}
		for _, c := range s.crews {
			p := c.kind.ranges[split]
			gaps[c.gap] = true
			if c.gap < p.gap.lo*c.Slower || c.gap > p.gap.hi*c.Slower || c.how.reply < p.reply.lo || c.how.reply > p.reply.hi ||
				float64(c.size) < p.members.lo || float64(c.size) > p.members.hi || c.fresh > c.size {
				t.Errorf("%s: %+v outside %+v", c.kind.name, c, p)
			}
		}
		if len(gaps) != len(s.crews) {
			t.Errorf("%d campaigns share %d gaps", len(s.crews), len(gaps))
		}
	}
}

func TestCheckedScenariosRun(t *testing.T) {
	tiny := Default()
	tiny.Accounts, tiny.Days = 400, 1
	tiny.Plain(1, 2, 1, 2)
	none := tiny
	none.Campaigns = nil
	none.Accounts, none.Hostile, none.Repeats = 200, 0, 0
	for _, sc := range []Scenario{tiny, none} {
		count := map[Kind]int{}
		s := each(t, sc, func(_ []byte, it Item) { count[it.Kind]++ })
		if count[Normal] < 1000 || count[Hostile] != sc.Hostile || count[Repeat] != sc.Repeats {
			t.Errorf("%v", count)
		}
		if n := len(s.Truth()); n != sc.Accounts {
			t.Errorf("truth about %d of %d accounts", n, sc.Accounts)
		}
	}
}
