package ingest

import "math/bits"

// DeadLetter is all that is kept of a refused record: where it was, why, and how large. No byte, name or value of
// the record itself.
type DeadLetter struct {
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
	Offset    int64  `json:"offset"`
	Reason    string `json:"reason"`    // a Refusal's name
	SizeLog2  int    `json:"size_log2"` // floor(log2(bytes)), 0 for an empty record
}

// NewDeadLetter returns the dead letter of a record of partition p.
func NewDeadLetter(p Partition, r *Record, why Refusal) DeadLetter {
	return DeadLetter{
		Topic:     p.Topic,
		Partition: int32(p.ID),
		Offset:    r.Offset,
		Reason:    why.String(),
		SizeLog2:  max(0, bits.Len(uint(max(0, r.Size)))-1),
	}
}
