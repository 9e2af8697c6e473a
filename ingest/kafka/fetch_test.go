package kafka

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/unopened/unopened/ingest"
)

// UNKNOWN_SERVER_ERROR, the only code below 0, is an error as any other: tried again, and never "caught up" with a log
// that nobody has read.
func TestUnknownServerError(t *testing.T) {
	fake, err := kfake.NewCluster(kfake.NumBrokers(1))
	if err != nil {
		t.Fatal(err)
	}
	defer fake.Close()
	config := testConfig(t, fake.ListenAddrs()[0])
	cluster := newCluster(t, config)
	produce(t, cluster, config.Topics.Raw, 0, 0, 10)
	const wrong = 3
	var fetches atomic.Int64
	fake.ControlKey(int16(kmsg.Fetch), func(request kmsg.Request) (kmsg.Response, error, bool) {
		fake.KeepControl()
		if fetches.Add(1) > wrong {
			return nil, nil, false
		}
		return unknownError(request.(*kmsg.FetchRequest)), nil, true
	})
	k := newKeeper()
	k.handle = func(_ context.Context, _ int, b ingest.Batch) error {
		if len(b.Records) == 0 {
			t.Errorf("handed over without records: %+v", b)
		}
		return nil
	}
	r := &reader{cluster: cluster, part: ingest.Partition{Topic: config.Topics.Raw, Count: 2}, stop: 10}
	if r.handler, err = k.opener(t.Context(), r.part); err != nil {
		t.Fatal(err)
	}
	if err := r.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := cluster.Stats(); len(k.seen[0]) != 10 || got.FetchErrors != wrong {
		t.Errorf("%d records, %+v", len(k.seen[0]), got)
	}
}

// unknownError answers a fetch by that error for each partition.
func unknownError(request *kmsg.FetchRequest) kmsg.Response {
	answer := request.ResponseKind().(*kmsg.FetchResponse)
	for _, topic := range request.Topics {
		t := kmsg.NewFetchResponseTopic()
		t.Topic = topic.Topic
		for _, partition := range topic.Partitions {
			p := kmsg.NewFetchResponseTopicPartition()
			p.Partition, p.ErrorCode, p.HighWatermark = partition.Partition, -1, -1
			t.Partitions = append(t.Partitions, p)
		}
		answer.Topics = append(answer.Topics, t)
	}
	return answer
}
