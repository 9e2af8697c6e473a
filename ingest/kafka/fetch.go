package kafka

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"sync"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	fetchapi "github.com/segmentio/kafka-go/protocol/fetch"
)

// maxAnswer is the most bytes of one partition that are kept of one answer; the rest is read and dropped. An answer
// is longer than kafka.fetch.max_bytes only when its first batch is.
const maxAnswer = 16 << 20

// fetchAnswer is the answer to a fetch as kafka-go decodes it, but for the records, which stay the bytes of the log.
// kafka-go's own type decodes and inflates them all while it reads: a megabyte of small batches can then become ten
// gigabytes, a connection that ends in the middle looks like a corrupt batch, a record that cannot be decoded takes
// the rest of its batch with it in silence, and nothing tells where a batch of transaction markers ends.
type fetchAnswer struct {
	ThrottleTimeMs int32         `kafka:"min=v1,max=v11"`
	ErrorCode      int16         `kafka:"min=v7,max=v11"`
	SessionID      int32         `kafka:"min=v7,max=v11"`
	Topics         []topicAnswer `kafka:"min=v0,max=v11"`
}

// ApiKey tells kafka-go which request this answers.
func (*fetchAnswer) ApiKey() protocol.ApiKey { return protocol.Fetch }

type topicAnswer struct {
	Topic      string            `kafka:"min=v0,max=v11"`
	Partitions []partitionAnswer `kafka:"min=v0,max=v11"`
}

type partitionAnswer struct {
	Partition            int32                          `kafka:"min=v0,max=v11"`
	ErrorCode            int16                          `kafka:"min=v0,max=v11"`
	HighWatermark        int64                          `kafka:"min=v0,max=v11"`
	LastStableOffset     int64                          `kafka:"min=v4,max=v11"`
	LogStartOffset       int64                          `kafka:"min=v5,max=v11"`
	AbortedTransactions  []fetchapi.ResponseTransaction `kafka:"min=v4,max=v11"`
	PreferredReadReplica int32                          `kafka:"min=v11,max=v11"`
	Records              rawBatches                     `kafka:"min=v0,max=v11"`
}

// registerFetch makes kafka-go decode the answers to fetches as fetchAnswer. It holds for the whole process:
// kafkago.Client.Fetch cannot be used beside it. (Reader and Conn have their own decoders.)
var registerFetch = sync.OnceFunc(func() { protocol.Register(&fetchapi.Request{}, &fetchAnswer{}) })

// rawBatches are the batches of a partition as they lie in the log, in a buffer that is used again.
type rawBatches struct{ buffer *[]byte }

// buffers are those that no reader holds.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// ReadFrom takes a length and as many bytes from r: kafka-go calls it to decode the field.
func (b *rawBatches) ReadFrom(r io.Reader) (int64, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, err
	}
	length := int(int32(binary.BigEndian.Uint32(head[:])))
	if length <= 0 {
		return 4, nil
	}
	b.buffer = buffers.Get().(*[]byte) // the pool holds nothing else
	keep := min(length, maxAnswer)
	if cap(*b.buffer) < keep {
		*b.buffer = make([]byte, keep)
	}
	*b.buffer = (*b.buffer)[:keep]
	if n, err := io.ReadFull(r, *b.buffer); err != nil {
		return int64(4 + n), err
	}
	dropped, err := io.CopyN(io.Discard, r, int64(length-keep))
	return int64(4+keep) + dropped, err
}

// bytes are the batches; they are valid until release.
func (b *rawBatches) bytes() []byte {
	if b.buffer == nil {
		return nil
	}
	return *b.buffer
}

// release gives the buffer back.
func (b *rawBatches) release() {
	if b.buffer != nil {
		buffers.Put(b.buffer)
		b.buffer = nil
	}
}

// leastBytes is what a partition asks for when the others' answers have used up kafka.fetch.total_bytes.
const leastBytes = 64 << 10

// share takes the bytes of one answer from what there is for all of them. The caller gives them back by the function.
func (c *Cluster) share() (bytes int32, back func()) {
	want := int64(c.config.Fetch.MaxBytes)
	if want <= leastBytes {
		return int32(want), func() {}
	}
	if c.fetching.Add(want) <= int64(c.config.Fetch.TotalBytes) {
		return int32(want), func() { c.fetching.Add(-want) }
	}
	c.fetching.Add(-want)
	return leastBytes, func() {}
}

// fetch asks for the records from the next one on, size bytes of them. The error that the answer holds is the error.
func (r *reader) fetch(ctx context.Context, client *kafkago.Client, size int32) (*partitionAnswer, error) {
	wait := r.cluster.config.Fetch.MaxWait
	ctx, cancel := context.WithTimeout(ctx, wait+r.cluster.requestTime)
	defer cancel()
	response, err := client.Transport.RoundTrip(ctx, client.Addr, &fetchapi.Request{
		ReplicaID: -1, MaxWaitTime: int32(wait / time.Millisecond), MinBytes: 1, MaxBytes: size, SessionID: -1, SessionEpoch: -1,
		IsolationLevel: int8(kafkago.ReadCommitted),
		Topics: []fetchapi.RequestTopic{{Topic: r.part.Topic, Partitions: []fetchapi.RequestPartition{{
			Partition: int32(r.part.ID), CurrentLeaderEpoch: -1, FetchOffset: r.next, LogStartOffset: -1, PartitionMaxBytes: size,
		}}}},
	})
	if err != nil {
		return nil, err
	}
	answer, ok := response.(*fetchAnswer)
	if !ok || len(answer.Topics) != 1 || len(answer.Topics[0].Partitions) != 1 {
		return nil, errors.New("the broker's answer to a fetch is not of the one partition that was asked for")
	}
	part := &answer.Topics[0].Partitions[0]
	if code := cmp.Or(part.ErrorCode, answer.ErrorCode); code != 0 {
		part.Records.release()
		return nil, kafkago.Error(code)
	}
	return part, nil
}
