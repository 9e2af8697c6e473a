package simulate

import (
	"slices"
	"testing"

	"github.com/unopened/unopened/ingest"
)

// conduct is what a test sees of one account in the records, and nowhere else.
type conduct struct {
	firsts, answered, minors, stranger int // accounts it wrote to first, and of these: answered, minors, strangers
	fellows                            int // of these: members of a group of its
	inbound                            int // accounts that wrote to it first
	complaints                         int // blocks and reports of accounts it wrote to first
	sent, groupAdds, calls, vanishing  int
	devices, networks                  map[uint64]bool
	countries                          map[[2]byte]bool
	groups, forwards, blocks           int     // groups it made or joined, messages that it passed on, accounts it blocked
	reports, unprovoked                int     // of it, and of these: by who never exchanged a message with it
	hours                              [24]int // of its direct messages, by UTC
	zone                               int     // of its town
	onDevice, inRoom                   int     // most accounts on a device of its, and registered on its network when it did
	firstSeen                          int64   // its first event
	firstAt                            []int64
	inboundAt                          []int64
}

// observe runs a scenario and gathers the conduct of every account.
func observe(t *testing.T, sc Scenario) map[ingest.SubjectID]*conduct {
	t.Helper()
	seen := map[ingest.SubjectID]*conduct{}
	of := func(id ingest.SubjectID) *conduct {
		if seen[id] == nil {
			seen[id] = &conduct{devices: map[uint64]bool{}, networks: map[uint64]bool{}, countries: map[[2]byte]bool{}}
		}
		return seen[id]
	}
	opener := map[ingest.SubjectID]ingest.SubjectID{} // of a conversation
	replied := map[ingest.SubjectID]bool{}
	rooms := map[uint64]map[*conduct]bool{}   // who registered on a network
	devices := map[uint64]map[*conduct]bool{} // who was on a device
	note := func(in map[uint64]map[*conduct]bool, id uint64, c *conduct) {
		if in[id] == nil {
			in[id] = map[*conduct]bool{}
		}
		in[id][c] = true
	}
	each(t, sc, func(_ []byte, it Item) {
		if it.Kind != Normal {
			return
		}
		e := it.Event
		a := of(e.Subject)
		if a.firstSeen == 0 {
			a.firstSeen = e.At
		}
		if e.Has.Any(ingest.FieldDevice) {
			note(devices, e.Device, a)
			a.devices[e.Device], a.networks[e.Network], a.countries[e.Country] = true, true, true
		}
		if e.Type == ingest.Message && e.Forwards > 0 {
			a.forwards++
		}
		switch {
		case e.Type == ingest.Message && e.Kind == ingest.Direct:
			a.sent++
			a.hours[e.At/hourMs%24]++
			if e.True.Any(ingest.FieldDisappearing) {
				a.vanishing++
			}
			who, talked := opener[e.Conversation]
			if !talked {
				opener[e.Conversation] = e.Subject
				a.firsts++
				a.firstAt = append(a.firstAt, e.At)
				b := of(e.Peer)
				b.inbound++
				b.inboundAt = append(b.inboundAt, e.At)
				if e.PeerAge.Minor() {
					a.minors++
				}
				if e.Relation == ingest.Stranger {
					a.stranger++
				}
				if e.SharedGroups > 0 {
					a.fellows++
				}
			} else if who == e.Peer && !replied[e.Conversation] {
				replied[e.Conversation] = true
				of(who).answered++
			}
		case e.Type == ingest.Block || e.Type == ingest.Report:
			b := of(e.Peer)
			b.complaints++
			if e.Type == ingest.Block {
				a.blocks++
				break
			}
			b.reports++
			if _, talked := opener[between(e.Subject, e.Peer)]; !talked {
				b.unprovoked++
			}
		case e.Type == ingest.GroupAdd:
			a.groupAdds++
		case e.Type == ingest.GroupJoin || e.Type == ingest.GroupCreate:
			a.groups++
		case e.Type == ingest.AccountRegistered:
			note(rooms, e.Network, a)
		case e.Type == ingest.Call:
			a.calls++
		}
	})
	for _, on := range devices {
		for c := range on {
			c.onDevice = max(c.onDevice, len(on))
		}
	}
	for _, in := range rooms {
		for c := range in {
			c.inRoom = len(in)
		}
	}
	return seen
}

// between is the conversation of two accounts.
func between(a, b ingest.SubjectID) (c ingest.SubjectID) {
	for i := range c {
		c[i] = a[i] ^ b[i]
	}
	return c
}

// each runs a scenario to its end.
func each(t *testing.T, sc Scenario, do func(line []byte, it Item)) *Simulator {
	t.Helper()
	if err := sc.Validate(); err != nil {
		t.Fatal(err)
	}
	s := New(sc)
	var buf []byte
	for {
		line, it, ok := s.Next(buf[:0])
		if !ok {
			return s
		}
		do(line, it)
		buf = line
	}
}

// median of one number of the accounts of a kind.
func median(of []*conduct, number func(*conduct) float64) float64 {
	var all []float64
	for _, c := range of {
		all = append(all, number(c))
	}
	slices.Sort(all)
	return all[len(all)/2]
}

func share(part, whole int) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}

// kinds groups the accounts' conduct by persona or campaign.
func kinds(t *testing.T, sc Scenario) map[string][]*conduct {
	seen := observe(t, sc)
	of := map[string][]*conduct{}
	s := New(sc)
	for _, a := range s.accounts {
		name := a.persona
		if a.crew != nil {
			name = a.crew.kind.name
		}
		if c := seen[a.id]; c != nil {
			c.zone = int(a.town.country.zone)
			of[name] = append(of[name], c)
		}
	}
	return of
}

// bound is what the median of one number must keep to among the accounts of a kind.
type bound struct {
	kind, what string
	number     func(*conduct) float64
	lo, hi     float64
}

// Each bound is about half or twice what the personas were measured at, so that only a change of behaviour breaks it.
func TestConductOfPersonasAndCampaigns(t *testing.T) {
	for _, split := range []Split{Train, Test} {
		sc := Default()
		sc.Split = split
		of := kinds(t, sc)
		cases := []bound{
			{"ordinary", "direct messages", func(c *conduct) float64 { return float64(c.sent) }, 20, 100},
			{"ordinary", "first contacts", func(c *conduct) float64 { return float64(c.firsts) }, 1, 10},
			{"newcomer", "first contacts", func(c *conduct) float64 { return float64(c.firsts) }, 12, 40},
			{"newcomer", "answered", func(c *conduct) float64 { return share(c.answered, c.firsts) }, 0.6, 1},
			{"newcomer", "strangers", func(c *conduct) float64 { return share(c.stranger, c.firsts) }, 0, 0.2},
			{"support_line", "inbound-first", func(c *conduct) float64 { return share(c.inbound, c.inbound+c.firsts) }, 0.8, 1},
			{"support_line", "inbound", func(c *conduct) float64 { return float64(c.inbound) }, 150, 600},
			{"coach", "minors", func(c *conduct) float64 { return share(c.minors, c.firsts) }, 0.5, 0.95},
			{"coach", "answered", func(c *conduct) float64 { return share(c.answered, c.firsts) }, 0.45, 0.95},
			{"coach", "strangers", func(c *conduct) float64 { return share(c.stranger, c.firsts) }, 0.1, 0.6},
			{"organiser", "group additions", func(c *conduct) float64 { return float64(c.groupAdds) }, 30, 160},
			{"organiser", "first contacts", func(c *conduct) float64 { return float64(c.firsts) }, 25, 120},
			{"organiser", "strangers", func(c *conduct) float64 { return share(c.stranger, c.firsts) }, 0, 0.2},
			{"burst_spam", "first contacts", func(c *conduct) float64 { return float64(c.firsts) }, 120, 500},
			{"burst_spam", "answered", func(c *conduct) float64 { return share(c.answered, c.firsts) }, 0, 0.08},
			{"burst_spam", "complaints", func(c *conduct) float64 { return share(c.complaints, c.firsts) }, 0.06, 0.3},
			{"grooming", "minors", func(c *conduct) float64 { return share(c.minors, c.firsts) }, 0.5, 1},
			{"grooming", "strangers", func(c *conduct) float64 { return share(c.stranger, c.firsts) }, 0.5, 1},
			{"grooming", "answered", func(c *conduct) float64 { return share(c.answered, c.firsts) }, 0.15, 0.65},
			{"grooming", "disappearing", func(c *conduct) float64 { return share(c.vanishing, c.sent) }, 0.1, 0.7},
			{"takeover", "devices", func(c *conduct) float64 { return float64(len(c.devices)) }, 2, 3},
		}
		for _, c := range append(cases, personaBounds...) {
			got := median(of[c.kind], c.number)
			if got < c.lo || got > c.hi {
				t.Errorf("%s: median %s of %s is %.2f, want %v to %v", split, c.what, c.kind, got, c.lo, c.hi)
			}
		}
	}
}

func TestBrigadeBurstsUponItsTarget(t *testing.T) {
	sc := Default()
	sc.Set("burst_spam", Plain, 0) // many of these write to one account within hours as well
	seen := observe(t, sc)
	s := New(sc)
	targets := map[*account]bool{}
	for _, c := range s.crews {
		if c.target != nil {
			targets[c.target] = true
			if n := burst(seen[c.target.id]); n < c.size/2 {
				t.Errorf("%d new senders in 8 hours at the target of %d attackers", n, c.size)
			}
		}
	}
	if len(targets) != crews(&sc, "brigade") {
		t.Fatalf("%d targets, want %d", len(targets), crews(&sc, "brigade"))
	}
	for _, a := range s.accounts {
		if c := seen[a.id]; c != nil && a.persona == "ordinary" && !targets[a] && burst(c) >= 20 {
			t.Errorf("%d new senders in 8 hours at an ordinary account", burst(c))
		}
	}
}

// burst is the greatest number of accounts that wrote first within any 8 hours.
func burst(c *conduct) (most int) {
	from := 0
	for i, at := range c.inboundAt {
		for at-c.inboundAt[from] > 8*hourMs {
			from++
		}
		most = max(most, i-from+1)
	}
	return most
}
