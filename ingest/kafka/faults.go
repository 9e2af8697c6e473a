package kafka

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"time"

	kafkago "github.com/segmentio/kafka-go"
)

// remedies are the broker's answers that do not mend themselves by waiting, with what a person can do. All else, net
// errors and errors unknown to us among them, is tried again.
var remedies = map[kafkago.Error]string{
	kafkago.TopicAuthorizationFailed:    "allow this client to describe, read and write the topic",
	kafkago.GroupAuthorizationFailed:    "allow this client to read the groups that begin with kafka.group_prefix",
	kafkago.ClusterAuthorizationFailed:  "allow this client the operation, or set kafka.create.enabled to false",
	kafkago.SASLAuthenticationFailed:    "check kafka.sasl.username and kafka.sasl.password_file, or what kafka.sasl.token_file holds",
	kafkago.UnsupportedSASLMechanism:    "choose a kafka.sasl.mechanism that the broker has enabled",
	kafkago.IllegalSASLState:            "this port of the broker has no SASL: empty kafka.sasl.mechanism or use another port",
	kafkago.InvalidSessionTimeout:       "set kafka.session_timeout within the broker's group.min.session.timeout.ms and group.max.session.timeout.ms",
	kafkago.InconsistentGroupProtocol:   "another kind of consumer uses this group: set another kafka.group_prefix",
	kafkago.InvalidTopic:                "choose another name under kafka.topics",
	kafkago.InvalidReplicationFactor:    "set kafka.create.replication to at most the number of brokers",
	kafkago.InvalidPartitionNumber:      "set kafka.create to fewer partitions",
	kafkago.PolicyViolation:             "the brokers' policy forbids it: create the topic by hand",
	kafkago.InvalidConfiguration:        "the brokers refuse a setting of the topic: create it by hand",
	kafkago.InvalidGroupId:              "choose another kafka.group_prefix",
	kafkago.RecordListTooLarge:          "raise the topic's segment.bytes",
	kafkago.UnsupportedCompressionType:  "choose another kafka.compression",
	kafkago.InvalidRecord:               "the topic refuses the records: its cleanup.policy must be delete",
	kafkago.MessageSizeTooLarge:         "raise the topic's max.message.bytes",
	kafkago.InvalidRequiredAcks:         "the broker does not take acks=all",
	kafkago.UnsupportedVersion:          "use brokers of version 2.1 or later",
	kafkago.UnsupportedForMessageFormat: "set the topic's message format to version 2",
}

// lasting tells whether waiting does not mend an error.
func lasting(err error) bool {
	var code kafkago.Error
	if errors.As(err, &code) {
		_, known := remedies[code]
		return known
	}
	var ours lastingError
	var incident Incident
	return untrusted(err) != "" || errors.As(err, &ours) || errors.As(err, &incident)
}

// untrusted returns what can be done about an error of TLS that waiting does not mend; "" for another error.
func untrusted(err error) string {
	var certificate *tls.CertificateVerificationError
	var invalid x509.CertificateInvalidError
	var header tls.RecordHeaderError
	var alert *net.OpError
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "renew the broker's certificate, or kafka.tls.ca_file where that is the one which has expired; is this machine's clock right?"
	case errors.As(err, &certificate):
		return "check kafka.tls.ca_file and kafka.tls.server_name"
	case errors.As(err, &header):
		return "this port of the broker has no TLS: set kafka.tls.enabled to false or use another port"
	case errors.As(err, &alert) && alert.Op == "remote error" && alert.Err.Error() != "tls: internal error":
		// So crypto/tls calls the other side's alerts.
		return "the broker refuses this client: check kafka.tls.cert_file and kafka.tls.key_file"
	}
	return ""
}

// explain adds what can be done about an error, where that is known.
func explain(err error) error {
	var code kafkago.Error
	if errors.As(err, &code) && remedies[code] != "" {
		return fmt.Errorf("%w (%s)", err, remedies[code])
	}
	if remedy := untrusted(err); remedy != "" {
		return fmt.Errorf("%w (%s)", err, remedy)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w (the broker hung up: check the port, kafka.tls and kafka.sasl)", err)
	}
	return err
}

// pause is the growing, jittered time between two tries.
type pause struct{ tries int }

// The shortest and the longest pause.
const (
	firstPause = 50 * time.Millisecond
	longPause  = 2 * time.Second
)

// wait sleeps, each time longer, and returns early with an error when ctx is done.
func (p *pause) wait(ctx context.Context) error {
	length := min(firstPause<<min(p.tries, 10), longPause)
	p.tries++
	timer := time.NewTimer(length/2 + rand.N(length/2))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// lastingError is an error of ours that waiting does not mend.
type lastingError struct{ error }

func (e lastingError) Unwrap() error { return e.error }

// quiet is how long a trouble is nobody's business: topics just made have no leader yet, leaders move.
const quiet = 2 * time.Second

// loud is the time between two lines of the log about one trouble.
const loud = 30 * time.Second

// trouble is a run of errors without a good answer in between.
type trouble struct {
	pause  pause
	since  time.Time // the last good answer
	logged time.Time
	quiet  time.Duration
}

// trouble returns a trouble that begins now, if it does.
func (c *Cluster) trouble() trouble { return trouble{since: time.Now(), quiet: c.quiet} }

// tell logs a trouble, unless it is too young or was told of lately.
func (t *trouble) tell(ctx context.Context, log *slog.Logger, what string, err error) {
	if ctx.Err() == nil && time.Since(t.since) > t.quiet && time.Since(t.logged) > loud {
		t.logged = time.Now()
		log.Warn(what, "error", err)
	}
}
