package kafka

import (
	"context"
	"fmt"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"

	"github.com/unopened/unopened/ingest"
)

// Start is where reading of a partition can begin.
type Start struct {
	Offset int64
	Time   int64 // of the record there by the log's own clock, Unix milliseconds; 0 where there is none yet
	First  bool  // the log has nothing before it
}

// StartsAt returns, for each partition of a topic, the first record whose own time (the log's, not the event's) is at or
// after a time; where there is none yet, the end.
func (c *Cluster) StartsAt(ctx context.Context, topic string, at time.Time) ([]Start, error) {
	count, err := c.Partitions(ctx, topic)
	if err != nil {
		return nil, err
	}
	starts := make([]Start, count)
	for id := range starts {
		first, end, err := c.offsets(ctx, topic, id) // before the question, so that nothing that comes meanwhile is passed over
		if err != nil {
			return nil, err
		}
		offset, err := c.offsetAt(ctx, topic, id, at)
		if err != nil {
			return nil, fmt.Errorf("the offset of %s in partition %d of %s: %w", at.UTC().Format(time.RFC3339), id, topic, err)
		}
		if offset < 0 {
			starts[id] = Start{Offset: end, First: end == first}
			continue
		}
		// kafka-go gives the time that was asked for in the place of the record's.
		peek := &peek{from: offset}
		r := &reader{cluster: c, part: ingest.Partition{Topic: topic, ID: id, Count: count}, handler: peek, stop: offset + 1}
		if err := r.run(ctx); err != nil {
			return nil, err
		}
		starts[id] = Start{Offset: offset, Time: peek.time, First: offset <= first}
	}
	return starts, ctx.Err()
}

// offsetAt returns the first offset whose record's time is at or after a time; -1 where there is none.
func (c *Cluster) offsetAt(ctx context.Context, topic string, id int, at time.Time) (offset int64, err error) {
	offset = -1
	err = c.persist(ctx, patience, func(ctx context.Context, client *kafkago.Client) error {
		response, err := client.ListOffsets(ctx, &kafkago.ListOffsetsRequest{Topics: map[string][]kafkago.OffsetRequest{
			topic: {kafkago.TimeOffsetOf(id, at)},
		}})
		if err != nil {
			return err
		}
		if len(response.Topics[topic]) != 1 {
			return protocol.NewErrNoPartition(topic, int32(id))
		}
		found := response.Topics[topic][0]
		for known := range found.Offsets {
			offset = known
		}
		return found.Error
	})
	return offset, err
}

// peek looks at one record.
type peek struct{ from, time int64 }

func (p *peek) Resume() int64               { return p.from }
func (p *peek) Close(context.Context) error { return nil }

// Handle keeps the record's time.
func (p *peek) Handle(_ context.Context, b ingest.Batch) error {
	for i := range b.Records {
		p.time = b.Records[i].Time
	}
	return nil
}
