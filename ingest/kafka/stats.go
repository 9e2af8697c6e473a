package kafka

import "sync/atomic"

// Stats are plain counters since a Cluster was made.
type Stats struct {
	Records       int64 `json:"records"`        // handed to handlers
	GapRecords    int64 `json:"gap_records"`    // offsets whose records the log no longer had
	Poison        int64 `json:"poison"`         // offsets whose bytes the log could not give back
	FetchErrors   int64 `json:"fetch_errors"`   // fetches that were tried again
	Rebuilds      int64 `json:"rebuilds"`       // clients given up because no answer came
	Generations   int64 `json:"generations"`    // of the groups joined: each is a rebalance
	AppendRetries int64 `json:"append_retries"` // writes that were tried again, and so may lie in the log twice

	Incidents [incidentKinds]int64 `json:"incidents"` // by IncidentKind
}

// counters are the Stats while they count.
type counters struct {
	records, gaps, poison, fetchErrors, rebuilds, generations, appendRetries atomic.Int64

	incidents [incidentKinds]atomic.Int64
}

// Stats returns the counters as they stand.
func (c *Cluster) Stats() Stats {
	n := &c.counts
	s := Stats{
		Records: n.records.Load(), GapRecords: n.gaps.Load(), Poison: n.poison.Load(), FetchErrors: n.fetchErrors.Load(),
		Rebuilds: n.rebuilds.Load(), Generations: n.generations.Load(), AppendRetries: n.appendRetries.Load(),
	}
	for kind := range n.incidents {
		s.Incidents[kind] = n.incidents[kind].Load()
	}
	return s
}
