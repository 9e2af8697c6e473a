package kafka

import (
	"fmt"
	"sync/atomic"

	kafkago "github.com/segmentio/kafka-go"
)

// balance gives partitions to members as kafka-go does, and keeps how many there were. The leader of a group gives away
// what a broker has just told it; where that broker did not know of all partitions yet, or of none, nobody would ever
// read the others: who looks for changes from then on sees none.
type balance struct {
	kafkago.RangeGroupBalancer
	given atomic.Int64 // -1 when another member was the leader
}

// AssignGroups implements kafkago.GroupBalancer; it is called where this member is the group's leader.
func (b *balance) AssignGroups(members []kafkago.GroupMember, partitions []kafkago.Partition) kafkago.GroupMemberAssignments {
	b.given.Store(int64(len(partitions)))
	return b.RangeGroupBalancer.AssignGroups(members, partitions)
}

// check returns an error when this member gave away another number of partitions than there are.
func (b *balance) check(count int) error {
	if given := b.given.Swap(-1); given >= 0 && given != int64(count) {
		return fmt.Errorf("%d partitions were given to the group, and there are %d", given, count)
	}
	return nil
}
