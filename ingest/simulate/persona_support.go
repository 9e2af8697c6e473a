package simulate

import "github.com/unopened/unopened/ingest"

// supportLine makes a help line: hundreds of strangers write to it first, children among them, and it answers.
func (s *Simulator) supportLine(a *account) {
	a.here.client, a.mobile = ingest.ClientDesktop, a.home
	a.quit()
	a.contacts = a.contacts[:min(len(a.contacts), 5)]
	a.rate, a.habit = 0.5, func(s *Simulator, a *account) { s.chat(a, s.contact(a)) } // it seldom writes first
	a.counter = &counter{replies: 0.97, delay: tail{4 * minute, 1, 12 * hour}}
	s.lines = append(s.lines, a)
}
