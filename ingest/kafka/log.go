package kafka

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/compress"
	"github.com/segmentio/kafka-go/protocol"
)

// requestBytes is the most of keys and values that one request carries: brokers refuse batches above 1 MiB by default.
const requestBytes = 900 << 10

// recordBytes is what the log adds to a record, at most.
const recordBytes = 32

// Log writes the partitions of a topic. It implements ingest.Log: a partition has one request under way, and the next
// is sent when all replicas in sync have the one before, so the order of a caller's records is kept. A request whose
// answer did not come is sent again, so a record can lie in the log twice. Its methods may be called concurrently.
type Log struct {
	cluster  *Cluster
	topic    string
	key      func(value []byte) []byte
	compress compress.Compression
	slots    []chan struct{} // one for each partition: who holds it may send
}

// Log returns a log on a topic that exists. key takes the key of a record out of its value; nil for records without.
func (c *Cluster) Log(ctx context.Context, topic string, key func(value []byte) []byte) (*Log, error) {
	count, err := c.Partitions(ctx, topic)
	if err != nil {
		return nil, err
	}
	l := &Log{cluster: c, topic: topic, key: key, compress: codecOf(c.config.Compression), slots: make([]chan struct{}, count)}
	for i := range l.slots {
		l.slots[i] = make(chan struct{}, 1)
	}
	return l, nil
}

// Partitions implements ingest.Log: the number that the topic had when the log was made.
func (l *Log) Partitions() int { return len(l.slots) }

// Append implements ingest.Log. It tries until ctx is done, unless the brokers' answer is one that waiting does not
// mend.
func (l *Log) Append(ctx context.Context, partition int, values [][]byte) error {
	select {
	case l.slots[partition] <- struct{}{}:
		defer func() { <-l.slots[partition] }()
	case <-ctx.Done():
		return ctx.Err()
	}
	for limit := requestBytes; len(values) > 0; {
		n := l.fit(values, limit)
		err := l.send(ctx, partition, values[:n])
		switch {
		case err == nil:
			values = values[n:]
		case errors.Is(err, kafkago.MessageSizeTooLarge) && n > 1:
			limit /= 2
		default:
			return fmt.Errorf("writing to partition %d of %s: %w", partition, l.topic, explain(err))
		}
	}
	return nil
}

// fit counts how many of values go into a request of limit bytes; at least one.
func (l *Log) fit(values [][]byte, limit int) int {
	size := 0
	for i, value := range values {
		if size += len(value) + len(l.keyOf(value)) + recordBytes; size > limit && i > 0 {
			return i
		}
	}
	return len(values)
}

func (l *Log) keyOf(value []byte) []byte {
	if l.key == nil {
		return nil
	}
	return l.key(value)
}

// send writes values in one request, again and again until it is known that they are durable.
func (l *Log) send(ctx context.Context, partition int, values [][]byte) error {
	for trouble := l.cluster.trouble(); ; {
		client := l.cluster.client.Load()
		err := l.grown(ctx, client)
		if err == nil {
			err = l.try(ctx, client, partition, values)
		}
		if err == nil {
			return nil
		}
		if err = reason(ctx, client, err); lasting(err) {
			return err
		}
		l.cluster.counts.appendRetries.Add(1)
		trouble.tell(ctx, l.cluster.log.With("topic", l.topic, "partition", partition), "kafka: writing again after an error", err)
		if time.Since(trouble.since) > l.cluster.stalled {
			l.cluster.rebuild(client)
			trouble.since = time.Now()
		}
		if trouble.pause.wait(ctx) != nil {
			return fmt.Errorf("%w (%w)", ctx.Err(), err)
		}
	}
}

// grown returns an error when the topic has more partitions than the log was made for: where a record goes depends on
// their number, and those who read would look elsewhere. (A broker that says fewer has not learnt of all.) Dead letters
// may lie anywhere.
func (l *Log) grown(ctx context.Context, client *kafkago.Client) error {
	if l.topic == l.cluster.config.Topics.Dead {
		return nil
	}
	known, err := client.Metadata(ctx, &kafkago.MetadataRequest{Topics: []string{l.topic}}) // asks nobody: it remembers
	if err != nil || known.Topics[0].Error != nil || len(known.Topics[0].Partitions) <= len(l.slots) {
		return nil //nolint:nilerr // the write itself meets what is wrong
	}
	return lastingError{fmt.Errorf("the topic had %d partitions and has %d now; stop all members before its partitions are changed: what accounts have lies elsewhere then",
		len(l.slots), len(known.Topics[0].Partitions))}
}

// try sends values once. They are copied, because a connection may still be reading them after ctx was done.
func (l *Log) try(ctx context.Context, client *kafkago.Client, partition int, values [][]byte) error {
	batch, err := l.encode(values)
	if err != nil {
		return err
	}
	response, err := client.RawProduce(ctx, &kafkago.RawProduceRequest{
		Topic: l.topic, Partition: partition, RequiredAcks: kafkago.RequireAll,
		RawRecords: protocol.RawRecordSet{Reader: bytes.NewReader(batch)},
	})
	if err != nil {
		return err
	}
	return response.Error
}
