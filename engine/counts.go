package engine

import "github.com/unopened/unopened/ingest"

// SplitCounts account for raw partitions since the first offset; Stats.Equations has the sums that hold.
type SplitCounts struct {
	Offsets  int64 // the offset reached minus the first one
	Fetched  int64
	Accepted int64
	Skipped  int64                    // lines of a history that happened at the cut-over or later; 0 for raw partitions
	Unseen   [ingest.Object + 1]int64 // events that the mask does not let see, by type
	Gaps     int64                    // offsets without a record
	Lost     int64                    // those of them whose record the log no longer had
	Sides    int64                    // entries made, without those written again after a crash
	Letters  int64                    // dead letters written, without those written again after a crash
	Refused  [ingest.RefusalCount]int64
}

// Add adds o to c.
func (c *SplitCounts) Add(o *SplitCounts) {
	c.Offsets += o.Offsets
	c.Fetched += o.Fetched
	c.Accepted += o.Accepted
	c.Skipped += o.Skipped
	c.Gaps += o.Gaps
	c.Lost += o.Lost
	c.Sides += o.Sides
	c.Letters += o.Letters
	for i, n := range o.Unseen {
		c.Unseen[i] += n
	}
	for i, n := range o.Refused {
		c.Refused[i] += n
	}
}

// UnseenTotal is the sum of Unseen over all types.
func (c *SplitCounts) UnseenTotal() int64 {
	var sum int64
	for _, n := range c.Unseen {
		sum += n
	}
	return sum
}

// UnseenByType returns the events that were not seen, by the name of their type.
func (c *SplitCounts) UnseenByType() map[string]int64 {
	named := make(map[string]int64)
	for i, n := range c.Unseen {
		if n > 0 {
			named[ingest.Type(i).String()] = n
		}
	}
	return named
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

// SideCounts account for partitions of the account topic. Resent is a part of Duplicate, Places a part of Applied.
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
	Gaps      int64 `json:"gaps"`    // offsets without a record; not among those read
	Lost      int64 `json:"lost"`    // those of them whose record the log no longer had
	Offsets   int64 `json:"offsets"` // the offset reached minus the first one
	Letters   int64 `json:"letters"` // dead letters written, without those written again after a crash
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
	c.Lost += o.Lost
	c.Offsets += o.Offsets
	c.Letters += o.Letters
}

// DeskCounts account for the alert topic.
type DeskCounts struct {
	Read      int64 `json:"read"`
	Taken     int64 `json:"taken"`
	Duplicate int64 `json:"duplicate"`
	Refused   int64 `json:"refused"`
	Gaps      int64 `json:"gaps"`    // offsets without a record
	Lost      int64 `json:"lost"`    // those of them whose record the log no longer had
	Offsets   int64 `json:"offsets"` // the offset reached minus the first one
	Letters   int64 `json:"letters"` // dead letters written, without those written again after a crash
}

// complete fills in the counters that a checkpoint does not have because it was written before there were any.
func (c *SplitCounts) complete() {
	if c.Letters == 0 {
		c.Letters = c.RefusedTotal()
	}
}

func (c *SideCounts) complete() {
	if c.Offsets == 0 {
		c.Offsets, c.Letters = c.Read+c.Gaps, c.Late+c.Refused
	}
}

func (c *DeskCounts) complete() {
	if c.Offsets == 0 {
		c.Offsets, c.Letters = c.Read+c.Gaps, c.Refused
	}
}
