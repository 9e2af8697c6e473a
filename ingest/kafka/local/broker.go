package local

import (
	"context"
	"crypto/tls"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
)

// Broker is a broker inside this process. It speaks Kafka's protocol over TCP on 127.0.0.1 and keeps its logs in
// memory. It is not Kafka: it has one node, acknowledges at once and refuses batches above 1 MiB.
type Broker struct {
	cluster *kfake.Cluster
	addr    string
}

// Options are how a Broker is started; the zero value will do.
type Options struct {
	// TLS, where set, encrypts all connections.
	TLS *tls.Config
	// Users, where there are any, are the only ones let in; they may do everything.
	Users []User
}

// User is one who may log in by SASL: Mechanism is PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512.
type User struct{ Mechanism, Name, Password string }

// Start starts a broker without topics. The caller closes it, or ctx does by ending.
func Start(ctx context.Context, options Options) (*Broker, error) {
	settings := []kfake.Opt{kfake.NumBrokers(1), kfake.GroupMinSessionTimeout(100 * time.Millisecond)}
	if options.TLS != nil {
		settings = append(settings, kfake.TLS(options.TLS))
	}
	for _, user := range options.Users {
		settings = append(settings, kfake.EnableSASL(), kfake.Superuser(user.Mechanism, user.Name, user.Password))
	}
	cluster, err := kfake.NewCluster(settings...)
	if err != nil {
		return nil, fmt.Errorf("starting the broker inside this process: %w", err)
	}
	context.AfterFunc(ctx, cluster.Close)
	return &Broker{cluster: cluster, addr: cluster.ListenAddrs()[0]}, nil
}

// Addr is where the broker listens, host:port.
func (b *Broker) Addr() string { return b.addr }

// Close stops the broker. What it kept in memory is gone.
func (b *Broker) Close() { b.cluster.Close() }
