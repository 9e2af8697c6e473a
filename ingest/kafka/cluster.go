package kafka

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	kafkago "github.com/segmentio/kafka-go"
)

// requestTime bounds one request besides the time that the broker was asked to wait; stalled is how long no answer
// may come until a client is thought stuck and replaced.
const (
	requestTime = 10 * time.Second
	stalled     = 30 * time.Second
)

// metadataTime is how old the known leaders of partitions may be; after a leader moved, this is the longest wait.
const metadataTime = time.Second

// Cluster is a Kafka cluster as this program reaches it. Its methods may be called concurrently.
type Cluster struct {
	config Config
	log    *slog.Logger
	dialer *kafkago.Dialer // for the group's connections, and for questions to one broker
	client atomic.Pointer[kafkago.Client]
	counts counters

	fetching atomic.Int64 // bytes of the answers that were asked for and are not yet handled

	requestTime, stalled, lookEvery, quiet, metadataTime time.Duration // the constants, but in tests
}

// New reads the certificates and the secret that config names and returns a cluster. It does not connect. The files are
// read again for each connection.
func New(config Config, log *slog.Logger) (*Cluster, error) {
	if err := config.Validate(); err != nil {
		return nil, fmt.Errorf("kafka: %w", err)
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	encryption, err := config.TLS.open(log)
	if err != nil {
		return nil, fmt.Errorf("kafka.%w", err)
	}
	mechanism, err := config.SASL.open()
	if err != nil {
		return nil, fmt.Errorf("kafka.%w", err)
	}
	registerFetch()
	c := &Cluster{
		config: config, log: log,
		dialer:      &kafkago.Dialer{ClientID: config.ClientID, Timeout: requestTime, DialFunc: encryption.dial, SASLMechanism: mechanism},
		requestTime: requestTime, stalled: stalled, lookEvery: lookEvery, quiet: quiet, metadataTime: metadataTime,
	}
	c.client.Store(c.newClient())
	return c, nil
}

// newClient returns a client with connections and knowledge of the cluster of its own; it opens them when used.
func (c *Cluster) newClient() *kafkago.Client {
	return &kafkago.Client{
		Addr: kafkago.TCP(c.config.Brokers...), Timeout: c.requestTime,
		Transport: &kafkago.Transport{
			ClientID: c.config.ClientID, DialTimeout: c.requestTime, MetadataTTL: c.metadataTime,
			MetadataTopics: c.config.Topics.names(), Dial: c.dialer.DialFunc, SASL: c.dialer.SASLMechanism,
		},
	}
}

// rebuild replaces a client that no longer gets answers, once for all who use it: clients are known to stay stuck
// after broker restarts (kafka-go issues 387, 847, 955, 1295).
func (c *Cluster) rebuild(old *kafkago.Client) {
	if c.client.CompareAndSwap(old, c.newClient()) {
		c.counts.rebuilds.Add(1)
		closeClient(old)
	}
}

// Close closes the connections. Sources must have ended before.
func (c *Cluster) Close() { closeClient(c.client.Load()) }

func closeClient(client *kafkago.Client) {
	if transport, ok := client.Transport.(*kafkago.Transport); ok {
		transport.CloseIdleConnections()
	}
}

// Incarnation tells which life of the raw topic the config says is read.
func (c *Cluster) Incarnation() uint32 { return c.config.Incarnation }

// Topics returns the names of the four topics.
func (c *Cluster) Topics() Topics { return c.config.Topics }

// persist repeats what asks the brokers until it works, parent is done or the error is one that waiting does not mend.
// It gives up after patience, with the last error.
func (c *Cluster) persist(parent context.Context, patience time.Duration, ask func(context.Context, *kafkago.Client) error) error {
	ctx, cancel := context.WithTimeout(parent, patience)
	defer cancel()
	for trouble := c.trouble(); ; {
		client := c.client.Load()
		err := ask(ctx, client)
		if err == nil {
			return nil
		}
		if err = reason(ctx, client, err); lasting(err) {
			return explain(err)
		}
		trouble.tell(ctx, c.log, "kafka: asking again after an error", err)
		if trouble.pause.wait(ctx) != nil {
			if parent.Err() != nil {
				return fmt.Errorf("%w: %w", parent.Err(), explain(err))
			}
			return fmt.Errorf("%w (asked kafka.brokers %v for %s)", explain(err), c.config.Brokers, patience)
		}
	}
}

// reason returns why a request failed: a client that never learned which brokers there are says of each request only
// that it found none, and of a question for metadata why.
func reason(ctx context.Context, client *kafkago.Client, err error) error {
	if _, first := client.Metadata(ctx, &kafkago.MetadataRequest{}); first != nil && ctx.Err() == nil {
		return first
	}
	return err
}
