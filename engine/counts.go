package engine

import "github.com/unopened/unopened/ingest"

// SplitCounts account for raw partitions since the first offset: Fetched = Accepted + the sum of Refused, and
// Offsets = Fetched + Gaps.
type SplitCounts struct {
	Offsets  int64 // the offset reached minus the first one
	Fetched  int64
	Accepted int64
	Gaps     int64 // offsets that the log no longer had
	Sides    int64 // entries made, without those written again after a crash
	Refused  [ingest.RefusalCount]int64
}

// Add adds o to c.
func (c *SplitCounts) Add(o *SplitCounts) {
	c.Offsets += o.Offsets
	c.Fetched += o.Fetched
	c.Accepted += o.Accepted
	c.Gaps += o.Gaps
	c.Sides += o.Sides
	for i, n := range o.Refused {
		c.Refused[i] += n
	}
}

// RefusedTotal is the sum of Refused over all reasons.
func (c *SplitCounts) RefusedTotal() int64 {
	var sum int64
	for _, n := range c.Refused {
		sum += n
	}
	return sum
}

// ByReason returns the refusals that occurred, by name.
func (c *SplitCounts) ByReason() map[string]int64 {
	named := make(map[string]int64)
	for i, n := range c.Refused {
		if n > 0 {
			named[ingest.Refusal(i).String()] = n
		}
	}
	return named
}

// SideCounts account for partitions of the account topic: Read = Applied + Duplicate + Late + Control + Stamps +
// Refused. Resent is a part of Duplicate, Places a part of Applied.
type SideCounts struct {
	Read      int64 `json:"read"`
	Applied   int64 `json:"applied"`
	Duplicate int64 `json:"duplicate"` // a repeat of an id, or written again after a crash
	Late      int64 `json:"late"`
	Control   int64 `json:"control"`
	Stamps    int64 `json:"stamps"`
	Refused   int64 `json:"refused"` // no entry of ours: somebody else wrote to the internal topic
	Resent    int64 `json:"resent"`  // written again after a crash
	Places    int64 `json:"places"`  // concerned a device or a network, not an account
	Gaps      int64 `json:"gaps"`    // offsets that the log no longer had; not among those read
}

// Add adds o to c.
func (c *SideCounts) Add(o *SideCounts) {
	c.Read += o.Read
	c.Applied += o.Applied
	c.Duplicate += o.Duplicate
	c.Late += o.Late
	c.Control += o.Control
	c.Stamps += o.Stamps
	c.Refused += o.Refused
	c.Resent += o.Resent
	c.Places += o.Places
	c.Gaps += o.Gaps
}

// Balanced tells whether everything read is accounted for.
func (c *SideCounts) Balanced() bool {
	return c.Read == c.Applied+c.Duplicate+c.Late+c.Control+c.Stamps+c.Refused
}
