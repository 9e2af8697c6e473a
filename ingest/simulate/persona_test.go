package simulate

import (
	"testing"

	"github.com/unopened/unopened/ingest"
)

func firsts(c *conduct) float64    { return float64(c.firsts) }
func answered(c *conduct) float64  { return share(c.answered, c.firsts) }
func minors(c *conduct) float64    { return share(c.minors, c.firsts) }
func strangers(c *conduct) float64 { return share(c.stranger, c.firsts) }
func inbound(c *conduct) float64   { return float64(c.inbound) }
func vanishing(c *conduct) float64 { return share(c.vanishing, c.sent) }
func reports(c *conduct) float64   { return float64(c.reports) }
func forwards(c *conduct) float64  { return float64(c.forwards) }
func onDevice(c *conduct) float64  { return float64(c.onDevice) }
func abroad(c *conduct) float64    { return float64(len(c.countries)) }

// atNight is the share of direct messages between midnight and six of the town's clock.
func atNight(c *conduct) float64 {
	n := 0
	for h, sent := range c.hours {
		if (h+c.zone+24)%24 < 6 {
			n += sent
		}
	}
	return share(n, c.sent)
}

// The bounds are about half and twice what was measured; those of ordinary accounts are the control.
var personaBounds = []bound{
	{"ordinary", "night", atNight, 0, 0.05},
	{"ordinary", "disappearing", vanishing, 0, 0.05},
	{"ordinary", "forwards", forwards, 0, 3},
	{"ordinary", "reports", reports, 0, 0},
	{"ordinary", "blocks", func(c *conduct) float64 { return float64(c.blocks) }, 0, 0},
	{"ordinary", "accounts on the device", onDevice, 1, 1},
	{"ordinary", "countries", abroad, 1, 1},
	{"shelter", "inbound-first", func(c *conduct) float64 { return share(c.inbound, c.inbound+c.firsts) }, 0.8, 1},
	{"shelter", "inbound", inbound, 25, 160},
	{"shelter", "disappearing", vanishing, 0.3, 1},
	{"shelter", "night", atNight, 0.1, 0.6},
	{"shelter", "calls", func(c *conduct) float64 { return float64(c.calls) }, 2, 30},
	{"survivor", "blocks", func(c *conduct) float64 { return float64(c.blocks) }, 1, 6},
	{"survivor", "disappearing", vanishing, 0.3, 0.95},
	{"survivor", "strangers", strangers, 0.4, 1},
	{"journalist", "first contacts", firsts, 22, 100},
	{"journalist", "answered", answered, 0.2, 0.7},
	{"journalist", "strangers", strangers, 0.5, 1},
	{"journalist", "disappearing", vanishing, 0.2, 0.8},
	{"activist", "group additions", func(c *conduct) float64 { return float64(c.groupAdds) }, 28, 120},
	{"activist", "first contacts", firsts, 35, 160},
	{"activist", "forwards", forwards, 35, 160},
	{"activist", "reports", reports, 2, 12},
	{"small_business", "first contacts", firsts, 30, 130},
	{"small_business", "answered", answered, 0.14, 0.55},
	{"small_business", "complaints", func(c *conduct) float64 { return float64(c.complaints) }, 2, 10},
	{"small_business", "inbound", inbound, 20, 90},
	{"popular_teen", "minors", minors, 0.4, 0.95},
	{"popular_teen", "inbound", inbound, 33, 140},
	{"popular_teen", "first contacts", firsts, 14, 60},
	{"falsely_reported", "reports", reports, 4, 20},
	{"falsely_reported", "reports out of nothing", func(c *conduct) float64 { return share(c.unprovoked, c.reports) }, 0.3, 1},
	{"refugee", "first contacts", firsts, 7, 30},
	{"refugee", "strangers", strangers, 0.3, 0.9},
	{"refugee", "answered", answered, 0.3, 0.8},
	{"diaspora", "forwards", forwards, 4, 25},
	{"diaspora", "calls", func(c *conduct) float64 { return float64(c.calls) }, 1, 8},
	{"night_worker", "night", atNight, 0.09, 0.5},
	{"class_newcomer", "registered on one network", func(c *conduct) float64 { return float64(c.inRoom) }, 14, 42},
	{"class_newcomer", "first contacts", firsts, 4, 18},
	{"shared_device", "accounts on the device", onDevice, 3, 14},
	{"traveller", "countries", abroad, 2, 2},
	{"traveller", "first contacts", firsts, 8, 32},
	{"traveller", "answered", answered, 0.5, 1},
}

// Each persona is there in its share, a group more or less, and each has bounds of its conduct.
func TestPersonasFillTheirShare(t *testing.T) {
	sc := Default()
	sc.Accounts = 5000
	sc.Campaigns = nil
	count := map[string]float64{}
	for _, a := range New(sc).Truth() {
		count[a.Persona]++
	}
	want, group := map[string]float64{}, map[string]float64{}
	for _, p := range personas {
		want[p.name] += p.share * float64(sc.Accounts)
		group[p.name] += p.size.hi
	}
	for name, n := range want {
		if got := count[name]; got < n-group[name] || got > n+group[name] || got == 0 && n > group[name] {
			t.Errorf("%v accounts of %s, want %v", got, name, n)
		}
	}
	if count["ordinary"] < 0.8*float64(sc.Accounts) {
		t.Errorf("only %v ordinary accounts", count["ordinary"])
	}
}

// An account that was uprooted is in nobody's address book and in no group.
func TestUprootLeavesNothingBehind(t *testing.T) {
	s := New(small())
	a := s.volunteer(func(a *account) bool { return known(a) && len(a.groups) > 0 })
	if s.meetBefore(a, s.accounts[0]); len(a.ties) == 0 || len(a.groups) == 0 {
		t.Fatal("the account had nobody before")
	}
	a.uproot()
	for _, b := range s.accounts {
		if _, tied := b.ties[a]; tied || relation(b, a) != ingest.Stranger || sharedGroups(a, b) != 0 && a != b {
			t.Fatal("somebody knows it still")
		}
	}
}
