package simulate

import (
	"slices"
	"testing"

	"github.com/unopened/unopened/ingest"
)

// crowd is a scenario of one kind of campaign in one variant, with a hundred acting accounts.
func crowd(kind, variant string, days int) Scenario {
	sc := Default()
	sc.Accounts, sc.Days, sc.Campaigns, sc.Hostile, sc.Repeats = 4000, days, []Plan{{Kind: kind, Variant: variant, Accounts: 60}}, 0, 0
	return sc
}

// acted is what a test sees of the acting accounts of a crowd.
func acted(t *testing.T, kind, variant string, days int) (acts []*conduct, helpers int) {
	t.Helper()
	sc := crowd(kind, variant, days)
	seen := observe(t, sc)
	s := New(sc)
	for _, a := range s.accounts {
		switch c := seen[a.id]; {
		case a.crew == nil:
		case a.part != "":
			helpers++
		case c != nil:
			acts = append(acts, c)
		}
	}
	if len(acts) < 40 {
		t.Fatalf("%s/%s: %d accounts acted", kind, variant, len(acts))
	}
	return acts, helpers
}

// Every campaign runs in every variant that fits it; its truth names kind and variant, its accounts are as many as were
// asked for, and accomplices are only there where replies are farmed.
func TestEveryCampaignRunsInEveryVariant(t *testing.T) {
	kinds, fits := Kinds()
	for _, kind := range kinds {
		for _, variant := range fits[kind] {
			sc := crowd(kind, variant, 4)
			sc.Accounts = 1500
			s := each(t, sc, func([]byte, Item) {})
			acting, helpers := 0, 0
			for _, a := range s.Truth() {
				switch {
				case a.Part == "accomplice":
					helpers++
				case a.Campaign == kind && a.Variant == variant:
					acting++
				case a.Campaign != "":
					t.Fatalf("%s/%s: %+v", kind, variant, a)
				}
			}
			if acting < 60 || (helpers > 0) != (variant == Farmed) || len(s.Truth()) != sc.Accounts {
				t.Errorf("%s/%s: %d acting, %d accomplices, %d in all", kind, variant, acting, helpers, len(s.Truth()))
			}
		}
	}
}

// What an attacker pays for shows in what his accounts do.
func TestEvasionsDoWhatTheySay(t *testing.T) {
	firsts := func(c *conduct) float64 { return float64(c.firsts) }
	answered := func(c *conduct) float64 { return share(c.answered, c.firsts) }
	fellows := func(c *conduct) float64 { return share(c.fellows, c.firsts) }
	plain, _ := acted(t, "slow_spam", Plain, 8)
	slower, _ := acted(t, "slow_spam", Quarter, 8)
	if a, b := median(plain, firsts), median(slower, firsts); b > 0.5*a {
		t.Errorf("at a quarter of the rate: %v first contacts beside %v", b, a)
	}
	farmed, helpers := acted(t, "slow_spam", Farmed, 8)
	if a, b := median(plain, answered), median(farmed, answered); b < a+0.1 || helpers == 0 {
		t.Errorf("with farmed replies %v of the first contacts are answered, beside %v; %d accomplices", b, a, helpers)
	}
	plain, _ = acted(t, "grooming", Plain, 8)
	seeded, _ := acted(t, "grooming", Seeded, 8)
	if a, b := median(plain, fellows), median(seeded, fellows); b < a+0.14 { // 0.36 and 0.64 measured
		t.Errorf("with seeded contacts %v of the first contacts are with members of a group of its, beside %v", b, a)
	}
}

func TestMisdeclaredAndWarmedAccounts(t *testing.T) {
	sc := crowd("sextortion", Misdeclared, 4)
	s := New(sc)
	for _, a := range s.accounts {
		if a.crew != nil && (a.told != ingest.Age16to17 || a.age.Minor()) {
			t.Fatalf("says %v and is %v", a.told, a.age)
		}
	}
	for _, variant := range []string{Plain, Warmed} {
		s := New(crowd("burst_spam", variant, 10))
		old := 0
		for _, a := range s.accounts {
			if a.crew != nil && a.from-a.born > 10*day {
				old++
			}
		}
		if (old > 40) != (variant == Warmed) {
			t.Errorf("%s: %d accounts are older than ten days when they begin", variant, old)
		}
	}
}

// The work that one account did is done by as many as share it.
func TestDividedWork(t *testing.T) {
	sc := crowd("grooming", "", 3)
	sc.Campaigns = []Plan{{Kind: "grooming", Crews: 5, Evade: &Evasion{Divided: 4}}}
	s := New(sc)
	if n := len(s.crews); n != 5 || s.crews[0].size != 4 {
		t.Fatalf("%d crews of %d", n, s.crews[0].size)
	}
	whole, part := *s.crews[0], *s.crews[0]
	whole.Divided = 1
	var a, b int
	for range 200 {
		a, b = a+s.work(&whole), b+s.work(&part)
	}
	if ratio := float64(a) / float64(b); ratio < 3 || ratio > 4.5 {
		t.Errorf("one account has %.1f times the work of a quarter", ratio)
	}
}

func TestImpossiblePlansAreRefused(t *testing.T) {
	for _, p := range []Plan{
		{Kind: "gromming", Crews: 1}, {Kind: "grooming", Variant: "slow", Crews: 1}, {Kind: "takeover", Variant: Warmed, Crews: 1},
		{Kind: "grooming"}, {Kind: "grooming", Crews: 1, Accounts: 1}, {Kind: "grooming", Crews: 1, Evade: &Evasion{Farmed: 1}},
		{Kind: "grooming", Variant: Plain, Crews: 1, Evade: &Evasion{}},
	} {
		sc := Default()
		sc.Campaigns = []Plan{p}
		if sc.Validate() == nil {
			t.Errorf("%+v is accepted", p)
		}
	}
}

// The holiday and the release of a client change what is seen, and only from their day on.
func TestCalendar(t *testing.T) {
	count := func(sc Scenario) (firsts [6]int, sessions [6]int) {
		each(t, sc, func(_ []byte, it Item) {
			d := (it.At - sc.Start) / day
			if it.Kind == Normal && it.Event.True.Any(ingest.FieldSessionNew) {
				sessions[d]++
			}
			if it.Kind == Normal && it.Event.Type == ingest.Message {
				firsts[d]++
			}
		})
		return firsts, sessions
	}
	sc := small()
	sc.Days, sc.Hostile, sc.Repeats, sc.Campaigns = 6, 0, 0, nil
	plain, opened := count(sc)
	sc.Holiday = Holiday{Day: 4, Days: 1}
	festive, _ := count(sc)
	if float64(festive[3]) < 1.2*float64(plain[3]) || float64(festive[0]) > 1.1*float64(plain[0]) {
		t.Errorf("messages by day: %v on a holiday, %v else", festive, plain)
	}
	sc.Holiday, sc.Release = Holiday{}, 3
	_, renewed := count(sc)
	if renewed[3] < 2*opened[3] || float64(renewed[1]) > 1.2*float64(opened[1]) {
		t.Errorf("new sessions by day: %v with a release, %v without", renewed, opened)
	}
}

// What a client does not send is optional, about as much as asked for, and for some accounts always the same.
func TestMissingFields(t *testing.T) {
	sc := small()
	sc.Missing, sc.Hostile = 0.2, 0
	var d ingest.Decoder
	var e ingest.Event
	all, has := 0, 0
	never := map[ingest.SubjectID][]bool{}
	each(t, sc, func(line []byte, it Item) {
		if refusal := d.Decode(&e, line); refusal != ingest.Accepted {
			t.Fatalf("%v: %s", refusal, line)
		}
		if e.Type == ingest.Message {
			all++
			if e.Has.Any(ingest.FieldClient) {
				has++
			}
			never[e.Subject] = append(never[e.Subject], e.Has.Any(ingest.FieldClient))
		}
	})
	if got := share(has, all); got < 0.75 || got > 0.85 {
		t.Errorf("client is there in %.2f of the messages", got)
	}
	without := 0
	for _, sent := range never {
		if len(sent) > 20 && !slices.Contains(sent, true) {
			without++
		}
	}
	if without == 0 {
		t.Error("no account's client never sends a field")
	}
}

func TestCurvesRun(t *testing.T) {
	sc := Default()
	sc.Campaigns, sc.Accounts, sc.Days, sc.Hostile, sc.Repeats = Curves(2), 12000, 1, 0, 0
	s := each(t, sc, func([]byte, Item) {})
	seen := map[string]bool{}
	for _, a := range s.Truth() {
		if a.Part == "" {
			seen[a.Campaign+" "+a.Variant] = true
		}
	}
	for _, p := range sc.Campaigns {
		if !seen[p.Kind+" "+p.Evade.String()] {
			t.Errorf("nobody of %s, %s", p.Kind, p.Evade)
		}
	}
	if !seen["slow_spam "+knobs[3].At(20).String()] || seen["takeover farmed 0.5"] {
		t.Errorf("%v", seen)
	}
}
