package simulate

import "testing"

// Each bound is about half or twice what the campaigns were measured at, so that only a change of behaviour breaks it.
func TestConductOfCampaigns(t *testing.T) {
	firsts := func(c *conduct) float64 { return float64(c.firsts) }
	sent := func(c *conduct) float64 { return float64(c.sent) }
	answered := func(c *conduct) float64 { return share(c.answered, c.firsts) }
	minors := func(c *conduct) float64 { return share(c.minors, c.firsts) }
	stranger := func(c *conduct) float64 { return share(c.stranger, c.firsts) }
	vanishing := func(c *conduct) float64 { return share(c.vanishing, c.sent) }
	calls := func(c *conduct) float64 { return float64(c.calls) }
	complaints := func(c *conduct) float64 { return float64(c.complaints) }
	cases := []struct {
		kind, what string
		number     func(*conduct) float64
		lo, hi     float64
	}{
		{"slow_spam", "first contacts", firsts, 50, 220}, {"slow_spam", "answered", answered, 0.02, 0.15},
		{"slow_spam", "complaints", complaints, 4, 22},
		{"romance_scam", "first contacts", firsts, 20, 90}, {"romance_scam", "messages", sent, 250, 1500},
		{"romance_scam", "answered", answered, 0.1, 0.45}, {"romance_scam", "minors", minors, 0, 0.02},
		{"sextortion", "minors", minors, 0.4, 0.9}, {"sextortion", "answered", answered, 0.2, 0.7},
		{"sextortion", "disappearing", vanishing, 0.2, 0.8}, {"sextortion", "calls", calls, 3, 25},
		{"lone_harasser", "first contacts", firsts, 1, 6}, {"lone_harasser", "strangers", stranger, 0.5, 1},
		{"lone_harasser", "messages", sent, 6, 50}, {"sybil_ring", "first contacts", firsts, 1, 12},
		{"sybil_ring", "answered", answered, 0.3, 1},
	}
	for _, split := range []Split{Train, Test} {
		sc := Default()
		sc.Split, sc.Accounts, sc.Days, sc.Campaigns = split, 2500, 12, nil
		for _, kind := range []string{"slow_spam", "romance_scam", "sextortion", "lone_harasser", "sybil_ring"} {
			sc.Campaigns = append(sc.Campaigns, Plan{Kind: kind, Accounts: 70})
		}
		of := kinds(t, sc)
		for _, c := range cases {
			if got := median(of[c.kind], c.number); got < c.lo || got > c.hi {
				t.Errorf("%s: median %s of %s is %.2f, want %v to %v", split, c.what, c.kind, got, c.lo, c.hi)
			}
		}
	}
}

// A lone harasser's accounts share device or network more often than not, and each turns to the same target.
func TestHarasserComesBack(t *testing.T) {
	s := New(crowd("lone_harasser", Plain, 5))
	same, all := 0, 0
	for _, c := range s.crews {
		if c.target == nil || c.target.crew != nil {
			t.Fatal("a harasser without an innocent target")
		}
	}
	byCrew := map[*crew][]*account{}
	for _, a := range s.accounts {
		if a.crew != nil {
			byCrew[a.crew] = append(byCrew[a.crew], a)
		}
	}
	for _, accounts := range byCrew {
		for _, a := range accounts[1:] {
			all++
			if a.here.device == accounts[0].here.device || a.home == accounts[len(accounts)-1].home {
				same++
			}
		}
	}
	if share(same, all) < 0.5 {
		t.Errorf("%d of %d further accounts are on a known device or network", same, all)
	}
}

// A ring acts within minutes of each other: most of its requests and joins have company.
func TestRingActsInLockstep(t *testing.T) {
	sc := crowd("sybil_ring", Plain, 6)
	s := New(sc)
	ring := map[string]bool{}
	for _, a := range s.accounts {
		if a.crew != nil {
			ring[a.id.String()] = true
		}
	}
	type act struct {
		at  int64
		who string
	}
	of := map[string][]act{}
	each(t, sc, func(_ []byte, it Item) {
		e := it.Event
		if it.Kind != Normal || !ring[e.Subject.String()] {
			return
		}
		switch e.Type.String() {
		case "group_join":
			of[e.Conversation.String()] = append(of[e.Conversation.String()], act{it.At, e.Subject.String()})
		case "contact_request":
			of[e.Peer.String()] = append(of[e.Peer.String()], act{it.At, e.Subject.String()})
		}
	})
	company, all := 0, 0
	for _, acts := range of {
		for i, a := range acts {
			all++
			for k, b := range acts {
				if k != i && b.who != a.who && max(a.at-b.at, b.at-a.at) < hourMs {
					company++
					break
				}
			}
		}
	}
	if all < 50 || share(company, all) < 0.8 {
		t.Errorf("%d of %d acts have company within the hour", company, all)
	}
}
