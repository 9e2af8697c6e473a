package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
)

// patience is how long a question to the cluster is repeated before it is given up; settling is how long after its
// creation a topic may be unknown to a broker.
const (
	patience = 30 * time.Second
	settling = 3 * time.Second
)

// timestampType is a topic's setting of whose time records have: LogAppendTime for the broker's, CreateTime for the
// writer's.
const timestampType = "message.timestamp.type"

// LogAppendTime is what TimestampType should say of a raw topic.
const LogAppendTime = "LogAppendTime"

// ErrTopic is wrapped by the error of a topic that this client cannot see.
var ErrTopic = errors.New("the topic does not exist, or this client may not describe it (brokers answer the same to both)")

// EnsureTopics makes the missing topics when the config says so, and then checks them as CheckTopics does. Topics that
// exist are left as they are.
func (c *Cluster) EnsureTopics(ctx context.Context) error {
	if c.config.Create.Enabled {
		if err := c.persist(ctx, patience, c.createTopics); err != nil {
			return fmt.Errorf("creating the topics: %w", err)
		}
	}
	return c.CheckTopics(ctx)
}

// createTopics asks the brokers once to make all four topics.
func (c *Cluster) createTopics(ctx context.Context, client *kafkago.Client) error {
	t, make := &c.config.Topics, &c.config.Create
	sizes := map[string]int{t.Raw: make.RawPartitions, t.Account: make.AccountPartitions, t.Dead: 1, t.Alerts: 1}
	request := &kafkago.CreateTopicsRequest{}
	for _, name := range t.names() {
		request.Topics = append(request.Topics, kafkago.TopicConfig{
			Topic: name, NumPartitions: sizes[name], ReplicationFactor: make.Replication,
			ConfigEntries: c.topicConfig(name),
		})
	}
	response, err := client.CreateTopics(ctx, request)
	if err != nil {
		return err
	}
	var errs []error
	for _, name := range t.names() {
		if err := response.Errors[name]; err != nil && !errors.Is(err, kafkago.TopicAlreadyExists) {
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
		}
	}
	return errors.Join(errs...)
}

// topicConfig returns the settings of a topic that is made.
func (c *Cluster) topicConfig(name string) []kafkago.ConfigEntry {
	// Compaction would take records out of the middle of what is counted one by one.
	entries := []kafkago.ConfigEntry{{ConfigName: "cleanup.policy", ConfigValue: "delete"}}
	keep := c.config.Create.Retention
	switch {
	case name == c.config.Topics.Raw:
		// One writer with a wrong clock could move a shard's time into the future.
		entries = append(entries, kafkago.ConfigEntry{ConfigName: timestampType, ConfigValue: LogAppendTime})
	case keep > 0:
		entries = append(entries, kafkago.ConfigEntry{ConfigName: "retention.ms", ConfigValue: strconv.FormatInt(keep.Milliseconds(), 10)})
	}
	return entries
}

// CheckTopics tells which of the four topics cannot be seen and whether the alert topic has its one partition. Names,
// where given, are the topics to look at instead.
func (c *Cluster) CheckTopics(ctx context.Context, names ...string) error {
	if len(names) == 0 {
		names = c.config.Topics.names()
	}
	var first time.Time
	return c.persist(ctx, patience, func(ctx context.Context, client *kafkago.Client) error {
		response, err := client.Metadata(ctx, &kafkago.MetadataRequest{Topics: names})
		if err != nil {
			return err
		}
		if first.IsZero() {
			first = time.Now()
		}
		if err = c.judgeTopics(response.Topics); errors.Is(err, ErrTopic) && time.Since(first) > settling {
			return lastingError{err}
		}
		return err
	})
}

// judgeTopics finds what is wrong with the topics that were asked for.
func (c *Cluster) judgeTopics(topics []kafkago.Topic) error {
	var missing []string
	for _, topic := range topics {
		switch {
		case errors.Is(topic.Error, kafkago.UnknownTopicOrPartition), errors.Is(topic.Error, kafkago.TopicAuthorizationFailed):
			missing = append(missing, topic.Name)
		case topic.Error != nil:
			return fmt.Errorf("topic %s: %w", topic.Name, topic.Error)
		case topic.Name == c.config.Topics.Alerts && len(topic.Partitions) != 1:
			return lastingError{fmt.Errorf("topic %s has %d partitions; create it with one: the desk needs all candidates in one order", topic.Name, len(topic.Partitions))}
		}
		if slices.ContainsFunc(topic.Partitions, func(p kafkago.Partition) bool { return p.Error != nil || p.Leader.Host == "" }) {
			return fmt.Errorf("topic %s: %w", topic.Name, kafkago.LeaderNotAvailable)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return fmt.Errorf("%s: %w; create it, allow this client to describe it, or set kafka.create.enabled", strings.Join(missing, ", "), ErrTopic)
}

// Partitions returns how many partitions a topic has.
func (c *Cluster) Partitions(ctx context.Context, topic string) (count int, err error) {
	err = c.persist(ctx, patience, func(ctx context.Context, client *kafkago.Client) error {
		response, err := client.Metadata(ctx, &kafkago.MetadataRequest{Topics: []string{topic}})
		if err != nil {
			return err
		}
		if err := response.Topics[0].Error; err != nil {
			return fmt.Errorf("topic %s: %w", topic, err)
		}
		count = len(response.Topics[0].Partitions)
		return nil
	})
	return count, err
}

// TimestampType returns a topic's message.timestamp.type, LogAppendTime or CreateTime; "" where it cannot be read, as by a
// client that may not describe the topic's configuration.
func (c *Cluster) TimestampType(ctx context.Context, topic string) string {
	response, err := c.client.Load().DescribeConfigs(ctx, &kafkago.DescribeConfigsRequest{Resources: []kafkago.DescribeConfigRequestResource{
		{ResourceType: kafkago.ResourceTypeTopic, ResourceName: topic, ConfigNames: []string{timestampType}},
	}})
	if err != nil {
		return ""
	}
	for _, resource := range response.Resources {
		for _, entry := range resource.ConfigEntries {
			if entry.ConfigName == timestampType {
				return entry.ConfigValue
			}
		}
	}
	return ""
}

// EndOffsets returns, for each partition of a topic, the offset that its next record will have.
func (c *Cluster) EndOffsets(ctx context.Context, topic string) ([]int64, error) {
	count, err := c.Partitions(ctx, topic)
	if err != nil {
		return nil, err
	}
	ends := make([]int64, count)
	for id := range ends {
		if _, ends[id], err = c.offsets(ctx, topic, id); err != nil {
			return nil, err
		}
	}
	return ends, nil
}

// offsets returns the first offset that a partition still has and the one after its last.
func (c *Cluster) offsets(ctx context.Context, topic string, id int) (first, end int64, err error) {
	err = c.persist(ctx, patience, func(ctx context.Context, client *kafkago.Client) error {
		response, err := client.ListOffsets(ctx, &kafkago.ListOffsetsRequest{Topics: map[string][]kafkago.OffsetRequest{
			topic: {kafkago.FirstOffsetOf(id), kafkago.LastOffsetOf(id)},
		}, IsolationLevel: kafkago.ReadCommitted})
		if err != nil {
			return err
		}
		if len(response.Topics[topic]) != 1 {
			return protocol.NewErrNoPartition(topic, int32(id))
		}
		found := response.Topics[topic][0]
		first, end = found.FirstOffset, found.LastOffset
		return found.Error
	})
	if err != nil {
		err = fmt.Errorf("offsets of partition %d of %s: %w", id, topic, err)
	}
	return first, end, err
}
