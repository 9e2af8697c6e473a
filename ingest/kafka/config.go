package kafka

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/unopened/unopened/ingest"
)

// Config is how Kafka is reached, what the topics are called and how they are read.
type Config struct {
	// Brokers are the addresses, host:port, by which the cluster is first found.
	Brokers []string `yaml:"brokers"`
	// ClientID is the name under which brokers log and limit this client.
	ClientID string `yaml:"client_id"`
	// GroupPrefix begins the name of each consumer group: group_prefix.role.
	GroupPrefix string `yaml:"group_prefix"`
	Topics      Topics `yaml:"topics"`
	Create      Create `yaml:"create"`
	// Encoding is how the records of the raw topic are written: json or protobuf (ingest.ParseEncoding). A topic has one.
	Encoding string `yaml:"encoding"`
	// Incarnation tells which life of the raw topic is read. Raise it by one when the raw topic was deleted and
	// created again: its offsets then start over, and would otherwise be taken for repeats.
	Incarnation uint32 `yaml:"incarnation"`
	Fetch       Fetch  `yaml:"fetch"`
	// SessionTimeout is how long a member may be silent before its partitions are given to others. It also bounds
	// how long a handler may take to close when they are.
	SessionTimeout time.Duration `yaml:"session_timeout"`
	// Heartbeat is the time between two signs of life; at most a third of the session timeout.
	Heartbeat time.Duration `yaml:"heartbeat"`
	// Compression of what is written: none, gzip, snappy, lz4 or zstd.
	Compression string `yaml:"compression"`
	TLS         TLS    `yaml:"tls"`
	SASL        SASL   `yaml:"sasl"`
}

// Topics are the names of the four topics. Only Raw is written by others.
type Topics struct {
	Raw     string `yaml:"raw"`     // contract records, any key
	Account string `yaml:"account"` // sides, stamps and control records, keyed by subject
	Dead    string `yaml:"dead"`    // notes of refused records
	Alerts  string `yaml:"alerts"`  // alert candidates; one partition
}

// Create says whether missing topics are made, how large, and how long they keep their records.
type Create struct {
	Enabled           bool `yaml:"enabled"`
	RawPartitions     int  `yaml:"raw_partitions"`
	AccountPartitions int  `yaml:"account_partitions"`
	Replication       int  `yaml:"replication"`
	// Retention is how long the account, dead and alert topics keep their records; 0 leaves it to the brokers. The raw
	// topic's is always the brokers': what it held is in the account topic.
	Retention time.Duration `yaml:"retention"`
}

// Fetch limits the answers of brokers. What a process keeps of them at most is TotalBytes and, for each partition, one
// batch (1 MiB, unless a topic's max.message.bytes is larger) or leastBytes; while a handler has compressed batches at
// hand there are also up to 1 MiB of what they inflated to, and the last of them (maxInflated at most).
type Fetch struct {
	MaxBytes int `yaml:"max_bytes"` // of one partition's answer, as it lies in the log, compressed
	// TotalBytes of the answers to all partitions of this process. A partition for which none are left fetches little
	// at a time until others have been handled: none has to wait, since others may be waiting for it.
	TotalBytes int           `yaml:"total_bytes"`
	MaxWait    time.Duration `yaml:"max_wait"` // how long a broker waits for something to send
}

// TLS is how connections are encrypted.
type TLS struct {
	Enabled    bool   `yaml:"enabled"`
	CAFile     string `yaml:"ca_file"`     // PEM; empty for the system's authorities
	CertFile   string `yaml:"cert_file"`   // PEM; this client's certificate, where brokers ask for one
	KeyFile    string `yaml:"key_file"`    // PEM; the certificate's key
	ServerName string `yaml:"server_name"` // expected in the brokers' certificates; empty for the host dialled
}

// SASL is how this client authenticates itself.
type SASL struct {
	Mechanism    string `yaml:"mechanism"` // empty for none, plain, scram-sha-256, scram-sha-512 or oauthbearer
	Username     string `yaml:"username"`
	PasswordFile string `yaml:"password_file"`
	TokenFile    string `yaml:"token_file"` // holds the bearer token of oauthbearer, which names the user
}

// DefaultConfig returns the defaults: a broker on this machine, nothing created.
func DefaultConfig() Config {
	return Config{
		Brokers: []string{"127.0.0.1:9092"}, ClientID: "unopened", GroupPrefix: "unopened",
		Topics:   Topics{Raw: "unopened.raw.v1", Account: "unopened.account.v1", Dead: "unopened.dead.v1", Alerts: "unopened.alerts.v1"},
		Encoding: ingest.JSON.String(),
		Create:   Create{RawPartitions: 4, AccountPartitions: 16, Replication: 1, Retention: 720 * time.Hour},
		Fetch:    Fetch{MaxBytes: 1 << 20, TotalBytes: 128 << 20, MaxWait: 500 * time.Millisecond},

		SessionTimeout: 30 * time.Second, Heartbeat: 3 * time.Second, Compression: "none",
	}
}

// Validate tells all that is wrong with the config. It opens no file.
func (c *Config) Validate() error {
	var errs problems
	errs.need(len(c.Brokers) > 0, "brokers: is empty; name at least one as host:port")
	for _, broker := range c.Brokers {
		_, port, err := net.SplitHostPort(broker)
		errs.need(err == nil && port != "", "brokers: %q is not host:port", broker)
	}
	errs.need(c.ClientID != "", "client_id: is empty")
	errs.need(c.GroupPrefix != "", "group_prefix: is empty")
	c.Topics.check(&errs)
	_, err := ingest.ParseEncoding(c.Encoding)
	errs.need(err == nil, "encoding: %v", err)
	errs.need(c.Create.RawPartitions > 0, "create.raw_partitions: %d is below 1", c.Create.RawPartitions)
	errs.need(c.Create.AccountPartitions > 0, "create.account_partitions: %d is below 1", c.Create.AccountPartitions)
	errs.need(c.Create.Replication > 0 && c.Create.Replication <= 100, "create.replication: %d is not between 1 and 100", c.Create.Replication)
	errs.need(c.Create.Retention == 0 || c.Create.Retention >= time.Hour, "create.retention: %s is below 1h and not 0", c.Create.Retention)
	errs.need(c.Fetch.MaxBytes >= 4096 && c.Fetch.MaxBytes <= maxAnswer, "fetch.max_bytes: %d is not between 4096 and %d", c.Fetch.MaxBytes, maxAnswer)
	errs.need(c.Fetch.TotalBytes >= c.Fetch.MaxBytes, "fetch.total_bytes: %d is below fetch.max_bytes (%d)", c.Fetch.TotalBytes, c.Fetch.MaxBytes)
	errs.need(c.Fetch.MaxWait >= 10*time.Millisecond && c.Fetch.MaxWait <= 10*time.Second, "fetch.max_wait: %s is not between 10ms and 10s", c.Fetch.MaxWait)
	errs.need(c.SessionTimeout >= time.Second && c.SessionTimeout <= 5*time.Minute, "session_timeout: %s is not between 1s and 5m", c.SessionTimeout)
	errs.need(c.Heartbeat >= 100*time.Millisecond && c.Heartbeat <= c.SessionTimeout/3, "heartbeat: %s is not between 100ms and a third of session_timeout (%s)", c.Heartbeat, c.SessionTimeout)
	errs.need(slices.Contains(compressions, c.Compression), "compression: %q is none of %s", c.Compression, strings.Join(compressions, ", "))
	c.TLS.check(&errs)
	c.SASL.check(&errs, c.TLS.Enabled)
	return errors.Join(errs...)
}

func (t *Topics) check(errs *problems) {
	seen := map[string]bool{}
	for _, name := range t.names() {
		errs.need(name != "", "topics: a name is empty")
		errs.need(name == "" || !seen[name], "topics: %q is named twice; each needs its own", name)
		seen[name] = true
	}
}

// names lists the four topics.
func (t *Topics) names() []string { return []string{t.Raw, t.Account, t.Dead, t.Alerts} }

func (t *TLS) check(errs *problems) {
	errs.need((t.CertFile == "") == (t.KeyFile == ""), "tls: cert_file and key_file go together")
	set := t.CAFile != "" || t.CertFile != "" || t.KeyFile != "" || t.ServerName != ""
	errs.need(t.Enabled || !set, "tls: enabled is false, but other keys are set")
}

func (s *SASL) check(errs *problems, encrypted bool) {
	if s.Mechanism == "" {
		errs.need(s.Username == "" && s.PasswordFile == "" && s.TokenFile == "", "sasl: username, password_file or token_file is set, but no mechanism")
		return
	}
	m, known := mechanisms[s.Mechanism]
	if !known {
		errs.need(false, "sasl.mechanism: %q is none of %s", s.Mechanism, strings.Join(slices.Sorted(maps.Keys(mechanisms)), ", "))
		return
	}
	errs.need(m.token == (s.Username == ""), "sasl.username: %s needs %s", s.Mechanism, map[bool]string{true: "none, the token names the user", false: "one"}[m.token])
	errs.need(s.secretFile(&m) != "", "sasl.%s: is empty", m.secretKey())
	errs.need(s.PasswordFile == "" || s.TokenFile == "", "sasl: password_file and token_file exclude each other")
	errs.need(!m.clear || encrypted, "sasl.mechanism: %s sends its secret in clear without tls.enabled", s.Mechanism)
}

// problems gathers what is wrong.
type problems []error

func (p *problems) need(ok bool, format string, args ...any) {
	if !ok {
		*p = append(*p, fmt.Errorf(format, args...))
	}
}
