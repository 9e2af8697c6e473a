package kafka

import (
	"context"
	"fmt"
	"sync"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
)

// DeleteRecords, which kafka-go does not have.
type deleteRequest struct {
	Topics    []deleteTopic `kafka:"min=v0,max=v1"`
	TimeoutMs int32         `kafka:"min=v0,max=v1"`
}

type deleteTopic struct {
	Name  string            `kafka:"min=v0,max=v1"`
	Parts []deletePartition `kafka:"min=v0,max=v1"`
}

type deletePartition struct {
	Index  int32 `kafka:"min=v0,max=v1"`
	Offset int64 `kafka:"min=v0,max=v1"`
}

func (*deleteRequest) ApiKey() protocol.ApiKey { return protocol.DeleteRecords }

func (r *deleteRequest) Broker(c protocol.Cluster) (protocol.Broker, error) {
	return c.Brokers[c.Topics[r.Topics[0].Name].Partitions[r.Topics[0].Parts[0].Index].Leader], nil
}

type deleteAnswer struct {
	ThrottleTimeMs int32               `kafka:"min=v0,max=v1"`
	Topics         []deleteTopicAnswer `kafka:"min=v0,max=v1"`
}

type deleteTopicAnswer struct {
	Name  string                  `kafka:"min=v0,max=v1"`
	Parts []deletePartitionAnswer `kafka:"min=v0,max=v1"`
}

type deletePartitionAnswer struct {
	Index        int32 `kafka:"min=v0,max=v1"`
	LowWatermark int64 `kafka:"min=v0,max=v1"`
	ErrorCode    int16 `kafka:"min=v0,max=v1"`
}

func (*deleteAnswer) ApiKey() protocol.ApiKey { return protocol.DeleteRecords }

var registerDelete = sync.OnceFunc(func() { protocol.Register(&deleteRequest{}, &deleteAnswer{}) })

// deleteRecords removes what lies before offset, as retention does.
func deleteRecords(ctx context.Context, cluster *Cluster, topic string, id int, offset int64) error {
	registerDelete()
	client := cluster.client.Load()
	response, err := client.Transport.RoundTrip(ctx, client.Addr, &deleteRequest{TimeoutMs: 10_000, Topics: []deleteTopic{
		{Name: topic, Parts: []deletePartition{{Index: int32(id), Offset: offset}}}}})
	if err != nil {
		return err
	}
	if code := response.(*deleteAnswer).Topics[0].Parts[0].ErrorCode; code != 0 {
		return fmt.Errorf("deleting records: %w", kafkago.Error(code))
	}
	return nil
}
